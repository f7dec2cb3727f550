// SPDX-License-Identifier: MIT
// select.hpp, feature_scores.hpp and mutual_information.hpp.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/data/csv.hpp>
#include <descent/data/mutual_information.hpp>
#include <descent/data/select.hpp>

#include "message.hpp"

using namespace descent;

namespace {

using list = std::vector<descent::index>;
constexpr double inf = std::numeric_limits<double>::infinity();

bool near(vector<double> const& found, std::vector<double> const& expected) {
    bool same = found.size() == descent::index(expected.size());
    for (std::size_t i = 0; same && i < expected.size(); ++i)
        same = found[descent::index(i)] == expected[i] ||
               std::abs(found[descent::index(i)] - expected[i]) <= 1e-12 * (1 + expected[i]);
    return same;
}

template <class T>
data::sparse_dataset<T> sparse_of(data::dataset<T> const& table) {
    return {data::sparse_matrix<T>::of(table.x), table.y, table.feature_names};
}

data::dataset<double> small() {
    data::dataset<double> table;
    table.x.resize(8, 5);
    table.x << 0, 2.5, 0, 1, 7, 1, 0, 0, 1, 7, 0, -4, 3, 1, 7, 2, 0.5, 0, 1, 8, 7, 0, 0, 1, 8, 1, 0, 3, 1, 8, 0,
        1.5, 3, 1, 8, 3, 2.5, -1, 1, 9;
    table.y = vector<double>{{0, 0, 0, 1, 1, 1, 1, 2}};
    table.feature_names = {"a", "b", "c", "d", "e"};
    return table;
}

/// The same scores for the dense table and the sparse one.
template <class Score>
bool scores(data::dataset<double> const& table, Score const& score, std::vector<double> const& expected) {
    return near(score(table), expected) && near(score(sparse_of(table)), expected);
}

}  // namespace

TEST_CASE("data feature_scores: scikit-learn's numbers, dense and sparse") {
    // f_classif, f_regression, VarianceThreshold, mutual_info_score of scikit-learn 1.9.1
    auto table = small();
    auto const variances = [](auto const& t) { return data::variances(t); };
    auto const classes = [](auto const& t) { return data::f_classes(t); };
    auto const line = [](auto const& t) { return data::f_regression(t); };
    auto const bits = [](auto const& t) { return data::mutual_information(t); };
    auto const coarse = [](auto const& t) {
        return data::mutual_information(t, {.bins = 3, .target_bins = 3});
    };
    CHECK(scores(table, variances, {4.9375, 3.734375, 2.5, 0, 0.4375}));
    CHECK(scores(table, classes, {0.8286516853932578, 0.7472826086956522, 0.8333333333333334, 0, inf}));
    CHECK(scores(table, bits,
                 {0.5623351446188081, 0.5623351446188081, 0.3890483494788219, 0, 0.9743147528693492}));
    table.y = vector<double>{{1.5, 2, -3, 4, 0.25, 1, 2, 9}};
    CHECK(scores(table, line, {0.20819315602978058, 7.52100739477493, 4.05220103765477, 0, 7.612499999999996}));
    CHECK(scores(table, coarse,
                 {0.2582363135376848, 0.4544543674493904, 0.32364233150825333, 0, 0.32364233150825333}));
    CHECK(data::mutual_information(table, {.bins = 99})[3] == 0);

    table.y = 2 * table.x.col(2).array() - 1;
    CHECK(data::f_regression(table)[2] > 1e10);  // a perfect line
    // What a column tells about itself is its entropy: 4 zeros, 3 threes, 1 of -1.
    CHECK(near(data::mutual_information(table).segment(2, 1),
               {0.5 * std::log(2.0) + 0.375 * std::log(8 / 3.0) + 0.125 * std::log(8.0)}));
    table.y.setConstant(0.1);
    CHECK(scores(table, line, {0, 0, 0, 0, 0}));
    CHECK(scores(table, bits, {0, 0, 0, 0, 0}));
}

TEST_CASE("data feature_scores: constant columns whose mean is rounded") {
    data::dataset<float> table;
    table.x = matrix<float>::Constant(1001, 1, 0.1f);
    table.y = vector<float>::Zero(1001);
    table.y.head(300).setOnes();
    CHECK(data::variances(table)[0] == 0);
    CHECK(data::f_classes(table)[0] == 0);
    CHECK(data::f_regression(table)[0] == 0);
    CHECK(data::variances(sparse_of(table))[0] == 0);
}

