// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <descent/core/error.hpp>

/// Gives the bytes to a reader: it may make a table of them or throw descent::error, and nothing else.
template <class Reader>
int fuzz(std::uint8_t const* data, std::size_t size, Reader const& read) {
    try {
        read(std::string_view(reinterpret_cast<char const*>(data), size));
    } catch (descent::error const&) {
    }
    return 0;
}
