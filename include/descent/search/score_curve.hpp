// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/plot/lines.hpp>
#include <descent/search/cross_validation.hpp>
#include <descent/search/detail/judging.hpp>

namespace descent::search {

/// What learning_curve and validation_curve give: scores along one axis, on the rows that trained the model and
/// on those held out, with their deviation over the folds.
///
///     write_file("curve.svg", curve.svg("Logistic regression"));
struct score_curve {
    std::string name = {};                  ///< of the axis
    bool log = false;                       ///< is it drawn by its logarithm?
    std::vector<double> at = {};            ///< places on it
    std::vector<fold_scores> train = {};    ///< by place: of the rows trained on, fold by fold
    std::vector<fold_scores> test = {};     ///< by place: of the rows held out
    std::vector<fold_scores> seconds = {};  ///< by place: that training took

    /// The picture as SVG text: the mean over the folds, and one deviation to both sides as a band.
    std::string svg(std::string title = {}, std::string score = "score") const {
        plot::lines chart{.title = std::move(title),
                          .x_label = name,
                          .y_label = std::move(score),
                          .log_x = log,
                          .markers = true};
        for (auto const& [label, group] : {std::pair("training rows", &train), std::pair("held out", &test)}) {
            std::vector<double> mean, low, high;
            for (fold_scores const& one : *group) {
                mean.push_back(one.mean);
                low.push_back(one.mean - one.deviation);
                high.push_back(one.mean + one.deviation);
            }
            chart.add(label, at, mean);
            chart.add_band(at, low, high);
        }
        return chart.svg();
    }
};

/// What callbacks of learning_curve and validation_curve are told after each model, one at a time; in which
/// order is the executor's.
struct curve_progress {
    double at;         ///< the place on the axis
    std::size_t fold;  ///< the number of the fold
    double train, test;
    std::int64_t done, total;  ///< models
    double seconds;            ///< since the start
};

namespace detail {

template <class A, class M, class Table>
inline constexpr bool curve_argument =
    is_executor<A> || is_metric<A, M, Table> || hears<A, curve_progress, M, Table>;

/// One model judged.
struct judged {
    double train, test, seconds;
};

/// judge(place, fold) for every place and fold, side by side.
template <class Judge, class Executor, class... Callback>
score_curve curve_of(score_curve curve, std::size_t folds, Judge const& judge, Executor const& executor,
                     std::tuple<Callback&...> callbacks) {
    using clock = std::chrono::steady_clock;
    auto const start = clock::now();
    auto const since = [](clock::time_point then) {
        return std::chrono::duration<double>(clock::now() - then).count();
    };
    std::size_t const places = curve.at.size();
    std::vector<judged> all(places * folds);
    std::mutex telling;
    std::int64_t done = 0;
    // All places of a fold are beside one another: executors give each thread a stretch, and places cost unlike
    // much.
    side_by_side(executor, index(all.size()), [&](index job) {
        std::size_t const fold = std::size_t(job) / places, place = std::size_t(job) % places;
        judged& mine = all[std::size_t(job)];
        mine = judge(place, fold);
        std::lock_guard const held(telling);
        ++done;
        [[maybe_unused]] curve_progress const now{
            curve.at[place], fold, mine.train, mine.test, done, std::int64_t(all.size()), since(start)};
        std::apply([&](auto&... call) { (call(now), ...); }, callbacks);
    });
    for (std::size_t place = 0; place < places; ++place) {
        std::vector<double> train, test, seconds;
        for (std::size_t fold = 0; fold < folds; ++fold) {
            judged const& one = all[fold * places + place];
            train.push_back(one.train), test.push_back(one.test), seconds.push_back(one.seconds);
        }
        curve.train.push_back(summed(std::move(train)));
        curve.test.push_back(summed(std::move(test)));
        curve.seconds.push_back(summed(std::move(seconds)));
    }
    return curve;
}

/// make's model of the rows, judged on them and on those held out.
template <class Make, class Metric, class Table, class... Value>
judged judge_of(Make const& make, Metric const& metric, Table const& train, Table const& held,
                Value const&... values) {
    auto const start = std::chrono::steady_clock::now();
    auto const model = trained(make, train, values...);
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {double(metric(model, train)), double(metric(model, held)), seconds};
}

}  // namespace detail
}  // namespace descent::search
