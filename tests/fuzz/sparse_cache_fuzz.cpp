// SPDX-License-Identifier: MIT
#include <descent/data/cache.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        // A checksum that fits: else nothing behind it is ever reached.
        std::string sealed(data::detail::cache_mark);
        sealed += bytes;
        data::detail::store(sealed, crc32(sealed));
        data::parse_cache<data::sparse_dataset<float>>(sealed);
    });
}
