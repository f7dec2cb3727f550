// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string_view>

#include <descent/core/error.hpp>

// Range checks for hyperparameters. `name` is "<rule>: <member>". NaN fails every one of them.
namespace descent::detail {

inline void check_fraction(std::string_view name, double value) {
    expect(value >= 0 && value < 1, name, " = ", value, ": must be in [0, 1)");
}
inline void check_positive(std::string_view name, double value) {
    expect(value > 0 && value <= std::numeric_limits<double>::max(), name, " = ", value,
           ": must be finite and > 0");
}
inline void check_not_negative(std::string_view name, double value) {
    expect(value >= 0 && value <= std::numeric_limits<double>::max(), name, " = ", value,
           ": must be finite and >= 0");
}

}  // namespace descent::detail
