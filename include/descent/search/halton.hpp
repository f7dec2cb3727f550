// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>

namespace descent::search {

/// Scrambled Halton points (Halton, 1960): variable k writes the number of the point in the k-th prime's base,
/// its digits permuted at random place by place (Owen, 2017), and reads them behind the point. Even for any
/// count of points and any number of variables, less so than Sobol's for 2^k. Points against the space's
/// conditions are left out. Give it a declared space.
struct halton {
    std::uint64_t seed = 0;

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        std::int64_t before = number;
        for (std::int64_t point = past.space.conditional() ? 0 : number, tried = 0; tried < 1000; ++point) {
            int base = 1;
            for (std::size_t k = 0; k < to.size(); ++k)
                to[k] = detail::coordinate_of(past.space[index(k)], coordinate(point, base = next_prime(base)));
            if (!past.space.conditional())
                return;
            tried = past.space.allows(to.data()) ? 0 : tried + 1;
            if (tried == 0 && before-- == 0)
                return;
        }
    }

private:
    static int next_prime(int after) {
        for (int candidate = after + 1;; ++candidate) {
            bool prime = true;
            for (int factor = 2; factor * factor <= candidate && prime; ++factor)
                prime = candidate % factor != 0;
            if (prime)
                return candidate;
        }
    }

    double coordinate(std::int64_t point, int base) const {
        double share = 1, sum = 0;
        for (int place = 0; share > 1e-16; ++place, point /= base) {
            // The place's permutation depends on seed, base and place alone.
            auto const digits = permutation<int>(
                base, generator{seed + 0x9e3779b97f4a7c15u * std::uint64_t(place + 1), std::uint32_t(base)});
            share /= base;
            sum += share * digits[std::size_t(point % base)];
        }
        return sum < 1 ? sum : 0x1.fffffffffffffp-1;
    }
};
static_assert(sampler<halton>);

}  // namespace descent::search
