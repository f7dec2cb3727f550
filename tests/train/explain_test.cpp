// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/train/explain.hpp>
#include <descent/train/regression_metrics.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "metric_problem.hpp"

using namespace descent;

namespace {

template <class T>
struct linear_model {
    matrix<T> w;
    vector<T> b;
    matrix<T> const& weight() const { return w; }
    vector<T> const& bias() const { return b; }
    vector<T> predict(matrix<T> const& x) const {
        vector<T> z = vector<T>::Constant(x.rows(), b[0]);
        for (descent::index j = 0; j < x.cols(); ++j)
            z += w(0, j) * x.col(j);
        return z;
    }
};

auto const less_error = [](auto const& model, auto const& table) { return -mean_squared_error(model, table); };

/// Three features that are independent by design, target 3 x0 - x1.
data::dataset<double> three_features() {
    data::dataset<double> table{matrix<double>(1000, 3), vector<double>(1000)};
    for (descent::index i = 0; i < 1000; ++i) {
        table.x.row(i) << double(i % 10), double(i / 10 % 10), double(i / 100);
        table.y[i] = 3 * table.x(i, 0) - table.x(i, 1);
    }
    table.feature_names = {"a", "b", "c"};
    return table;
}

}  // namespace

TEST_CASE("train explain: permutation importance of a perfect model is twice the variance of each term") {
    auto const table = three_features();
    linear_model<double> const model{matrix<double>{{3, -1, 0}}, vector<double>{{0}}};
    auto const told = permutation_importance(model, table, less_error, {.repeats = 20, .seed = 1});
    CHECK(told.score == 0);
    CHECK(told.names == table.feature_names);
    // E (w x_i - w x_pi(i))^2 = 2 w^2 variance(x) (times n / (n - 1) but for fixed points); variance 8.25. A
    // mean of 1000 such squares deviates by 4 %, that of 20 repeats by 1 %.
    CHECK(std::fabs(told.mean[0] / (2 * 9 * 8.25) - 1) < 0.04);
    CHECK(std::fabs(told.mean[1] / (2 * 8.25) - 1) < 0.04);
    CHECK(told.mean[2] == 0);
    CHECK(told.deviation[2] == 0);
    CHECK((told.deviation[0] > 0 && told.deviation[0] < 0.1 * told.mean[0]));
    bool own_permutations = true;
    for (descent::index r = 1; r < 20; ++r)
        own_permutations = own_permutations && told.drops(0, r) != told.drops(0, r - 1);
    CHECK(own_permutations);
    CHECK(close(told.mean[1], told.drops.row(1).mean()));
    CHECK(close(told.deviation[1], std::sqrt((told.drops.row(1).array() - told.mean[1]).square().mean())));
    auto const again = permutation_importance(model, table, less_error, {.repeats = 20, .seed = 2});
    CHECK(again.drops(0, 0) != told.drops(0, 0));
}

TEST_CASE("train explain: permutation importance leaves the data, and is the same on every executor") {
    auto const table = three_features();
    linear_model<double> const model{matrix<double>{{1, 2, 3}}, vector<double>{{4}}};
    auto const one = permutation_importance(model, table, less_error);
    CHECK(one.drops == permutation_importance(model, table, less_error, {}, exec::openmp{3}).drops);
    CHECK(one.score == -mean_squared_error(model, table));
    // One row has only one order.
    CHECK(permutation_importance(model, table.rows(std::vector<int>{7}), less_error).mean ==
          vector<double>::Zero(3));
}

TEMPLATE_TEST_CASE("train explain: linear SHAP", "", float, double) {
    using T = TestType;
    linear_model<T> const model{matrix<T>{{2, -1}, {0, 4}}, vector<T>{{0.5, -3}}};
    matrix<T> const background{{1, 0}, {3, 2}}, x{{2, 1}, {5, 0}, {2, 3}};
    auto const told = linear_shap(model, x, background);
    CHECK(told.base == 2 * 2 - 1 + 0.5);
    CHECK(told.phi == matrix<double>{{0, 0}, {6, 1}, {0, -2}});
    CHECK(told.importance() == vector<double>{{2, 1}});
    CHECK(told.phi.rowwise().sum() + vector<double>::Constant(3, told.base) ==
          vector<double>(model.predict(x).template cast<double>()));
    CHECK(linear_shap(model, x, background, 1).phi == matrix<double>{{0, 0}, {0, -4}, {0, 8}});
    CHECK(linear_shap(model, x, background, 1).base == 1);
    CHECK(linear_shap(linear_model<T>{model.w, {}}, matrix<T>(0, 2), background).base == 3);
}

TEST_CASE("train explain: linear SHAP is the mean over all orders of the features") {
    // Shapley's definition (1953) for three features: v(S) is the mean score over the background with the
    // features in S as in x.
    linear_model<double> const model{matrix<double>{{2, -1, 0.5}}, vector<double>{{1}}};
    matrix<double> const background{{1, 0, 2}, {3, 2, -4}, {0, 1, 1}}, x{{4, -2, 7}};
    auto const value = [&](unsigned set) {
        matrix<double> mixed = background;
        for (unsigned j = 0; j < 3; ++j)
            if (set >> j & 1)
                mixed.col(j).setConstant(x(0, j));
        return model.predict(mixed).mean();
    };
    auto const told = linear_shap(model, x, background);
    int const orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    double phi[3] = {};
    for (auto const& order : orders) {
        unsigned set = 0;
        for (int const j : order) {
            phi[j] += (value(set | 1u << j) - value(set)) / 6;
            set |= 1u << j;
        }
    }
    CHECK(close(told.base, value(0)));
    CHECK((close(told.phi(0, 0), phi[0]) && close(told.phi(0, 1), phi[1]) && close(told.phi(0, 2), phi[2])));
}

TEST_CASE("train explain: bad input") {
    auto table = three_features();
    linear_model<double> const model{matrix<double>{{1, 2, 3}}, vector<double>{{4}}};
    CHECK(message_of([&] { permutation_importance(model, table, less_error, {.repeats = 0}); }) ==
          "permutation_importance: repeats = 0: must be >= 1");
    table.x(3, 1) = std::numeric_limits<double>::infinity();
    CHECK(message_of([&] { permutation_importance(model, table, less_error); }) ==
          "permutation_importance: row 3, column 'b' (1) is inf");
    CHECK(message_of([&] { permutation_importance(model, data::dataset<double>{}, less_error); }) ==
          "permutation_importance: 0 samples x 0 features: the data is empty");
    matrix<double> const x(2, 3), two(2, 2), none(0, 3);
    CHECK(message_of([&] { linear_shap(model, two, x); }) == "linear_shap: x has 2 features, the model 3");
    CHECK(message_of([&] { linear_shap(model, x, two); }) ==
          "linear_shap: the background has 2 features, the model 3");
    CHECK(message_of([&] { linear_shap(model, x, none); }) == "linear_shap: the background has no rows");
    CHECK(message_of([&] { linear_shap(model, x, x, 1); }) == "linear_shap: output = 1: must be in [0, 1)");
}
