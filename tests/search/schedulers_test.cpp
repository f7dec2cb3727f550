// SPDX-License-Identifier: MIT
#include <descent/search/asha.hpp>
#include <descent/search/bohb.hpp>
#include <descent/search/hyperband.hpp>
#include <descent/search/median_stop.hpp>
#include <descent/search/patience_stop.hpp>
#include <descent/search/percentile_stop.hpp>
#include <descent/search/population.hpp>
#include <descent/search/random.hpp>
#include <descent/search/study.hpp>
#include <descent/search/successive_halving.hpp>
#include <descent/search/threshold_stop.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using search::record;
using search::trial_state;

namespace {

/// Trains to `most`, one report a step, from where it was paused.
template <class Loss>
auto training(int most, Loss loss) {
    return [=](search::trial& t) {
        int& step = t.state<int>();
        expect(step == t.resumed_at(), "the state is not that of the pause");
        while (step < most) {
            ++step;
            t.report(step, loss(t, step));
            if (t.should_stop())
                break;
        }
        return loss(t, step);
    };
}

/// How many trials ended at each step.
template <class Study>
std::map<std::int64_t, int> ends(Study const& study) {
    std::map<std::int64_t, int> count;
    for (record const& r : study.records())
        ++count[r.reports.back().step];
    return count;
}

double by_number(search::trial& t, int step) { return double(t.number() * 37 % 101) + 1.0 / step; }

/// What a scheduler says of reports beside complete trials.
template <class Scheduler>
bool stops(Scheduler const& scheduler, std::vector<std::vector<double>> const& complete,
           std::vector<double> const& mine, search::goal goal = search::goal::minimize,
           trial_state state = trial_state::complete) {
    search::space const space;
    std::vector<search::goal> const goals{goal};
    std::vector<record> records;
    for (auto const& values : complete) {
        record r;
        r.number = std::int64_t(records.size());
        r.state = state;
        for (double const v : values)
            r.reports.push_back({std::int64_t(r.reports.size()) + 1, v});
        records.push_back(r);
    }
    record r;
    r.number = std::int64_t(records.size());
    r.state = trial_state::running;
    for (double const v : mine)
        r.reports.push_back({std::int64_t(r.reports.size()) + 1, v});
    records.push_back(r);
    return scheduler.should_stop({space, records, goals}, records.back());
}

}  // namespace

TEST_CASE("search successive_halving: a third of each rung goes on, best first, and nobody starts again") {
    search::study study{search::random{}, search::successive_halving{.factor = 3, .most = 9, .trials = 9}};
    std::vector<std::pair<std::int64_t, std::int64_t>> jobs;
    double const loss[] = {5, 3, 8, 1, 7, 2, 9, 4, 6};
    auto const train = training(9, [&](search::trial& t, int) { return loss[t.number()]; });
    study.minimize({.trials = 9}, [&](search::trial& t) {
        jobs.push_back({t.number(), t.resumed_at()});
        return train(t);
    });
    std::vector<std::pair<std::int64_t, std::int64_t>> expected;
    for (int i = 0; i < 9; ++i)
        expected.push_back({i, 0});
    expected.insert(expected.end(), {{3, 1}, {5, 1}, {1, 1}, {3, 3}});
    CHECK(jobs == expected);
    CHECK(ends(study) == std::map<std::int64_t, int>{{1, 6}, {3, 2}, {9, 1}});
    CHECK((study.best().number == 3 && study.best().value == 1));
    CHECK(study.records()[0].state == trial_state::paused);
    // A bracket that is not full goes on with those it has, when no more come.
    study.minimize({.trials = 4}, training(9, by_number));
    CHECK(ends(study) == std::map<std::int64_t, int>{{1, 7}, {3, 4}, {9, 2}});
}

TEST_CASE("search hyperband: the brackets of the paper's example") {
    std::vector<std::pair<std::int64_t, double>> brackets;
    for (auto const& b : search::hyperband{}.brackets())
        brackets.push_back({b.trials, b.first});
    CHECK(brackets ==
          std::vector<std::pair<std::int64_t, double>>{{81, 1}, {34, 3}, {15, 9}, {8, 27}, {5, 81}});
    // 81 27 9 3 1 | 34 11 3 1 | 15 5 1 | 8 2 | 5 at 1 3 9 27 81 steps.
    std::map<std::int64_t, int> const whole{{1, 54}, {3, 41}, {9, 24}, {27, 14}, {81, 10}};
    for (auto const& options :
         {search::study_options{.trials = 143}, search::study_options{.trials = 143, .parallel = 4}}) {
        search::study study{search::random{}, search::hyperband{}};
        auto const result = study.minimize(options, training(81, by_number));
        CHECK(ends(study) == whole);
        CHECK(result.trials == 143);
        CHECK(std::floor(result.value) == 0);  // trial 0 or 101
    }
    auto const history = [](search::study_options options) {
        search::study study{search::random{}, search::hyperband{.factor = 2, .most = 8}};
        study.minimize(options, training(8, [](search::trial& t, int step) {
                           return std::pow(t.uniform("x", -1, 1), 2) + t.uniform("y", 0, 1) / step;
                       }));
        std::vector<double> all;
        for (record const& r : study.records())
            for (auto const& at : r.reports)
                all.push_back(at.value);
        return all;
    };
    auto const one = history({.trials = 40, .batch = 4});
    CHECK(one == history({.trials = 40, .parallel = 3, .batch = 4}));
}

