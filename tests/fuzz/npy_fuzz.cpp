// SPDX-License-Identifier: MIT
#include <descent/data/npy.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        auto const array = data::parse_npy<double>(bytes);
        if (data::parse_npy<double>(data::format_npy(array)).extents != array.extents)
            __builtin_trap();
        data::parse_npy<int>(bytes);
    });
}
