// SPDX-License-Identifier: MIT
// missing.hpp, outliers.hpp and duplicates.hpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/data/duplicates.hpp>
#include <descent/data/missing.hpp>
#include <descent/data/outliers.hpp>

#include "message.hpp"

using namespace descent;

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

template <class T>
data::dataset<T> table_of(std::vector<std::vector<double>> const& rows) {
    data::dataset<T> table;
    table.x.resize(descent::index(rows.size()), rows.empty() ? 0 : descent::index(rows[0].size()));
    for (descent::index r = 0; r < table.samples(); ++r)
        for (descent::index c = 0; c < table.features(); ++c)
            table.x(r, c) = T(rows[std::size_t(r)][std::size_t(c)]);
    return table;
}

template <class T>
bool near(matrix<T> const& x, std::vector<std::vector<double>> const& expected) {
    auto const wanted = table_of<T>(expected).x;
    return x.rows() == wanted.rows() && x.cols() == wanted.cols() && (x - wanted).cwiseAbs().maxCoeff() < 1e-6;
}

bool near(vector<double> const& x, std::vector<double> const& expected, double tolerance = 1e-14) {
    return x.size() == descent::index(expected.size()) &&
           (x - vector_view<double const>(expected.data(), x.size())).cwiseAbs().maxCoeff() <= tolerance;
}

using data::repeat;

}  // namespace

TEMPLATE_TEST_CASE("data missing: scikit-learn's numbers", "", float, double) {
    auto train = table_of<TestType>(
        {{1, gap, 5, 0}, {2.5, 7, 5, gap}, {gap, 8, gap, gap}, {4, 7.5, 1, 2}, {1, gap, 1, 3}});
    train.feature_names = {"a", "b", "c", "d"};
    // SimpleImputer of scikit-learn 1.9.1
    auto const fitted = [&](data::fill with) { return data::fill_missing(train, {.with = with}).value; };
    CHECK(near(fitted(data::fill::mean), {2.125, 7.5, 3, 5.0 / 3}));
    CHECK(near(fitted(data::fill::median), {1.75, 7.5, 3, 2}));
    CHECK(near(fitted(data::fill::most_frequent), {1, 7, 1, 0}));
    CHECK(near(data::fill_missing(train, {.with = data::fill::constant, .constant = -1}).value,
               {-1, -1, -1, -1}));
    auto test = table_of<TestType>({{gap, 1, gap, inf}});
    auto const fill = data::fill_missing(train, {.with = data::fill::median, .indicators = true});
    fill(train), fill(test);
    CHECK(near(train.x, {{1, 7.5, 5, 0, 0, 1, 0, 0},
                         {2.5, 7, 5, 2, 0, 0, 0, 1},
                         {1.75, 8, 3, 2, 1, 0, 1, 1},
                         {4, 7.5, 1, 2, 0, 0, 0, 0},
                         {1, 7.5, 1, 3, 0, 1, 0, 0}}));
    CHECK(train.feature_names == std::vector<std::string>{"a", "b", "c", "d", "a is missing", "b is missing",
                                                          "c is missing", "d is missing"});
    CHECK(test.feature_names.empty());
    CHECK(test.x(0, 3) == std::numeric_limits<TestType>::infinity());  // only NaN is missing
    test.x(0, 3) = 0;
    CHECK(near(test.x, {{1.75, 1, 3, 0, 1, 0, 1, 0}}));
    CHECK(message_of([&] { fill(test); }) == "fill_missing: 8 features: was fitted on 4");
}

TEST_CASE("data missing: an indicator only for features that missed values when fitted") {
    auto train = table_of<double>({{1, gap}, {3, 4}});
    auto test = table_of<double>({{gap, 5}});
    auto const fill = data::fill_missing(train, {.indicators = true});
    CHECK(fill.indicators == std::vector<descent::index>{1});
    fill(test);
    CHECK(near(test.x, {{2, 5, 0}}));
}

