// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>
#include <descent/data/group_folds.hpp>
#include <descent/data/repeated_folds.hpp>
#include <descent/data/time_series_folds.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/search/bootstrap.hpp>
#include <descent/search/cross_validation.hpp>
#include <descent/train/paired_tests.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using numbers = std::vector<descent::index>;

namespace {

data::dataset<double> table_of(descent::index n) {
    data::dataset<double> table{matrix<double>(n, 1), vector<double>(n)};
    generator const draws{5};
    for (descent::index i = 0; i < n; ++i) {
        table.x(i, 0) = draws.uniform<double>(std::uint64_t(i));
        table.y[i] = draws.uniform<double>(std::uint64_t(1000 + i)) < 0.5;
    }
    return table;
}

/// Each row is tested `times` times, and train and test share none.
bool covers(std::vector<data::fold> const& folds, descent::index n, int times) {
    std::vector<int> count(std::size_t(n), 0);
    bool apart = true;
    for (auto const& [train, test] : folds) {
        for (auto const row : test)
            ++count[std::size_t(row)];
        numbers both;
        std::set_intersection(train.begin(), train.end(), test.begin(), test.end(), std::back_inserter(both));
        apart = apart && both.empty() && train.size() + test.size() == std::size_t(n);
    }
    return apart && count == std::vector<int>(std::size_t(n), times);
}

std::vector<double> const skewed{0.2, 3.1, 0.7, 1.4, 8.9, 0.1,  2.2, 0.4, 5.3, 1.1,
                                 0.9, 0.3, 2.8, 0.6, 1.9, 0.05, 4.1, 0.8, 1.2, 12.5};
double mean_of(numbers const& r) {
    double sum = 0;
    for (auto const i : r)
        sum += skewed[std::size_t(i)] / double(r.size());
    return sum;
}
double deviation_of(numbers const& r) {
    double const mean = mean_of(r);
    double sum = 0;
    for (auto const i : r)
        sum += std::pow(skewed[std::size_t(i)] - mean, 2) / double(r.size());
    return std::sqrt(sum);
}
bool near(double a, double b, double by) { return std::abs(a - b) <= by; }

}  // namespace

TEST_CASE("data group_folds, time_series_folds, repeated_folds: scikit-learn's contracts") {
    std::vector<std::int64_t> const groups{1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5};
    auto const grouped = data::group_folds(groups, 3);
    CHECK(covers(grouped, 12, 1));
    for (auto const& f : grouped) {
        CHECK(f.test.size() == 4);
        for (auto const a : f.test)
            for (auto const b : f.train)
                CHECK(groups[std::size_t(a)] != groups[std::size_t(b)]);
    }
    CHECK(message_of([&] { data::group_folds(groups, 6); }) ==
          "group_folds: folds = 6: there are only 5 groups");
    CHECK(message_of([&] { data::group_folds(groups, 1); }) == "group_folds: folds = 1: must be >= 2");

    // TimeSeriesSplit(3) and TimeSeriesSplit(3, gap=1, max_train_size=4) of 14 rows.
    auto const time = data::time_series_folds(14, {.folds = 3});
    CHECK((time[0].train == numbers{0, 1, 2, 3, 4} && time[0].test == numbers{5, 6, 7}));
    CHECK((time[2].train.size() == 11 && time[2].test == numbers{11, 12, 13}));
    auto const gap = data::time_series_folds(14, {.folds = 3, .gap = 1, .most_train = 4});
    CHECK((gap[0].train == numbers{0, 1, 2, 3} && gap[1].train == numbers{3, 4, 5, 6}));
    CHECK((gap[2].train == numbers{6, 7, 8, 9} && gap[1].test == numbers{8, 9, 10}));
    CHECK(message_of([] { data::time_series_folds(3, {.folds = 3}); }) ==
          "time_series_folds: folds = 3: there are only 3 rows");
    CHECK(message_of([] { data::time_series_folds(9, {.folds = 2, .gap = -1}); }) ==
          "time_series_folds: gap = -1: must be >= 0");

    auto const table = table_of(23);
    auto const repeated = data::repeated_folds(table, 3, {.folds = 4, .seed = 1});
    CHECK((repeated.size() == 12 && covers(repeated, 23, 3)));
    CHECK(repeated[0].test != repeated[4].test);
    CHECK(message_of([&] { data::repeated_folds(table, 0); }) == "repeated_folds: repeats = 0: must be >= 1");
    CHECK(message_of([&] { data::repeated_folds(table, 2, {.shuffle = false}); }) ==
          "repeated_folds: shuffle = false: all repeats would be the same");
    auto const one = data::leave_one_out(7);
    CHECK((one.size() == 7 && covers(one, 7, 1) && one[3].test == numbers{3}));
    CHECK(message_of([] { data::leave_one_out(1); }) == "leave_one_out: samples = 1: must be >= 2");
}

