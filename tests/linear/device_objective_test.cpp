// SPDX-License-Identifier: MIT
#include <descent/linear/logistic_regression.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/multiclass_hinge.hpp>
#include <descent/loss/poisson.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/train/fit.hpp>

#include <exec/emulated.hpp>
#include <linear/device_cases.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using descent::test::device_table;
using descent::test::emulated;

namespace {

// Threads of a step run in both orders: none may depend on another.
emulated const backwards{}, forwards{.forwards = true};

}  // namespace

TEST_CASE(
    "linear device_objective: value, gradient and Hessian product are the host's, at all edges of tiles") {
    auto const wide =
        test::judge_edges<double>(backwards, forwards, loss::logistic{}, loss::softmax_cross_entropy{});
    CHECK(wide.far <= 1e-12);
    CHECK(wide.same);
    auto const narrow = test::judge_edges<float>(backwards, forwards, loss::logistic{});
    CHECK(narrow.far <= 2e-6);
    CHECK(narrow.same);
}

TEST_CASE("linear device_objective: every kind of loss") {
    test::table_kind const kind{.weights = true};
    auto const far = [&](auto const& loss) {
        auto const seen = test::judge<double, false>(loss, backwards, forwards, 150, 9, kind);
        return seen.same ? seen.far : 1e300;
    };
    CHECK(far(loss::poisson{}) <= 1e-12);
    CHECK(far(loss::multiclass_hinge{}) <= 1e-12);
}

TEST_CASE("linear device_objective: blocks of several tiles, columns of several pieces") {
    auto const far = [](auto sparse, auto const& loss, descent::index rows, descent::index features) {
        return test::judge<double, sparse.value>(loss, backwards, forwards, rows, features, {}).far;
    };
    // More than 512 tiles, of 64 rows and of 32; pieces of 512 entries.
    CHECK(far(std::false_type{}, loss::logistic{}, 33000, 17) <= 1e-12);
    CHECK(far(std::false_type{}, loss::softmax_cross_entropy{}, 16500, 17) <= 1e-12);
    CHECK(far(std::true_type{}, loss::logistic{}, 1300, 9) <= 1e-12);
    CHECK(far(std::true_type{}, loss::softmax_cross_entropy{}, 1300, 9) <= 1e-12);
}

