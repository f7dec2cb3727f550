// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>

namespace descent::plot {

/// A mark on an axis. "2×10" with power "6" is read 2×10⁶; a tick without label is a minor one.
struct tick {
    double at = 0;
    std::string label = {};
    std::string power = {};
};

namespace detail {

/// m 10^k, correctly rounded, so that 3 10^-1 is the 0.3 a reader would type.
inline double scaled(double m, int k) { return k < 0 ? m / std::pow(10.0, -k) : m * std::pow(10.0, k); }

inline int decade(double positive) {
    int const k = int(std::floor(std::log10(positive)));
    return scaled(1, k + 1) <= positive ? k + 1 : scaled(1, k) > positive ? k - 1 : k;
}

/// A number with this many decimals and a real minus sign, whatever the locale.
inline std::string decimal(double value, int digits) {
    char buffer[400];
    auto const end =
        std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::fixed, digits);
    return text(value < 0 ? "\u2212" : "", std::string_view(buffer, std::size_t(end.ptr - buffer)));
}

inline std::string power_text(int k) { return decimal(k, 0); }

/// The label of a multiple of 10^k, in plain digits or as m×10^e.
inline tick label(double value, int k, bool plain, int e) {
    if (plain || value == 0)
        return {value, decimal(value, plain ? std::max(0, -k) : 0), {}};
    double const mantissa = scaled(value, -e);
    std::string const digits = decimal(mantissa, std::max(0, e - k));
    std::string const factor = digits == "1" ? "" : digits == "\u22121" ? "\u2212" : digits + "\u00d7";
    return {value, factor + "10", power_text(e)};
}

}  // namespace detail

/// At most about `most` labelled ticks at multiples of 1, 2 or 5 times a power of ten in [low, high];
/// `least_step` is the smallest distance allowed (1 for counts).
inline std::vector<tick> linear_ticks(double low, double high, int most, double least_step = 0) {
    double const raw = std::max((high - low) / most, least_step);
    int k = detail::decade(raw), m = 1;
    for (int const candidate : {1, 2, 5, 10}) {
        m = candidate;
        if (detail::scaled(m, k) >= raw * (1 - 1e-9))
            break;
    }
    if (m == 10) {
        m = 1;
        ++k;
    }
    double const step = detail::scaled(m, k);
    double const first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
    double const largest = std::max(std::fabs(first), std::fabs(last)) * step;
    int const e = largest > 0 ? detail::decade(largest) : 0;
    // Plain digits up to a million, and further where a power of ten would still leave many digits before it.
    bool const plain = largest == 0 || (k >= -5 && (e < 6 || (e < 12 && e - k >= 4)));
    std::vector<tick> ticks;
    for (double i = first; i <= last; ++i)
        ticks.push_back(detail::label(detail::scaled(i * m, k), k, plain, e));
    return ticks;
}

/// Ticks of a logarithmic axis over [low, high], 0 < low < high: labels at the powers of ten, at most about
/// `most` of them, and minor ticks between. Where fewer than three powers are in sight, 2 and 5 are labelled
/// too, then more digits, and an axis too narrow for those is labelled like a linear one.
inline std::vector<tick> log_ticks(double low, double high, int most) {
    int const from = detail::decade(low), to = detail::decade(high);
    auto const inside = [&](double value) { return value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9); };
    std::string_view labelled;
    int labels = 0;
    for (std::string_view const digits : {"1", "125", "1234568"}) {
        labelled = digits;
        labels = 0;
        for (int k = from; k <= to; ++k)
            for (char const digit : digits)
                labels += inside(detail::scaled(digit - '0', k));
        if (labels >= 3)
            break;
    }
    if (labels < 3)
        return linear_ticks(low, high, most);
    bool const plain = low >= 1e-3 * (1 - 1e-9) && high < 1e5;
    int const stride = labelled == "1" ? 1 + (labels - 1) / std::max(most, 1) : 1;
    std::vector<tick> ticks;
    for (int k = from; k <= to; ++k) {
        for (int m = 1; m < 10; ++m) {
            double const value = detail::scaled(m, k);
            if (!inside(value))
                continue;
            if (labelled.find(char('0' + m)) != std::string_view::npos && k % stride == 0)
                ticks.push_back(detail::label(value, k, plain, k));
            else if (stride == 1 || (m == 1 && labels <= 40))
                ticks.push_back({value, {}, {}});
        }
    }
    return ticks;
}

}  // namespace descent::plot
