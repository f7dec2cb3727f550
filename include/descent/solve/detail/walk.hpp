// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
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

/// At most 1024 of n samples: one at random of each of so many equal stretches.
inline std::vector<index> some_samples(index n, std::uint64_t seed) {
    index const count = std::min<index>(n, 1024);
    generator const draws{seed};
    std::vector<index> chosen;
    for (index k = 0; k < count; ++k) {
        index const begin = k * n / count, length = (k + 1) * n / count - begin;
        chosen.push_back(begin + index(draws.integer(std::uint64_t(k), std::uint64_t(length))));
    }
    return chosen;
}

/// The largest size of an eigenvalue of a symmetric matrix by the power method: multiply(v, out) writes its
/// product.
template <class T, class Multiply>
double largest_eigenvalue(index n, std::uint64_t seed, Multiply const& multiply) {
    generator const draws{seed};
    vector<T> v(n), next(n);
    for (index j = 0; j < n; ++j)
        v[j] = draws.normal<T>(std::uint64_t(j) + (std::uint64_t(1) << 32));
    double size = std::sqrt(double(v.squaredNorm()));
    for (int turn = 0; turn < 20 && size > 0 && std::isfinite(size); ++turn) {
        v /= T(size);
        next.setZero();
        multiply(v, next);
        v.swap(next);
        size = std::sqrt(double(v.squaredNorm()));
    }
    return size;
}

}  // namespace descent::solve::detail
