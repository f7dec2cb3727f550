// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
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

namespace detail {

inline fold_scores summed(std::vector<double> scores) {
    fold_scores made{std::move(scores)};
    double const n = double(made.scores.size());
    for (double const s : made.scores)
        made.mean += s / n;
    for (double const s : made.scores)
        made.deviation += (s - made.mean) * (s - made.mean);
    made.deviation = n > 1 ? std::sqrt(made.deviation / (n - 1)) : 0;
    return made;
}

/// body(i) for i < n, each of them long: executors keep fewer than four chunks, which are short as a rule, in
/// one thread.
template <class Executor, class Body>
void side_by_side(Executor const& executor, index n, Body const& body) {
    index const stretch = n > 0 ? (3 + n) / n : 1;
    executor.for_each(n * stretch, [&](index i) {
        if (i % stretch == 0)
            body(i / stretch);
    });
}

}  // namespace detail

/// The score of each fold (data::k_folds, group_folds, time_series_folds, repeated_folds, leave_one_out): what
/// score(data::fold const&) gives, which reads the rows where they lie. The folds are scored side by side where
/// the executor has threads; score must then be safe to call from several. The scores are the same for any
/// number of threads. Throws descent::error where there are no folds, and what score throws.
template <class Score, class Executor = exec::serial>
fold_scores cross_validate(std::vector<data::fold> const& folds, Score const& score,
                           Executor const& executor = {}) {
    expect(!folds.empty(), "cross_validate: there are no folds");
    std::vector<double> scores(folds.size());
    detail::side_by_side(executor, index(folds.size()),
                         [&](index k) { scores[std::size_t(k)] = double(score(folds[std::size_t(k)])); });
    return detail::summed(std::move(scores));
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
/// Of data::row_view{table} the two are views, and no features are copied. Nested: a score that itself chooses
/// by cross_validate on its train table before it judges on test.
template <class Table, class Score, class Executor = exec::serial>
fold_scores cross_validate(Table const& table, std::vector<data::fold> const& folds, Score const& score,
                           Executor const& executor = {}) {
    return cross_validate(
        folds, [&](data::fold const& one) { return score(table.rows(one.train), table.rows(one.test)); },
        executor);
}

}  // namespace descent::search
