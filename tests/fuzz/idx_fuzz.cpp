// SPDX-License-Identifier: MIT
#include <descent/data/idx.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        data::parse_idx<float>(bytes);
        data::parse_idx<signed char>(bytes);
    });
}
