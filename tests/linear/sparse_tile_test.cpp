// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/curvature.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/linear/online_svm.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/loss/squared.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

/// Rows of 0 to 40 entries out of 97 columns, with weights, and a list of some of them.
template <class T>
struct table {
    data::sparse_dataset<T> wide;
    data::sparse_dataset<T, std::uint16_t> thin;
    std::vector<descent::index> list;
    std::vector<T> w, bias;
    descent::index outputs;

    table(descent::index samples, descent::index classes) : outputs(classes) {
        generator const draw{std::uint64_t(samples + classes)};
        std::uint64_t next = 0;
        auto const number = [&] { return T(2 * draw.uniform<double>(next++) - 1); };
        wide.x.width = 97;
        wide.y.resize(samples);
        wide.weights.resize(samples);
        for (descent::index i = 0; i < samples; ++i) {
            double const full = draw.uniform<double>(next++) * 0.4;
            for (std::uint32_t j = 0; j < 97; ++j)
                if (draw.uniform<double>(next++) < full) {
                    wide.x.columns.push_back(j);
                    wide.x.values.push_back(number());
                }
            wide.x.offsets.push_back(std::int64_t(wide.x.values.size()));
            wide.y[i] = T(i % std::max(classes, descent::index(2)));
            wide.weights[i] = T(i % 3);
            list.push_back((i * 7 + 3) % samples);
        }
        for (descent::index i = 0; i < classes * 97; ++i)
            w.push_back(number());
        for (descent::index i = 0; i < classes; ++i)
            bias.push_back(number());
        thin = data::narrow(wide);
    }

    /// Loss, gradient, its bias slopes, a Hessian product (of floats), scores, one behind another.
    template <class Table, class Executor = exec::serial>
    std::vector<T> pass(Table const& of, bool listed, Executor const& executor = {}) const {
        auto rows = data::all_of(of);
        rows.order = listed ? list.data() : nullptr;
        auto const k = std::size_t(outputs), n = std::size_t(rows.count);
        std::vector<T> all(1 + 2 * 98 * k + k * n, T(1e30));
        T *const g = all.data() + 1, *const g_bias = g + 97 * k, *const product = g_bias + k,
                 *const scores = product + 98 * k;
        linear::workspace<T> work;
        auto const run = [&](auto const& loss) {
            all[0] = T(linear::mean_loss_gradient(loss, rows, w.data(), bias.data(), outputs, g, g_bias,
                                                  executor, work, scores));
            if constexpr (sizeof(T) == 4) {
                std::vector<T> bend(scores, scores + k * n);
                linear::curvature_of_scores(loss, rows, outputs, bend.data());
                linear::hessian_product(loss, rows, bend.data(), w.data(), bias.data(), outputs, product,
                                        product + 97 * k, executor, work);
            }
        };
        if (outputs == 1)
            run(loss::squared{});
        else
            run(loss::softmax_cross_entropy{});
        return all;
    }

