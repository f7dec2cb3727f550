// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

namespace descent::quantize::detail {

/// Of the k largest |w|, whose sum is S, the mean with 0 for the others has the squared error sum(w^2) - S^2 /
/// k: looks for the largest S^2 / k.
template <class T>
struct threshold_search {
    double gain = -1;
    T least = 0;  ///< the smallest |w| that is not 0 then

    void see(double sum, index k, T magnitude) {
        if (double const here = sum * sum / double(k); here > gain)
            gain = here, least = magnitude;
    }
    /// All of `count` magnitudes, which are put in order, behind others with this sum and number.
    void see_all(T* magnitudes, index count, double sum, index before) {
        std::sort(magnitudes, magnitudes + count, [](T a, T b) { return to_bits(a) > to_bits(b); });
        for (index i = 0; i < count; ++i) {
            sum += double(magnitudes[i]);
            see(sum, before + i + 1, magnitudes[i]);
        }
    }
    /// Above it are `least` and all larger ones.
    T threshold() const { return least > T(0) ? from_bits<T>(to_bits(least) - 1) : T(0); }
};

/// The threshold with the least squared error for n numbers -s, 0, s, exactly, in O(n): magnitudes are counted
/// in bins, and only those of bins in which the best one may lie are put in order. NaN where one is NaN or Inf.
/// Has room for n numbers in `spare`.
template <class T>
T best_threshold(T const* w, index n, T* spare) {
    constexpr index most = 1024, few = 128;
    index const bins = std::min(most, n / 8);
    threshold_search<T> search;
    T largest = 0;
    bool finite = true;
    for (index i = 0; i < n; ++i) {
        spare[i] = abs(w[i]);
        largest = std::max(largest, spare[i]);
        finite = finite && is_finite(w[i]);
    }
    if (!finite)
        return std::numeric_limits<T>::quiet_NaN();
    double const scale = double(bins) / double(largest);
    if (n < few || !(scale > 0 && scale < std::numeric_limits<double>::max())) {
        search.see_all(spare, n, 0, 0);
        return search.threshold();
    }
    auto const bin_of = [=](T magnitude) { return std::min(bins - 1, index(double(magnitude) * scale)); };
    double sums[most];
    index counts[most];
    std::fill_n(sums, bins, 0.0);
    std::fill_n(counts, bins, index(0));
    for (index i = 0; i < n; ++i) {
        index const bin = bin_of(spare[i]);
        sums[bin] += double(spare[i]), ++counts[bin];
    }
    // f(bin, sum and number in the bins above), from the top.
    auto const each_bin = [&](auto const& f) {
        double sum = 0;
        index k = 0;
        for (index bin = bins - 1; bin >= 0; --bin)
            if (counts[bin] > 0) {
                f(bin, sum, k);
                sum += sums[bin], k += counts[bin];
            }
    };
    double known = 0;
    each_bin([&](index bin, double sum, index k) {
        double const all = sum + sums[bin];
        known = std::max(known, all * all / double(k + counts[bin]));
    });
    // S^2 / k is convex along equal numbers: within a bin it is at most what its ends would be if all of it
    // were as large as its upper edge.
    index high = -1, low = bins, before = 0;
    double above = 0;
    each_bin([&](index bin, double sum, index k) {
        double const bound = sum + double(counts[bin]) * double(bin + 1) / scale;
        if (bound * bound / double(k + counts[bin]) * (1 + 1e-9) < known)
            return;
        if (high < 0)
            high = bin, above = sum, before = k;
        low = bin;
    });
    index count = 0;
    for (index i = 0; i < n; ++i)
        if (index const bin = bin_of(spare[i]); bin >= low && bin <= high)
            spare[count++] = spare[i];
    search.see_all(spare, count, above, before);
    return search.threshold();
}

}  // namespace descent::quantize::detail
