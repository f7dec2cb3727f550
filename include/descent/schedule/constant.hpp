// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace descent {

/// The same value at every step.
struct constant {
    double rate;  ///< finite and > 0

    double operator()(std::int64_t /*done*/) const { return rate; }

    /// Throws descent::error unless the rate is finite and > 0.
    void check() const { detail::expect_positive("constant", "rate", rate); }
};
static_assert(memoryless_schedule<constant>);

/// A number becomes constant{number}; a schedule stays what it is. For types that take "a rate or a schedule".
template <class N>
requires std::is_arithmetic_v<N> constant as_schedule(N rate) { return {static_cast<double>(rate)}; }

template <schedule S>
requires(!std::is_arithmetic_v<S>) S as_schedule(S s) { return s; }

}  // namespace descent
