// SPDX-License-Identifier: MIT
#include <descent/data/folds.hpp>
#include <descent/data/row_view.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/linear/elastic_net.hpp>
#include <descent/linear/kernel_svm.hpp>
#include <descent/linear/logistic_regression.hpp>
#include <descent/linear/softmax_regression.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/log_loss.hpp>
#include <descent/train/ranking_metrics.hpp>
#include <descent/train/regression_metrics.hpp>

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using picks = std::vector<descent::index>;

namespace {

/// Classes that lines tell apart, but for some rows.
template <class T>
data::dataset<T> table_of(descent::index n, descent::index features, descent::index classes) {
    data::dataset<T> table{matrix<T>(n, features), vector<T>(n)};
    generator const draws{11};
    for (descent::index i = 0; i < n; ++i) {
        double most = 0;
        table.y[i] = 0;
        for (descent::index j = 0; j < features; ++j) {
            double const x = draws.normal<double>(std::uint64_t(i * features + j));
            table.x(i, j) = T(std::abs(x) < 0.4 ? 0 : x);
            if (j < classes && x > most)
                most = x, table.y[i] = T(j);
        }
    }
    table.weights = vector<T>::Ones(n);
    for (descent::index i = 0; i < n; i += 3)
        table.weights[i] = T(0.5);
    return table;
}

template <class T>
data::sparse_dataset<T> sparse_of(data::dataset<T> const& table) {
    return {data::sparse_matrix<T>::of(table.x), table.y, {}, {}, {}, table.weights};
}

picks some_of(descent::index n) {
    picks chosen;
    for (descent::index i = 0; i < n; ++i)
        if (i % 5 != 2)
            chosen.push_back(i);
    return chosen;
}

/// train(model, rows) makes the same weights, bit for bit, of a copy and of a view, and they answer alike.
template <class M, class Table, class Train>
std::string differs(M const& model, Table const& table, Train const& train) {
    auto const chosen = some_of(table.samples());
    auto const copy = table.rows(chosen);
    auto const view = data::row_view{table}.rows(chosen);
    M a = model, b = model;
    auto const of_copy = train(a, copy), of_view = train(b, view);
    using T = typename Table::scalar;
    auto const flat = [](M& m) { return vector_view<T const>(m.params().data(), m.params().arena_size()); };
    if (flat(a) != flat(b))
        return text("weights differ by ", (flat(a) - flat(b)).cwiseAbs().maxCoeff());
    if (of_copy.loss != of_view.loss || of_copy.steps != of_view.steps)
        return text("losses ", of_copy.loss, " and ", of_view.loss);
    if (a.loss(data::all_of(copy), exec::serial{}) != b.loss(data::all_of(view), exec::serial{}))
        return "loss";
    return vector<T>(a.predict(copy.x)) == detail::answers(b, view) ? "" : "answers differ";
}

constexpr auto alone = [](auto& model, auto const& part) {
    return fit(model, part, exec::openmp{.threads = 2});
};
constexpr auto by_steps = [](auto& model, auto const& part) {
    return fit(model, part, chain(adam{}, rate{0.01}), {.epochs = 3, .batch = 17, .seed = 4});
};
constexpr auto by_full = [](auto& model, auto const& part) {
    return fit(model, part, chain(adam{}, rate{0.01}), {.epochs = 3}, validate_on{part});
};

}  // namespace

TEST_CASE("train fit: a view of rows trains to the bits of a copy, linear models") {
    for (descent::index const features : {5, 90}) {  // rows of 90 numbers go in smaller tiles
        auto const table = table_of<float>(700, features, 2);
        auto const sparse = sparse_of(table);
        linear::logistic_regression<float> const logistic{features, {.l2 = 1e-3}};
        CHECK(differs(logistic, table, by_full) == "");
        CHECK(differs(logistic, sparse, alone) == "");
        CHECK(differs(logistic, sparse, by_full) == "");
        auto const wide = table_of<double>(700, features, 3);
        CHECK(differs(linear::softmax_regression<double>{features, 3, {.l2 = 1e-3}}, wide, alone) == "");
        CHECK(differs(linear::elastic_net<double>{features, {.l1 = 0.01}}, wide, alone) == "");
    }
}