TEST_CASE("data feature_scores: digits, and bad input") {
    auto const digits = data::read_csv<double>(DESCENT_EXAMPLES_DATA "/optdigits_test.csv",
                                               {.target = -1, .header = false, .classes = true});
    auto const f = data::f_classes(digits);
    CHECK(near(vector<double>{{f[21], f[28], f[60]}},
               {234.21960736532102, 236.74448810076424, 200.35796882307417}));
    CHECK(data::keep_best(f, 5).kept == list{26, 28, 33, 34, 42});

    auto table = small();
    auto const text = [&](auto const& score) { return message_of([&] { score(table); }); };
    auto const classes = [](auto const& t) { data::f_classes(t); };
    auto const line = [](auto const& t) { data::f_regression(t); };
    table.y.setZero();
    CHECK(text(classes) == "f_classes: all rows are of one class: must be 2 or more");
    table.y << 0, 1, 2, 3, 4, 5, 6, 7;
    CHECK(text(classes) == "f_classes: 8 rows of 8 classes: must be more rows than classes");
    table.y[2] = 0.5;
    CHECK(text(classes) == "f_classes: the targets must be class indices 0, 1, ...");
    CHECK(text([](auto const& t) { data::mutual_information(t, {.bins = 1}); }) ==
          "mutual_information: bins = 1: must be >= 2");
    CHECK(text([](auto const& t) { data::mutual_information(t, {.target_bins = 1}); }) ==
          "mutual_information: target_bins = 1: must be 0 or >= 2");
    table.x(1, 3) = inf;
    CHECK(text(line) == "f_regression: row 1, column 'd' (3) is inf");
    CHECK(text([](auto const& t) { data::variances(t); }) == "variances: row 1, column 'd' (3) is inf");
    table = small().rows(list{0, 1});
    CHECK(text(line) == "f_regression: 2 rows: must be 3 or more");
    table.y.resize(0);
    CHECK(text([](auto const& t) { data::mutual_information(t); }) ==
          "mutual_information: 2 samples, 0 targets");
    CHECK(message_of([] { data::variances(data::sparse_dataset<float>{}); }) ==
          "variances: 0 samples x 0 features: the data is empty");
}

TEST_CASE("data select: the kept columns of dense and sparse tables") {
    auto const table = small();
    vector<double> const scores{{1, 3, inf, 3, 3}};
    auto const best = data::keep_best(scores, 3);
    CHECK(best.kept == list{1, 2, 3});  // ties: the first
    auto dense = table;
    auto sparse = sparse_of(table);
    best(dense), best(sparse);
    CHECK(dense.x == table.x.middleCols(1, 3));
    CHECK(dense.feature_names == std::vector<std::string>{"b", "c", "d"});
    CHECK(sparse.feature_names == dense.feature_names);
    CHECK(sparse.x.dense() == dense.x);
    CHECK(message_of([&] { data::check(sparse); }) == "(no error)");
    CHECK(message_of([&] { best(dense); }) == "select: 3 features: was fitted on 5");
    CHECK(message_of([&] { best(sparse); }) == "select: 3 features: was fitted on 5");
    dense = table;
    dense.feature_names.clear();
    data::keep_above(scores, 2.5)(dense);
    CHECK(dense.features() == 4);
    CHECK(dense.feature_names.empty());
    CHECK(data::keep_above(data::variances(table), 0).kept == list{0, 1, 2, 4});

    CHECK(data::keep_nonzero(vector<float>{{0, -1, 0, 1e-9f}}).kept == list{1, 3});
    CHECK(data::keep_nonzero(vector<float>{{0, -1, 0, 1e-9f}}, 1e-6).kept == list{1});
    CHECK(data::keep_nonzero(matrix<double>{{0, 1, 0}, {0, 0, -2}}).kept == list{1, 2});
}

TEST_CASE("data select: bad input") {
    vector<double> const scores{{1, 3, 2}};
    vector<double> const broken{{1, std::nan(""), 2}};
    CHECK(message_of([&] { data::keep_best(scores, 0); }) == "keep_best: count = 0: must be in [1, 3]");
    CHECK(message_of([&] { data::keep_best(scores, 4); }) == "keep_best: count = 4: must be in [1, 3]");
    CHECK(message_of([&] { data::keep_best(broken, 1); }) == "keep_best: score 1 is nan");
    CHECK(message_of([&] { data::keep_best({}, 1); }) == "keep_best: there are no scores");
    CHECK(message_of([&] { data::keep_above(scores, 3); }) ==
          "keep_above: threshold = 3: the highest score is 3");
    CHECK(message_of([&] { data::keep_above(broken, 0); }) == "keep_above: score 1 is nan");
    CHECK(message_of([&] { data::keep_nonzero(vector<double>{{0, 0}}); }) == "keep_nonzero: every weight is 0");
    CHECK(message_of([&] { data::keep_nonzero(broken); }) == "keep_nonzero: a weight of feature 1 is nan");
    CHECK(message_of([&] { data::keep_nonzero(vector<double>{}); }) == "keep_nonzero: there are no weights");
}
