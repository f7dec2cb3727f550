// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <descent/data/folds.hpp>
#include <descent/exec/serial.hpp>

namespace descent::search {

/// What cross_validate gives.
struct fold_scores {
    std::vector<double> scores = {};  ///< by fold
    double mean = 0;
    double deviation = 0;  ///< of the scores, n - 1 in the denominator; 0 for one fold
};

/// The score of each fold (data::k_folds, group_folds, time_series_folds, repeated_folds, leave_one_out): what
/// score(data::fold const&) gives, which reads the rows where they lie. The folds are scored side by side where
/// the executor has threads; score must then be safe to call from several. The scores are the same for any
/// number of threads. Throws descent::error where there are no folds, and what score throws.
template <class Score, class Executor = exec::serial>
fold_scores cross_validate(std::vector<data::fold> const& folds, Score const& score,
                           Executor const& executor = {}) {
    expect(!folds.empty(), "cross_validate: there are no folds");
    fold_scores made;
    made.scores.resize(folds.size());
    executor.for_each(index(folds.size()),
                      [&](index k) { made.scores[std::size_t(k)] = double(score(folds[std::size_t(k)])); });
    double const n = double(folds.size());
    for (double const s : made.scores)
        made.mean += s / n;
    for (double const s : made.scores)
        made.deviation += (s - made.mean) * (s - made.mean);
    made.deviation = n > 1 ? std::sqrt(made.deviation / (n - 1)) : 0;
    return made;
}

/// The same of score(train, test), two tables.
///
///     auto const cv = search::cross_validate(table, data::k_folds(table, {.stratify = true}),
///         [](auto const& train, auto const& test) {
///             linear::logistic_regression<float> model{train.features()};
///             fit(model, train);
///             return accuracy(model.predict(test.x), test.y);
///         }, exec::openmp{});
///
/// Nested: a score that itself chooses by cross_validate on its train table before it judges on test.
template <class Table, class Score, class Executor = exec::serial>
fold_scores cross_validate(Table const& table, std::vector<data::fold> const& folds, Score const& score,
                           Executor const& executor = {}) {
    return cross_validate(
        folds, [&](data::fold const& one) { return score(table.rows(one.train), table.rows(one.test)); },
        executor);
}

}  // namespace descent::search
