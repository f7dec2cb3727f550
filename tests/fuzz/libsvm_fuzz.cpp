// SPDX-License-Identifier: MIT
#include <descent/data/libsvm.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        data::parse_libsvm<float>(bytes);
        data::parse_libsvm<double>(bytes, {.features = 1000, .zero_based = true, .classes = true});
    });
}