TEST_CASE("train fit: a view of rows trains to the bits of a copy, networks and kernel machines") {
    auto const table = table_of<float>(300, 7, 3);
    nn::network const net{nn::input<float>{7},
                          nn::sequential{nn::dense{9}, nn::relu{}, nn::dropout{0.3}, nn::dense{3}}};
    CHECK(differs(net, table, by_steps) == "");
    CHECK(differs(net, table, by_full) == "");

    auto const chosen = some_of(300);
    linear::kernel_svm<float> a, b;
    auto const copy = table.rows(chosen);
    auto const view = data::row_view{table}.rows(chosen);
    fit(a, copy), fit(b, view);
    CHECK((a.gamma() == b.gamma() && a.support() == b.support() && a.coefficients() == b.coefficients()));
    CHECK(a.score(copy) == accuracy(b, view));
}

TEST_CASE("train metrics: of a model on a view as on a copy, in blocks") {
    auto const table = table_of<float>(3000, 4, 2);
    auto const chosen = some_of(3000);
    auto const copy = table.rows(chosen);
    auto const view = data::row_view{table}.rows(chosen);
    auto const sparse = sparse_of(table);
    linear::logistic_regression<float> model{4};
    fit(model, copy);
    CHECK(accuracy(model, view) == accuracy(model, copy));
    CHECK(log_loss(model, view) == log_loss(model, copy));
    CHECK(roc_auc(model, view) == roc_auc(model, copy));
    CHECK(r2(model, view) == r2(model, copy));
    CHECK(accuracy(model, data::row_view{sparse}.rows(chosen)) == accuracy(model, sparse.rows(chosen)));
    CHECK(accuracy(model, data::row_view{table}) == accuracy(model, table));
}

TEST_CASE("data row_view: rows of rows, classes, folds, bad input") {
    auto table = table_of<double>(20, 3, 3);
    data::row_view const all{table};
    auto const odd = all.rows(picks{1, 3, 5, 7, 9, 11, 13, 15, 17, 19});
    auto const some = odd.rows(picks{4, 0});
    CHECK((some.samples() == 2 && some.features() == 3 && some.number(0) == 9 && some.number(1) == 1));
    CHECK((some.y[0] == table.y[9] && some.weights[1] == table.weights[1]));
    CHECK((some.copy().x == table.rows(picks{9, 1}).x && all.copy().y == table.y));
    CHECK((all.classes() == 3 && all.rows(picks{}).samples() == 0 && all.rows(picks{}).copy().samples() == 0));
    CHECK(data::k_folds(odd, {.folds = 2, .seed = 3})[0].test ==
          data::k_folds(table.rows(picks{1, 3, 5, 7, 9, 11, 13, 15, 17, 19}), {.folds = 2, .seed = 3})[0].test);
    CHECK(message_of([&] { odd.rows(picks{10}); }) == "row_view: row 10: must be in [0, 10)");
    CHECK(message_of([&] { odd.rows(picks{-1}); }) == "row_view: row -1: must be in [0, 10)");

    // What lies in other rows is not looked at.
    table.x(4, 1) = NAN;
    auto sparse = sparse_of(table_of<double>(20, 3, 3));
    sparse.x.values[std::size_t(sparse.x.offsets[4])] = INFINITY;
    linear::linear_regression<double> model{3};
    fit(model, odd);
    fit(model, data::row_view{sparse}.rows(picks{0, 1, 2, 3, 5, 6, 7}));
    CHECK(message_of([&] {
              fit(model, all.rows(picks{9, 4, 1}));
          }) == "linear_regression: row 4, column 1 is nan");
    CHECK(message_of([&] {
              fit(model, data::row_view{sparse}.rows(picks{9, 4, 1}));
          }).starts_with("linear_regression: row 4, column "));
    CHECK(message_of([&] { fit(model, all.rows(picks{})); }) ==
          "linear_regression: 0 samples x 3 features: the data is empty");
}

TEST_CASE("train row_view: rows and copies take the targets and weights that a view was given") {
    data::dataset<float> table{.x = matrix<float>::Ones(4, 2), .y = vector<float>::Zero(4)};
    data::row_view view{table};
    view.y << 5, 6, 7, 8;
    view.weights = vector<float>::Constant(4, 2);
    std::vector<descent::index> const chosen{3, 1};
    auto const some = view.rows(chosen);
    CHECK((some.y[0] == 8 && some.y[1] == 6 && some.weights[1] == 2));
    CHECK((some.copy().y == some.y && view.copy().weights == view.weights));
}
