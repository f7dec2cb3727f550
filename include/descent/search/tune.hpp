// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/search/cross_validation.hpp>
#include <descent/search/detail/judging.hpp>
#include <descent/search/study.hpp>

namespace descent::search {

/// How tune searches and judges.
struct tune_options {
    std::int64_t trials = 50;            ///< this many; <= 0: no limit
    std::int64_t total = 0;              ///< with a storage: until the study has so many, see study_options
    double seconds = 0;                  ///< no new trial is begun after these; 0: no limit
    int parallel = 1;                    ///< trials at work at once, each on a thread of its own
    int batch = 0;                       ///< > 0: the same trials for every `parallel`, see study_options
    std::vector<data::fold> folds = {};  ///< of k_folds, group_folds, time_series_folds, repeated_folds ...;
                                         ///< empty: five, stratified where the model answers with classes
    goal direction = goal::maximize;     ///< what to do with the metric
    std::uint64_t seed = 0;              ///< of the usual folds and the usual sampler
    bool refit = true;                   ///< train the best values once more, on all rows
    std::vector<std::vector<preset>> first = {};  ///< values to try before the sampler proposes any
};

/// The best values, what they gave, and how the search went.
template <class Model>
struct tuned : study_result {
    fold_scores scores = {};           ///< of the best values, by fold; their mean is `value`
    std::vector<record> records = {};  ///< all trials of the study: for report, importance, scores_of
    std::optional<Model> model = {};   ///< trained on all rows by the best values; empty without refit
};

/// What a trial of tune gave fold by fold; of one that was stopped early: of the folds that it came to. Of a
/// trial that a file had before, from the means that it reported: to about 1e-16 of the largest, and NaN behind
/// an infinite one.
inline fold_scores scores_of(record const& trial) {
    std::vector<double> scores = trial.folds;
    if (!scores.empty())
        return detail::summed(std::move(scores));
    double before = 0;
    for (reported const& at : trial.reports) {
        double const sum = at.value * double(scores.size() + 1);
        scores.push_back(sum - before);
        before = sum;
    }
    return detail::summed(std::move(scores));
}

namespace detail {

struct of_samplers {
    template <class A>
    static constexpr bool holds = sampler<A>;
};
struct of_schedulers {
    template <class A>
    static constexpr bool holds = scheduler<A>;
};
struct of_storages {
    template <class A>
    static constexpr bool holds = requires {
        A::persistent;
    };
};
template <class A, class Model, class Table>
inline constexpr bool tune_argument = is_executor<A> || sampler<A> || scheduler<A> || of_storages::holds<A> ||
                                      is_metric<A, Model, Table> || hears<A, study_progress, Model, Table>;

}  // namespace detail

/// The hyperparameters of a model, chosen by cross-validation, in one call: every trial trains and judges the
/// model on each fold, the study makes the most of the mean, and the best values train on all rows at the end.
///
///     search::space space;
///     space.add("l2", search::log_uniform(1e-6, 1)).add("rate", search::log_uniform(1e-4, 1e-1));
///     auto const found = search::tune(
///         [](auto const& values, auto const& rows) {
///             nn::network net{nn::input<float>{rows.features()},
///                             nn::sequential{nn::dense{32}, nn::relu{}, nn::dense{10}}};
///             fit(net, rows, chain(adam{}, decay{values["l2"]}, rate{values["rate"]}), {.epochs = 8, .batch =
///             64}); return net;
///         },
///         space, train, {.trials = 30}, exec::openmp{}, search::progress_bar{});
///     found["rate"], found.scores.mean, found.scores.deviation, found.model->predict(test.x)
///
/// make(values, rows) gives a trained model of any type; values are a record: values["rate"],
/// values.label("kind"). For a linear model that fit(model, rows) trains, make(values) gives it untrained. With
/// threads make is called from several at once.
///
/// Behind the options, in any order: an executor, which runs the folds side by side; a sampler (otherwise
/// gaussian_process); a scheduler, which is told the mean of the folds so far after each, one after another,
/// and ends trials early; a storage; a metric(model, rows) (otherwise accuracy of classes, r2 of numbers);
/// callbacks as in study::run. For every number of threads of the executor the result is the same.
///
/// A trial that throws or gives NaN has failed, and the search goes on. Throws descent::error for an empty
/// space, for a fold without rows or with one to judge by r2, as study does, and where no trial is complete:
/// with how they ended, and why the last failed.
template <class Make, class Table, class... Argument>
auto tune(Make const& make, space const& of, Table const& table, tune_options const& options = {},
          Argument&&... arguments) {
    using copied = decltype(table.rows(std::vector<index>{}));
    using model = decltype(detail::trained(make, std::declval<copied const&>(), std::declval<record const&>()));
    auto const& known =
        detail::seen<detail::views_serve<Make, model, copied, std::tuple<Argument...>, record>>(table);
    using part = decltype(known.rows(std::vector<index>{}));
    static_assert(
        (detail::tune_argument<std::remove_cvref_t<Argument>, model, part> && ...),
        "tune takes executors, samplers, schedulers, storages, metrics and callbacks behind its options; those "
        "are called with a study_progress const&: search::progress_bar{}, not fit's progress_bar{}");
    expect(of.size() > 0, "tune: the space is empty");
    auto const pick = [&]<class Is, class Default>(Is is, Default fallback) {
        return detail::chosen(is, std::move(fallback), std::forward<Argument>(arguments)...);
    };
    auto const executor = pick(detail::of_executors{}, exec::serial{});
    auto const metric = pick(detail::of_metrics<model, part>{}, detail::usual_score{});
    auto stopper = pick(detail::of_schedulers{}, run_to_end{});
    auto proposer = pick(detail::of_samplers{}, gaussian_process{.seed = options.seed});
    auto kept = pick(detail::of_storages{}, in_memory{});
    static_assert(!inheriting_sampler<decltype(proposer)>, "tune: models of other folds cannot be inherited");
    auto const folds = detail::usual_folds("tune", options.folds, known, detail::classifies<model, part>,
                                           detail::judges_by_r2<decltype(metric), model, part>, options.seed);
    // A scheduler hears of one fold after another.
    std::size_t const at_once = std::is_same_v<decltype(stopper), run_to_end> ? folds.size() : 1;

    std::mutex lock;
    std::map<std::int64_t, std::vector<double>>
        of_folds;  // by trial: the means that it reports have lost digits
    auto const objective = [&](trial& t) {
        record const values = t.so_far();
        auto& scores = t.template state<std::vector<double>>();  // a trial that paused has some
        while (scores.size() < folds.size()) {
            std::size_t const from = scores.size();
            std::vector<double> made(std::min(at_once, folds.size() - from));
            detail::side_by_side(executor, index(made.size()), [&](index i) {
                data::fold const& one = folds[from + std::size_t(i)];
                auto const fitted = detail::trained(make, known.rows(one.train), values);
                made[std::size_t(i)] = double(metric(fitted, known.rows(one.test)));
            });
            for (double const score : made) {
                scores.push_back(score);
                t.report(std::int64_t(scores.size()), detail::summed(scores).mean);
            }
            if (scores.size() < folds.size() && t.should_stop())
                break;
        }
        std::lock_guard const held(lock);
        of_folds[t.number()] = scores;
        return detail::summed(scores).mean;
    };

    study<decltype(proposer), decltype(stopper), decltype(kept)> run(of, std::move(proposer),
                                                                     std::move(stopper), std::move(kept));
    run.set_goals({options.direction});
    if (!options.first.empty() && run.records().empty())
        for (std::vector<preset> const& values : options.first)
            run.enqueue(values);
    tuned<model> found;
    static_cast<study_result&>(found) = std::apply(
        [&](auto&... callbacks) {
            return run.run({.trials = options.trials,
                            .total = options.total,
                            .seconds = options.seconds,
                            .parallel = options.parallel,
                            .batch = options.batch},
                           objective, callbacks...);
        },
        std::tuple_cat(detail::callback_of<study_progress, model, part>(arguments)...));
    found.records = run.records();
    for (auto& [number, scores] : of_folds)
        found.records[std::size_t(number)].folds = std::move(scores);
    expect(found.number >= 0, "tune: ", found.reason);
    found.scores = scores_of(found.records[std::size_t(found.number)]);
    found.scores.mean = found.value;
    if (options.refit)
        found.model.emplace(detail::trained(make, known, static_cast<record const&>(found)));
    return found;
}

}  // namespace descent::search
