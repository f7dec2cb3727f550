// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/error.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>

namespace descent::detail {

inline void expect_positive(std::string_view who, std::string_view name, double value) {
    expect(std::isfinite(value) && value > 0, who, ": ", name, " = ", value, ": must be finite and > 0");
}

inline void expect_not_negative(std::string_view who, std::string_view name, double value) {
    expect(std::isfinite(value) && value >= 0, who, ": ", name, " = ", value, ": must be finite and >= 0");
}

inline void expect_within(std::string_view who, std::string_view name, double value, double low, double high) {
    expect(value >= low && value <= high, who, ": ", name, " = ", value, ": must be in [", low, ", ", high,
           "]");
}

inline void expect_at_least(std::string_view who, std::string_view name, std::int64_t value,
                            std::int64_t least) {
    expect(value >= least, who, ": ", name, " = ", value, ": must be >= ", least);
}

}  // namespace descent::detail
