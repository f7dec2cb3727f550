// SPDX-License-Identifier: MIT
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/loss/squared.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace descent;

namespace {

/// Scores, targets and a list of rows for one loss; everything random, the list with rows left out and
/// repeated.
template <class T, class Loss>
struct problem {
    static constexpr bool classes = std::is_same_v<Loss, loss::softmax_cross_entropy>;
    static constexpr descent::index outputs = classes ? 3 : 1;

    descent::index features, rows;
    std::vector<T> x, y, w, bias;
    std::vector<descent::index> list;

    problem(descent::index dims, descent::index samples) : features(dims), rows(samples) {
        generator const draw{std::uint64_t(1000 * dims + samples)};
        std::uint64_t next = 0;
        auto const number = [&] { return T(2 * draw.uniform<double>(next++) - 1); };
        for (descent::index i = 0; i < rows * features; ++i)
            x.push_back(number());
        for (descent::index i = 0; i < rows; ++i) {
            bool const numbers = std::is_same_v<Loss, loss::squared>;
            y.push_back(numbers ? number() : T(draw.uniform<double>(next++) * (classes ? 3 : 2) - T(0.5)));
            if (!numbers)
                y.back() = std::fabs(std::round(y.back()));
            list.push_back(descent::index(draw.uniform<double>(next++) * double(rows)));
        }
        for (descent::index i = 0; i < outputs * features; ++i)
            w.push_back(number());
        for (descent::index i = 0; i < outputs; ++i)
            bias.push_back(number());
    }

