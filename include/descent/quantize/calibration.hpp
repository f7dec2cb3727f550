// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/affine.hpp>

namespace descent::quantize {

/// How the range of activations is told from what was seen.
enum class calibration : char {
    min_max,         ///< all that was seen
    moving_average,  ///< of each batch's least and largest number
    percentile,      ///< all but a share at each end
    mse,             ///< the least squared error of what was seen
    entropy          ///< the least Kullback-Leibler divergence (Migacz: "8-bit inference with TensorRT", 2017)
};

/// Settings of what is calibrated.
struct calibration_options {
    calibration by = calibration::min_max;
    double percentile = 99.99;  ///< in (50, 100]: of what is held between the ends
    double share = 0.1;         ///< of the newest batch in the moving average, in (0, 1]

    /// Throws descent::error for settings out of range.
    void check() const {
        expect(percentile > 50 && percentile <= 100, "calibration: percentile = ", percentile,
               ": must be in (50, 100]");
        expect(share > 0 && share <= 1, "calibration: share = ", share, ": must be in (0, 1]");
    }
};

/// Collects the numbers that a tensor takes, batch after batch, and says which range a grid shall cover: a
/// histogram of equal bins, whose width doubles when a number falls outside.
class range_observer {
public:
    /// Infinite numbers and NaN are passed over: what a layer gives may have some. Rows that hold them are
    /// refused by calibrate and to_int8.
    template <class T>
    void see(T const* numbers, index n, double share = 0.1) {
        double low = 0, high = 0;
        bool any = false;
        for (index i = 0; i < n; ++i) {
            auto const x = double(numbers[i]);
            if (!std::isfinite(x))
                continue;
            low = any ? std::min(low, x) : x, high = any ? std::max(high, x) : x;
            any = true;
        }
        if (!any)
            return;
        mean_low_ = count_ ? mean_low_ + share * (low - mean_low_) : low;
        mean_high_ = count_ ? mean_high_ + share * (high - mean_high_) : high;
        low_ = count_ ? std::min(low_, low) : low, high_ = count_ ? std::max(high_, high) : high;
        double const reach = std::max(std::abs(low), std::abs(high));
        if (width_ == 0 && reach > 0)
            width_ = std::max(reach / half, std::numeric_limits<double>::min());
        while (width_ * half < reach)
            widen();
        for (index i = 0; i < n; ++i)
            if (std::isfinite(numbers[i])) {
                double const place = width_ > 0 ? double(numbers[i]) / width_ : 0;
                bins_[std::size_t(std::clamp<double>(std::floor(place) + half, 0, 2 * half - 1))] += 1;
                ++count_;
            }
    }

    /// Numbers seen.
    std::int64_t count() const { return count_; }

    /// The grid of that format over the range. Throws descent::error where nothing was seen, and for settings
    /// out of range.
    template <class T>
    affine_grid<T> grid(affine_format const& format, calibration_options const& options = {}) const {
        options.check();
        format.check("calibration");
        expect(count_ > 0, "calibration: nothing was seen");
        switch (options.by) {
            case calibration::min_max:
                return grid_over<T>(format, low_, high_);
            case calibration::moving_average:
                return grid_over<T>(format, mean_low_, mean_high_);
            case calibration::percentile: {
                double const out = (1 - options.percentile / 100) * double(count_);
                return grid_over<T>(format, std::max(low_, quantile(out, true)),
                                    std::min(high_, quantile(out, false)));
            }
            default:
                return best<T>(format, options.by);
        }
    }

private:
    static constexpr int half = 2048;

    double middle(int bin) const { return (bin - half + 0.5) * width_; }

    /// Two bins become one.
    void widen() {
        std::vector<double> wide(2 * half);
        for (int bin = 0; bin < 2 * half; ++bin)
            wide[std::size_t((bin + half) / 2)] += bins_[std::size_t(bin)];
        bins_ = std::move(wide);
        width_ *= 2;
    }

    /// Where so many numbers lie below, or above.
    double quantile(double out, bool below) const {
        double sum = 0;
        for (int step = 0; step < 2 * half; ++step) {
            int const bin = below ? step : 2 * half - 1 - step;
            sum += bins_[std::size_t(bin)];
            if (sum > out)
                return (bin - half + (below ? 0 : 1)) * width_;
        }
        return 0;
    }

    /// The range, a share of what was seen, with the least error or divergence.
    template <class T>
    affine_grid<T> best(affine_format const& format, calibration by) const {
        auto chosen = grid_over<T>(format, low_, high_);
        double least = -1;
        for (int part = 100; part >= 10; --part) {
            auto const grid = grid_over<T>(format, low_ * part / 100, high_ * part / 100);
            double const cost = by == calibration::mse ? error(grid) : divergence(grid);
            if (least < 0 || cost < least)
                least = cost, chosen = grid;
        }
        return chosen;
    }

    template <class T>
    double error(affine_grid<T> const& grid) const {
        double sum = 0;
        for (int bin = 0; bin < 2 * half; ++bin)
            if (bins_[std::size_t(bin)] > 0) {
                double const away = middle(bin) - double(grid(T(middle(bin))));
                sum += bins_[std::size_t(bin)] * away * away;
            }
        return sum;
    }

    /// Without the bin of 0, to which relu and padding send any number of them: all grids hold it.
    double counted(int bin) const { return bin == half ? 0 : bins_[std::size_t(bin)]; }

    /// Of the histogram, what is cut off counted in its last bins, from the one whose bins of a code are made
    /// even.
    template <class T>
    double divergence(affine_grid<T> const& grid) const {
        auto const codes = std::size_t(grid.format.highest() - grid.format.lowest() + 1);
        double const step = double(grid.scale) / 2, low = double(grid.value(grid.format.lowest())) - step,
                     high = double(grid.value(grid.format.highest())) + step;
        std::vector<double> kept(codes), filled(codes);
        double below = 0, above = 0, inside = 0;
        int first = 2 * half, last = -1;
        for (int bin = 0; bin < 2 * half; ++bin)
            if (double const n = counted(bin); n > 0) {
                bool const under = middle(bin)<low, over = middle(bin)> high;
                below += under ? n : 0, above += over ? n : 0;
                if (under || over)
                    continue;
                auto const at = std::size_t(grid.code(T(middle(bin))) - grid.format.lowest());
                kept[at] += n, ++filled[at], inside += n;
                first = std::min(first, bin), last = bin;
            }
        if (last < 0)
            return std::numeric_limits<double>::max();
        double cost = 0;
        for (int bin = first; bin <= last; ++bin)
            if (double const n = counted(bin); n > 0) {
                auto const at = std::size_t(grid.code(T(middle(bin))) - grid.format.lowest());
                double const p =
                    (n + (bin == first ? below : 0) + (bin == last ? above : 0)) / (inside + below + above);
                cost += p * std::log(p / (kept[at] / filled[at] / inside));
            }
        return cost;
    }

    std::vector<double> bins_ = std::vector<double>(2 * half);
    double width_ = 0, low_ = 0, high_ = 0, mean_low_ = 0, mean_high_ = 0;
    std::int64_t count_ = 0;
};

}  // namespace descent::quantize