TEST_CASE("data missing: rows without a value or a target are dropped") {
    auto table = table_of<double>({{1, 2}, {gap, 2}, {3, inf}, {4, 5}});
    table.y.resize(4);
    table.y << 0, 1, 2, gap;
    CHECK(data::complete_rows(table) == std::vector<descent::index>{0, 2});
    CHECK(data::drop_missing(table).y == vector<double>{{0.0, 2.0}});
    table.y.resize(0);
    CHECK(data::complete_rows(table) == std::vector<descent::index>{0, 2, 3});
    CHECK(data::drop_missing(table_of<float>({{gap}, {gap}})).samples() == 0);
}

TEST_CASE("data missing: bad input") {
    auto const text = [](data::dataset<double> const& table, data::fill_options const& options = {}) {
        return message_of([&] { data::fill_missing(table, options); });
    };
    auto table = table_of<double>({{1, gap}, {3, gap}});
    CHECK(text(table) == "fill_missing: column 1: every value is missing");
    CHECK(text(table, {.with = data::fill::constant}) == "(no error)");
    CHECK(text(table, {.constant = inf}) == "fill_missing: constant = inf: must be finite");
    table.feature_names = {"a", "b"};
    CHECK(text(table) == "fill_missing: column 'b' (1): every value is missing");
    table.x(1, 0) = -inf;
    CHECK(text(table) == "fill_missing: row 1, column 'a' (0) is -inf");
    CHECK(text(data::dataset<double>{}) == "fill_missing: 0 samples x 0 features: the data is empty");
    CHECK(text(table_of<double>({{-1.7e308}, {-1.7e308}, {-1.7e308}})) == "(no error)");  // the sum overflows
}

TEMPLATE_TEST_CASE("data outliers: numpy's quantiles and scipy's MAD", "", float, double) {
    auto train = table_of<TestType>(
        {{1, -2, 0.5}, {2, 4, 0.25}, {3.5, 0, 8}, {10, 1, -3}, {-7, 3, 2}, {0.125, 0.25, 0.375}});
    auto const quantiles = data::clip_quantiles(train, 0.1, 0.85);
    CHECK(near(quantiles.low, {-3.4375, -1, -1.375}));
    CHECK(near(quantiles.high, {5.125, 3.25, 3.5}));
    auto const mad = data::clip_mad(train, 2);
    // Medians 1.5, 0.625, 0.4375; |x - median| has the medians 1.6875, 1.5, 0.8750 by hand.
    double const scale = 2 * 1.482602218505602;
    CHECK(near(mad.low, {1.5 - scale * 1.6875, 0.625 - scale * 1.5, 0.4375 - scale * 0.875}, 1e-13));
    CHECK(near(mad.high, {1.5 + scale * 1.6875, 0.625 + scale * 1.5, 0.4375 + scale * 0.875}, 1e-13));
    quantiles(train);
    CHECK(near(train.x, {{1, -1, 0.5},
                         {2, 3.25, 0.25},
                         {3.5, 0, 3.5},
                         {5.125, 1, -1.375},
                         {-3.4375, 3, 2},
                         {0.125, 0.25, 0.375}}));
    auto test = table_of<TestType>({{inf, -inf, gap}});
    quantiles(test);
    CHECK(test.x(0, 0) == TestType(5.125));
    CHECK(test.x(0, 1) == TestType(-1));
    CHECK(std::isnan(test.x(0, 2)));
}

