// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/error.hpp>
#include <descent/schedule/schedule.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace schedule_test {

inline constexpr auto quiet_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr auto inf = std::numeric_limits<double>::infinity();

/// What check() says about s; empty if it has no objection.
template <class S>
std::string complaint(S const& s) {
    try {
        descent::schedule_check(s);
    } catch (descent::error const& e) {
        return e.what();
    }
    return "";
}

/// The values of the first steps, within 1e-12. Numbers "of torch" and "of optax" in these tests were printed
/// by torch 2.15.0 and optax 0.2.8 in float64.
template <class S>
void check_values(S const& s, std::vector<double> const& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO("step " << i);
        CHECK(std::abs(s(static_cast<std::int64_t>(i)) - expected[i]) <= 1e-12);
    }
}

}  // namespace schedule_test
