// SPDX-License-Identifier: MIT
#include <descent/data/time_series_folds.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/search/learning_curve.hpp>
#include <descent/search/validation_curve.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "waves.hpp"

using namespace descent;

namespace {

/// Means and deviations, place by place, near those told.
bool near(std::vector<search::fold_scores> const& scores, std::vector<double> const& means,
          std::vector<double> const& deviations) {
    bool all = scores.size() == means.size();
    for (std::size_t i = 0; all && i < means.size(); ++i)
        all =
            std::abs(scores[i].mean - means[i]) < 1e-6 && std::abs(scores[i].deviation - deviations[i]) < 1e-6;
    return all;
}

/// Class 1 lies beyond the edge.
struct far_out {
    double edge;
    loss::logistic sample_loss() const { return {}; }
    vector<float> predict(matrix<float> const& x) const {
        return (x.rowwise().norm().array() > float(edge)).cast<float>();
    }
};

auto const ridge = [](double l2) { return linear::linear_regression<double>{6, {.l2 = l2}}; };

}  // namespace

TEST_CASE("search learning_curve: scikit-learn's numbers, for any number of threads") {
    auto const table = waves(40);
    auto const folds = data::k_folds(table, {.folds = 5, .shuffle = false});
    auto const make = [] { return linear::linear_regression<double>{6}; };
    int told = 0, last = 0;
    auto const curve = search::learning_curve(
        make, table, {.shares = {0.3, 0.5, 0.8, 0.8, 1}, .folds = folds, .shuffle = false},
        exec::openmp{.threads = 3}, [&](search::curve_progress const& now) {
            ++told;
            last = int(now.done);
            CHECK((now.total == 20 && now.fold < 5 && now.train > 0.9));
        });
    CHECK((told == 20 && last == 20));
    CHECK(curve.at == std::vector<double>{9, 16, 25, 32});
    CHECK(near(curve.train, {0.997958391856, 0.993182172112, 0.991188482893, 0.990296534247},
               {0.000833263445, 0.001794532927, 0.001892602301, 0.001573272167}));
    CHECK(near(curve.test, {0.936621803737, 0.969718053691, 0.978643078312, 0.978881313248},
               {0.032855200379, 0.031781863122, 0.013887284678, 0.012907463296}));
    CHECK((curve.seconds[3].scores.size() == 5 && curve.seconds[3].mean > 0));

    // Shuffled: other rows, but of all rows none is left to choose.
    auto const mixed = search::learning_curve(make, table, {.folds = folds, .seed = 3});
    auto const again =
        search::learning_curve(make, table, {.folds = folds, .seed = 3}, exec::openmp{.threads = 2});
    CHECK(mixed.at == std::vector<double>{3, 10, 17, 24, 32});
    CHECK(mixed.test[1].scores == again.test[1].scores);
    CHECK(mixed.test[4].scores == curve.test[3].scores);
    CHECK(mixed.test[2].scores != curve.test[1].scores);
    // The smallest fold decides.
    auto const time = search::learning_curve(
        make, table, {.sizes = {4, 10}, .folds = data::time_series_folds(40, {.folds = 3})},
        [](auto const& model, auto const& rows) { return double(rows.samples()) + 0 * model.l2(); });
    CHECK((time.train[1].scores == std::vector<double>{10, 10, 10} && time.test[0].mean == 10));
    auto const svg = mixed.svg("Ridge <1>");
    CHECK((svg.find("Ridge &lt;1&gt;") != svg.npos && svg.find(">held out<") != svg.npos));
    CHECK(svg.find("fill-opacity=\"0.18\"") != svg.npos);
}

TEST_CASE("search validation_curve: scikit-learn's numbers") {
    auto const table = waves(40);
    auto const folds = data::k_folds(table, {.folds = 5, .shuffle = false});
    auto const curve = search::validation_curve(ridge, {1e-3, 1e-2, 1e-1, 1}, table,
                                                {.name = "l2", .log = true, .folds = folds});
    CHECK(near(curve.train, {0.990291843536, 0.989846687456, 0.959273111901, 0.539930236866},
               {0.001574382474, 0.001678443256, 0.008152260416, 0.035894387375}));
    CHECK(near(curve.test, {0.978936118886, 0.978896775926, 0.945111480054, 0.49298072639},
               {0.012708666893, 0.011073371723, 0.021327560325, 0.073731438974}));
    CHECK(curve.svg().find(">l2<") != std::string::npos);

    // Classes are judged by accuracy, in folds with both.
    auto const near_and_far = circles(50);
    auto const classes = search::validation_curve([](double edge, auto const&) { return far_out{edge}; },
                                                  {0.3, 0.7, 1}, near_and_far, {.seed = 2});
    auto const k = data::k_folds(near_and_far, {.folds = 5, .seed = 2, .stratify = true})[3];
    CHECK((classes.test[1].mean == 1 && classes.train[1].mean == 1 && classes.test[0].mean == 0.5));
    CHECK(classes.test[2].scores[3] == accuracy(far_out{1}, near_and_far.rows(k.test)));
    CHECK(classes.train[2].scores[3] == accuracy(far_out{1}, near_and_far.rows(k.train)));
}

TEST_CASE("search learning_curve, validation_curve: bad input") {
    auto const table = waves(20);
    auto const make = [] { return linear::linear_regression<double>{6}; };
    auto const told = [&](search::learning_curve_options const& options) {
        return message_of([&] { search::learning_curve(make, table, options); });
    };
    CHECK(told({.shares = {0.5, 1.5}}) == "learning_curve: share = 1.5: must be in (0, 1]");
    CHECK(told({.shares = {0}}) == "learning_curve: share = 0: must be in (0, 1]");
    CHECK(told({.shares = {}}) == "learning_curve: there are no sizes");
    CHECK(told({.sizes = {17}}) == "learning_curve: size = 17: must be in [1, 16]");
    CHECK(told({.folds = {{{}, {1}}}}) == "learning_curve: fold 0 has no row to train");
    CHECK(message_of([&] { search::validation_curve(ridge, {}, table); }) ==
          "validation_curve: there are no values");
    CHECK(message_of([&] {
              search::validation_curve(ridge, {1, -1}, table, {}, exec::openmp{.threads = 2});
          }) == "linear_regression: l2 = -1: must be finite and >= 0");
}