TEST_CASE("linear device_objective: every tile belongs to one block") {
    using linear::detail::device_cut;
    for (descent::index const rows : {1, 63, 64, 65, 1000, 100'003})
        for (descent::index const most : {1, 3, 512}) {
            device_cut const cut = device_cut::of(rows, 32, 100, 8, most);
            CHECK(cut.tile_rows == 64);
            CHECK(cut.subsets() == 2);
            CHECK(cut.blocks == std::min<descent::index>(most, (rows + 63) / 64));
            CHECK(cut.first_tile(0) == 0);
            CHECK(cut.first_tile(cut.blocks) == (rows + 63) / 64);
            bool rising = true;
            for (descent::index b = 0; b < cut.blocks; ++b)
                rising = rising && cut.first_tile(b) < cut.first_tile(b + 1);
            CHECK(rising);
        }
}

TEST_CASE("linear device_objective: weights of 0 throughout say nothing") {
    device_table table(40, 5, 2, {.weights = true});
    table.weights.setZero();
    auto const where = test::layout_of(5, 1, true);
    auto const dense = table.dense<double>();
    linear::device_rows const rows{data::all_of(dense), backwards};
    auto seen = test::ask(linear::objective{loss::logistic{}, rows, where});
    vector<double> const x = test::some_point<double>(where.dimension, 1);
    double const penalty = 0.005 * x.segment(3, 5).squaredNorm();
    CHECK(std::abs(seen.value - penalty) <= 1e-15);
    CHECK((seen.gradient.segment(3, 5) - 0.01 * x.segment(3, 5)).norm() <= 1e-15);
    CHECK(seen.gradient[10] == 0);
}

TEST_CASE(
    "linear device_objective: samples are the host's, parts of rows, several penalties, short column numbers") {
    device_table const table(300, 30, 2, {.weights = true});
    auto const dense = table.dense<double>();
    auto const sparse = table.sparse<double>();
    auto const where = test::layout_of(30, 1, true);
    auto const check = [&](auto const& rows) {
        linear::device_rows const there{rows, backwards};
        linear::objective const here{loss::logistic{}, rows, where};
        linear::objective const device{loss::logistic{}, there, where};
        for (descent::index const count : {1, 40, 300, 1000}) {
            auto some = device.sampled(count, 5);
            CHECK(some.samples() == std::min<descent::index>(count, 300));
            CHECK(test::distance(test::ask(some), test::ask(here.sampled(count, 5))) <= 1e-12);
        }
        auto const part = rows.part(7, 100);
        linear::device_rows const some{part, backwards};
        CHECK(test::distance(test::ask(linear::objective{loss::logistic{}, some, where}),
                             test::ask(linear::objective{loss::logistic{}, part, where})) <= 1e-12);
        for (double const l2 : {0.0, 0.5}) {
            auto other = where;
            other.l2 = l2;
            CHECK(test::distance(test::ask(linear::objective{loss::logistic{}, there, other}),
                                 test::ask(linear::objective{loss::logistic{}, rows, other})) <= 1e-12);
        }
    };
    check(data::all_of(dense));
    check(data::all_of(sparse));

    data::sparse_dataset<double, std::uint16_t> narrow;
    narrow.x = data::sparse_matrix<double, std::uint16_t>::of(table.x);
    narrow.y = table.y;
    narrow.weights = table.weights;
    linear::device_rows const wide{data::all_of(sparse), backwards};
    CHECK(test::same_answers(
        test::ask(linear::objective{loss::logistic{}, wide, where}),
        test::ask(linear::objective{loss::logistic{}, data::all_of(narrow), where, backwards})));
}

TEST_CASE("linear device_objective: fit goes to the device, and ends where the host's gradient is 0") {
    device_table const table(400, 12, 2, {});
    auto const train = table.dense<double>();
    linear::logistic_regression<double> model{12};
    auto const report = fit(model, train, solve::lbfgs{.tolerance = 1e-10}, backwards, validate_on{train});
    CHECK(report.status == status::converged);
    CHECK(std::abs(report.history.back().validation - report.loss) <= 1e-12);
    params<double> slope = model.params().like();
    CHECK(std::abs(model.gradient(data::all_of(train), slope) - report.loss) <= 1e-12);
    CHECK(slope["weight"].flat().norm() <= 1e-8);

    linear::device_rows const there{data::all_of(train), backwards};
    auto f = model.objective(there, backwards);
    CHECK(std::abs(f.value({model.params().data(), f.dimension()}) - report.loss) <= 1e-12);
}

TEST_CASE("linear device_objective: bad input is named") {
    device_table const table(4, 3, 2, {});
    auto const dense = table.dense<double>();
    auto sparse = table.sparse<double>();
    auto const where = test::layout_of(3, 1, true);
    auto const made = [&](auto const& loss, auto const& rows, auto const& layout) {
        return message_of([&] { linear::objective{loss, rows, layout, backwards}; });
    };
    auto several = where;
    several.outputs = 2;
    CHECK(made(loss::logistic{}, data::all_of(dense), several) ==
          "objective: outputs = 2: must be 1 for this loss");
    several.outputs = 0;
    CHECK(made(loss::softmax_cross_entropy{}, data::all_of(dense), several) ==
          "objective: outputs = 0: must be >= 1");
    auto without = data::all_of(dense);
    without.y = nullptr;
    CHECK(made(loss::logistic{}, without, where) == "device_rows: the data has no targets");
    sparse.x.columns[1] = 3;
    CHECK(made(loss::logistic{}, data::all_of(sparse), where) == "device_rows: column 3: must be in [0, 3)");
    sparse.x.columns[1] = 1;
    sparse.x.offsets[1] = 5;
    sparse.x.offsets[2] = 4;
    CHECK(made(loss::logistic{}, data::all_of(sparse), where) == "device_rows: row 1: offsets must not fall");

    linear::objective f{loss::logistic{}, data::all_of(dense), where, backwards};
    vector<double> v = vector<double>::Zero(where.dimension), out = v;
    CHECK(message_of([&] {
              f.hessian_product(vector_view<double const>(v.data(), v.size()),
                                vector_view<double>(out.data(), out.size()));
          }) == "objective: hessian_product before the first value");
    CHECK(message_of([&] { f.sampled(0, 1); }) == "objective: sampled: count = 0: must be > 0");
}
