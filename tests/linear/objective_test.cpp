// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/objective.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

/// Some rows of small whole numbers, two thirds of them zeros, with targets 0 .. classes - 1 and weights 0
/// .. 3.
template <class T>
struct table {
    matrix<T> x;
    vector<T> y, weights;
    data::sparse_matrix<T> entries;

    table(descent::index rows, descent::index features, int classes)
        : x(rows, features), y(rows), weights(rows) {
        generator const draw{std::uint64_t(rows + features)};
        for (descent::index i = 0; i < x.size(); ++i) {
            auto const number = T(draw.integer(std::uint64_t(i), 9));
            x.data()[i] = number < 6 ? T(0) : (number - 7) / 4;
        }
        for (descent::index i = 0; i < rows; ++i) {
            y[i] = T(draw.integer(std::uint64_t(x.size() + i), std::uint64_t(classes)));
            weights[i] = T(i % 4);
        }
        entries = data::sparse_matrix<T>::of(x);
    }

    data::batch<T> dense() const { return {x.data(), y.data(), x.cols(), x.rows(), nullptr, weights.data()}; }
    data::sparse_batch<T> sparse() const {
        return {entries.offsets.data(),
                entries.columns.data(),
                entries.values.data(),
                y.data(),
                x.cols(),
                x.rows(),
                nullptr,
                weights.data()};
    }
};

/// The value in long double, straight from the definition.
long double value_of(table<double> const& t, vector<double> const& p, linear::objective_layout const& where) {
    long double total = 0, square = 0;
    for (descent::index i = 0; i < t.x.rows(); ++i) {
        std::vector<long double> z(std::size_t(where.outputs));
        for (descent::index c = 0; c < where.outputs; ++c) {
            z[std::size_t(c)] = where.bias_at < 0 ? 0 : p[where.bias_at + c];
            for (descent::index j = 0; j < t.x.cols(); ++j)
                z[std::size_t(c)] +=
                    static_cast<long double>(p[where.weight_at + c * t.x.cols() + j]) * t.x(i, j);
        }
        if (where.outputs == 1) {
            total += t.weights[i] * (std::log1p(std::exp(z[0])) - t.y[i] * z[0]);
        } else {
            long double sum = 0;
            for (long double const each : z)
                sum += std::exp(each);
            total += t.weights[i] * (std::log(sum) - z[std::size_t(t.y[i])]);
        }
    }
    for (descent::index i = 0; i < where.outputs * t.x.cols(); ++i)
        square += static_cast<long double>(p[where.weight_at + i]) * p[where.weight_at + i];
    return total / t.weights.sum() + where.l2 / 2 * square;
}

vector<double> random_point(descent::index n, std::uint32_t stream) {
    generator const draw{5, stream};
    vector<double> p(n);
    for (descent::index i = 0; i < n; ++i)
        p[i] = draw.uniform<double>(std::uint64_t(i)) - 0.5;
    return p;
}

/// Value, gradient and Hessian against central differences of the definition; padding gets 0.
template <class Loss, class Batch>
bool agrees(table<double> const& t, Batch const& rows, linear::objective_layout const& where) {
    linear::objective f{Loss{}, rows, where};
    descent::index const n = where.dimension;
    vector<double> const x = random_point(n, 0), v = random_point(n, 1);
    vector<double> g(n), above(n), below(n), product = vector<double>::Constant(n, 1e30);
    auto const view = [](vector<double>& a) { return vector_view<double>(a.data(), a.size()); };
    auto const read = [](vector<double> const& a) { return vector_view<double const>(a.data(), a.size()); };
    double const value = f(read(x), view(g));
    f.hessian_product(read(v), view(product));
    bool good = std::fabs(value - value_of(t, x, where)) < 1e-13 * (1 + value) &&
                std::fabs(f.value(read(x)) - value) < 1e-14 * (1 + value);
    double const h = 1e-6;
    for (descent::index i = 0; i < n; ++i) {
        vector<double> right = x, left = x;
        right[i] += 1e-5;
        left[i] -= 1e-5;
        auto const slope = double(value_of(t, right, where) - value_of(t, left, where)) / (right[i] - left[i]);
        good = good && std::fabs(g[i] - slope) < 1e-9 && (slope != 0 || g[i] == 0);
    }
    vector<double> const right = x + h * v, left = x - h * v;
    f(read(right), view(above));
    f(read(left), view(below));
    return good && ((above - below) / (2 * h) - product).template lpNorm<Eigen::Infinity>() < 1e-8;
}

template <class Loss>
void check_all(int classes, descent::index outputs) {
    for (descent::index const features : {1, 3, 8, 19})
        for (bool const intercept : {true, false}) {
            INFO("features = " << features << ", intercept = " << intercept);
            table<double> const t(67, features, classes);
            descent::index const end = (outputs * features + 7) / 8 * 8;
            linear::objective_layout const where{.dimension = end + 8,
                                                 .outputs = outputs,
                                                 .weight_at = intercept ? 0 : 8,
                                                 .bias_at = intercept ? end : linear::objective_layout::none,
                                                 .l2 = intercept ? 0.0 : 0.25};
            CHECK(agrees<Loss>(t, t.dense(), where));
            CHECK(agrees<Loss>(t, t.sparse(), where));
        }
}

