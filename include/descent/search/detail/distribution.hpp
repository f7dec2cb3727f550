// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/io/json.hpp>
#include <descent/search/trial.hpp>

namespace descent::search::detail {

/// A domain as Optuna writes it: {"name": "FloatDistribution", "attributes": {...}}. Lists are categories
/// there; that one is ordered is known elsewhere.
inline std::string distribution_of(domain const& of) {
    auto const decimal = [](double v) {
        std::string const digits = text(v);
        return digits.find_first_of(".e") == digits.npos ? digits + ".0" : digits;
    };
    std::string_view const log = of.log ? "true" : "false";
    if (of.listed()) {
        std::string choices;
        for (std::string const& label : of.labels)
            choices += text(choices.empty() ? "" : ", ", io::to_json(label));
        for (double const level : of.levels)
            choices += text(choices.empty() ? "" : ", ", level);
        return text(R"({"name": "CategoricalDistribution", "attributes": {"choices": [)", choices, "]}}");
    }
    if (of.kind == domain::type::integer)
        return text(R"({"name": "IntDistribution", "attributes": {"log": )", log, ", \"step\": ", of.step,
                    ", \"low\": ", of.low, ", \"high\": ", of.high, "}}");
    return text(R"({"name": "FloatDistribution", "attributes": {"step": )",
                of.step > 0 ? decimal(of.step) : std::string("null"), ", \"low\": ", decimal(of.low),
                ", \"high\": ", decimal(of.high), ", \"log\": ", log, "}}");
}

/// The domain, and of a list each choice as it stands in the text. Choices that are not all numbers become
/// texts: "relu", and 2.5 as "2.5", null as "null".
struct distribution {
    domain what = {};
    std::vector<std::string> choices = {};
};
inline distribution read_distribution(std::string const& json, bool ordered, std::string const& name) {
    io::json_reader reader(json, name);
    distribution found;
    std::string kind;
    domain& d = found.what;
    d.high = d.low = 0;
    reader.object([&](std::string const& key) {
        if (key == "name") {
            kind = reader.string();
        } else if (key == "attributes") {
            reader.object([&](std::string const& attribute) {
                if (attribute == "choices") {
                    reader.array([&] { found.choices.emplace_back(reader.raw()); });
                    return;
                }
                std::string_view const value = reader.raw();
                auto const number = [&] { return io::json_reader(value, name).number(); };
                if (attribute == "low")
                    d.low = number();
                else if (attribute == "high")
                    d.high = number();
                else if (attribute == "log")
                    d.log = value == "true";
                else if (attribute == "step" && value != "null")
                    d.step = number();
            });
        } else {
            reader.raw();
        }
    });
    if (kind == "CategoricalDistribution") {
        d = {.kind = ordered ? domain::type::ordered : domain::type::categorical};
        bool numbers = true;
        for (std::string const& c : found.choices)
            numbers = numbers && std::string_view("-0123456789").find(c.front()) != std::string_view::npos;
        for (std::string const& c : found.choices) {
            io::json_reader choice(c, name);
            if (numbers)
                d.levels.push_back(choice.number());
            else
                d.labels.push_back(c.front() == '"' ? choice.string() : c);
        }
    } else if (kind == "IntDistribution") {
        d.kind = domain::type::integer;
    } else {
        reader.need(kind == "FloatDistribution", "an unknown kind of distribution");
        if (d.step > 0)
            d = uniform(d.low, d.high, {d.step});
    }
    return found;
}

/// A value of a domain as JSON; `choices` as read_distribution found them, or none.
inline std::string value_json(preset const& p, domain const* of, std::vector<std::string> const& choices) {
    if (of && of->listed() && !choices.empty())
        return choices[std::size_t(p.value_in(*of))];
    return p.label.empty() ? text(p.number) : io::to_json(p.label);
}

/// The presets of {"rate": 0.1, "kind": "relu"}; of lists of texts in `space`, numbers and null become texts.
inline std::vector<preset> read_presets(std::string const& json, search::space const& space,
                                        std::string const& name) {
    std::vector<preset> found;
    io::json_reader reader(json, name);
    reader.object([&](std::string const& key) {
        std::string_view const value = reader.raw();
        index const known = space.find(key);
        io::json_reader inner(value, name);
        if (value.front() == '"')
            found.emplace_back(key, inner.string());
        else if (std::string_view("-0123456789").find(value.front()) == std::string_view::npos ||
                 (known >= 0 && !space[known].labels.empty()))
            found.emplace_back(key, std::string(value));
        else
            found.emplace_back(key, inner.number());
    });
    return found;
}

}  // namespace descent::search::detail
