// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/optim.hpp>

#include "optim/rows.hpp"

#include "message.hpp"

using descent::chain;
using descent::lazy_adam;
using descent::lazy_optimizer;
using descent::matrix;
using descent::optimizer;
using descent::params;
using descent::rate;

namespace {

using row_list = std::vector<descent::index>;

template <class T>
matrix<T> random_rows(descent::index rows, descent::index columns, std::uint64_t from) {
    matrix<T> m(rows, columns);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = T(rows::draw(from++));
    return m;
}

template <class T>
bool same_bits(params<T> const& a, params<T> const& b) {
    return a.arena_size() == b.arena_size() &&
           std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(T)) == 0;
}

/// Rows 2 and 5 of a table, touched in every step, against a dense optimizer of these two rows.
template <class T, class Recipe>
void like_dense(Recipe const& recipe) {
    params<T> w{{"other", {3}}, {"table", {7, 5}}}, small{{"rows", {2, 5}}}, g = small.like();
    rows::fill(w, 1);
    params<T> const before = w;
    small["rows"].matrix() << w["table"].matrix().row(5), w["table"].matrix().row(2);
    lazy_optimizer lazy{recipe, w, "table"};
    optimizer dense{recipe, small};
    for (int step = 1; step <= 6; ++step) {
        matrix<T> const gradients = random_rows<T>(2, 5, 100 * std::uint64_t(step));
        g["rows"].matrix() = gradients;
        lazy.step(row_list{5, 2}, gradients);
        dense.step(g);
    }
    CHECK(lazy.steps() == 6);
    params<T> expected = before;
    expected["table"].matrix().row(5) = small["rows"].matrix().row(0);
    expected["table"].matrix().row(2) = small["rows"].matrix().row(1);
    CHECK(same_bits(w, expected));
}

}  // namespace

TEMPLATE_TEST_CASE("optim lazy: touched rows train as in a dense table, other rows stand still", "", float,
                   double) {
    using T = TestType;
    like_dense<T>(chain(descent::adam{}, rate{0.1}));
    like_dense<T>(chain(lazy_adam{}, descent::decay{0.1}, rate{descent::cosine{0.1, 5}}));
    like_dense<T>(chain(descent::adagrad{.initial = 0.5}, rate{0.1}));
    like_dense<T>(chain(descent::nadam{}, rate{0.1}));
    like_dense<T>(chain(descent::momentum{}, rate{0.1}, descent::lookahead{.period = 2}));
    like_dense<T>(descent::rprop{});
    like_dense<T>(rate{0.1});
}

TEST_CASE("optim lazy: a row that rests keeps its slots; the step count goes on") {
    params<double> w{{"table", {3, 1}}};
    lazy_optimizer lazy{chain(lazy_adam{}, rate{0.1}), w, "table"};
    matrix<double> one(1, 1);
    one << 2;
    lazy.step(row_list{1}, one);
    lazy.step(row_list{0}, one);
    lazy.step(row_list{}, matrix<double>(0, 1));
    lazy.step(row_list{1}, one);
    // torch.optim.SparseAdam by hand: row 1 at t = 1 and 4.
    double m = 0, v = 0, expected = 0;
    for (int const t : {1, 4}) {
        m += 0.1 * (2 - m);
        v += 0.001 * (4 - v);
        expected -=
            0.1 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t)) * m / (std::sqrt(v) + 1e-8);
    }
    CHECK(std::abs(w["table"].data[1] - expected) <= 1e-15);
    CHECK(w["table"].data[2] == 0);
    CHECK(lazy.steps() == 4);
}

TEST_CASE("optim lazy: gradients of a row that comes up several times are added in order") {
    params<float> w{{"table", {5, 3}}};
    rows::fill(w, 3);
    params<float> summed = w;
    lazy_optimizer one{chain(descent::adam{}, rate{0.1}), w, "table"};
    lazy_optimizer other{chain(descent::adam{}, rate{0.1}), summed, "table"};
    for (int step = 1; step <= 3; ++step) {
        matrix<float> const g = random_rows<float>(5, 3, 50 * std::uint64_t(step));
        one.step(row_list{4, 0, 4, 2, 4}, g);
        matrix<float> sums(3, 3);
        sums.row(0) = g.row(1);
        sums.row(1) = (g.row(0) + g.row(2)) + g.row(4);
        sums.row(2) = g.row(3);
        other.step(row_list{0, 4, 2}, sums);
    }
    CHECK(same_bits(w, summed));
}