TEST_CASE("search asha: who is promotable goes on, from the highest rung down, else a new trial begins") {
    double const loss[] = {5, 1, 4, 2, 3, 0, 9, 8, 7};
    search::study study{search::random{}, search::asha{.most = 9}};
    std::vector<std::pair<std::int64_t, std::int64_t>> jobs;
    auto const train = training(9, [&](search::trial& t, int) { return -loss[t.number()]; });
    study.maximize({.trials = 9}, [&](search::trial& t) {
        jobs.push_back({t.number(), t.resumed_at()});
        return train(t);
    });
    CHECK(jobs == std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 0},
                                                                     {1, 0},
                                                                     {2, 0},
                                                                     {1, 1},
                                                                     {3, 0},
                                                                     {4, 0},
                                                                     {5, 0},
                                                                     {5, 1},
                                                                     {6, 0},
                                                                     {7, 0},
                                                                     {8, 0},
                                                                     {3, 1},
                                                                     {5, 3}});
    CHECK((study.best().number == 5 && study.best().value == 0));
    // It goes on with the next run, and many at once.
    search::study wide{search::random{}, search::asha{.factor = 2, .most = 16}};
    for (int run = 0; run < 2; ++run)
        CHECK(wide.minimize({.trials = 50, .parallel = 4}, training(16, by_number)).trials == 50);
    auto const at = ends(wide);
    CHECK((at.at(16) >= 3 && at.at(16) <= 8 && at.at(1) >= 40));
    // An objective that begins anew is right too.
    search::study anew{search::random{}, search::asha{.most = 9}};
    anew.minimize({.trials = 9}, [&](search::trial& t) {
        for (int step = 1; step <= 9; ++step) {
            t.report(step, loss[t.number()]);
            if (t.should_stop())
                break;
        }
        return loss[t.number()];
    });
    CHECK((anew.best().number == 5 && anew.best().reports.size() == 9));
}

TEST_CASE("search asha_stop: the best third of those that came goes on, decided at once") {
    search::study study{search::random{}, search::asha_stop{.most = 9}};
    double const loss[] = {5, 6, 4, 4.5, 3, 9};
    study.minimize({.trials = 6}, training(9, [&](search::trial& t, int) { return loss[t.number()]; }));
    std::vector<std::int64_t> last;
    for (record const& r : study.records())
        last.push_back(r.reports.back().step);
    // 0 is the first; 1 is second of 2; 2 leads 3 at step 1 and 2 at step 3; 3 is second of 4; 4 leads; 5 is
    // last.
    CHECK(last == std::vector<std::int64_t>{9, 1, 9, 1, 9, 1});
    CHECK(study.records()[1].state == trial_state::stopped);
}

TEST_CASE("search median_stop, percentile_stop: against the complete trials at that step") {
    std::vector<std::vector<double>> const past{{9, 1}, {8, 2}, {7, 3}, {6, 4}, {5, 5}};
    search::median_stop const median;
    // Means up to step 1: 9 8 7 6 5; to step 2: all 5.
    CHECK(stops(median, past, {7.1}));
    CHECK_FALSE(stops(median, past, {7}));
    CHECK(stops(median, past, {6, 5.5}));
    CHECK_FALSE(stops(median, past, {4, 9}));  // its best counts
    CHECK(stops(median, past, {NAN}));
    CHECK(stops(median, past, {6.9}, search::goal::maximize));
    CHECK_FALSE(stops(median, past, {100}, search::goal::minimize, trial_state::stopped));
    CHECK_FALSE(stops(search::median_stop{.startup = 6}, past, {100}));
    CHECK_FALSE(stops(search::median_stop{.warmup = 2}, past, {100}));
    search::percentile_stop const percentile{.percentile = 30};
    // Of 5 6 7 8 9: 6.2. Of 1 2 3 4 5: 2.2.
    CHECK(stops(percentile, past, {6.3}));
    CHECK_FALSE(stops(percentile, past, {6.1}));
    CHECK(stops(percentile, past, {7, 2.3}));
    CHECK_FALSE(stops(percentile, past, {7, 2.1}));
    CHECK_FALSE(stops(percentile, past, {99, 99, 99}));  // nobody came so far
    CHECK_FALSE(stops(search::percentile_stop{.percentile = 30, .least = 6}, past, {100}));
}

