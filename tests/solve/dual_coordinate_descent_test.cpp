// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>
#include <tuple>

#include <descent/solve/dual_coordinate_descent.hpp>

#include "linear_table.hpp"

namespace descent::linear_table {

using solve::dual_coordinate_descent;

namespace {

/// Solved to 1e-12 on dense and sparse rows, is the gradient 0 and are the two alike?
template <class Loss>
bool solves(Loss const& loss, double l2, bool with_bias, bool weighted) {
    auto table = labelled<double>(61, 7);
    if (weighted) {
        table.weights.resize(61);
        for (index i = 0; i < 61; ++i)
            table.weights[i] = double(i % 4);
    }
    auto const thin = sparse(table);
    solve::linear_problem const p{data::all_of(table), loss, l2};
    solve::linear_problem const q{data::all_of(thin), loss, l2};
    dual_coordinate_descent const method{.tolerance = 1e-12, .passes = 20000};
    auto const a = run(method, p, with_bias), b = run(method, q, with_bias);
    return gradient_norm(p, table, a, with_bias) < 1e-5 && gradient_norm(q, table, b, with_bias) < 1e-5 &&
           a.end.status == status::converged && b.end.status == status::converged &&
           std::abs(a.end.value - a.value) < 1e-13 * a.value && std::abs(a.value - b.value) < 3e-12 * a.value;
}

}  // namespace

TEST_CASE("solve dual_coordinate_descent: smooth losses end where the gradient is 0") {
    for (bool const weighted : {false, true})
        for (bool const with_bias : {false, true})
            for (double const l2 : {2.0 / 61, 3.0}) {
                CHECK(solves(loss::logistic{}, l2, with_bias, weighted));
                CHECK(solves(loss::squared_hinge{}, l2, with_bias, weighted));
                CHECK(solves(loss::squared{}, l2, with_bias, weighted));
                CHECK(solves(loss::smooth_hinge{0.5}, l2, with_bias, weighted));
                CHECK(solves(loss::huber{0.4}, l2, with_bias, weighted));
            }
}

TEST_CASE("solve dual_coordinate_descent: a bias where rows are long against the penalty") {
    // The weights answer to each move of the bias, and the passes converge slowly. The third is too hard for
    // the search and begins anew.
    for (auto const& [samples, features, l2, scale] :
         {std::tuple{130, 200, 1e-2, 1.0}, {130, 200, 1e-2, 3.0}, {800, 12, 1 / 800.0, 3.0}}) {
        auto table = labelled<double>(samples, features);
        table.x *= scale;
        solve::linear_problem const p{data::all_of(table), loss::logistic{}, l2};
        auto const found = run(dual_coordinate_descent{.tolerance = 1e-9, .passes = 20000}, p, true);
        CHECK(found.end.status == status::converged);
        CHECK(found.end.gap <= 1e-9 * found.value);
        CHECK(gradient_norm(p, table, found, true) < 1e-3);
    }
}

TEST_CASE("solve dual_coordinate_descent: the linear SVM with a bias equals scikit-learn's SVC") {
    // sklearn 1.x SVC(kernel="linear", tol=1e-12) on these 40 rows; l2 = 1 / (C n).
    data::dataset<double> table;
    table.x.resize(40, 3);
    table.y.resize(40);
    for (index i = 0; i < 40; ++i) {
        for (index j = 0; j < 3; ++j)
            table.x(i, j) = double((i * 7 + j * 13 + i * i * (j + 2)) % 23 - 11) / 8;
        double const rule = table.x(i, 0) - 0.5 * table.x(i, 1) + 0.25 * double((i * 5) % 7 - 3);
        table.y[i] = rule > 0.1 ? 1 : 0;
    }
    for (bool const shrink : {false, true}) {
        dual_coordinate_descent const method{.tolerance = 1e-11, .passes = 100000, .shrink = shrink};
        auto const mild = run(method, solve::linear_problem{data::all_of(table), loss::hinge{}, 1 / 2.0}, true);
        CHECK((mild.w - vector<double>{{0.82065389, 0.14752007, -0.06665642}}).norm() < 1e-6);
        CHECK(std::abs(mild.value - 0.64707806677169) < 1e-9);
        auto const hard =
            run(method, solve::linear_problem{data::all_of(table), loss::hinge{}, 1 / 40.0}, true);
        CHECK((hard.w - vector<double>{{1.66534914, -0.17918314, 0.21080369}}).norm() < 1e-6);
        CHECK(std::abs(hard.b + 0.2121212121) < 1e-6);
        CHECK(std::abs(hard.value - 0.404563550958989) < 1e-10);
        CHECK(hard.end.status == status::converged);
        CHECK(hard.end.gap <= 1e-11);
    }
}

TEST_CASE("solve dual_coordinate_descent: floats, one class, no rows to speak of") {
    auto const table = labelled<float>(301, 19);
    auto const wide = labelled<double>(301, 19);
    auto const exact = run(dual_coordinate_descent{.tolerance = 1e-10},
                           solve::linear_problem{data::all_of(wide), loss::logistic{}, 0.01}, true);
    for (double const tolerance : {1e-3, 1e-5}) {
        auto const found = run(dual_coordinate_descent{.tolerance = tolerance},
                               solve::linear_problem{data::all_of(table), loss::logistic{}, 0.01}, true);
        CHECK(found.end.status == status::converged);
        CHECK(std::abs(found.value / exact.value - 1) < tolerance);
        CHECK(found.end.gap <= tolerance * found.end.value);
        CHECK(found.value - found.end.gap <= exact.value * (1 + 1e-7));
    }
    // All labels equal: without a bias there is a minimum, with one the hinge has it at w = 0, b = 1.
    auto same = wide;
    same.y.setOnes();
    auto const logistic = solve::linear_problem{data::all_of(same), loss::logistic{}, 0.01};
    auto const alone = run(dual_coordinate_descent{.tolerance = 1e-12}, logistic, false);
    CHECK(gradient_norm(logistic, same, alone, false) < 1e-6);
    auto const hinge =
        run(dual_coordinate_descent{}, solve::linear_problem{data::all_of(same), loss::hinge{}, 0.01}, true);
    CHECK(hinge.value < 1e-12);
    CHECK(hinge.end.status == status::converged);
    CHECK(message_of([&] { run(dual_coordinate_descent{}, logistic, true); }) ==
          "dual_coordinate_descent: all labels are 1: with a bias the loss has no minimum");
    // Rows without entries pull at the bias alone.
    data::dataset<double> empty;
    empty.x = matrix<double>::Zero(3, 2);
    empty.y = vector<double>{{1, 1, 0}};
    auto const odds = run(dual_coordinate_descent{.tolerance = 1e-13},
                          solve::linear_problem{data::all_of(empty), loss::logistic{}, 1.0}, true);
    CHECK(std::abs(odds.b - std::log(2.0)) < 1e-6);
    CHECK(odds.w.norm() == 0);
}

TEST_CASE("solve dual_coordinate_descent: the order is the seed's, the watcher can stop, bad input is named") {
    auto table = labelled<double>(50, 4);
    solve::linear_problem const p{data::all_of(table), loss::logistic{}, 0.02};
    auto const once = run(dual_coordinate_descent{}, p, true), again = run(dual_coordinate_descent{}, p, true);
    auto const other = run(dual_coordinate_descent{.seed = 5}, p, true);
    CHECK(once.w == again.w);
    CHECK(once.w != other.w);

    std::int64_t seen = 0;
    auto const stopped =
        run(dual_coordinate_descent{.tolerance = 1e-15}, p, true, [&](solve::progress const& now) {
            seen = now.iteration;
            return verdict{now.iteration == 3, status::stopped, "enough"};
        });
    CHECK(seen == 3);
    CHECK(stopped.end.status == status::stopped);
    CHECK(stopped.end.reason == "enough");
    CHECK(stopped.end.iterations == 3);
    CHECK(stopped.end.evaluations == 150);
    CHECK(std::abs(stopped.end.value - stopped.value) < 1e-14);
    auto const few = run(dual_coordinate_descent{.tolerance = 1e-15, .passes = 2}, p, true);
    CHECK(few.end.status == status::finished);
    CHECK(few.end.reason == "2 passes");
    CHECK(few.end.gap > 0);

    auto const complaint = [&](dual_coordinate_descent const& method, double l2, index w, index b) {
        vector<double> numbers = vector<double>::Zero(w + b);
        return message_of([&] {
            method.run(solve::linear_problem{data::all_of(table), loss::hinge{}, l2}, {numbers.data(), w},
                       {numbers.data() + w, b}, solve::unwatched{});
        });
    };
    CHECK(complaint({}, 0, 4, 0) == "dual_coordinate_descent: l2 = 0: must be > 0: the dual needs the penalty");
    CHECK(complaint({}, -1, 4, 0) == "dual_coordinate_descent: l2 = -1: must be finite and >= 0");
    CHECK(complaint({}, 1, 3, 1) == "dual_coordinate_descent: w has 3 numbers, the data 4 features");
    CHECK(complaint({}, 1, 4, 2) == "dual_coordinate_descent: bias has 2 numbers: must be 1 or 0");
    CHECK(complaint({.tolerance = 0}, 1, 4, 1) == "dual_coordinate_descent: tolerance = 0: must be > 0");
    CHECK(complaint({.passes = 0}, 1, 4, 1) == "dual_coordinate_descent: passes = 0: must be > 0");
    table.weights = vector<double>::Zero(50);
    CHECK(complaint({}, 1, 4, 1) == "dual_coordinate_descent: the sample weights sum to 0: must be > 0");
    table.weights.resize(0);
    table.x(7, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK(run(dual_coordinate_descent{}, p, false).end.status == status::diverged);
    CHECK(run(dual_coordinate_descent{}, p, true).w.norm() == 0);
}

TEST_CASE("solve dual_coordinate_descent: a9a") {
    auto const table = libsvm("a9a", 123);
    if (table.samples() == 0) {
        WARN("skipped: DESCENT_DATA is not set");
        return;
    }
    auto const n = double(table.samples());
    auto const made = run(dual_coordinate_descent{.tolerance = 1e-9},
                          solve::linear_problem{data::all_of(table), loss::logistic{}, 1 / n}, false);
    CHECK(made.end.status == status::converged);
    CHECK(std::abs(made.value / 0.3233795824648 - 1) < 1e-9);
}

TEST_CASE("solve dual_coordinate_descent: where it ends early, it stands no higher than it began") {
    // Long rows under a small penalty: the primal value of an unfinished dual point can be anything.
    auto table = labelled<double>(60, 3);
    table.x *= 70;
    solve::linear_problem const p{data::all_of(table), loss::logistic{}, 0.01};
    for (std::int64_t const passes : {1, 2, 3, 5, 1000}) {
        vector<double> w = vector<double>::Zero(3);
        auto const ended = dual_coordinate_descent{.tolerance = 1e-12, .passes = passes}.run(
            p, vector_view<double>(w.data(), 3), vector_view<double>(nullptr, 0), solve::unwatched{});
        double value = 0;
        for (index i = 0; i < 60; ++i)
            value += loss::logistic{}.value(table.x.row(i).dot(w), table.y[i]) / 60;
        value += 0.005 * w.squaredNorm();
        CHECK(value <= std::log(2.0) * (1 + 1e-12));
        CHECK(std::fabs(value - ended.value) <= 1e-9);
    }
}

}  // namespace descent::linear_table
