// SPDX-License-Identifier: MIT
#include <descent/data/repeated_folds.hpp>
#include <descent/data/time_series_folds.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/search/asha.hpp>
#include <descent/search/grid.hpp>
#include <descent/search/median_stop.hpp>
#include <descent/search/random.hpp>
#include <descent/search/tune.hpp>
#include <descent/search/validation_curve.hpp>
#include <descent/train/log_loss.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "waves.hpp"

using namespace descent;

namespace {

bool near(double a, double b, double by) { return std::abs(a - b) <= by; }

search::space of_l2() {
    search::space space;
    space.add("l2", search::ordered({1e-3, 1e-2, 1e-1, 1.0}));
    return space;
}

auto tuned_ridge(search::space const& space, data::dataset<double> const& table,
                 search::tune_options const& options) {
    auto const ridge = [](auto const& values) {
        return linear::linear_regression<double>{6, {.l2 = values["l2"]}};
    };
    return search::tune(ridge, space, table, options, search::grid{}, exec::openmp{.threads = 3});
}

}  // namespace

TEST_CASE("search tune: scikit-learn's GridSearchCV on ridge regression") {
    auto const table = waves(40);
    auto const folds = data::k_folds(table, {.folds = 5, .shuffle = false});
    auto const found = tuned_ridge(of_l2(), table, {.trials = 4, .folds = folds});
    double const mean[] = {0.978936118886, 0.978896775926, 0.945111480054, 0.49298072639};
    double const deviation[] = {0.012708666893, 0.011073371723, 0.021327560325, 0.073731438974};
    REQUIRE(found.records.size() == 4);
    bool all = true;
    for (auto const& r : found.records) {
        auto const k = std::size_t(r.chosen[0]);
        auto const scores = search::scores_of(r);
        all = all && scores.scores.size() == 5 && near(r.value, mean[k], 1e-6) &&
              near(scores.mean, r.value, 1e-12) && near(scores.deviation, deviation[k], 1e-6);
    }
    CHECK(all);
    CHECK((found["l2"] == 1e-3 && found.value == found.scores.mean && found.trials == 4));
    REQUIRE(found.model.has_value());
    double const w[] = {0.9622751011203,     -1.863900821639,   0.5320088819755,
                        -0.0007341728148748, 0.002766687097626, 2.957532433859};
    for (descent::index j = 0; j < 6; ++j)
        all = all && near(found.model->weight()(0, j), w[j], 1e-6);
    CHECK(all);
}

TEST_CASE("search tune: a network, the same for any number of threads, by a metric to minimize") {
    auto const table = circles(90);
    search::space space;
    space.add("width", search::integer(2, 8)).add("rate", search::log_uniform(1e-3, 1e-1));
    auto const make = [](search::record const& values, auto const& rows) {
        nn::network net{nn::input<float>{2},
                        nn::sequential{nn::dense{descent::index(values["width"])}, nn::relu{}, nn::dense{2}}};
        fit(net, rows, chain(adam{}, rate{values["rate"]}), {.epochs = 4, .batch = 16});
        return net;
    };
    auto const loss = [](auto const& model, auto const& rows) { return log_loss(model, rows); };
    int told = 0;
    auto const run = [&](int threads) {
        return search::tune(make, space, table,
                            {.trials = 8, .direction = search::goal::minimize, .first = {{{"width", 3}}}}, loss,
                            exec::openmp{.threads = threads}, [&](search::study_progress const&) { ++told; });
    };
    auto const a = run(1), b = run(3);
    CHECK((a.records.size() == 8 && told == 16 && a.records[0]["width"] == 3));
    CHECK((a.value == b.value && a.scores.scores == b.scores.scores && a.number == b.number));
    CHECK(a.model->predict(table.x) == b.model->predict(table.x));
    for (auto const& r : a.records)
        CHECK(r.value >= a.value);
    // What it found is what cross_validate gives.
    auto const folds = data::k_folds(table, {.folds = 5, .stratify = true});
    auto const again = search::cross_validate(
        table, folds, [&](auto const& train, auto const& test) { return loss(make(a, train), test); });
    CHECK((near(again.mean, a.value, 1e-12) && near(again.scores[4], a.scores.scores[4], 1e-12)));
}

