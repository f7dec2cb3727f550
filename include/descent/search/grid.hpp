// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/search/record.hpp>

namespace descent::search {

/// Every combination once: of lists and whole numbers all values, at most `points` of them, of intervals
/// `points` evenly spread ones, both ends among them. The order is shuffled, so that a study that ends early
/// has seen all sides; after the last combination it begins anew. Combinations against the space's conditions
/// are left out. Give it a declared space: what define-by-run trials discover later changes the grid.
struct grid {
    std::uint64_t seed = 0;
    int points = 5;  ///< >= 1

    void check() const { expect(points >= 1, "grid: points = ", points, ": must be >= 1"); }

    /// How many combinations there are.
    std::int64_t size(search::space const& space) const {
        std::int64_t product = 1;
        for (index k = 0; k < space.size(); ++k) {
            expect(product <= (std::int64_t(1) << 31) / levels(space[k]), "grid: more than 2^31 combinations");
            product *= levels(space[k]);
        }
        return product;
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        std::int64_t const all = size(past.space);
        // A stride without a common divisor visits all; its start and length are drawn.
        generator const draws{seed, 0x621du};
        std::int64_t stride = 1 + std::int64_t(draws.integer(0, std::uint64_t(all)));
        while (divisor(stride, all) != 1)
            ++stride;
        std::int64_t const start = std::int64_t(draws.integer(1, std::uint64_t(all)));
        if (!past.space.conditional())
            return place(past.space, (start + number % all * stride) % all, to);
        std::int64_t allowed = 0;
        for (std::int64_t i = 0; i < all; ++i) {
            place(past.space, i, to);
            allowed += past.space.allows(to.data());
        }
        expect(allowed > 0, "grid: the conditions allow no combination");
        std::int64_t before = number % allowed;
        for (std::int64_t i = 0;; ++i) {
            place(past.space, (start + i * stride) % all, to);
            if (past.space.allows(to.data()) && before-- == 0)
                return;
        }
    }

private:
    index levels(domain const& of) const {
        index const n = of.count();
        return n == 0 || (n > points && !of.listed()) ? points : n;
    }
    static std::int64_t divisor(std::int64_t a, std::int64_t b) { return b == 0 ? a : divisor(b, a % b); }

    void place(search::space const& space, std::int64_t at, std::vector<double>& to) const {
        for (index k = 0; k < space.size(); ++k) {
            domain const& of = space[k];
            index const n = levels(of), i = index(at % n);
            at /= n;
            to[std::size_t(k)] = of.nominal()      ? double(i)
                                 : n == of.count() ? (double(i) + 0.5) / double(n)
                                 : n == 1          ? 0.5
                                                   : double(i) / double(n - 1);
        }
    }
};
static_assert(sampler<grid>);

}  // namespace descent::search