TEST_CASE("data outliers: NaN passed over, constant columns, one row, bad input") {
    auto const mixed = table_of<double>({{gap, 5}, {1, 5}, {3, 5}, {2, 9}, {inf, 5}});
    CHECK(near(data::clip_quantiles(mixed, 0, 0.5).high, {2.5, 5}));
    auto const mad = data::clip_mad(mixed, 1);  // 1 2 3 inf: median 2.5, deviations 0.5 0.5 1.5 inf: MAD 1
    CHECK(near(mad.high.head(1), {2.5 + 1.482602218505602}));
    CHECK(mad.high[1] == inf);  // MAD 0: no bounds
    CHECK(mad.low[1] == -inf);
    CHECK(near(data::clip_quantiles(table_of<double>({{4}})).low, {4}));
    CHECK(message_of([&] { data::clip_quantiles(mixed); }) == "clip_quantiles: column 0: quantile 0.99 is inf");
    CHECK(message_of([&] { data::clip_quantiles(mixed, 0.9, 0.1); }) ==
          "clip_quantiles: low = 0.9, high = 0.1: must be 0 <= low < high <= 1");
    CHECK(message_of([&] { data::clip_quantiles(mixed, gap, 0.1); }) ==
          "clip_quantiles: low = nan, high = 0.1: must be 0 <= low < high <= 1");
    CHECK(message_of([&] { data::clip_mad(mixed, 0); }) == "clip_mad: factor = 0: must be > 0");
    auto const far = table_of<double>({{inf}, {inf}, {1}});
    CHECK(message_of([&] { data::clip_mad(far); }) == "clip_mad: column 0: the median is inf");
    auto const wide = table_of<double>({{-1e308}, {0}, {1e308}});
    CHECK(message_of([&] { data::clip_mad(wide); }) == "clip_mad: column 0: the bounds overflow");
    auto const empty = table_of<double>({{1, gap}});
    CHECK(message_of([&] { data::clip_mad(empty); }) == "clip_mad: column 1: every value is missing");
    CHECK(message_of([] { data::clip_mad(data::dataset<double>{}); }) ==
          "clip_mad: 0 samples x 0 features: the data is empty");
    auto narrow = table_of<double>({{1}});
    CHECK(message_of([&] { mad(narrow); }) == "clip: 1 features: was fitted on 2");
}

TEMPLATE_TEST_CASE("data duplicates: equal rows, and the same row with two labels", "", float, double) {
    auto table =
        table_of<TestType>({{1, 2}, {0, 3}, {1, 2}, {1, 2}, {-0.0, 3}, {gap, 0}, {0, 3}, {gap, 0}, {1, 2}});
    table.y.resize(9);
    table.y << 0, 1, 1, 0, 1, 2, 1, 2, 1;
    auto const found = data::find_duplicates(table);
    CHECK(found.kept == std::vector<descent::index>{0, 1, 2, 4, 5});
    CHECK(found.dropped == std::vector<repeat>{{3, 0}, {6, 1}, {7, 5}, {8, 2}});
    CHECK(found.conflicts == std::vector<repeat>{{2, 0}});
    CHECK(data::drop_duplicates(table).y == vector<TestType>{{0, 1, 1, 1, 2}});

    data::sparse_dataset<TestType> sparse{data::sparse_matrix<TestType>::of(table.x), table.y};
    auto const again = data::find_duplicates(sparse);  // -0 is no entry either, so row 4 equals row 1 here
    CHECK(again.kept == std::vector<descent::index>{0, 1, 2, 5});
    CHECK(again.conflicts == found.conflicts);
    CHECK(data::drop_duplicates(sparse).x.dense().row(2) == table.x.row(2));

    table.y.resize(0);  // without targets there are no conflicts
    auto const free = data::find_duplicates(table);
    CHECK(free.kept == std::vector<descent::index>{0, 1, 4, 5});
    CHECK(free.conflicts.empty());
    CHECK(data::find_duplicates(data::dataset<TestType>{}).kept.empty());
}

TEST_CASE("data duplicates: many rows, against all pairs") {
    data::dataset<float> table;
    table.x.resize(2000, 2);
    table.y.resize(2000);
    for (descent::index r = 0; r < 2000; ++r) {
        table.x(r, 0) = float(r * 7919 % 31);
        table.x(r, 1) = float(r * r % 29);
        table.y[r] = float(r % 2);
    }
    auto const found = data::find_duplicates(table);
    data::duplicates expected;
    for (descent::index r = 0; r < 2000; ++r) {
        descent::index first = -1, same = -1;
        for (descent::index e = r; e-- > 0;)
            if (table.x.row(e) == table.x.row(r)) {
                first = e;
                same = table.y[e] == table.y[r] ? e : same;
            }
        if (same >= 0) {
            expected.dropped.push_back({r, same});
            continue;
        }
        expected.kept.push_back(r);
        if (first >= 0)
            expected.conflicts.push_back({r, first});
    }
    CHECK(found.kept == expected.kept);
    CHECK(found.dropped == expected.dropped);
    CHECK(found.conflicts == expected.conflicts);
}
