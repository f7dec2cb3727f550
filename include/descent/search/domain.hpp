// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::search {

/// The values that one hyperparameter may take: an interval, whole numbers, or a list. Made by uniform,
/// log_uniform, integer, categorical, ordered and constant.
///
/// A value is a number: itself, or the position in the list. Samplers see its coordinate: for numbers and
/// ordered lists in [0, 1], where the values of a grid share it equally (on the log scale: as the logarithms
/// do); for categories the position itself.
struct domain {
    enum class type : char { real, integer, categorical, ordered };

    type kind = type::real;
    double low = 0, high = 1;              ///< both inside
    double step = 0;                       ///< 0: every number between; else low, low + step, ...
    bool log = false;                      ///< is the logarithm what is spread evenly?
    std::vector<std::string> labels = {};  ///< of a list: its texts,
    std::vector<double> levels = {};       ///< or its numbers

    friend bool operator==(domain const&, domain const&) = default;

    bool listed() const { return kind == type::categorical || kind == type::ordered; }
    /// Is there no order among the values?
    bool nominal() const { return kind == type::categorical; }

    /// How many values there are; 0 for an interval.
    index count() const {
        if (listed())
            return index(std::max(labels.size(), levels.size()));
        if (low == high)
            return 1;
        if (!(step > 0))
            return 0;
        double const steps = (high - low) / step;  // of whole numbers exact, where there are not too many
        return index(std::floor(kind == type::integer ? steps : steps * (1 + 1e-12))) + 1;
    }

    /// The number behind a value: a list's level, else the value.
    double number(double value) const { return levels.empty() ? value : levels[std::size_t(value)]; }

    /// The coordinate of a value.
    double coordinate(double value) const {
        if (nominal())
            return value;
        if (listed())
            return (value + 0.5) / double(count());
        if (low == high)
            return 0.5;
        auto const [from, to] = ends();
        if (step > 0 && !log)
            return (std::round((value - low) / step) + 0.5) / double(count());
        return ((log ? std::log(value) : value) - from) / (to - from);
    }

    /// The value at a coordinate, the nearest that exists; any finite coordinate is good. At 0 and 1 of numbers
    /// the ends themselves.
    double value(double at) const {
        auto const cell = [&](double share) {
            return std::min(std::max(std::floor(share), 0.0), double(count() - 1));
        };
        if (nominal())
            return cell(at + 0.5);
        if (listed())
            return cell(at * double(count()));
        if (low == high)
            return low;
        if (step > 0 && !log) {
            double const found = low + step * cell(at * double(count()));
            return high - found < 1e-9 * step ? high : found;
        }
        if (at <= 0 || at >= 1)  // exp(log(low)) is not low
            return at <= 0 ? low : high;
        auto const [from, to] = ends();
        double found = from + std::min(std::max(at, 0.0), 1.0) * (to - from);
        if (log)
            found = std::exp(found);
        if (step > 0)
            found = low + step * std::round((found - low) / step);
        return std::min(std::max(found, low), high);
    }

    /// Is this one of the values?
    bool has(double value) const {
        if (listed())
            return value >= 0 && value < double(count()) && value == std::floor(value);
        return value >= low && value <= high &&
               (step == 0 || low == high ||
                std::abs((value - low) / step - std::round((value - low) / step)) < 1e-9);
    }

    /// The position of a text in the list; -1 where it is not.
    index find(std::string_view label) const {
        for (std::size_t i = 0; i < labels.size(); ++i)
            if (labels[i] == label)
                return index(i);
        return -1;
    }

