// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/solve/outcome.hpp>

// What all methods share: checks of the common settings, the tests that end a run, its outcome.
namespace descent::solve::detail {

/// Throws descent::error for settings or a starting point that no run can begin with.
inline void check_common(std::string_view who, std::int64_t iterations, double tolerance, index n) {
    expect(iterations >= 0, who, ": iterations = ", iterations, ": must be >= 0");
    expect(tolerance >= 0, who, ": tolerance = ", tolerance, ": must be >= 0");
    expect(n > 0, who, ": x is empty");
}

/// Values of f that differ by less are taken as equal: its sum was rounded.
template <class T>
double rounding(double value) {
    return 16 * double(std::numeric_limits<T>::epsilon()) * std::fabs(value);
}

/// Keeps count of a run and says when it is over.
struct journal {
    std::int64_t iterations;  ///< at most
    double tolerance;         ///< converged where the gradient norm is at most this
    double epsilon;           ///< relative rounding of values
    int patience = 10;        ///< iterations without a lower value or gradient before the run counts as stalled
    std::string_view measure = "gradient norm";
    outcome result = {};
    std::int64_t evaluations = 0;
    double lowest = 0, smallest = 0;  ///< value and norm at the last fall
    int quiet = 0;                    ///< iterations since one of them fell

    /// Judges the starting point. Is the run over?
    bool begin(double value, double norm) {
        result.value = lowest = value;
        result.gradient_norm = smallest = norm;
        if (!std::isfinite(value))
            return end(status::diverged, text("the value at the start is ", brief(value)));
        if (!std::isfinite(norm))
            return end(status::diverged, text("the ", measure, " at the start is ", brief(norm)));
        return over(verdict{});
    }

    /// Takes down an iteration that moved x. Is the run over?
    template <class Watch>
    bool next(Watch const& watch, double value, double norm, double step) {
        ++result.iterations;
        result.value = value;
        result.gradient_norm = norm;
        bool const better = value < lowest - epsilon * std::fabs(lowest) || norm < 0.99 * smallest;
        quiet = better ? 0 : quiet + 1;
        if (better) {  // else kept: small falls add up
            lowest = std::min(lowest, value);
            smallest = std::min(smallest, norm);
        }
        return over(watch(progress{.iteration = result.iterations,
                                   .evaluations = evaluations,
                                   .value = value,
                                   .gradient_norm = norm,
                                   .step = step}));
    }

    bool end(descent::status why, std::string reason) {
        result.status = why;
        result.reason = std::move(reason);
        result.evaluations = evaluations;
        return true;
    }

    /// No lower point was found, though the gradient is not 0.
    bool stall() {
        return end(status::stalled, text("no lower point along the search direction, ", measure, " ",
                                         brief(result.gradient_norm)));
    }

    bool over(verdict const& wish) {
        if (result.gradient_norm <= tolerance)
            return end(status::converged, text(measure, " ", brief(result.gradient_norm)));
        if (wish.stop)
            return end(wish.status, wish.reason);
        if (quiet >= patience)
            return end(status::stalled,
                       text("the value stands still, ", measure, " ", brief(result.gradient_norm)));
        if (result.iterations >= iterations)
            return end(status::finished, text(result.iterations, " iterations done"));
        return false;
    }
};

/// The tests of a run in T.
template <class T>
journal journal_of(std::int64_t iterations, double tolerance) {
    return {iterations, tolerance, double(std::numeric_limits<T>::epsilon())};
}

}  // namespace descent::solve::detail
