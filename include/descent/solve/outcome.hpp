// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include <descent/core/status.hpp>

namespace descent::solve {

/// What a method tells of itself after each iteration. NaN where it does not know a number.
struct progress {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    std::int64_t iteration = 0;      ///< from 1; 0 for the starting point
    std::int64_t evaluations = 0;    ///< of the objective so far
    double value = unknown;          ///< of the objective, penalty included
    double gradient_norm = unknown;  ///< Euclidean; of the gradient mapping where there is a penalty or a box
    double gap = unknown;            ///< duality gap: value - optimum is at most this
    double step = unknown;           ///< length factor that the line search accepted
};

/// What a method gives back; the best point that it saw is left in x. A line search that fails is a status,
/// never an exception.
struct outcome {
    descent::status status = descent::status::finished;
    std::string reason = {};       ///< the status in words: "gradient norm 8.1e-07"
    std::int64_t iterations = 0;   ///< done
    std::int64_t evaluations = 0;  ///< of the objective, or of single samples where the method draws them
    double value = progress::unknown;
    double gradient_norm = progress::unknown;
    double gap = progress::unknown;
};

namespace detail {

/// A number for people: two digits.
inline std::string brief(double number) {
    char buffer[32];
    auto const written = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::general, 2);
    return {buffer, written.ptr};
}

}  // namespace detail

/// For callers that do not want to watch.
struct unwatched {
    verdict operator()(progress const&) const { return {}; }
};

}  // namespace descent::solve