    /// Throws descent::error for a domain that has no values, or more than 64 bits can tell apart; `name` is
    /// told.
    void check(std::string_view name) const {
        if (listed()) {
            expect(count() > 0, "search: ", name, ": the list is empty");
            for (std::size_t i = 0; i < labels.size(); ++i)
                expect(find(labels[i]) == index(i), "search: ", name, ": '", labels[i],
                       "' stands twice in the list");
            for (std::size_t i = 0; i < levels.size(); ++i)
                for (std::size_t j = 0; j < i; ++j)
                    expect(levels[i] != levels[j], "search: ", name, ": ", levels[i],
                           " stands twice in the list");
            return;
        }
        expect(std::isfinite(low) && std::isfinite(high), "search: ", name, ": [", low, ", ", high,
               "]: both ends must be finite");
        expect(low <= high, "search: ", name, ": [", low, ", ", high, "]: the range is empty");
        expect(std::isfinite(high - low), "search: ", name, ": [", low, ", ", high,
               "]: the width must be finite in double");
        expect(!log || low > 0, "search: ", name, ": low = ", low, ": must be > 0 on a log scale");
        expect(step >= 0 && std::isfinite(step), "search: ", name, ": step = ", step, ": must be >= 0");
        if (kind == type::integer) {
            expect(low == std::floor(low) && high == std::floor(high), "search: ", name, ": [", low, ", ", high,
                   "]: both ends must be whole");
            expect(step >= 1 && step == std::floor(step), "search: ", name, ": step = ", step,
                   ": must be whole and >= 1");
            expect(low >= -most && high < most, "search: ", name, ": [", low, ", ", high,
                   "]: whole numbers must lie in [-2^63, 2^63)");
        }
        expect(step == 0 || (high - low) / step < most * (1 - 1e-9), "search: ", name, ": [", low, ", ", high,
               "] in steps of ", step, ": must have fewer than 2^63 values");
    }

private:
    static constexpr double most = 9223372036854775808.0;  // 2^63

    /// Of the scale that coordinates are even on. A log scale of whole numbers begins half a step early and
    /// ends half a step late, so that its ends are not drawn half as often.
    std::pair<double, double> ends() const {
        double const half = log && step > 0 ? std::min(step / 2, low / 2) : 0;
        return log ? std::pair(std::log(low - half), std::log(high + half)) : std::pair(low, high);
    }
};

struct step_option {
    double step = 0;
};
struct integer_options {
    double step = 1;
    bool log = false;
};

namespace detail {

/// The last number low + k step that is at most `high`; `high` where rounding alone keeps it from being one.
inline double last_step(double low, double high, double step) {
    if (!(step > 0 && low < high && high - low < 1e15 * step))
        return high;
    double const last = low + step * std::floor((high - low) / step * (1 + 1e-12));
    return high - last > 1e-9 * step ? last : high;
}

}  // namespace detail

/// Every number in [low, high], or every `step` from low on.
inline domain uniform(double low, double high, step_option options = {}) {
    return {.low = low, .high = detail::last_step(low, high, options.step), .step = options.step};
}

/// Every number in [low, high], low > 0, its logarithm spread evenly.
inline domain log_uniform(double low, double high) { return {.low = low, .high = high, .log = true}; }

/// The whole numbers low, low + step, ..., up to high.
inline domain integer(double low, double high, integer_options options = {}) {
    // Ends that are no whole numbers are told as they were given.
    bool const whole = low == std::floor(low) && high == std::floor(high);
    return {.kind = domain::type::integer,
            .low = low,
            .high = whole ? detail::last_step(low, high, options.step) : high,
            .step = options.step,
            .log = options.log};
}

/// One of several things without an order.
inline domain categorical(std::vector<std::string> labels) {
    return {.kind = domain::type::categorical, .labels = std::move(labels)};
}
inline domain categorical(std::initializer_list<double> levels) {
    return {.kind = domain::type::categorical, .levels = levels};
}

/// One of several things, neighbours in the list being alike.
inline domain ordered(std::vector<std::string> labels) {
    return {.kind = domain::type::ordered, .labels = std::move(labels)};
}
inline domain ordered(std::initializer_list<double> levels) {
    return {.kind = domain::type::ordered, .levels = levels};
}

/// Always the same number.
inline domain constant(double value) { return uniform(value, value); }

}  // namespace descent::search
