// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>

namespace descent::plot {

/// Named points, as many xs as ys.
struct series {
    std::string name = {};
    std::vector<double> xs = {}, ys = {};
};

namespace detail {

/// The elements of anything with size() and [], as double.
template <class Numbers>
std::vector<double> numbers(Numbers const& from) {
    std::vector<double> to;
    to.reserve(std::size_t(from.size()));
    for (decltype(from.size()) i = 0; i < from.size(); ++i)
        to.push_back(double(from[i]));
    return to;
}

/// A number for a human: 4 significant digits.
inline std::string short_number(double value) {
    char buffer[64];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 4);
    std::string written(buffer, end.ptr);
    return written[0] == '-' ? text("\u2212", written.substr(1)) : written;
}

inline void check_series(std::string_view who, series const& each) {
    expect(each.xs.size() == each.ys.size(), who, ": '", each.name, "': ", each.xs.size(), " xs, ",
           each.ys.size(), " ys");
}

inline series make_series(std::string_view who, std::string name, std::vector<double> xs,
                          std::vector<double> ys) {
    series made{std::move(name), std::move(xs), std::move(ys)};
    check_series(who, made);
    return made;
}

inline void check_drawable(std::string_view who, bool something, bool log) {
    expect(something, who, ": nothing to draw: no finite point",
           std::string_view(log ? " that is positive on the logarithmic axis" : ""));
}

inline bool whole_numbers(std::vector<series> const& all) {
    for (series const& each : all)
        for (double const x : each.xs)
            if (x != double(static_cast<long long>(x < 1e15 && x > -1e15 ? x : 0.5)))
                return false;
    return true;
}

}  // namespace detail
}  // namespace descent::plot