TEST_CASE("optim lazy: the same bits for every number of threads, and as a dense table") {
    descent::index const count = 3001, columns = 37;
    row_list all;
    for (descent::index row = 0; row < count; ++row)
        all.push_back(row * 7 % count);
    auto const recipe = chain(descent::adam{}, rate{0.1});
    auto const trained = [&](int threads) {
        params<float> w{{"table", {count, columns}}};
        rows::fill(w, 1);
        lazy_optimizer lazy{recipe, w, "table", rows::executor{threads}};
        for (int step = 1; step <= 3; ++step)
            lazy.step(all, random_rows<float>(count, columns, 500'000 * std::uint64_t(step)));
        return w;
    };
    auto const serial = trained(0);
    for (int const threads : {1, 2, 3, 7})
        CHECK(same_bits(trained(threads), serial));

    params<float> w{{"table", {count, columns}}}, g = w.like();
    rows::fill(w, 1);
    optimizer dense{recipe, w};
    for (int step = 1; step <= 3; ++step) {
        auto const sparse = random_rows<float>(count, columns, 500'000 * std::uint64_t(step));
        for (descent::index i = 0; i < count; ++i)
            g["table"].matrix().row(all[std::size_t(i)]) = sparse.row(i);
        dense.step(g);
    }
    CHECK(same_bits(w, serial));
}

TEST_CASE("optim lazy: masked weights stay zero") {
    params<float> w{{"other", {21}}, {"table", {9, 5}}};
    rows::fill(w, 1);
    std::vector<bool> keep(45);
    for (std::size_t i = 0; i < keep.size(); ++i)
        keep[i] = i % 3 != 0;
    w.set_mask("table", keep);
    lazy_optimizer lazy{chain(descent::momentum{}, rate{0.1}, descent::keep_zeros{}), w, "table"};
    params<float> const before = w;
    for (int step = 0; step < 3; ++step)
        lazy.step(row_list{8, 1, 4, 3}, matrix<float>::Ones(4, 5));
    for (std::size_t i = 0; i < keep.size(); ++i) {
        bool const touched = i / 5 == 8 || i / 5 == 1 || i / 5 == 4 || i / 5 == 3;
        float const weight = w["table"].data[i];
        CHECK((weight != before["table"].data[i]) == (touched && keep[i]));
        CHECK((keep[i] || weight == 0));
    }
    auto const masked = w;
    lazy_optimizer forgetful{chain(descent::momentum{}, rate{0.1}), w, "table"};
    CHECK(message_of([&] { forgetful.step(row_list{8}, matrix<float>::Ones(1, 5)); }) ==
          "lazy_optimizer: 15 of 45 weights of 'table' are masked, and the recipe would train them: give it "
          "keep_zeros{}, or take the masks away (clear_masks())");
    CHECK(same_bits(w, masked));
}

TEST_CASE("optim lazy: goes on from a saved state bit for bit") {
    auto const recipe = chain(descent::nadam{}, rate{0.1}, descent::ema{0.9});
    params<float> w{{"table", {6, 5}}};
    rows::fill(w, 1);
    lazy_optimizer lazy{recipe, w, "table"};
    auto const fresh = lazy.state();
    auto const train = [](auto& which, int step) {
        which.step(row_list{step % 6, 5, step % 4}, random_rows<float>(3, 5, 40 * std::uint64_t(step)));
    };
    params<float> const first = w;
    for (int step = 1; step <= 3; ++step)
        train(lazy, step);
    auto const saved = lazy.state();
    params<float> const then = w;
    train(lazy, 4);
    train(lazy, 5);
    params<float> const expected = w;
    w = then;
    lazy_optimizer resumed{recipe, w, "table"};
    resumed.restore(saved);
    train(resumed, 4);
    train(resumed, 5);
    CHECK(same_bits(w, expected));

    w = first;
    resumed.restore(fresh);
    CHECK(resumed.steps() == 0);
    for (int step = 1; step <= 3; ++step)
        train(resumed, step);
    CHECK(same_bits(w, then));

    auto missing = saved, longer = saved, other = saved;
    missing.slots.pop_back();
    longer.memory.push_back(1);
    other.slots[0] = params<float>{{"table", {6, 4}}};
    CHECK(message_of([&] { resumed.restore(missing); }) ==
          "lazy_optimizer: state has 2 slots, the recipe has 3");
    CHECK(message_of([&] { resumed.restore(longer); }) ==
          "lazy_optimizer: state has 2 numbers of memory, the recipe has 1");
    CHECK(message_of([&] { resumed.restore(other); }) ==
          "lazy_optimizer: state: tensor 0 is 'table' [6, 4], expected 'table' [6, 5]");
}

TEST_CASE("optim lazy: rows are what the first axis counts") {
    params<double> w{{"cube", {4, 2, 3}}, {"vector", {6}}, {"empty", {3, 0}}, {"none", {0, 3}}};
    auto const recipe = rate{0.5};
    lazy_optimizer cube{recipe, w, "cube"};
    cube.step(row_list{2}, matrix<double>::Ones(1, 6));
    for (int i = 0; i < 24; ++i)
        CHECK(w["cube"].data[i] == (i / 6 == 2 ? -0.5 : 0));
    lazy_optimizer vector{recipe, w, "vector"};
    vector.step(row_list{1, 5}, matrix<double>::Ones(2, 1));
    for (int i = 0; i < 6; ++i)
        CHECK(w["vector"].data[i] == (i == 1 || i == 5 ? -0.5 : 0));
    lazy_optimizer empty{recipe, w, "empty"};
    empty.step(row_list{2, 2}, matrix<double>(2, 0));
    CHECK(empty.steps() == 1);
    lazy_optimizer none{recipe, w, "none"};
    none.step(row_list{}, matrix<double>(0, 3));
    CHECK(none.steps() == 1);
}

TEST_CASE("optim lazy: bad input is named, and changes nothing") {
    params<float> w{{"table", {11, 5}}, {"scalar", {}}};
    rows::fill(w, 1);
    params<float> const before = w;
    auto const recipe = chain(descent::adam{}, rate{0.1});
    lazy_optimizer lazy{recipe, w, "table"};
    auto const attempt = [&](row_list const& rows, matrix<float> const& g) {
        return message_of([&] { lazy.step(rows, g); });
    };
    CHECK(attempt({0, 3, 11}, matrix<float>::Ones(3, 5)) ==
          "lazy_optimizer: rows[2] = 11: must be in [0, 11), the rows of 'table'");
    CHECK(attempt({-1}, matrix<float>::Ones(1, 5)) ==
          "lazy_optimizer: rows[0] = -1: must be in [0, 11), the rows of 'table'");
    CHECK(attempt({0, 1}, matrix<float>::Ones(1, 5)) ==
          "lazy_optimizer: gradients of 'table' are [1, 5]: must be [2, 5], one row for each that is touched");
    CHECK(attempt({0, 1}, matrix<float>::Ones(2, 4)) ==
          "lazy_optimizer: gradients of 'table' are [2, 4]: must be [2, 5], one row for each that is touched");
    CHECK(lazy.steps() == 0);
    CHECK(same_bits(w, before));
    CHECK(message_of([&] { lazy_optimizer(recipe, w, "tabel"); }) ==
          "params: there is no tensor 'tabel', only " + w.names());
    CHECK(message_of([&] { lazy_optimizer(recipe, w, "scalar"); }) ==
          "lazy_optimizer: tensor 'scalar' is a scalar: must have rows");
    CHECK(message_of([&] { lazy_optimizer(chain(lazy_adam{.beta1 = 1}), w, "table"); }) ==
          "lazy_adam: beta1 = 1: must be in [0, 1)");
    CHECK(message_of([&] { lazy_optimizer(chain(lazy_adam{.beta2 = -1}), w, "table"); }) ==
          "lazy_adam: beta2 = -1: must be in [0, 1)");
    CHECK(message_of([&] { lazy_optimizer(chain(lazy_adam{.epsilon = -1}), w, "table"); }) ==
          "lazy_adam: epsilon = -1: must be finite and >= 0");
}

TEST_CASE("optim lazy: a gradient of NaN stays in its row") {
    params<float> w{{"table", {4, 3}}};
    lazy_optimizer lazy{chain(descent::adam{}, rate{0.1}), w, "table"};
    matrix<float> g = matrix<float>::Ones(2, 3);
    g(0, 1) = std::numeric_limits<float>::quiet_NaN();
    lazy.step(row_list{1, 2}, g);
    for (int i = 0; i < 12; ++i)
        CHECK(std::isnan(w["table"].data[i]) == (i == 4));
}
