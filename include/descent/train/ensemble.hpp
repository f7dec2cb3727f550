// SPDX-License-Identifier: MIT
#pragma once

#include <descent/train/detail/members.hpp>

// Several models as one. The models are a std::vector of one type, or a std::tuple of any (std::tie(a, b) where
// they live elsewhere):
//
//     averaging both{std::tuple{logistic, boosted}, {0.7, 0.3}};
//     accuracy(both, test);
namespace descent {

/// The weighted mean of what models say: of their probabilities where all have predict_probability(x), of their
/// values otherwise. Calls throw descent::error for no models, bad weights, or answers of unequal shapes.
template <class Models>
struct averaging {
    Models models;
    std::vector<double> weights = {};  ///< one a model, finite, >= 0, not all 0; empty: equal

    /// The mean probability: of class 1, or samples x classes.
    template <class X>
    requires detail::all_give_probability<Models, X>
    auto predict_probability(X const& x) const {
        auto const mean = detail::mean_answer("averaging", models, weights,
                                              [&](auto const& model) { return detail::answer(model, x); });
        using answer = decltype(detail::answer(detail::first_of(models), x));
        using T = typename answer::Scalar;
        if constexpr (answer::ColsAtCompileTime == 1)
            return vector<T>(mean.col(0).template cast<T>());
        else
            return matrix<T>(mean.template cast<T>());
    }

    /// The mean value; where there are probabilities the class whose mean is highest (of one: above 1/2), ties
    /// to the lowest.
    template <class X>
    auto predict(X const& x) const {
        auto const mean = detail::mean_answer("averaging", models, weights, [&](auto const& model) {
            if constexpr (detail::all_give_probability<Models, X>)
                return detail::answer(model, x);
            else
                return vector<double>(model.predict(x).template cast<double>());
        });
        using T = typename std::decay_t<decltype(detail::first_of(models).predict(x))>::Scalar;
        if constexpr (detail::all_give_probability<Models, X>)
            return detail::most_probable<T>(mean);
        else
            return vector<T>(mean.col(0).template cast<T>());
    }
};
template <class Models>
averaging(Models) -> averaging<Models>;
template <class Models>
averaging(Models, std::vector<double>) -> averaging<Models>;

/// The class that most models say, by weight; ties to the lowest class. Calls throw descent::error for no
/// models, bad weights, unequal numbers of answers, or answers that are not the classes 0, 1, ...
template <class Models>
struct voting {
    Models models;
    std::vector<double> weights = {};  ///< one a model, finite, >= 0, not all 0; empty: equal

    template <class X>
    auto predict(X const& x) const {
        auto const weight = detail::member_weights("voting", detail::count_models(models), weights);
        using T = typename std::decay_t<decltype(detail::first_of(models).predict(x))>::Scalar;
        return detail::most_voted<T>("voting", detail::all_labels<T>("voting", models, x), weight);
    }
};
template <class Models>
voting(Models) -> voting<Models>;
template <class Models>
voting(Models, std::vector<double>) -> voting<Models>;

}  // namespace descent
