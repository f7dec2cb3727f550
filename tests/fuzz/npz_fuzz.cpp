// SPDX-License-Identifier: MIT
#include <descent/data/npz.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) { data::parse_npz<float>(bytes); });
}
