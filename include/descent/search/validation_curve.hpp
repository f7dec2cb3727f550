// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <descent/search/detail/judging.hpp>
#include <descent/search/score_curve.hpp>

namespace descent::search {

/// How validation_curve goes.
struct validation_curve_options {
    std::string name = "value";          ///< of what varies, for the picture
    bool log = false;                    ///< drawn by its logarithm
    std::vector<data::fold> folds = {};  ///< empty: five, stratified where the model answers with classes
    std::uint64_t seed = 0;              ///< of the usual folds
};

/// How well a model does for which value of one hyperparameter: for each value, on each fold, it is trained and
/// judged on the rows that trained it and on the rows held out. Where both are low it underfits; where only
/// those held out are, it overfits. scikit-learn's function of this name.
///
///     auto const curve = search::validation_curve(
///         [](double l2, auto const& rows) {
///             linear::logistic_regression<float> model{rows.features(), {.l2 = l2}};
///             fit(model, rows);
///             return model;
///         },
///         {1e-6, 1e-4, 1e-2, 1}, train, {.name = "l2", .log = true}, exec::openmp{});
///     write_file("l2.svg", curve.svg());
///
/// make(value, rows) gives a trained model; for a linear model that fit(model, rows) trains, make(value) gives
/// it untrained. Behind the options as in learning_curve. Throws descent::error where there are no values, for
/// folds without rows or with one to judge by r2, and what make throws.
template <class Make, class Table, class... Argument>
score_curve validation_curve(Make const& make, std::vector<double> const& values, Table const& table,
                             validation_curve_options const& options = {}, Argument&&... arguments) {
    using copied = decltype(table.rows(std::vector<index>{}));
    using model = decltype(detail::trained(make, std::declval<copied const&>(), 0.0));
    auto const& known =
        detail::seen<detail::views_serve<Make, model, copied, std::tuple<Argument...>, double>>(table);
    using part = decltype(known.rows(std::vector<index>{}));
    static_assert((detail::curve_argument<std::remove_cvref_t<Argument>, model, part> && ...),
                  "validation_curve takes executors, metrics and callbacks behind its options");
    expect(!values.empty(), "validation_curve: there are no values");
    auto const metric = detail::chosen(detail::of_metrics<model, part>{}, detail::usual_score{}, arguments...);
    auto const folds =
        detail::usual_folds("validation_curve", options.folds, known, detail::classifies<model, part>,
                            detail::judges_by_r2<decltype(metric), model, part>, options.seed);
    auto const judge = [&](std::size_t place, std::size_t k) {
        return detail::judge_of(make, metric, known.rows(folds[k].train), known.rows(folds[k].test),
                                values[place]);
    };
    return detail::curve_of({.name = options.name, .log = options.log, .at = values}, folds.size(), judge,
                            detail::chosen(detail::of_executors{}, exec::serial{}, arguments...),
                            std::tuple_cat(detail::callback_of<curve_progress, model, part>(arguments)...));
}

}  // namespace descent::search
