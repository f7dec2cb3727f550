// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#include <descent/solve/coordinate_descent.hpp>

#include "linear_table.hpp"

namespace descent::linear_table {

using solve::coordinate_descent;

namespace {

/// More features than samples: covariance updates do not pay.
template <class T>
data::dataset<T> wide(index samples = 30, index features = 60) {
    data::dataset<T> table;
    table.x.resize(samples, features);
    table.y.resize(samples);
    for (index i = 0; i < samples; ++i) {
        for (index j = 0; j < features; ++j)
            table.x(i, j) = T((i * 7 + j * 13 + i * i * (j + 2) + j * j * i) % 101 - 50) / T(40);
        table.y[i] = T(2) * table.x(i, 0) - table.x(i, 5) + T(0.5) * table.x(i, 17) +
                     T((i * 5) % 7 - 3) / T(10) + T(1.5);
    }
    return table;
}

/// sum_j w_j cos(j): one number that all weights go into.
template <class T>
double signature(vector<T> const& w) {
    double total = 0;
    for (index j = 0; j < w.size(); ++j)
        total += double(w[j]) * std::cos(double(j));
    return total;
}

template <class T>
bool near(solved<T> const& found, double b, double l1, double mark, double off) {
    return found.end.status == status::converged && std::abs(double(found.b) - b) < off &&
           std::abs(double(found.w.template lpNorm<1>()) - l1) < off &&
           std::abs(signature(found.w) - mark) < off;
}

/// Dense and sparse rows against the same numbers.
bool both(data::dataset<double> const& table, double l1, double l2, bool with_bias, double b, double size,
          double mark) {
    auto const thin = sparse(table);
    coordinate_descent const method{.l1 = l1, .tolerance = 1e-14};
    return near(run(method, solve::linear_problem{data::all_of(table), loss::squared{}, l2}, with_bias), b,
                size, mark, 1e-6) &&
           near(run(method, solve::linear_problem{data::all_of(thin), loss::squared{}, l2}, with_bias), b, size,
                mark, 1e-6);
}

}  // namespace

TEST_CASE("solve coordinate_descent: lasso and elastic net equal scikit-learn") {
    // sklearn.linear_model Lasso, ElasticNet with tol=1e-15: intercept, sum |w|, sum w_j cos(j).
    auto table = wide<double>();
    CHECK(both(table, 0.1, 0, true, 1.4351904558059048, 3.012207179219874, 1.4431908118597452));
    CHECK(both(table, 0.1, 0, false, 0, 5.976495784741817, 0.563822747273257));
    CHECK(both(table, 0.025, 0.025, true, 1.3847920536727143, 3.771825028259161, 1.2202925412751382));
    table.weights.resize(30);
    for (index i = 0; i < 30; ++i)
        table.weights[i] = double(1 + i % 3);
    CHECK(both(table, 0.1, 0, true, 1.448682671679681, 3.0290115608394936, 1.4194829249857681));
}

TEST_CASE("solve coordinate_descent: wine as scikit-learn, feature by feature") {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (!folder) {
        WARN("skipped: DESCENT_DATA is not set");
        return;
    }
    std::ifstream file(std::string(folder) + "/regression/winequality-red.csv");
    std::string line;
    std::getline(file, line);
    data::dataset<double> table;
    table.x.resize(1599, 11);
    table.y.resize(1599);
    for (index i = 0; i < 1599; ++i) {
        std::getline(file, line);
        char* at = line.data();
        for (index j = 0; j < 12; ++j, ++at)
            (j < 11 ? table.x(i, j) : table.y[i]) = std::strtod(at, &at);
    }
    vector<double> const lasso{{0.03447103525714973, -0.856508269793986, 0, 0, 0, 0.005085202677279958,
                                -0.0031067786038786135, 0, 0, 0.3790415831611006, 0.30449055787102375}};
    vector<double> const net{{0.029293134196606285, -0.847821306030883, 0, 0, 0, 0.005272278964418981,
                              -0.0032121701010464237, 0, -0.09418127836545268, 0.4950003276408832,
                              0.3090634543133099}};
    auto const a = run(coordinate_descent{.l1 = 0.01, .tolerance = 1e-14},
                       solve::linear_problem{data::all_of(table), loss::squared{}}, true);
    auto const b = run(coordinate_descent{.l1 = 0.003, .tolerance = 1e-14},
                       solve::linear_problem{data::all_of(table), loss::squared{}, 0.007}, true);
    CHECK((a.w - lasso).norm() < 1e-6);
    CHECK(std::abs(a.b - 2.4417908640132504) < 1e-6);
    CHECK((b.w - net).norm() < 1e-6);
    CHECK(std::abs(b.b - 2.670074991447739) < 1e-6);
}

TEST_CASE("solve coordinate_descent: the gap is honest, ridge too, floats, constant and equal columns") {
    auto const table = labelled<double>(80, 12);
    for (double const l1 : {0.0, 0.01, 10.0}) {
        solve::linear_problem const p{data::all_of(table), loss::squared{}, 0.02};
        auto const rough = run(coordinate_descent{.l1 = l1, .tolerance = 1e-2}, p, true);
        auto const fine = run(coordinate_descent{.l1 = l1, .tolerance = 1e-15}, p, true);
        auto const penalized = [&](auto const& s) { return s.value + l1 * s.w.template lpNorm<1>(); };
        CHECK(std::abs(rough.end.value - penalized(rough)) < 1e-14);
        CHECK(penalized(rough) - penalized(fine) <= rough.end.gap + 1e-15);
        if (l1 == 0)
            CHECK(gradient_norm(p, table, fine, true) < 1e-7);
        if (l1 == 10)
            CHECK(fine.w.norm() == 0);
    }
    auto const small = wide<float>();
    auto const single = run(coordinate_descent{.l1 = 0.1, .tolerance = 1e-7},
                            solve::linear_problem{data::all_of(small), loss::squared{}}, true);
    CHECK(near(single, 1.4351904558059048, 3.012207179219874, 1.4431908118597452, 2e-3));

    auto odd = labelled<double>(40, 5);
    odd.x.col(1).setConstant(0.1);
    odd.x.col(4) = odd.x.col(3);
    auto const thin = sparse(odd);
    auto const a = run(coordinate_descent{.l1 = 0.01, .tolerance = 1e-12},
                       solve::linear_problem{data::all_of(odd), loss::squared{}}, true);
    auto const b = run(coordinate_descent{.l1 = 0.01, .tolerance = 1e-12},
                       solve::linear_problem{data::all_of(thin), loss::squared{}}, true);
    CHECK(a.w[1] == 0);
    CHECK(b.w[1] == 0);
    CHECK(a.end.status == status::converged);
    CHECK(std::abs(a.value - b.value) < 1e-10);
}

TEST_CASE("solve coordinate_descent: rounding of large columns proves no weight to be 0") {
    data::dataset<double> table{.x = matrix<double>(3, 1), .y = vector<double>(3)};
    table.y << 1.1, 0.3, -0.9;
    for (double scale = 1e3; scale < 1e9; scale *= 10) {
        table.x << 1.3 * scale, -0.4 * scale, 0.7 * scale;
        auto const thin = sparse(table);
        for (bool const with_bias : {false, true}) {
            // (x.y - l1) / x.x over the samples, with a bias of what is centered.
            double const aim =
                with_bias ? (1.24 / 9 - 0.01 / scale) / (4.46 / 9) : (0.68 / 3 - 0.01 / scale) / (2.34 / 3);
            coordinate_descent const method{.l1 = 0.01, .tolerance = 1e-10};
            auto const a = run(method, solve::linear_problem{data::all_of(table), loss::squared{}}, with_bias);
            auto const b = run(method, solve::linear_problem{data::all_of(thin), loss::squared{}}, with_bias);
            CHECK(std::abs(a.w[0] * scale - aim) + std::abs(b.w[0] * scale - aim) < 1e-5);
        }
    }
}

TEST_CASE("solve coordinate_descent: sparse columns of floats far from 0, fewer samples than features") {
    auto table = wide<float>(19, 40);
    table.x.array() += 100;
    for (bool const weighted : {false, true}) {
        table.weights.resize(weighted ? 19 : 0);
        for (index i = 0; i < table.weights.size(); ++i)
            table.weights[i] = float(1000 * (1 + i % 2));
        auto const thin = sparse(table);
        coordinate_descent const method{.l1 = 0.01, .tolerance = 1e-4};
        auto const a = run(method, solve::linear_problem{data::all_of(table), loss::squared{}}, true);
        auto const b = run(method, solve::linear_problem{data::all_of(thin), loss::squared{}}, true);
        CHECK(a.end.status == status::converged);
        CHECK(b.end.status == status::converged);
        CHECK(std::abs(a.end.value - b.end.value) < 2e-4);
    }
}

TEST_CASE(
    "solve coordinate_descent: a solution given is recognized, the watcher can stop, bad input is named") {
    auto table = wide<double>();
    solve::linear_problem const p{data::all_of(table), loss::squared{}};
    auto found = run(coordinate_descent{.l1 = 0.1, .tolerance = 1e-10}, p, true);
    auto const again = coordinate_descent{.l1 = 0.1, .tolerance = 1e-9}.run(p, {found.w.data(), 60},
                                                                            {&found.b, 1}, solve::unwatched{});
    CHECK(again.iterations == 0);
    CHECK(again.status == status::converged);
    auto const stopped =
        run(coordinate_descent{.l1 = 0.1, .tolerance = 1e-14}, p, true, [](solve::progress const& now) {
            return verdict{now.iteration == 2, status::interrupted, "enough"};
        });
    CHECK(stopped.end.status == status::interrupted);
    CHECK(stopped.end.iterations == 2);
    auto const few = run(coordinate_descent{.l1 = 0.1, .tolerance = 1e-14, .passes = 1}, p, true);
    CHECK(few.end.reason == "1 passes");

    auto const complaint = [&](coordinate_descent const& method, double l2) {
        return message_of([&] {
            run(method, solve::linear_problem{data::all_of(table), loss::squared{}, l2}, true);
        });
    };
    CHECK(complaint({.l1 = -1}, 0) == "coordinate_descent: l1 = -1: must be finite and >= 0");
    CHECK(complaint({}, 0) == "coordinate_descent: l1 = 0, l2 = 0: one of them must be > 0");
    CHECK(complaint({.l1 = 1, .tolerance = 0}, 0) == "coordinate_descent: tolerance = 0: must be > 0");
    CHECK(complaint({.l1 = 1, .passes = 0}, 0) == "coordinate_descent: passes = 0: must be > 0");
    table.x(3, 3) = std::nan("");
    CHECK(run(coordinate_descent{.l1 = 0.1}, p, true).end.status == status::diverged);
}

}  // namespace descent::linear_table
