// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <type_traits>
#include <vector>

#include <descent/search/trial.hpp>

namespace descent::search::detail {

/// What an objective came to: its values, or why it failed.
struct attempt {
    std::vector<double> values = {};
    std::string failure = {};
};

/// One call of it. What it throws is a failure, but where a database refused.
template <class Objective>
attempt attempt_at(Objective& objective, trial& t, std::size_t goals) {
    attempt a;
    try {
        auto const given = objective(t);
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(given)>>)
            a.values.push_back(double(given));
        else
            for (auto const& v : given)
                a.values.push_back(double(v));
        if (a.values.size() != goals)
            a.failure = text("the objective gave ", a.values.size(), " values for ", goals, " goals");
        for (double const v : a.values)
            if (v != v)
                a.failure = "the objective is not a number";
    } catch (storage_error const&) {
        throw;
    } catch (std::exception const& thrown) {
        a.failure = thrown.what();
        if (a.failure.empty())
            a.failure = "the objective threw";
    } catch (...) {
        a.failure = "the objective threw";
    }
    return a;
}

}  // namespace descent::search::detail