    /// Loss and gradient (bias slopes last) in long double, one row after another.
    std::vector<long double> reference(bool listed) const {
        auto const k = std::size_t(outputs);
        matrix<T> const x = wide.x.dense();
        std::vector<long double> all(1 + 98 * k);
        long double total = 0;
        for (descent::index i = 0; i < x.rows(); ++i) {
            descent::index const row = listed ? list[std::size_t(i)] : i;
            long double const y = wide.y[row], weight = wide.weights[row];
            std::vector<long double> z(bias.begin(), bias.end());
            long double sum = 0;
            for (std::size_t c = 0; c < k; ++c) {
                for (std::size_t j = 0; j < 97; ++j)
                    z[c] += static_cast<long double>(x(row, descent::index(j))) * w[c * 97 + j];
                sum += std::exp(z[c]);
            }
            total += weight;
            all[0] += weight * (k == 1 ? (z[0] - y) * (z[0] - y) / 2 : std::log(sum) - z[std::size_t(y)]);
            for (std::size_t c = 0; c < k; ++c) {
                long double const slope =
                    weight * (k == 1 ? z[0] - y : std::exp(z[c]) / sum - (c == std::size_t(y)));
                for (std::size_t j = 0; j < 97; ++j)
                    all[1 + c * 97 + j] += slope * x(row, descent::index(j));
                all[1 + 97 * k + c] += slope;
            }
        }
        for (long double& each : all)
            each /= total;
        return all;
    }
};

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("linear sparse_tile: any number of outputs against long double, columns of 16 and 32 bits",
                   "", float, double) {
    for (descent::index const outputs : {1, 2, 4, 5, 8, 9, 12, 16, 17, 28, 33})
        for (descent::index const samples : {1, 31, 65})
            for (bool const listed : {false, true}) {
                INFO("outputs = " << outputs << ", samples = " << samples << ", listed = " << listed);
                table<TestType> const t(samples + 2, outputs);
                auto const expected = t.reference(listed);
                auto const got = t.pass(t.wide, listed);
                bool close = true;
                for (std::size_t i = 0; i < expected.size(); ++i)
                    close = close &&
                            std::fabs(got[i] - expected[i]) <=
                                60 * std::numeric_limits<TestType>::epsilon() * (1 + std::fabs(expected[i]));
                CHECK(close);
            }
}

TEST_CASE("linear sparse_tile: the same bits on any number of threads, from columns of 16 and 32 bits") {
    for (descent::index const outputs : {1, 3, 10})
        for (bool const listed : {false, true}) {
            table<float> const t(1500, outputs);
            auto const alone = t.pass(t.wide, listed);
            for (int const threads : {1, 2, 3, 7})
                CHECK(same_bits(alone, t.pass(t.thin, listed, exec::openmp{threads})));
        }
}

TEST_CASE("linear sparse_tile: tall tiles and weights beyond the cache against long double") {
    constexpr descent::index samples = 9000, apart = 6185;
    table<float> t(samples, 1);
    auto const expected = t.reference(false);
    auto wide = t.wide;
    wide.x.width = 97 * apart;
    std::vector<float> w(97 * apart,
                         std::numeric_limits<float>::quiet_NaN());  // no row has the columns between
    for (auto& column : wide.x.columns)
        column *= apart;
    for (std::size_t j = 0; j < 97; ++j)
        w[j * apart] = t.w[j];
    std::vector<descent::index> order(samples);
    for (descent::index i = 0; i < samples; ++i)
        order[std::size_t(i)] = i;
    linear::workspace<float> work;
    std::vector<float> g(w.size()), listed(w.size());
    float slope = 0;
    auto rows = data::all_of(wide);
    auto const pass = [&](std::vector<float>& to) {
        return linear::mean_loss_gradient(loss::squared{}, rows, w.data(), t.bias.data(), 1, to.data(), &slope,
                                          exec::openmp{3}, work);
    };
    double const loss = pass(g);
    CHECK(std::fabs(loss - expected[0]) < 1e-6 * expected[0]);
    CHECK(std::fabs(slope - expected[98]) < 1e-6);
    bool close = true;
    for (std::size_t j = 0; j < g.size(); ++j)
        close = close && (j % apart ? g[j] == 0 : std::fabs(g[j] - expected[1 + j / apart]) < 1e-6);
    CHECK(close);
    rows.order = order.data();  // low tiles
    CHECK(std::fabs(pass(listed) - loss) < 1e-6 * loss);
    CHECK(same_bits(g, listed));
}

TEST_CASE("linear sparse_tile: the online SVM learns the same from columns of 16 and 32 bits") {
    table<float> t(200, 1);
    linear::online_svm<float> a{97}, b{97};
    a.partial_fit(t.wide);
    b.partial_fit(t.thin);
    CHECK((a.weights() == b.weights() && a.bias() == b.bias() && a.weights().squaredNorm() > 0));
    CHECK(a.decision_values(t.wide.x) == a.decision_values(t.thin.x));
}
