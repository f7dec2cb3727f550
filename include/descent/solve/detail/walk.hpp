// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>

namespace descent::solve::detail {

/// 0 .. n - 1 in a random order that memory likes: stretches of 16 neighbours in random order, each walked in
/// one of 128 orders. A walk through single random rows takes half as long again, and needs as many passes.
/// Depends on (n, seed, pass) alone. `order` keeps its memory from pass to pass.
inline void shuffle(index n, std::uint64_t seed, std::int64_t pass, std::vector<index>& order) {
    constexpr index stretch = 16;
    generator const draws{seed, std::uint32_t(pass)};
    auto const blocks = permutation<index>((n + stretch - 1) / stretch, draws);
    generator const inside{~seed, std::uint32_t(pass)};
    order.clear();
    order.reserve(std::size_t(n));
    for (index const block : blocks) {
        std::uint32_t const bits = inside.bits(std::uint64_t(block));
        index const start = bits & 15, step = 2 * ((bits >> 4) & 7) + 1;
        for (index k = 0; k < stretch; ++k) {
            index const at = block * stretch + (start + k * step) % stretch;
            if (at < n)
                order.push_back(at);
        }
    }
}

}  // namespace descent::solve::detail