TEST_CASE("search threshold_stop, patience_stop: by the trial's own reports") {
    search::threshold_stop const threshold{.lower = -1, .upper = 2, .warmup = 2};
    CHECK_FALSE(stops(threshold, {}, {7}));
    CHECK(stops(threshold, {}, {7, 7}));
    CHECK(stops(threshold, {}, {0, NAN}));
    CHECK_FALSE(stops(threshold, {}, {7, 2}));
    search::patience_stop const patience{.reports = 3, .by = 0.5};
    CHECK_FALSE(stops(patience, {}, {5, 4.8, 4.6}));
    CHECK(stops(patience, {}, {5, 4.8, 4.6, 4.5}));
    CHECK_FALSE(stops(patience, {}, {5, 4.8, 4.6, 4.4}));
    CHECK(stops(patience, {}, {NAN, NAN, NAN}));
    CHECK(stops(patience, {}, {5, 5.2, 5.3, 5.5}, search::goal::maximize));
}

TEST_CASE("search schedulers: settings without a meaning are told") {
    auto const told = [](auto scheduler) {
        return message_of([&] { search::study bad{search::random{}, scheduler}; });
    };
    CHECK(told(search::asha{.first = 0}) == "asha: first = 0: must be >= 1");
    CHECK(told(search::asha{.factor = 1}) == "asha: factor = 1: must be > 1");
    CHECK(told(search::asha_stop{.first = 9, .most = 3}) == "asha_stop: most = 3: must be >= first = 9");
    CHECK(told(search::hyperband{.most = 0}) == "hyperband: most = 0: must be >= 1");
    CHECK(told(search::successive_halving{.trials = 0}) == "successive_halving: trials = 0: must be >= 1");
    CHECK(told(search::median_stop{.startup = 0}) == "median_stop: startup = 0: must be >= 1");
    CHECK(told(search::percentile_stop{.percentile = 101}) ==
          "percentile_stop: percentile = 101: must be in [0, 100]");
    CHECK(told(search::threshold_stop{.lower = 2, .upper = 1}) ==
          "threshold_stop: lower = 2: must be <= upper = 1");
    CHECK(told(search::patience_stop{.reports = 0}) == "patience_stop: reports = 0: must be >= 1");
    CHECK(message_of([] { search::study bad{search::population{.size = 1}}; }) ==
          "population: size = 1: must be >= 2");
    CHECK(message_of([] { search::study bad{search::bohb{.random = 2}}; }) ==
          "bohb: random = 2: must be in [0, 1]");
    search::study study{search::random{}};
    auto t = study.ask();
    t.state<int>() = 3;
    CHECK(message_of([&] { t.state<double>(); }) == "trial: state: it is of another type");
    CHECK(message_of([&] { t.folder(); }) == "trial: folder: the study has none: set_folder");
    study.set_folder("runs");
    CHECK(t.folder() == "runs/trial-0");
    t.report(2, 1);
    CHECK(message_of([&] { t.report(2, 1); }) == "trial: report: step = 2: must be > 2");
}

TEST_CASE("search bohb: what long trials said leads, and beats uniform draws in the same brackets") {
    auto const best = [](auto sampler) {
        search::space space;
        for (int k = 0; k < 4; ++k)
            space.add(text("x", k), search::uniform(-1, 1));
        search::study study{space, sampler, search::hyperband{.most = 27}};
        return study
            .minimize({.trials = 150}, training(27,
                                                [](search::trial& t, int step) {
                                                    // Short trials prefer another place.
                                                    double sum = 0;
                                                    for (int k = 0; k < 4; ++k)
                                                        sum += std::pow(t[text("x", k)] - 0.5 + 0.3 / step, 2);
                                                    return sum + 1.0 / step;
                                                }))
            .value;
    };
    int better = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed)
        better += best(search::bohb{.seed = seed}) < best(search::random{.seed = seed});
    CHECK(better >= 9);
}

TEST_CASE("search population: members that cannot alone reach the top together do") {
    // Jaderberg et al. (2017), figure 2: Q = 1.2 - |theta|^2, but a step follows the slope of
    // 1.2 - h0 theta0^2 - h1 theta1^2.
    struct point {
        double a = 0.9, b = 0.9;
        bool fresh = true;
    };
    // 1.2 - 0.9^2 = 0.39 is the most that one variable alone gives.
    auto const reached = [](int parallel) {
        search::space space;
        space.add("h0", search::uniform(0, 1)).add("h1", search::uniform(0, 1));
        search::study study{space, search::population{.seed = 1, .size = 8, .share = 0.25, .move = 0.2}};
        for (int i = 0; i < 8; ++i)  // half the members move along one variable alone
            study.enqueue({{"h0", i % 2}, {"h1", 1 - i % 2}});
        std::atomic<int> fresh{0};
        study.maximize({.trials = 8 * 12, .parallel = parallel}, [&](search::trial& t) {
            point& p = t.state<point>();
            fresh += p.fresh;
            p.fresh = false;
            for (int step = 0; step < 10; ++step) {
                p.a -= 0.02 * t["h0"] * p.a;
                p.b -= 0.02 * t["h1"] * p.b;
            }
            return 1.2 - p.a * p.a - p.b * p.b;
        });
        CHECK(fresh == 8);
        return study.best().value;
    };
    CHECK(reached(1) > 1.1);
    CHECK(reached(3) > 0.9);
}