/// Do the values and gradients of a sample equal those of the same rows picked by hand?
template <class Batch>
bool samples_well(Batch rows, descent::index count) {
    linear::objective_layout const where{.dimension = rows.features + 1, .bias_at = rows.features};
    linear::objective f{loss::logistic{}, rows, where};
    auto some = f.sampled(count, 3);
    auto const chosen = linear::detail::spread_rows(rows.count, count, 3);
    bool good = some.samples() == count && descent::index(chosen.size()) == count;
    for (std::size_t i = 1; i < chosen.size(); ++i)
        good = good && chosen[i - 1] < chosen[i] && chosen[i] < rows.count;
    rows.order = chosen.data();
    rows.count = count;
    linear::objective picked{loss::logistic{}, rows, where};
    vector<double> const x = random_point(where.dimension, 2);
    vector<double> g(x.size()), same(x.size());
    vector_view<double const> const at(x.data(), x.size());
    auto moved = std::move(some);
    double const a = moved(at, vector_view<double>(g.data(), g.size()));
    double const b = picked(at, vector_view<double>(same.data(), same.size()));
    return good && std::fabs(a - b) < 1e-14 && (g - same).lpNorm<Eigen::Infinity>() < 1e-14;
}

}  // namespace

TEST_CASE("linear objective: value, gradient and Hessian of the logistic loss are those of the definition") {
    check_all<loss::logistic>(2, 1);
}

TEST_CASE("linear objective: value, gradient and Hessian of softmax are those of the definition") {
    check_all<loss::softmax_cross_entropy>(3, 3);
    check_all<loss::softmax_cross_entropy>(7, 7);
}

TEST_CASE("linear objective: a sample holds rising rows of all parts of the data, in memory of its own") {
    table<double> const t(100, 5, 2);
    for (descent::index const count : {1, 7, 33, 99, 100}) {
        CHECK(samples_well(t.dense(), count));
        CHECK(samples_well(t.sparse(), count));
    }
    linear::objective f{loss::logistic{}, t.dense(), {.dimension = 8}};
    CHECK(f.sampled(1000, 0).samples() == 100);
    for (descent::index const stretch :
         {0, 1, 2, 3}) {  // each quarter of the rows gives a quarter of the sample
        auto const chosen = linear::detail::spread_rows(100, 20, 9);
        int found = 0;
        for (auto const row : chosen)
            found += row / 25 == stretch;
        CHECK(found == 5);
    }
}

TEST_CASE("linear objective: bad calls") {
    table<double> const t(10, 3, 2);
    linear::objective f{loss::logistic{}, t.dense(), {.dimension = 8}};
    auto const message = [](auto const& call) -> std::string {
        try {
            call();
        } catch (error const& e) {
            return e.what();
        }
        return "nothing thrown";
    };
    vector<double> v = vector<double>::Zero(8), out(8);
    CHECK(message([&] {
              f.hessian_product(vector_view<double const>(v.data(), 8), vector_view<double>(out.data(), 8));
          }) == "objective: hessian_product before the first value");
    CHECK(message([&] { (void)f.sampled(0, 1); }) == "objective: sampled: count = 0: must be > 0");
}

TEST_CASE("linear curvature: the explicit Hessian is the product with unit vectors") {
    for (descent::index const features : {1, 16, 17, 50}) {
        table<double> const t(203, features, 2);
        auto const rows = t.dense();
        descent::index const d = features;
        vector<double> const x = random_point(d + 1, 4);
        vector<double> c(rows.count), g(d + 1), column(d + 1);
        linear::workspace<double> work;
        linear::mean_loss_gradient(loss::logistic{}, rows, x.data(), x.data() + d, 1, g.data(), g.data() + d,
                                   exec::serial{}, work, c.data());
        linear::curvature_of_scores(loss::logistic{}, rows, 1, c.data());
        matrix<double> h = matrix<double>::Constant(d, d, 7);
        vector<double> border = vector<double>::Constant(d, 7);
        double corner = 7, worst = 0;
        linear::hessian(loss::logistic{}, rows, c.data(), h.data(), border.data(), &corner, exec::serial{});
        for (descent::index i = 0; i <= d; ++i) {
            vector<double> unit = vector<double>::Unit(d + 1, i);
            linear::hessian_product(loss::logistic{}, rows, c.data(), unit.data(), unit.data() + d, 1,
                                    column.data(), column.data() + d, exec::serial{}, work);
            vector<double> full(d + 1);
            full << (i < d ? vector<double>(h.col(i)) : border), i < d ? border[i] : corner;
            worst = std::fmax(worst, (full - column).lpNorm<Eigen::Infinity>());
        }
        CHECK(worst < 1e-14);
    }
}

#if DESCENT_OPENMP_ENABLED

TEST_CASE("linear objective: any number of threads gives the bits of one, dense and sparse") {
    table<double> const t(3001, 40, 3);
    linear::objective_layout const where{.dimension = 3 * 40 + 3, .outputs = 3, .bias_at = 120, .l2 = 0.1};
    vector<double> const x = random_point(where.dimension, 6);
    auto const run = [&](auto const& rows, auto const& executor) {
        linear::objective f{loss::softmax_cross_entropy{}, rows, where, executor};
        vector<double> all(2 * where.dimension + 1);
        vector_view<double const> const at(x.data(), x.size());
        vector_view<double> g(all.data(), where.dimension),
            product(all.data() + where.dimension, where.dimension);
        all[2 * where.dimension] = f(at, g);
        f.hessian_product(at, product);
        return all;
    };
    for (int const threads : {2, 3, 5}) {
        CHECK(run(t.dense(), exec::serial{}) == run(t.dense(), exec::openmp{threads}));
        CHECK(run(t.sparse(), exec::serial{}) == run(t.sparse(), exec::openmp{threads}));
    }
}

#endif
