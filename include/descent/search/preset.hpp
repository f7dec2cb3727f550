// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/search/domain.hpp>

namespace descent::search {

/// A value to try for a name: a number or, for lists of texts, the text.
struct preset {
    std::string name;
    double number = 0;
    std::string label = {};

    template <class N>
    requires std::is_arithmetic_v<N> preset(std::string name_, N number_)
        : name(std::move(name_)), number(double(number_)) {}
    preset(std::string name_, std::string label_) : name(std::move(name_)), label(std::move(label_)) {}
    preset(std::string name_, char const* label_) : name(std::move(name_)), label(label_) {}

    /// The same as a value of the domain, exactly; whole numbers are rounded to one. Throws descent::error
    /// where the domain does not have it.
    double value_in(domain const& of) const {
        if (!of.labels.empty()) {
            index const at = of.find(label);
            expect(at >= 0, "study: ", name, " = '", label, "': is not in its list");
            return double(at);
        }
        expect(label.empty(), "study: ", name, " = '", label, "': must be a number");
        double value = number;
        if (!of.levels.empty()) {
            std::size_t at = 0;
            while (at < of.levels.size() && of.levels[at] != number)
                ++at;
            value = double(at);
        }
        expect(of.has(value), "study: ", name, " = ", number, ": is not in its domain");
        return of.kind == domain::type::integer ? std::round(value) : value;
    }
};

namespace detail {

/// "rate = 0.1, kind = 'relu'"
inline std::string text_of(std::vector<preset> const& values) {
    std::string all;
    for (preset const& p : values) {
        all += text(all.empty() ? "" : ", ", p.name, " = ");
        all += p.label.empty() ? text(p.number) : text('\'', p.label, '\'');
    }
    return all;
}

}  // namespace detail

}  // namespace descent::search