TEST_CASE("search tune: a scheduler ends trials between folds; no refit; trials that fail") {
    auto const table = waves(60);
    auto const folds = data::time_series_folds(60, {.folds = 6});
    int trained = 0;
    auto const make = [&](search::record const& values, data::dataset<double> const& rows) {
        if (values.number == 1)
            throw error("no");
        ++trained;
        linear::linear_regression<double> model{6, {.l2 = values["l2"]}};
        fit(model, rows);
        return model;
    };
    bool broken = false;
    auto const metric = [&](auto const& model, auto const& rows) {
        return broken ? NAN : -mean_squared_error(model, rows);
    };
    search::space space;
    space.add("l2", search::log_uniform(1e-4, 1e4));
    auto const run = [&] {
        return search::tune(make, space, table, {.trials = 30, .folds = folds, .refit = false},
                            search::median_stop{.startup = 3}, search::random{.seed = 5}, metric);
    };
    auto const found = run();
    int stopped = 0, of_folds = 0;
    for (auto const& r : found.records) {
        stopped += r.state == search::trial_state::stopped;
        of_folds += int(search::scores_of(r).scores.size());
        CHECK((r.state != search::trial_state::complete || r.reports.size() == 6));
    }
    CHECK((stopped > 5 && of_folds == trained && trained < 29 * 6 && !found.model && found["l2"] < 1));
    CHECK(found.records[1].reason == "no");
    broken = true;
    CHECK(message_of(run) == "tune: no trial is complete: 30 failed; trial 29: the objective is not a number");
}

TEST_CASE("search tune: scores beside an infinite or a huge one keep their digits") {
    auto const table = waves(40);
    double const given[] = {-HUGE_VAL, 0.1, -1e200, 0.3, 0.7};
    std::size_t fold = 0;
    auto const metric = [&](auto const&, auto const&) { return given[fold++ % 5]; };
    auto const ridge = [](auto const& values) {
        return linear::linear_regression<double>{6, {.l2 = values["l2"]}};
    };
    auto const run = [&] {
        return search::tune(ridge, of_l2(), table, {.trials = 2, .refit = false}, search::grid{}, metric);
    };
    auto found = run();
    CHECK((found.value == -HUGE_VAL && found.scores.mean == -HUGE_VAL));
    for (auto const& r : found.records)
        CHECK(search::scores_of(r).scores == std::vector<double>(given, given + 5));
    CHECK(found.scores.scores == std::vector<double>(given, given + 5));
    // Of a trial that another process made the means are known, and no more can be told behind an infinite one.
    found.records[0].folds.clear();
    auto const rest = search::scores_of(found.records[0]).scores;
    CHECK((rest[0] == -HUGE_VAL && std::isnan(rest[1]) && std::isnan(rest[4])));
}

TEST_CASE("search tune: r2 of folds with one row is refused before anything is trained") {
    auto const table = waves(12);
    auto const folds = data::leave_one_out(12);
    std::string const why =
        ": fold 0 tests 1 row, of which r2 says nothing: larger folds, or a metric such as mean_squared_error";
    CHECK(message_of([&] { tuned_ridge(of_l2(), table, {.trials = 2, .folds = folds}); }) == "tune" + why);
    int made = 0;
    auto const make = [&](double l2) {
        ++made;
        return linear::linear_regression<double>{6, {.l2 = l2}};
    };
    CHECK(message_of([&] { search::validation_curve(make, {0.1}, table, {.folds = folds}); }) ==
          "validation_curve" + why);
    CHECK(made == 0);
    auto const off = [](auto const& model, auto const& rows) { return mean_squared_error(model, rows); };
    CHECK(search::validation_curve(make, {0.1}, table, {.folds = folds}, off).test[0].scores.size() == 12);
    CHECK(made == 12);
}

TEST_CASE("search tune: where a scheduler paused all trials that is told") {
    auto const ridge = [](auto const& values) {
        return linear::linear_regression<double>{6, {.l2 = values["l2"]}};
    };
    auto const run = [&](int trials) {
        return search::tune(ridge, of_l2(), waves(40), {.trials = trials}, search::grid{},
                            search::asha{.first = 1, .factor = 3, .most = 5});
    };
    CHECK(message_of([&] { run(2); }) ==
          "tune: no trial is complete: 2 paused; the scheduler lets paused ones go on only beside more trials");
    CHECK(run(30).scores.scores.size() == 5);
}

TEST_CASE("search tune: bad input") {
    auto const told = [](search::space const& space, descent::index rows,
                         std::vector<data::fold> const& folds) {
        return message_of([&] { tuned_ridge(space, waves(rows), {.trials = 2, .folds = folds}); });
    };
    CHECK(told({}, 20, {}) == "tune: the space is empty");
    CHECK(told(of_l2(), 20, {{{1, 2}, {}}}) == "tune: fold 0 has no row to test");
    CHECK(told(of_l2(), 20, {{{1}, {2}}, {{}, {1}}}) == "tune: fold 1 has no row to train");
    CHECK(told(of_l2(), 3, {}) == "k_folds: folds = 5: there are only 3 rows");
    CHECK(told(of_l2(), 20, {{{1, 20}, {2, 3}}}) ==
          "tune: no trial is complete: 2 failed; trial 1: row_view: row 20: must be in [0, 20)");
}
