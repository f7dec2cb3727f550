// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/loss/concepts.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve::detail {

/// The largest curvature of a loss; 1 where it has none (hinge), which makes a step of 1 / |x|^2 move the score
/// by the slope.
template <class Loss>
double curvature_bound(Loss const& loss) {
    if constexpr (loss::smooth<Loss>)
        return loss::smoothness_of(loss);
    else
        return 1;
}

/// How long the rows are, a constant 1 for a bias included: what bounds the steps of methods that go sample by
/// sample.
template <class T>
struct row_lengths {
    std::vector<T> square = {};  ///< |x_i|^2
    double mean = 0, largest = 0;
};
template <class P>
auto lengths_of(P const& p, bool with_bias) {
    using T = typename P::scalar;
    row_lengths<T> seen;
    seen.square.resize(std::size_t(p.samples()));
    for (index i = 0; i < p.samples(); ++i) {
        T const square = squared_norm(row_of(p.rows, i)) + T(with_bias ? 1 : 0);
        seen.square[std::size_t(i)] = square;
        seen.mean += double(square) / double(p.samples());
        if (!(double(square) <= seen.largest))
            seen.largest = double(square);
    }
    return seen;
}

/// weight_i / mean weight, where the samples have weights.
template <class P>
struct sample_weights {
    P const& p;
    double scale;
    explicit sample_weights(P const& problem)
        : p(problem), scale(problem.rows.weights ? double(problem.samples()) / problem.total_weight() : 1) {}

    typename P::scalar operator()(index i) const {
        using T = typename P::scalar;
        return p.rows.weights ? T(scale * double(p.rows.weight(i))) : T(1);
    }
};

/// No weight_i |x_i|^2 is longer, a constant 1 for a bias included.
template <class P>
double largest_length(P const& p, bool with_bias) {
    auto const lengths = lengths_of(p, with_bias);
    double heaviest = 1;
    if (p.rows.weights) {
        sample_weights const weight(p);
        for (index i = 0; i < p.samples(); ++i)
            heaviest = std::max(heaviest, double(weight(i)));
    }
    return lengths.largest * heaviest;
}

/// The largest eigenvalue of the mean of weight_i x_i x_i', from some of the rows.
template <class P>
double row_curvature(P const& p, std::uint64_t seed) {
    using T = typename P::scalar;
    auto const rows = some_samples(p.samples(), seed);
    sample_weights const weight(p);
    return largest_eigenvalue<T>(p.features(), seed, [&](vector<T> const& v, vector<T>& out) {
        for (index const i : rows) {
            auto const x = row_of(p.rows, i);
            add(x, weight(i) / T(rows.size()) * dot(x, v.data()), out.data());
        }
    });
}

inline outcome& ended(outcome& result, descent::status why, std::string reason) {
    result.status = why;
    result.reason = std::move(reason);
    return result;
}

inline void check_passes(std::string_view who, std::int64_t passes, double rate) {
    expect(passes > 0, who, ": passes = ", passes, ": must be > 0");
    expect(rate >= 0 && rate <= 1e300, who, ": rate = ", rate, ": must be finite and >= 0");
}

}  // namespace descent::solve::detail