TEST_CASE("search cross_validation: each fold's score, for any number of threads") {
    auto const table = table_of(40);
    auto const folds = data::k_folds(table, {.folds = 5, .stratify = true});
    auto const score = [](auto const& train, auto const& test) { return train.y.sum() - 10 * test.x.sum(); };
    auto const cv = search::cross_validate(table, folds, score);
    for (std::size_t k = 0; k < folds.size(); ++k)
        CHECK(cv.scores[k] == score(table.rows(folds[k].train), table.rows(folds[k].test)));
    double mean = 0, squares = 0;
    for (double const s : cv.scores)
        mean += s / 5;
    for (double const s : cv.scores)
        squares += (s - mean) * (s - mean) / 4;
    CHECK((near(cv.mean, mean, 1e-12) && near(cv.deviation, std::sqrt(squares), 1e-12)));
    auto const in_place = search::cross_validate(
        folds, [&](data::fold const& f) { return table.x(f.test[0], 0); }, exec::openmp{.threads = 3});
    CHECK(in_place.scores[2] == table.x(folds[2].test[0], 0));
    CHECK(message_of([&] { search::cross_validate(table, {}, score); }) ==
          "cross_validate: there are no folds");
}

TEST_CASE("search bootstrap: intervals as scipy's, the same for any number of threads") {
    // scipy.stats.bootstrap, 9999 resamples: means over 10 seeds; 4 deviations of a seed, Monte-Carlo error.
    auto const bca = search::bca_interval(20, mean_of);
    CHECK((near(bca.low, 1.4107, 0.064) && near(bca.high, 4.4039, 0.23)));
    auto const percentile = search::percentile_interval(20, mean_of);
    CHECK((near(percentile.low, 1.2292, 0.03) && near(percentile.high, 3.9388, 0.1)));
    CHECK(near(percentile.value, 2.4275, 1e-12));
    CHECK(near(
        percentile.error,
        deviation_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}) / std::sqrt(20.0),
        0.03));
    auto const spread = search::bca_interval(20, deviation_of, {.seed = 7});
    CHECK((near(spread.low, 1.6506, 0.18) && near(spread.high, 5.0318, 0.2)));
    auto const threads = search::bca_interval(20, deviation_of, {.seed = 7}, exec::openmp{.threads = 3});
    CHECK((spread.low == threads.low && spread.high == threads.high));
    auto const constant = search::bca_interval(5, [](numbers const&) { return 3.0; });
    CHECK((constant.low == 3 && constant.high == 3 && constant.error == 0));
    CHECK(near(search::detail::normal_quantile(0.975), 1.959963984540054, 1e-13));
    CHECK(message_of([] { search::bca_interval(1, mean_of); }) == "bootstrap: samples = 1: must be >= 2");
    CHECK(message_of([] { search::bca_interval(9, mean_of, {.confidence = 1}); }) ==
          "bootstrap: confidence = 1: must be in (0, 1)");
    CHECK(message_of([] { search::percentile_interval(9, [](numbers const&) { return NAN; }); }) ==
          "bootstrap: the statistic of the sample is not a number");
    CHECK(message_of([] {
              search::percentile_interval(9, [](numbers const& r) { return r[8] == 8 && r[0] == 0 ? 1 : NAN; });
          }) == "bootstrap: the statistic of a resample is not a number");
}

