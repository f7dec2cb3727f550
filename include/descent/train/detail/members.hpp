// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/train/detail/metric_input.hpp>

// What ensembles share: models in a tuple or a std::vector, asked one after another.
namespace descent::detail {

/// f(model, number) for each.
template <class Models, class F>
void each_model(Models const& models, F const& f) {
    index number = 0;
    if constexpr (requires { models.begin(); }) {
        for (auto const& model : models)
            f(model, number++);
    } else {
        std::apply([&](auto const&... model) { (f(model, number++), ...); }, models);
    }
}

template <class M, class X>
concept gives_probability = requires(M const& model, X const& x) {
    model.predict_probability(x);
};

template <class Models, class X>
inline constexpr bool all_give_probability = gives_probability<typename Models::value_type, X>;
template <class... M, class X>
inline constexpr bool all_give_probability<std::tuple<M...>, X> = (gives_probability<M, X> && ...);

template <class Models>
auto const& first_of(Models const& models) {
    if constexpr (requires { models.front(); })
        return models.front();
    else
        return std::get<0>(models);
}

/// Probabilities where the model has them (of class 1, or of each class), else its answers.
template <class M, class X>
auto answer(M const& model, X const& x) {
    if constexpr (gives_probability<M, X>) {
        using plain = typename std::decay_t<decltype(model.predict_probability(x))>::PlainObject;
        return plain(model.predict_probability(x));
    } else {
        using plain = typename std::decay_t<decltype(model.predict(x))>::PlainObject;
        return plain(model.predict(x));
    }
}

/// One weight a model, 1 where none are given. Throws descent::error for no models, another number of weights,
/// one that is negative or not finite, and where all are 0.
inline std::vector<double> member_weights(std::string_view who, index models, std::vector<double> weights) {
    expect(models > 0, who, ": there are no models");
    if (weights.empty())
        weights.assign(std::size_t(models), 1.0);
    expect(index(weights.size()) == models, who, ": ", models, " models, ", weights.size(), " weights");
    double total = 0;
    for (double const weight : weights) {
        expect(std::isfinite(weight) && weight >= 0, who, ": weight ", weight, ": must be finite and >= 0");
        total += weight;
    }
    expect(total > 0, who, ": all weights are 0");
    return weights;
}

template <class Models>
index count_models(Models const& models) {
    index count = 0;
    each_model(models, [&](auto const&, index) { ++count; });
    return count;
}

/// sum weight ask(model) / sum weight, in double: rows x columns of the answers.
template <class Models, class Ask>
matrix<double> mean_answer(std::string_view who, Models const& models, std::vector<double> const& given,
                           Ask const& ask) {
    auto const weights = member_weights(who, count_models(models), given);
    double total = 0;
    for (double const weight : weights)
        total += weight;
    matrix<double> sum;
    each_model(models, [&](auto const& model, index number) {
        auto const one = ask(model);
        if (number == 0)
            sum = matrix<double>::Zero(one.rows(), one.cols());
        expect(one.rows() == sum.rows() && one.cols() == sum.cols(), who, ": model ", number, " answers ",
               one.rows(), " x ", one.cols(), ", model 0 ", sum.rows(), " x ", sum.cols());
        sum += weights[std::size_t(number)] / total * one.template cast<double>();
    });
    return sum;
}

/// The class of each row of probabilities: 1 where that of class 1 (one column) is above 1/2, else the most
/// probable, ties to the lowest.
template <class T, class Probabilities>
vector<T> most_probable(Probabilities const& p) {
    vector<T> label(p.rows());
    for (index row = 0; row < p.rows(); ++row) {
        index best = p.cols() == 1 ? index(p(row, 0) > 0.5) : 0;
        for (index c = 1; c < p.cols(); ++c)
            best = p(row, c) > p(row, best) ? c : best;
        label[row] = T(best);
    }
    return label;
}

/// The class with most votes of each row, ties to the lowest: labels are rows x models; NaN does not vote, a
/// row without votes becomes NaN. Throws descent::error for anything but classes.
template <class T>
vector<T> most_voted(std::string_view who, matrix<T> const& labels, std::vector<double> const& weights) {
    vector<T> chosen(labels.rows());
    std::vector<double> votes;
    for (index row = 0; row < labels.rows(); ++row) {
        index best = -1;
        for (index m = 0; m < labels.cols(); ++m) {
            if (std::isnan(labels(row, m)))
                continue;
            expect_class(who, "prediction", row, labels(row, m), most_classes);
            auto const label = std::size_t(labels(row, m));
            votes.resize(std::max(votes.size(), label + 1));
            votes[label] += weights[std::size_t(m)];
        }
        for (index m = 0; m < labels.cols(); ++m)
            if (!std::isnan(labels(row, m))) {
                auto const label = index(labels(row, m));
                double const lead = best < 0 ? 1 : votes[std::size_t(label)] - votes[std::size_t(best)];
                best = lead > 0 || (lead == 0 && label < best) ? label : best;
            }
        chosen[row] = best < 0 ? std::numeric_limits<T>::quiet_NaN() : T(best);
        for (index m = 0; m < labels.cols(); ++m)
            if (!std::isnan(labels(row, m)))
                votes[std::size_t(labels(row, m))] = 0;
    }
    return chosen;
}

/// Every model's class for every row: rows x models. Throws descent::error for unequal numbers, and NaN.
template <class T, class Models, class X>
matrix<T> all_labels(std::string_view who, Models const& models, X const& x) {
    matrix<T> labels;
    index const count = count_models(models);
    each_model(models, [&](auto const& model, index number) {
        vector<T> const one = model.predict(x);
        if (number == 0)
            labels.resize(one.size(), count);
        expect(one.size() == labels.rows(), who, ": model ", number, " answers ", one.size(), " rows, model 0 ",
               labels.rows());
        expect_finite(who, "prediction", one);
        labels.col(number) = one;
    });
    return labels;
}

}  // namespace descent::detail
