// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/params.hpp>
#include <descent/data/batch.hpp>

#include <cmath>
#include <utility>
#include <vector>

/// The minimum of a model's objective on all the data, to rounding, by L-BFGS (Nocedal, 1980) with 20 pairs and
/// a halving line search: an independent way to where training should arrive. Tensors named in `frozen` stay.
template <class Model>
double find_optimum(Model& model, descent::data::dataset<typename Model::scalar> const& table,
                    std::string const& frozen = "", int most = 500, double tolerance = 1e-9) {
    using T = typename Model::scalar;
    using numbers = descent::vector<T>;
    auto& weights = model.params();
    auto slopes = weights.like();
    auto const n = weights.arena_size();
    auto const evaluate = [&](numbers const& w, numbers& g) {
        std::copy_n(w.data(), n, weights.data());
        double const value = model.gradient(descent::data::all_of(table), slopes);
        if (!frozen.empty())
            slopes[frozen].flat().setZero();
        g = descent::vector_view<T const>(slopes.data(), n);
        return value;
    };
    numbers w = descent::vector_view<T const>(weights.data(), n), g(n), next_g(n);
    double value = evaluate(w, g);
    std::vector<std::pair<numbers, numbers>> pairs;  // steps and changes of the gradient
    for (int k = 0; k < most && g.template lpNorm<Eigen::Infinity>() > tolerance; ++k) {
        numbers d = g;
        std::vector<T> alpha(pairs.size());
        for (std::size_t i = pairs.size(); i-- > 0;) {
            auto const& [s, y] = pairs[i];
            alpha[i] = s.dot(d) / s.dot(y);
            d -= alpha[i] * y;
        }
        if (!pairs.empty())
            d *= pairs.back().first.dot(pairs.back().second) / pairs.back().second.squaredNorm();
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            auto const& [s, y] = pairs[i];
            d += (alpha[i] - y.dot(d) / s.dot(y)) * s;
        }
        double const fall = double(g.dot(d));
        double step = pairs.empty() ? 1 / std::fmax(1, double(g.norm())) : 1, next = 0;
        for (;; step /= 2) {
            next = evaluate(w - T(step) * d, next_g);
            if (next <= value - 1e-4 * step * fall || step < 1e-12)
                break;
        }
        numbers const s = -T(step) * d, y = next_g - g;
        w += s;
        g = next_g;
        value = next;
        if (s.dot(y) > 0)
            pairs.emplace_back(s, y);
        if (pairs.size() > 20)
            pairs.erase(pairs.begin());
    }
    return evaluate(w, g);
}