TEST_CASE("search bootstrap: a statistic of the sample, or without a row, that is no number is told") {
    auto const only_whole = [](numbers const& r) {
        return std::is_sorted(r.begin(), r.end()) ? NAN : mean_of(r);
    };
    CHECK(message_of([&] { search::percentile_interval(20, only_whole); }) ==
          "bootstrap: the statistic of the sample is not a number");
    CHECK(message_of([&] { search::bca_interval(20, only_whole); }) ==
          "bootstrap: the statistic of the sample is not a number");
    for (double const bad : {double(NAN), HUGE_VAL}) {
        auto const without_4 = [&](numbers const& r) {
            return r.size() == 19 && r[3] == 3 && r[4] == 5 ? bad : mean_of(r);
        };
        CHECK(message_of([&] { search::bca_interval(20, without_4, {}, exec::openmp{.threads = 2}); }) ==
              text("bca_interval: the statistic without row 4 is ", bad));
        CHECK(search::percentile_interval(20, without_4).low > 0);
    }
}

TEST_CASE("search bootstrap: .632+ sees through a model that knows its rows by heart") {
    // Efron & Tibshirani (1997), section 1: nearest neighbour on labels that are tosses of a coin.
    auto const table = table_of(60);
    auto const e = search::bootstrap_error(
        table, [](auto const& part) { return part; },
        [](auto const& known, auto const& asked) {
            vector<double> given(asked.samples());
            for (descent::index i = 0; i < asked.samples(); ++i) {
                descent::index nearest = 0;
                (known.x.col(0).array() - asked.x(i, 0)).abs().minCoeff(&nearest);
                given[i] = known.y[nearest];
            }
            return given;
        },
        [](double y, double p) { return y != p; });
    CHECK(e.training == 0);
    CHECK(near(e.no_information, 0.5, 0.05));
    CHECK(near(e.leave_one_out, 0.5, 0.12));
    CHECK(e.value > 0.4);
    CHECK(near(e.value,
               (0.368 * 0 + 0.632 * std::min(e.leave_one_out, e.no_information)) / (1 - 0.368 * e.overfitting),
               1e-12));
    auto const none = [](auto const&) { return 0; };
    CHECK(message_of([&] {
              search::bootstrap_error(
                  table, none, [](int, auto const& t) { return t.y; }, [](double, double) { return 0; }, 1);
          }).starts_with("bootstrap_error: resamples = 1: row "));
}

TEST_CASE("train paired_tests: scipy's values") {
    std::vector<double> const a{.91, .88, .93, .90, .89, .94, .87, .92},
        b{.90, .85, .93, .88, .86, .95, .84, .90};
    auto const t = paired_t_test(a, b);
    CHECK((near(t.statistic, 3.052042042620197, 1e-10) && near(t.p, 0.018529851716163285, 1e-12)));
    CHECK(near(t.difference, 0.01625, 1e-12));
    auto const corrected = paired_t_test(a, b, 0.125 / 0.875);
    CHECK(
        (near(corrected.statistic, 2.084941636424528, 1e-10) && near(corrected.p, 0.07553204172854115, 1e-12)));
    CHECK(near(mcnemar_test(4, 15).p, 0.0192108154296875, 1e-12));
    CHECK((mcnemar_test(0, 0).p == 1 && mcnemar_test(5, 5).p == 1));
    CHECK(near(sign_flip_test(a, b).p, 0.046875, 1e-12));
    auto longer = a, other = b;
    for (int i = 0; i < 2; ++i) {
        longer.insert(longer.end(), a.begin(), a.end());
        other.insert(other.end(), b.begin(), b.end());
    }
    CHECK(sign_flip_test(longer, other).p < 0.002);
    CHECK(near(sign_flip_test(longer, longer).p, 1, 0));
    CHECK((paired_t_test(a, a).p == 1 && paired_t_test({1, 2}, {0, 1}).p == 0));
    CHECK(message_of([&] { paired_t_test(a, longer); }) == "paired_t_test: 8 scores against 24");
    CHECK(message_of([&] { sign_flip_test({1}, {2}); }) == "sign_flip_test: 1 pairs: must be >= 2");
    CHECK(message_of([&] { paired_t_test({1, NAN}, {2, 3}); }) == "paired_t_test: pair 1 is not finite");
    CHECK(message_of([&] { mcnemar_test(-1, 3); }) == "mcnemar_test: only_a = -1: must be >= 0");
}
