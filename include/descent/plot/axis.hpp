// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/plot/ticks.hpp>

namespace descent::plot {

/// Which numbers an axis can show: finite ones up to 1e300, and on a logarithmic axis those from 1e-300. The
/// others are gaps in a line and are left out elsewhere.
inline bool drawable(double value, bool log) { return std::fabs(value) <= 1e300 && (!log || value >= 1e-300); }

/// The smallest interval around the numbers shown to it.
struct range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void add(double value, bool log = false) {
        if (!drawable(value, log))
            return;
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    bool empty() const { return low > high; }
};

/// Maps numbers to [0, 1] along one side of a chart.
struct axis {
    double low = 0, high = 1;
    bool log = false;
    std::vector<tick> ticks = {};
    bool grid = true;       ///< ticks are numbers on a scale; false: they name what stands between
    bool reversed = false;  ///< the first value is at the far end (rows of a matrix, from the top)

    double operator()(double value) const {
        double const share = log ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                                 : (value - low) / (high - low);
        return reversed ? 1 - share : share;
    }
};

/// How axis_for lays out an axis.
struct axis_options {
    bool log = false;
    bool counts = false;   ///< the values are whole numbers: no ticks between
    double margin = 0.04;  ///< room at each end, as a share of the whole; none at a linear end that is 0
    int most = 8;          ///< labelled ticks wanted at most
};

/// An axis that shows the range with room at its ends and round ticks. A range of a single value gets room on
/// both sides. Throws descent::error for an empty range; `who` names the axis.
inline axis axis_for(range shown, axis_options const& options, std::string_view who) {
    expect(!shown.empty(), who, ": nothing to draw: no ",
           std::string_view(options.log ? "positive number (logarithmic axis)" : "finite number"));
    axis made{shown.low, shown.high, options.log};
    double const size = std::max(std::fabs(shown.low), std::fabs(shown.high));
    bool const single = shown.high - shown.low <= 1e-12 * size || shown.high - shown.low < 1e-290;
    if (options.log) {
        double const room =
            single ? 3 : std::exp(options.margin * (std::log(shown.high) - std::log(shown.low)));
        made.low = std::max(made.low / room, 1e-305);
        made.high = std::min(made.high * room, 1e305);
        made.ticks = log_ticks(made.low, made.high, options.most);
        return made;
    }
    double const room = !single                           ? options.margin * (shown.high - shown.low)
                        : options.counts || size < 1e-290 ? 1
                                                          : 0.1 * size;
    if (shown.low != 0 || single)
        made.low -= room;
    if (shown.high != 0 || single)
        made.high += room;
    made.ticks = linear_ticks(made.low, made.high, options.most, options.counts ? 1 : 0);
    return made;
}

namespace detail {

/// An axis of `count` slots with a name, or else its number, in the middle of each; thinned where a slot is
/// narrower than a line of text. `room` is about the length of the axis in pixels.
inline axis names_axis(std::vector<std::string> const& names, std::size_t count, double most) {
    axis made{0, double(count)};
    made.grid = false;
    std::size_t const stride = 1 + std::size_t(double(count) / most);
    if (names.empty())
        made.ticks = linear_ticks(0, double(count - 1), count <= 16 ? int(count) : 10, 1);
    for (std::size_t i = 0; i < names.size(); i += stride)
        made.ticks.push_back({double(i), names[i], {}});
    for (tick& each : made.ticks)
        each.at += 0.5;
    return made;
}

}  // namespace detail
}  // namespace descent::plot
