// SPDX-License-Identifier: MIT
#include <descent/data/csv.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        auto const table =
            data::parse_csv<float>(std::string(bytes), {.target = -1, .on_missing = data::missing::nan});
        // What is written reads back as the same shape.
        auto const back =
            data::parse_csv<float>(data::format_csv(table), {.target = -1, .on_missing = data::missing::nan});
        if (back.samples() != table.samples() || back.features() != table.features())
            __builtin_trap();
        data::parse_csv<double>(std::string(bytes), {.header = false, .one_hot = {0}});
    });
}
