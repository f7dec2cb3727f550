// SPDX-License-Identifier: MIT
#include <descent/train/checkpoint_format.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        // A checksum that fits: else nothing behind it is ever reached.
        std::string sealed(bytes);
        if (sealed.size() > detail::checksum_at + 8)
            sealed.replace(detail::checksum_at, 8, detail::hex8(detail::checkpoint_sum(sealed)));
        auto const now = parse_checkpoint<float>(sealed);
        auto const again = format_checkpoint(now);
        if (format_checkpoint(parse_checkpoint<float>(again)) != again)
            __builtin_trap();
    });
}
