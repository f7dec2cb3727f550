// SPDX-License-Identifier: MIT
// fit alone: every linear model by the method that suits it, against scikit-learn 1.9.1 at tolerance 1e-13.
#include <descent/linear.hpp>
#include <descent/train/fit.hpp>

#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

namespace {

/// 30 rows of 3 features in eighths, with counts 0 .. 6 or two classes as targets.
data::dataset<double> table_of(bool classes) {
    data::dataset<double> table{matrix<double>(30, 3), vector<double>(30)};
    for (descent::index i = 0; i < 30; ++i) {
        for (descent::index j = 0; j < 3; ++j)
            table.x(i, j) = double((i * 7 + j * 13 + i * i * (j + 2)) % 23 - 11) / 8;
        double const rule = table.x(i, 0) - 0.5 * table.x(i, 1) + 0.25 * double((i * 5) % 7 - 3);
        table.y[i] = classes ? double(rule > 0.1) : double((i * i + 3 * i) % 7);
    }
    return table;
}

data::sparse_dataset<double> sparse_of(data::dataset<double> const& table) {
    return {data::sparse_matrix<double>::of(table.x), table.y, {}, {}, {}, {}};
}

/// The largest difference between a model's weights and those expected.
template <class Model>
double off(Model const& model, double a, double b, double c) {
    auto const w = model.weight();
    return std::fmax(std::fabs(w(0, 0) - a), std::fmax(std::fabs(w(0, 1) - b), std::fabs(w(0, 2) - c)));
}

}  // namespace

TEST_CASE("train linear_models: elastic net, lasso and Poisson regression have scikit-learn's weights") {
    auto const counts = table_of(false);
    auto const thin = sparse_of(counts);
    linear::elastic_net<double> net{3, {.l1 = 0.15, .l2 = 0.15}}, net_of_sparse{3, {.l1 = 0.15, .l2 = 0.15}};
    auto const report = fit(net, counts);
    fit(net_of_sparse, thin);
    CHECK(off(net, 0, -0.01967489829, 0.0682758537975) < 1e-8);
    CHECK(off(net_of_sparse, 0, -0.01967489829, 0.0682758537975) < 1e-8);
    CHECK(std::fabs(net.bias()[0] - 2.934509810725489) < 1e-8);
    CHECK(net.nonzeros() == 2);
    CHECK(std::fabs(net.loss(data::all_of(counts)) - report.loss) < 1e-12);

    linear::poisson_regression<double> poisson{3, {.l2 = 0.1}};
    fit(poisson, counts);  // ends 1e-4 of the objective above the optimum at most
    CHECK(off(poisson, 0.01023417069123, -0.08343299659658, 0.09734590389666) < 2e-2);
    fit(poisson, counts, solve::sampled_newton{.tolerance = 1e-14});
    CHECK(off(poisson, 0.01023417069123, -0.08343299659658, 0.09734590389666) < 1e-6);
    CHECK(std::fabs(poisson.predict(matrix<double>(counts.x.topRows(1)))[0] - 2.55357431408212) < 1e-5);
    CHECK(poisson.predict(thin.x).isApprox(poisson.predict(counts.x), 1e-12));
}

TEST_CASE("train linear_models: linear SVMs have LIBLINEAR's weights, C = 1 where no penalty is given") {
    auto const classes = table_of(true);
    auto const thin = sparse_of(classes);
    linear::linear_svm<double> hinge{3, {.intercept = false}};
    fit(hinge, classes, solve::dual_coordinate_descent{.tolerance = 1e-12});
    CHECK(off(hinge, 1.31807780320399, 0.31121281464569, 0.05491990846644) < 1e-5);
    CHECK(hinge.l2() == 1.0 / 30);
    linear::linear_svm<double> by_default{3, {.intercept = false}};
    auto const report = fit(by_default, thin);
    CHECK(report.gap <= 1e-4 * report.loss);

    // LIBLINEAR's squared hinge sums C max(0, 1 - s z)^2.
    linear::linear_svm<double, loss::squared_hinge> squared{3, {.intercept = false}};
    fit(squared, classes, solve::sampled_newton{.tolerance = 1e-14});
    CHECK(off(squared, 0.73909559367538, -0.00569082334772, 0.09225417113035) < 1e-6);
    CHECK(squared.predict(thin.x) == squared.predict(classes.x));
}

TEST_CASE(
    "train linear_models: fit alone ends within 1e-4 of the optimum, dense or sparse, and goes on from "
    "weights") {
    auto const table = clouds<double>(20000, 6);
    auto two = table;
    for (double& label : two.y)
        label = label > 0;
    linear::logistic_regression<double> best{6}, quick{6}, thin{6};
    double const optimum = fit(best, two, solve::lbfgs{.tolerance = 1e-9}).loss;
    CHECK(best.l2() == 1.0 / 20000);
    auto const report = fit(quick, two);
    CHECK(report.status == status::converged);
    CHECK(quick.loss(data::all_of(two)) <= optimum * (1 + 1e-4));
    CHECK(report.evaluations <= 6);  // passes over all of the data
    fit(thin, sparse_of(two));
    CHECK(thin.loss(data::all_of(two)) <= optimum * (1 + 1e-4));
    CHECK(fit(best, two).epochs == 0);  // already there

    // Softmax, and float: the same promise.
    linear::softmax_regression<double> exact{6, 3};
    double const least = fit(exact, table, solve::lbfgs{.tolerance = 1e-9}).loss;
    auto const narrow = clouds<float>(20000, 6);
    linear::softmax_regression<float> softmax{6, 3};
    CHECK(double(fit(softmax, narrow, exec::serial{}).loss) <= least * (1 + 2e-4));
}

TEST_CASE("train linear_models: long sparse rows are trained by Newton steps, short ones by their duals") {
    auto table = table_of(true);
    for (double const length : {1.0, 100.0}) {
        table.x *= length;
        auto const thin = sparse_of(table);
        linear::logistic_regression<double> model{3}, best{3};
        auto const report = fit(model, thin);
        double const optimum = fit(best, table, solve::lbfgs{.tolerance = 1e-10}).loss;
        CHECK(report.status == status::converged);
        CHECK(report.loss <= optimum * (1 + 1.1e-4));
        CHECK((report.reason.find("predicted") != std::string::npos) == (length > 1));
        CHECK((report.reason.find("duality gap") != std::string::npos) == (length == 1));
    }
}

TEST_CASE("train linear_models: least squares by fit alone is exact") {
    auto const counts = table_of(false);
    matrix<double> design(30, 4);
    design << counts.x, vector<double>::Ones(30);
    matrix<double> const gram = design.transpose() * design;
    linear::linear_regression<double> line{3};
    fit(line, counts);
    vector<double> solution(4);
    solution << line.weight().transpose(), line.bias();
    CHECK((gram * solution - design.transpose() * counts.y).cwiseAbs().maxCoeff() < 1e-4);
}

TEST_CASE("train linear_models: settings and targets out of range are told") {
    CHECK(message_of([] { linear::elastic_net<double>(2, {.l1 = -1}); }) ==
          "elastic_net: l1 = -1: must be finite and >= 0");
    CHECK(message_of([] { linear::linear_svm<double>(0); }) == "linear_svm: features = 0: must be > 0");
    auto negative = table_of(false);
    negative.y[4] = -1;
    linear::poisson_regression<double> poisson{3};
    CHECK(message_of([&] { fit(poisson, negative); }) == "poisson_regression: row 4: target -1: must be >= 0");
}
