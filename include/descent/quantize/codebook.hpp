// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/quantize/detail/best_chain.hpp>
#include <descent/quantize/detail/binned_points.hpp>
#include <descent/quantize/detail/sorted_points.hpp>

namespace descent::quantize {

/// A few numbers that stand for many, each for the nearest of them.
template <class T>
struct codebook {
    std::vector<T> values = {};  ///< rising
    double error = 0;            ///< sum of weight x squared distance over the numbers that it was made for

    index size() const { return index(values.size()); }

    /// The code of the nearest value; the lower one half-way.
    index code(T x) const {
        index low = 0;
        for (index high = size() - 1; low < high;) {
            index const middle = (low + high) / 2;
            double const fence =
                (double(values[std::size_t(middle)]) + double(values[std::size_t(middle) + 1])) / 2;
            if (double(x) <= fence)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }
};

namespace detail {

/// Of a range whose numbers lie side by side.
template <class Numbers>
using number_of =
    std::remove_const_t<typename decltype(std::span(std::declval<Numbers const&>()))::element_type>;

template <class T>
void check_numbers(std::string_view who, std::span<T const> numbers, std::span<T const> weights, index k) {
    expect(k >= 1, who, ": k = ", k, ": must be >= 1");
    expect(!numbers.empty(), who, ": there are no numbers");
    expect(numbers.size() < std::size_t(1) << 31, who, ": ", numbers.size(), " numbers: must be < 2^31");
    expect(weights.empty() || weights.size() == numbers.size(), who, ": ", weights.size(), " weights for ",
           numbers.size(), " numbers");
    for (std::size_t i = 0; i < numbers.size(); ++i)
        expect(std::isfinite(numbers[i]), who, ": number ", i, " is ", numbers[i], ": must be finite");
    bool any = weights.empty();
    for (std::size_t i = 0; i < weights.size(); ++i) {
        expect(weights[i] >= 0 && std::isfinite(weights[i]), who, ": weight ", i, " = ", weights[i],
               ": must be finite and >= 0");
        any = any || weights[i] > 0;
    }
    expect(any, who, ": all weights are 0");
}

/// The distinct numbers that weigh anything, in order.
template <class T>
point_sums sorted_points(std::span<T const> numbers, std::span<T const> weights) {
    using U = bits_type<T>;
    if (weights.empty()) {
        std::vector<U> items(numbers.size());
        for (std::size_t i = 0; i < numbers.size(); ++i)
            items[i] = to_key(numbers[i]);
        radix_sort(items);
        return distinct_points(items);
    }
    std::vector<weighted_key<U>> items;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        if (weights[i] > 0)
            items.push_back({to_key(numbers[i]), double(weights[i])});
    radix_sort(items);
    return distinct_points(items);
}

/// Few enough distinct numbers are codes themselves, to the last bit.
template <class T>
codebook<T> own_values(std::span<T const> numbers, std::span<T const> weights) {
    codebook<T> book;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        if (weights.empty() || weights[i] > 0)
            book.values.push_back(numbers[i] + T(0));  // -0 is 0
    std::sort(book.values.begin(), book.values.end());
    book.values.erase(std::unique(book.values.begin(), book.values.end()), book.values.end());
    return book;
}

template <class T>
codebook<T> book_of(point_sums const& points, index k) {
    chain const best = best_chain(points, k);
    codebook<T> book;
    book.error = best.error;
    for (index c = 0; c < best.clusters(); ++c) {
        double const mean = points.mean(best.cuts[std::size_t(c)], best.cuts[std::size_t(c) + 1]);
        book.values.push_back(T(mean));
    }
    return book;
}

}  // namespace detail

/// The k numbers (fewer where there are fewer distinct ones) with the least sum of squared distances, each
/// number's to its nearest: k-means in one dimension, its exact optimum to rounding. After a radix sort the
/// work is about O(n log n / lanes), whatever k is: see detail/penalized_chain.hpp. `weights`, one a number,
/// may be empty: all are 1. Throws descent::error for k < 1, no numbers, or numbers and weights that are not
/// finite: "optimal_codebook: number 3 is nan: must be finite".
template <class T>
codebook<T> optimal_codebook(std::span<T const> numbers, index k, std::span<T const> weights = {}) {
    detail::check_numbers("optimal_codebook", numbers, weights, k);
    auto const points = detail::sorted_points(numbers, weights);
    return k < points.size ? detail::book_of<T>(points, k) : detail::own_values(numbers, weights);
}

/// The same of a std::vector, a std::array or another range of the standard whose numbers lie side by side; of
/// an Eigen vector v say std::span(v.data(), std::size_t(v.size())).
template <class Numbers, class T = detail::number_of<Numbers>>
requires(!std::is_same_v<Numbers, std::span<T const>>) codebook<T> optimal_codebook(
    Numbers const& numbers, index k, std::type_identity_t<std::span<T const>> weights = {}) {
    return optimal_codebook(std::span<T const>(numbers), k, weights);
}

/// The same within 1e-4 of the least sum, without the sort: numbers that lie so close together that this loses
/// less share a point. Where that would take more than 2^20 bins (a few numbers far from all others), and below
/// 2^15 numbers, it is optimal_codebook.
template <class T>
codebook<T> fast_codebook(std::span<T const> numbers, index k, std::span<T const> weights = {}) {
    detail::check_numbers("fast_codebook", numbers, weights, k);
    index const n = index(numbers.size()), some = std::max<index>(4096, 16 * k);
    if (n > std::max<index>(1 << 15, 4 * some)) {
        auto const [low, high] = std::minmax_element(numbers.begin(), numbers.end());
        double const range = double(*high) - double(*low);
        std::vector<T> sample, sample_weights;
        generator const draws{.seed = 0, .stream = 0};
        double weight = 0;
        for (index i = 0; i < some; ++i) {
            std::size_t const at = draws.integer(std::uint64_t(i), std::uint64_t(n));
            sample.push_back(numbers[at]);
            if (!weights.empty())
                sample_weights.push_back(weights[at]);
            weight += weights.empty() ? 1 : double(weights[at]);
        }
        if (weight > 0) {
            auto const from = detail::sorted_points<T>(sample, sample_weights);
            double const error = detail::best_chain(from, std::min(k, from.size)).error / weight;
            // A bin of width b adds b^2 / 12 a number, half of which the cuts lose.
            double const bins = range / std::sqrt(12 * 0.7e-4 * error);
            if (bins <= 1 << 20) {  // not where error is 0
                auto const points = detail::binned_points(numbers, weights, double(*low), double(*high),
                                                          std::max<index>(4096, index(bins)));
                codebook<T> const book = detail::book_of<T>(points, std::min(k, points.size));
                double within = 0;
                for (index i = 0; i < points.size; ++i)
                    within += points.error(i, i + 1);
                if (within <= 1e-4 * book.error)
                    return book;
            }
        }
    }
    return optimal_codebook(numbers, k, weights);
}

/// The same of a range whose numbers lie side by side.
template <class Numbers, class T = detail::number_of<Numbers>>
requires(!std::is_same_v<Numbers, std::span<T const>>) codebook<T> fast_codebook(
    Numbers const& numbers, index k, std::type_identity_t<std::span<T const>> weights = {}) {
    return fast_codebook(std::span<T const>(numbers), k, weights);
}

}  // namespace descent::quantize
