// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/search/detail/draw.hpp>
#include <descent/search/detail/objective_model.hpp>

namespace descent::search {

/// How much of the objective's variance over the space goes with a variable, alone and together with others.
struct variable_importance {
    std::string name;
    double total = 0;  ///< Sobol's total index, as a share of the sum of all
};

struct importance_options {
    goal direction = goal::minimize;
    int points = 2000;  ///< where the model is asked
    std::uint64_t seed = 0;
};

/// The importance of each variable, most first: the sampler gaussian_process's model of the complete trials,
/// whose total effects (Sobol, 1993; Jansen's estimator, 1999) say how much the objective changes, everywhere
/// in the space, where one variable alone is drawn anew. By what the trials told: few trials, or all near the
/// best, tell little. The model may look at the logarithm of the objective, if that is likelier. Throws
/// descent::error for fewer than 4 complete trials and for points < 2.
///
///     for (auto const& [name, total] : search::importance(study.records()))
inline std::vector<variable_importance> importance(std::vector<record> const& records,
                                                   importance_options const& options = {}) {
    expect(options.points >= 2, "importance: points = ", options.points, ": must be >= 2");
    detail::told_objective const told(records, options.direction, "importance");
    detail::objective_model const& known = told.model;
    search::space const& space = told.space();
    auto const d = std::size_t(space.size());
    detail::stream draws{{options.seed, 0x50b01u}};
    std::vector<variable_importance> found;
    for (std::size_t k = 0; k < d; ++k)
        found.push_back({space.name(index(k)), 0});
    std::vector<double> at(d);
    auto const draw = [&](std::size_t k) {
        domain const& of = space[index(k)];
        return of.coordinate(of.value(detail::coordinate_of(of, draws.uniform())));
    };
    double sum = 0;
    for (int p = 0; p < options.points; ++p) {
        for (std::size_t k = 0; k < d; ++k)
            at[k] = draw(k);
        double const here = known.model().predict(at.data()).mean;
        for (std::size_t k = 0; k < d; ++k) {
            double const was = at[k];
            at[k] = draw(k);
            double const moved = known.model().predict(at.data()).mean - here;
            at[k] = was;
            found[k].total += moved * moved;
            sum += moved * moved;
        }
    }
    for (variable_importance& v : found)
        v.total = sum > 0 ? v.total / sum : 0;
    std::stable_sort(
        found.begin(), found.end(),
        [](variable_importance const& a, variable_importance const& b) { return a.total > b.total; });
    return found;
}

}  // namespace descent::search
