// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>

#include <descent/solve/averaged_sgd.hpp>
#include <descent/solve/dual_coordinate_descent.hpp>
#include <descent/solve/hogwild.hpp>
#include <descent/solve/proximal_gradient.hpp>
#include <descent/solve/saga.hpp>
#include <descent/solve/svrg.hpp>

#include "linear_table.hpp"

#if DESCENT_OPENMP_ENABLED
#include <descent/exec/openmp.hpp>
#endif

// averaged_sgd, hogwild, saga and svrg: the methods that draw samples.
namespace descent::linear_table {

namespace {

/// Value above the optimum, relative; dense and sparse rows must both be `within` and agree to `alike`.
template <class Method, class Loss>
bool reaches(Method const& method, data::dataset<double> const& table, Loss const& loss, double l2,
             bool with_bias, double within, double alike) {
    auto const thin = sparse(table);
    solve::linear_problem const p{data::all_of(table), loss, l2};
    solve::linear_problem const q{data::all_of(thin), loss, l2};
    auto const best =
        run(solve::dual_coordinate_descent{.tolerance = within / 100, .passes = 20000}, p, with_bias).value;
    auto const a = run(method, p, with_bias), b = run(method, q, with_bias);
    return std::abs(a.value / best - 1) < within && std::abs(b.value / best - 1) < within &&
           (a.w - b.w).norm() <= alike * (1 + a.w.norm()) && std::abs(a.end.value - a.value) < 1e-14;
}

template <class Method>
bool stops_and_repeats(Method method, bool is_exact) {
    auto const table = labelled<double>(60, 5);
    auto const thin = sparse(table);
    solve::linear_problem const p{data::all_of(thin), loss::logistic{}, 0.02};
    auto const stopped = run(method, p, true, [](solve::progress const& now) {
        return verdict{now.iteration == 2, status::stopped, "enough"};
    });
    method.seed = 3;
    auto const once = run(method, p, true), again = run(method, p, true);
    method.seed = 4;
    auto const other = run(method, p, true);
    auto broken = sparse(table);
    broken.x.values[7] = std::nan("");
    auto const bad = run(method, solve::linear_problem{data::all_of(broken), loss::logistic{}, 0.02}, true);
    bool const repeats = once.w == again.w && once.b == again.b && (is_exact || once.w != other.w);
    return repeats && stopped.end.status == status::stopped && stopped.end.iterations == 2 &&
           stopped.end.reason == "enough" && bad.end.status == status::diverged && bad.w.norm() == 0;
}

}  // namespace

TEST_CASE("solve averaged_sgd: within a percent in twenty passes without a setting") {
    auto const table = labelled<double>(800, 12);
    for (bool const with_bias : {false, true}) {
        CHECK(reaches(solve::averaged_sgd{.passes = 20}, table, loss::logistic{}, 1.0 / 800, with_bias, 0.01,
                      1e-9));
        CHECK(
            reaches(solve::averaged_sgd{.passes = 20}, table, loss::hinge{}, 1.0 / 80, with_bias, 0.02, 1e-6));
        CHECK(reaches(solve::averaged_sgd{.passes = 20}, table, loss::squared{}, 1.0 / 800, with_bias, 0.01,
                      1e-9));
    }
    CHECK(reaches(solve::averaged_sgd{.passes = 20, .batch = 8}, table, loss::logistic{}, 1.0 / 800, true, 0.01,
                  1e-9));
    CHECK(reaches(solve::averaged_sgd{.passes = 200, .batch = 900}, table, loss::logistic{}, 1.0 / 800, false,
                  0.01, 1e-9));
    CHECK(stops_and_repeats(solve::averaged_sgd{}, false));
    CHECK(stops_and_repeats(solve::averaged_sgd{.batch = 7}, false));
    // The averaged form keeps its digits while both divisors pass 1e5 many times.
    CHECK(reaches(solve::averaged_sgd{.passes = 400}, labelled<double>(200, 4), loss::logistic{}, 1.0, true,
                  1e-4, 1e-6));
}

TEST_CASE("solve saga: saga and svrg reach the dual's optimum, with weights, bias and dense or sparse rows") {
    auto table = labelled<double>(120, 9);
    for (int round = 0; round < 2; ++round) {
        for (bool const with_bias : {false, true}) {
            CHECK(
                reaches(solve::saga{.tolerance = 1e-9}, table, loss::logistic{}, 0.05, with_bias, 1e-10, 1e-7));
            CHECK(
                reaches(solve::svrg{.tolerance = 1e-9}, table, loss::logistic{}, 0.05, with_bias, 1e-10, 1e-7));
            CHECK(
                reaches(solve::svrg{.tolerance = 1e-9}, table, loss::squared{}, 0.05, with_bias, 1e-10, 1e-7));
        }
        table.weights.resize(120);
        for (index i = 0; i < 120; ++i)
            table.weights[i] = double(i % 3);
    }
    CHECK(stops_and_repeats(solve::saga{.tolerance = 1e-12, .passes = 40}, false));
    CHECK(stops_and_repeats(solve::svrg{.tolerance = 1e-12, .passes = 20}, false));
}

TEST_CASE("solve saga: l1 by its prox, exact zeros, as the proximal gradient method") {
    auto const table = labelled<double>(90, 14);
    auto const thin = sparse(table);
    auto f = [&](vector_view<double const> x, vector_view<double> g) {
        vector<double> const z = table.x * x;
        double total = 0;
        g.setZero();
        for (index i = 0; i < 90; ++i) {
            total += loss::logistic{}.value(z[i], table.y[i]) / 90;
            g += loss::logistic{}.slope(z[i], table.y[i]) / 90 * table.x.row(i).transpose();
        }
        return total;
    };
    vector<double> best = vector<double>::Zero(14);
    solve::proximal_gradient<>{.penalty = regularize::l1{0.03}, .tolerance = 1e-10}.run<decltype(f), double>(
        f, vector_view<double>(best.data(), 14), solve::unwatched{});
    auto const off = [&](auto const& method) {
        auto const a = run(method, solve::linear_problem{data::all_of(table), loss::logistic{}}, false);
        auto const b = run(method, solve::linear_problem{data::all_of(thin), loss::logistic{}}, false);
        bool const zeros = ((a.w.array() == 0) == (best.array() == 0)).all() &&
                           ((b.w.array() == 0) == (best.array() == 0)).all();
        return zeros && a.end.status == status::converged ? (a.w - best).norm() + (b.w - best).norm() : 1.0;
    };
    CHECK((best.array() == 0).any());
    CHECK(off(solve::saga{.l1 = 0.03, .tolerance = 1e-9, .passes = 5000}) < 1e-6);
    CHECK(off(solve::svrg{.l1 = 0.03, .tolerance = 1e-9, .passes = 5000}) < 1e-6);
}

TEST_CASE("solve hogwild: near the optimum, alone and with threads") {
    auto const thin = sparse(labelled<double>(1500, 30));
    solve::linear_problem const p{data::all_of(thin), loss::logistic{}, 1.0 / 1500};
    auto const best = run(solve::dual_coordinate_descent{.tolerance = 1e-8}, p, true).value;
    auto const alone = run(solve::hogwild<>{.passes = 20}, p, true);
    CHECK(alone.value < best * 1.01);
    CHECK(stops_and_repeats(solve::hogwild<>{}, false));
#if DESCENT_OPENMP_ENABLED
    auto const together = run(solve::hogwild{exec::openmp{2}, 20}, p, true);
    CHECK(together.value < best * 1.02);
#endif
}

TEST_CASE("solve saga: floats, and bad input by name for all four") {
    auto const small = labelled<float>(500, 9);
    solve::linear_problem const p{data::all_of(small), loss::logistic{}, 0.01};
    auto const best = run(solve::dual_coordinate_descent{.tolerance = 1e-6}, p, true).value;
    for (double const value : {run(solve::saga{.tolerance = 1e-5}, p, true).value,
                               run(solve::svrg{.tolerance = 1e-5}, p, true).value})
        CHECK(std::abs(value / best - 1) < 1e-5);
    CHECK(std::abs(run(solve::averaged_sgd{.passes = 20}, p, true).value / best - 1) < 0.01);

    auto const thin = sparse(labelled<double>(9, 3));
    solve::linear_problem const q{data::all_of(thin), loss::logistic{}, 0.1};
    auto const complaint = [&](auto const& method) { return message_of([&] { run(method, q, true); }); };
    CHECK(complaint(solve::averaged_sgd{.passes = 0}) == "averaged_sgd: passes = 0: must be > 0");
    CHECK(complaint(solve::averaged_sgd{.rate = -1}) == "averaged_sgd: rate = -1: must be finite and >= 0");
    CHECK(complaint(solve::averaged_sgd{.batch = 0}) == "averaged_sgd: batch = 0: must be > 0");
    CHECK(complaint(solve::saga{.l1 = -1}) == "saga: l1 = -1: must be finite and >= 0");
    CHECK(complaint(solve::saga{.tolerance = -1}) == "saga: tolerance = -1: must be >= 0");
    CHECK(complaint(solve::svrg{.l1 = -1}) == "svrg: l1 = -1: must be finite and >= 0");
    CHECK(complaint(solve::svrg{.passes = 0}) == "svrg: passes = 0: must be > 0");
    CHECK(complaint(solve::hogwild<>{.fall = 0}) == "hogwild: fall = 0: must be in (0, 1]");
}

}  // namespace descent::linear_table
