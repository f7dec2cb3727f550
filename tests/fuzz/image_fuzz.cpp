// SPDX-License-Identifier: MIT
#include <descent/data/image_file.hpp>

#include "target.hpp"

using namespace descent;

namespace {

/// The file with the checksums that fit what is in it: behind them much more can go wrong.
std::string sealed(std::string_view bytes) {
    std::string file(bytes);
    for (std::size_t at = 8; data::detail::is_png(bytes) && file.size() - at >= 12;) {
        std::size_t const size = data::detail::big_endian(file, at, 4);
        if (size > file.size() - at - 12)
            break;
        std::uint32_t const sum = crc32(std::string_view(file).substr(at + 4, size + 4));
        for (std::size_t i = 0; i < 4; ++i)
            file[at + 8 + size + i] = static_cast<char>(sum >> (24 - 8 * i) & 255);
        at += size + 12;
    }
    return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size,
                [](std::string_view bytes) { data::parse_image(sealed(bytes), {.most_pixels = 1 << 16}); });
}
