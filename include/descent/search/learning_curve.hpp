// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/search/detail/judging.hpp>
#include <descent/search/score_curve.hpp>

namespace descent::search {

/// How learning_curve goes.
struct learning_curve_options {
    std::vector<double> shares = {0.1, 0.325, 0.55, 0.775,
                                  1};    ///< of the rows that the smallest fold trains on
    std::vector<index> sizes = {};       ///< numbers of rows instead of shares
    std::vector<data::fold> folds = {};  ///< empty: five, stratified where the model answers with classes
    std::uint64_t seed = 0;              ///< of the usual folds, and of which rows come first
    bool shuffle = true;  ///< random rows; false: the first of each fold's, as in data in the order of time
};

namespace detail {

/// Rising numbers of rows, each once.
inline std::vector<index> curve_sizes(learning_curve_options const& options,
                                      std::vector<data::fold> const& folds) {
    std::size_t most = folds[0].train.size();
    for (data::fold const& one : folds)
        most = std::min(most, one.train.size());
    std::vector<index> sizes = options.sizes;
    if (sizes.empty())
        for (double const share : options.shares) {
            expect(share > 0 && share <= 1, "learning_curve: share = ", share, ": must be in (0, 1]");
            sizes.push_back(std::max(index(1), index(share * double(most))));
        }
    expect(!sizes.empty(), "learning_curve: there are no sizes");
    for (index const size : sizes)
        expect(size >= 1 && size <= index(most), "learning_curve: size = ", size, ": must be in [1, ", most,
               "]");
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    return sizes;
}

}  // namespace detail

/// How well a model does after how many rows: for each size, on each fold, it is trained on so many of the
/// fold's rows (each size has those of the smaller ones) and judged on these and on the rows held out. A gap
/// between the two that narrows says that more rows would help; two low curves that meet, that another model
/// would. scikit-learn's function of this name, with the rows shuffled.
///
///     auto const curve = search::learning_curve(
///         [](auto const& rows) {
///             linear::logistic_regression<float> model{rows.features()};
///             fit(model, rows);
///             return model;
///         },
///         train, {.folds = data::k_folds(train, {.folds = 10, .stratify = true})}, exec::openmp{});
///     write_file("learning.svg", curve.svg());
///
/// make(rows) gives a trained model. Behind the options, in any order: an executor, which runs the models side
/// by side, with the same result for any number of threads; a metric(model, rows) (otherwise accuracy of
/// classes, r2 of numbers); callbacks, which are told curve_progress. Throws descent::error for shares outside
/// (0, 1], sizes that the folds do not have and folds without rows or with one to judge by r2, and what make
/// throws.
template <class Make, class Table, class... Argument>
score_curve learning_curve(Make const& make, Table const& table, learning_curve_options const& options = {},
                           Argument&&... arguments) {
    using copied = decltype(table.rows(std::vector<index>{}));
    using model = decltype(detail::trained(make, std::declval<copied const&>()));
    auto const& known = detail::seen<detail::views_serve<Make, model, copied, std::tuple<Argument...>>>(table);
    using part = decltype(known.rows(std::vector<index>{}));
    static_assert((detail::curve_argument<std::remove_cvref_t<Argument>, model, part> && ...),
                  "learning_curve takes executors, metrics and callbacks behind its options");
    auto const metric = detail::chosen(detail::of_metrics<model, part>{}, detail::usual_score{}, arguments...);
    auto const folds =
        detail::usual_folds("learning_curve", options.folds, known, detail::classifies<model, part>,
                            detail::judges_by_r2<decltype(metric), model, part>, options.seed);
    std::vector<index> const sizes = detail::curve_sizes(options, folds);
    auto const judge = [&](std::size_t place, std::size_t k) {
        std::vector<index> rows = folds[k].train;
        auto const size = std::size_t(sizes[place]);
        if (options.shuffle && size < rows.size()) {
            auto const order = permutation(index(rows.size()), generator{options.seed, std::uint32_t(k)});
            for (std::size_t i = 0; i < size; ++i)
                rows[i] = folds[k].train[std::size_t(order[i])];
            std::sort(rows.begin(), rows.begin() + std::ptrdiff_t(size));
        }
        rows.resize(size);
        return detail::judge_of(make, metric, known.rows(rows), known.rows(folds[k].test));
    };
    return detail::curve_of({.name = "training rows", .at = {sizes.begin(), sizes.end()}}, folds.size(), judge,
                            detail::chosen(detail::of_executors{}, exec::serial{}, arguments...),
                            std::tuple_cat(detail::callback_of<curve_progress, model, part>(arguments)...));
}

}  // namespace descent::search