    data::batch<T> batch(bool listed) const {
        return {x.data(), y.data(), features, rows, listed ? list.data() : nullptr};
    }
};

template <class T>
struct slopes {
    double loss;
    std::vector<T> g, g_bias;
};

template <class T, class Loss, class Executor = exec::serial>
slopes<T> library(problem<T, Loss> const& p, bool listed, Executor const& executor = {}) {
    T const garbage = T(1e30);  // what was there before must not matter
    slopes<T> out{0, std::vector<T>(p.w.size(), garbage), std::vector<T>(p.bias.size(), garbage)};
    linear::workspace<T> work;
    out.loss = linear::mean_loss_gradient(Loss{}, p.batch(listed), p.w.data(), p.bias.data(), p.outputs,
                                          out.g.data(), out.g_bias.data(), executor, work);
    return out;
}

/// One row after another, in long double.
template <class T, class Loss>
slopes<long double> reference(problem<T, Loss> const& p, bool listed) {
    auto const batch = p.batch(listed);
    std::vector<long double> g(p.w.size()), g_bias(p.bias.size());
    long double total = 0;
    for (descent::index i = 0; i < p.rows; ++i) {
        T const* const row = batch.row(i);
        long double const y = batch.target(i);
        std::vector<long double> z(p.bias.begin(), p.bias.end()), slope(z.size());
        for (std::size_t c = 0; c < z.size(); ++c)
            for (descent::index j = 0; j < p.features; ++j)
                z[c] += static_cast<long double>(row[j]) * p.w[c * std::size_t(p.features) + std::size_t(j)];
        if constexpr (std::is_same_v<Loss, loss::squared>) {
            total += (z[0] - y) * (z[0] - y) / 2;
            slope[0] = z[0] - y;
        } else if constexpr (std::is_same_v<Loss, loss::logistic>) {
            total += std::log1p(std::exp(z[0])) - y * z[0];
            slope[0] = 1 / (1 + std::exp(-z[0])) - y;
        } else {
            long double sum = 0;
            for (long double const each : z)
                sum += std::exp(each);
            total += std::log(sum) - z[std::size_t(y)];
            for (std::size_t c = 0; c < z.size(); ++c)
                slope[c] = std::exp(z[c]) / sum - (c == std::size_t(y));
        }
        for (std::size_t c = 0; c < z.size(); ++c) {
            g_bias[c] += slope[c] / p.rows;
            for (descent::index j = 0; j < p.features; ++j)
                g[c * std::size_t(p.features) + std::size_t(j)] += slope[c] * row[j] / p.rows;
        }
    }
    return {double(total / p.rows), g, g_bias};
}

template <class T>
bool close(T value, long double expected) {
    return std::fabs(value - expected) <= 40 * static_cast<long double>(std::numeric_limits<T>::epsilon());
}

template <class T, class Loss>
void check_against_reference() {
    for (descent::index const features : {1, 2, 7, 8, 9, 64, 65})
        for (descent::index const rows : {1, 31, 32, 33, 257, 1000})
            for (bool const listed : {false, true}) {
                INFO("features = " << features << ", rows = " << rows << ", listed = " << listed);
                problem<T, Loss> const p(features, rows);
                auto const expected = reference(p, listed);
                auto const got = library(p, listed);
                bool all = std::fabs(got.loss - expected.loss) <=
                           40 * double(std::numeric_limits<T>::epsilon()) * (1 + expected.loss);
                for (std::size_t i = 0; i < got.g.size(); ++i)
                    all = all && close(got.g[i], expected.g[i]);
                for (std::size_t i = 0; i < got.g_bias.size(); ++i)
                    all = all && close(got.g_bias[i], expected.g_bias[i]);
                CHECK(all);
            }
}

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("linear gradient: mean loss and gradient against long double, one row after another", "",
                   float, double) {
    check_against_reference<TestType, loss::squared>();
    check_against_reference<TestType, loss::logistic>();
    check_against_reference<TestType, loss::softmax_cross_entropy>();
}

TEMPLATE_TEST_CASE("linear gradient: the gradient is the central difference of the loss", "", loss::squared,
                   loss::logistic, loss::softmax_cross_entropy) {
    for (descent::index const features : {1, 7, 65}) {
        problem<double, TestType> p(features, 33);
        auto const got = library(p, true);
        double const h = 1e-5;
        auto const difference = [&](double& w) {
            double const here = w;
            w = here + h;
            double const above = library(p, true).loss;
            w = here - h;
            double const below = library(p, true).loss;
            w = here;
            return (above - below) / (2 * h);
        };
        for (std::size_t i = 0; i < p.w.size(); ++i)
            CHECK(std::fabs(difference(p.w[i]) - got.g[i]) < 1e-9);
        for (std::size_t i = 0; i < p.bias.size(); ++i)
            CHECK(std::fabs(difference(p.bias[i]) - got.g_bias[i]) < 1e-9);
    }
}

TEMPLATE_TEST_CASE("linear gradient: rows beside the batch have no say", "", float, double) {
    using T = TestType;
    problem<T, loss::squared> p(9, 40);
    auto const all = p.batch(false);
    std::vector<T> g(9), g_bias(1), alone(9), alone_bias(1);
    linear::workspace<T> work;
    double const part = linear::mean_loss_gradient(loss::squared{}, all.part(3, 5), p.w.data(), p.bias.data(),
                                                   1, g.data(), g_bias.data(), exec::serial{}, work);
    p.x.erase(p.x.begin(), p.x.begin() + 3 * 9);
    p.x.resize(5 * 9);  // nothing behind the five rows: the sanitizers see a read beyond them
    p.x.shrink_to_fit();
    p.y = {p.y.begin() + 3, p.y.begin() + 8};
    double const copy =
        linear::mean_loss_gradient(loss::squared{}, data::batch<T>{p.x.data(), p.y.data(), 9, 5}, p.w.data(),
                                   p.bias.data(), 1, alone.data(), alone_bias.data(), exec::serial{}, work);
    CHECK(part == copy);
    CHECK(same_bits(g, alone));
    CHECK(same_bits(g_bias, alone_bias));
}

#if DESCENT_OPENMP_ENABLED

TEMPLATE_TEST_CASE("linear gradient: any number of threads gives the bits of one", "", float, double) {
    using T = TestType;
    int const threads = GENERATE(1, 2, 3, 7);
    for (descent::index const rows : {1, 257, 1000, 5000, 17001})
        for (bool const listed : {false, true}) {
            problem<T, loss::softmax_cross_entropy> const p(9, rows);
            auto const one = library(p, listed), many = library(p, listed, exec::openmp{threads});
            CHECK(one.loss == many.loss);
            CHECK(same_bits(one.g, many.g));
            CHECK(same_bits(one.g_bias, many.g_bias));
        }
}

#endif
