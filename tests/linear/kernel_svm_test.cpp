// SPDX-License-Identifier: MIT
#include <descent/linear/kernel_svm.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/data/csv.hpp>
#include <descent/exec/openmp.hpp>

#include "message.hpp"

using namespace descent;
namespace kernel = descent::linear::kernel;

namespace {

using table = data::dataset<double>;

/// 60 samples of 3 features; both labellings are told apart by a curve.
table samples(descent::index classes) {
    table made{matrix<double>(60, 3), vector<double>(60)};
    for (descent::index i = 0; i < 60; ++i) {
        for (descent::index j = 0; j < 3; ++j)
            made.x(i, j) = double((i * 7 + j * 13) * (i + 3 * j + 5) % 101) / 50 - 1;
        double const a = made.x(i, 0), b = made.x(i, 1), c = made.x(i, 2);
        made.y[i] = classes == 2 ? (a * a + b > 0.2 ? 1 : 0) : (a + b > 0.4 ? 2 : c > 0 ? 1 : 0);
    }
    return made;
}

data::dataset<float> in_float(table const& from) {
    return {from.x.cast<float>(), from.y.cast<float>(), {}, {}, {}, from.weights.cast<float>()};
}

template <class T>
data::sparse_dataset<T> sparse(data::dataset<T> const& from) {
    return {data::sparse_matrix<T>::of(from.x), from.y, {}, {}, {}, from.weights};
}

/// The largest difference of the first decision values from those of scikit-learn 1.7 (SVC with tol=1e-9).
template <class Model, class Table>
double off(Model& model, Table const& train, std::vector<double> const& expected) {
    auto const report = fit(model, train);
    REQUIRE(report.status == status::converged);
    auto const values = model.decision_values(train.x);
    double most = 0;
    for (std::size_t i = 0; i < expected.size(); ++i)
        most = std::fmax(most, std::fabs(double(values.data()[i]) - expected[i]));
    return most;
}

/// Labels and numbers in no order, not separable, 300 x 5.
table mixed(descent::index rows = 300) {
    table made{matrix<double>(rows, 5), vector<double>(rows)};
    for (descent::index i = 0; i < rows; ++i) {
        for (descent::index j = 0; j < 5; ++j)
            made.x(i, j) = double((i * i * 31 + j * j * 57 + i * j * 11 + 3 * i) % 997) / 500 - 1;
        made.y[i] = std::sin(5 * made.x(i, 0)) + made.x(i, 1) + double(i % 7) / 6 - 0.5 > 0 ? 1 : 0;
    }
    return made;
}

}  // namespace

TEST_CASE("linear kernel_svm: decision values are those of scikit-learn, every kernel") {
    auto const two = samples(2);
    std::vector<double> const rbf{-1.000000037, 1.032588857, 1.319041339,
                                  1.645927902,  1.276396691, -2.018326218},
        narrow{-0.999999966, 1.021391774, 1.998609302, 1.832209113, 1.446159963, -2.293162693},
        cubic{-1.004433676, 1.199892441, 3.036032002, 1.422387511, 1.783607458, -1.863990420},
        line{-2.207879801, 1.916771999, 1.210727202, 1.420368190, 2.148401263, -1.379091782},
        bent{-1.146688797, 0.999999993, 0.616463636, 0.733457910, 1.168147276, -0.765865653},
        weighted{-0.999999938, 1.032325088, 1.901836805, 1.747863721, 1.393463196, -2.112092803},
        priced{-0.999999930, 1.002015082, 2.065064839, 1.677584368, 1.544016831, -2.199044807};
    linear::kernel_svm<double> scaled{{}, {.c = 2, .tolerance = 1e-8}};
    CHECK(off(scaled, two, rbf) < 1e-6);
    CHECK(scaled.support().size() == 20);
    CHECK(off(scaled, sparse(two), rbf) < 1e-6);
    linear::kernel_svm<float> single{{}, {.c = 2, .tolerance = 1e-6}};
    CHECK(off(single, in_float(two), rbf) < 1e-5);
    linear::kernel_svm<double> bell{{.gamma = 0.7}, {.c = 5, .tolerance = 1e-8}};
    CHECK(off(bell, two, narrow) < 1e-6);
    linear::kernel_svm<double, kernel::polynomial> third{{.degree = 3, .gamma = 0.5, .offset = 1},
                                                         {.tolerance = 1e-8}};
    CHECK(off(third, two, cubic) < 1e-6);
    linear::kernel_svm<double, kernel::linear> straight{{}, {.tolerance = 1e-8}};
    CHECK(off(straight, two, line) < 1e-6);
    linear::kernel_svm<double, kernel::sigmoid> squashed{{.gamma = 0.1, .offset = -0.2}, {.tolerance = 1e-8}};
    CHECK(off(squashed, two, bent) < 1e-5);
    linear::kernel_svm<double> each{{.gamma = 0.7}, {.c = 2, .tolerance = 1e-8, .class_weights = {1, 3}}};
    CHECK(off(each, two, priced) < 1e-6);
    auto counted = two;
    counted.weights = vector<double>(60);
    for (descent::index i = 0; i < 60; ++i)
        counted.weights[i] = double(1 + i % 3);
    linear::kernel_svm<double> by_sample{{.gamma = 0.7}, {.c = 2, .tolerance = 1e-8}};
    CHECK(off(by_sample, counted, weighted) < 1e-6);
    CHECK(off(by_sample, sparse(counted), weighted) < 1e-6);
}

TEST_CASE("linear kernel_svm: three classes, one against one, are those of scikit-learn") {
    auto const train = samples(3);
    linear::kernel_svm<double> model{{.gamma = 0.7}, {.c = 2, .tolerance = 1e-8}};
    CHECK(off(model, train,
              {-1.212069419, 0.505942374, 1.122123783, -0.779348274, -1.055339503, -0.343237105, 0.749068153,
               -1.462397993, -1.295934358}) < 1e-6);
    double const intercepts[] = {0.089450083, 0.143816520, 0.136231710};
    double const ovr[] = {0.862040941, 2.233359123, -0.206497358, -0.215742488, 1.101225025,
                          2.194362023, 0.861219593, -0.223864349, 2.244641514};
    double const dual[] = {1.523262366, 0, 0, 0, 2, 2, 1.307075330, 2};
    auto const scores = model.scores(train.x);
    for (int k = 0; k < 9; ++k) {
        CHECK(std::fabs(scores.data()[k] - ovr[k]) < 1e-6);
        CHECK(std::fabs(model.intercepts()[k % 3] - intercepts[k % 3]) < 1e-6);
        CHECK(std::fabs(model.coefficients()(k % 8 / 4, k % 4) - dual[k % 8]) < 1e-6);
    }
    REQUIRE(model.support().size() == 31);
    CHECK(std::vector<descent::index>(model.support().begin(), model.support().begin() + 10) ==
          std::vector<descent::index>{7, 8, 11, 31, 32, 35, 37, 46, 48, 50});
    std::string const expected = "122221200220011212201211022111200120001002211001020020012002";
    auto const labels = model.predict(train.x), from_sparse = model.predict(sparse(train).x);
    std::string found;
    for (double const label : labels)
        found += char('0' + int(label));
    CHECK(found == expected);
    CHECK(labels == from_sparse);
    CHECK(model.score(train) == double((labels.array() == train.y.array()).count()) / 60);
}

TEST_CASE("linear kernel_svm: handwritten digits as scikit-learn reads them") {
    std::string const here = __FILE__;
    auto const folder = here.substr(0, here.rfind("tests")) + "examples/data/optdigits_";
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto train = data::read_csv(folder + "train.csv", format),
         test = data::read_csv(folder + "test.csv", format);
    train.x /= 16;
    test.x /= 16;
    linear::kernel_svm<float> model{{}, {.c = 10, .tolerance = 1e-5}};
    auto const report = fit(model, train);
    CHECK(report.status == status::converged);
    CHECK(std::fabs(model.gamma() - 0.10977201984962105) < 1e-9);
    CHECK(std::abs(int(report.support_vectors) - 910) <= 2);
    CHECK(std::lround(model.score(test) * 1797) == 1760);
    double const first[] = {1.577020757, 1.575924461, 1.412546049, 1.645816385, 1.893294857};
    auto const values = model.decision_values(test.x.topRows(1));
    REQUIRE(values.cols() == 45);
    for (int k = 0; k < 5; ++k)
        CHECK(std::fabs(double(values(0, k)) - first[k]) < 1e-4);
}

TEST_CASE("linear kernel_svm: the report tells the truth about the optimum") {
    auto const train = mixed();
    double const c = 3;
    for (double const tolerance : {1e-2, 1e-6}) {
        linear::kernel_svm<double> model{{.gamma = 1}, {.c = c, .tolerance = tolerance}};
        auto const report = fit(model, train);
        // Primal and dual of what came out, from the definition.
        vector<double> a = vector<double>::Zero(300);
        for (std::size_t s = 0; s < model.support().size(); ++s)
            a[model.support()[s]] = model.coefficients()(0, descent::index(s));
        double dual = 0, primal = 0, total = 0, high = -1e9, low = 1e9;
        for (descent::index i = 0; i < 300; ++i) {
            double const y = 2 * train.y[i] - 1;
            CHECK((y * a[i] >= 0 && y * a[i] <= c));
            double f = 0;
            for (descent::index j = 0; j < 300; ++j)
                f += a[j] * std::exp(-(train.x.row(i) - train.x.row(j)).squaredNorm());
            total += a[i];
            dual += y * a[i] - a[i] * f / 2;
            primal += a[i] * f / 2 + c * std::fmax(0, 1 - y * (f + model.intercepts()[0]));
            high = a[i] < (y > 0 ? c : 0) ? std::fmax(high, y - f) : high;
            low = a[i] > (y > 0 ? 0 : -c) ? std::fmin(low, y - f) : low;
        }
        CHECK(report.status == status::converged);
        CHECK(std::fabs(total) < 1e-9);
        CHECK(std::fabs(report.objective - dual) < 1e-4);  // kernel values are kept as float
        CHECK(std::fabs(report.gap - (primal - dual)) < 2e-4);
        CHECK(report.gap > -1e-9);
        CHECK(report.gap < 300 * c * tolerance);
        CHECK(report.violation < tolerance);
        CHECK(std::fabs(report.violation - (high - low)) < 1e-5);
    }
}

TEST_CASE("linear kernel_svm: shrinking, a small cache, threads and sparse rows change nothing that matters") {
    auto const train = mixed(600);
    auto const solve = [&](linear::svm_options const& options, auto const& data, auto const& executor) {
        linear::kernel_svm<double> model{{.gamma = 2}, options};
        auto const report = fit(model, data, executor);
        CHECK(report.status == status::converged);
        return std::pair{model.decision_values(train.x, executor), report};
    };
    linear::svm_options const plain{.c = 20, .tolerance = 1e-5, .shrinking = false};
    auto const [expected, report] = solve(plain, train, exec::serial{});
    auto tight = plain;
    tight.cache_bytes = 0;
    auto const [again, recomputed] = solve(tight, train, exec::serial{});
    CHECK(again == expected);
    CHECK(recomputed.iterations == report.iterations);
    CHECK(recomputed.kernel_rows > 2 * report.kernel_rows);
    tight.shrinking = true;
    auto smaller = plain;
    smaller.shrinking = true;
    for (auto const& options : {tight, smaller}) {
        auto const [values, shrunk] = solve(options, train, exec::serial{});
        CHECK((values - expected).cwiseAbs().maxCoeff() < 1e-3);
        CHECK(std::fabs(shrunk.objective - report.objective) < 1e-3);
        CHECK(shrunk.violation < 1e-5);
#if DESCENT_OPENMP_ENABLED
        auto const [threaded, same] = solve(options, train, exec::openmp{3});
        CHECK(threaded == values);
        CHECK(same.iterations == shrunk.iterations);
#endif
    }
    auto const [values, by_feature] = solve(smaller, sparse(train), exec::serial{});
    CHECK((values - expected).cwiseAbs().maxCoeff() < 1e-3);
}

TEST_CASE("linear kernel_svm: a weight is a number of copies, 0 of them too") {
    auto train = samples(2);
    train.weights = vector<double>::Ones(60);
    std::vector<descent::index> rows;
    for (descent::index i = 0; i < 60; ++i) {
        train.weights[i] = double(i % 3);
        for (descent::index k = 0; k < i % 3; ++k)
            rows.push_back(i);
    }
    auto copied = train.rows(rows);
    copied.weights.resize(0);
    linear::kernel_svm<double> one{{.gamma = 1}, {.c = 0.5, .tolerance = 1e-7}}, other = one;
    fit(one, train);
    fit(other, copied);
    CHECK((one.decision_values(train.x) - other.decision_values(train.x)).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("linear kernel_svm: what has no clear answer gets the right one") {
    // Two samples: the wide margin between them by hand, w = 1, b = 0.
    table two{matrix<double>(2, 1), vector<double>(2)};
    two.x << -1, 1;
    two.y << 0, 1;
    linear::kernel_svm<double, kernel::linear> model{{}, {.c = 10}};
    CHECK(fit(model, two).objective == 0.5);
    CHECK(model.decision_values(two.x) == two.x);
    CHECK(model.predict(matrix<double>(0, 1)).size() == 0);
    // The same place with both labels, and nothing else: no slope, the bias between.
    two.x << 1, 1;
    CHECK(fit(model, two).status == status::converged);
    CHECK(std::fabs(model.decision_values(two.x)(0, 0)) <= 1);
    // Constant columns leave the variance of the others; nothing but constants: gamma = 1.
    linear::kernel_svm<double> bell;
    fit(bell, two);
    CHECK(bell.gamma() == 1);
    // A class that never occurs is never predicted.
    auto named = samples(2);
    named.class_names = {"no", "yes", "never"};
    named.y.array() *= 2;
    fit(bell, named);
    CHECK(bell.classes() == 3);
    CHECK((bell.predict(named.x).array() != 1).all());
    CHECK(bell.score(named) > 0.9);
}

TEST_CASE("linear kernel_svm: a run that ends early says so") {
    auto const train = mixed();
    linear::kernel_svm<double> model{{.gamma = 1}, {.c = 3, .tolerance = 1e-9, .iterations = 700}};
    auto report = fit(model, train);
    CHECK(report.status == status::finished);
    CHECK(report.iterations == 700);
    CHECK(report.violation > 1e-9);
    CHECK(report.reason.substr(0, 10) == "violation ");
    descent::index calls = 0;
    report = fit(model, train, exec::serial{}, [&](linear::svm_progress const& now) -> verdict {
        ++calls;
        CHECK(now.iteration == 300 * (calls - 1));
        CHECK((now.pairs == 1 && now.pair == 0 && now.active <= 300 && now.violation > 0));
        return {calls == 2, status::interrupted, ""};
    });
    CHECK(report.status == status::interrupted);
    CHECK(report.iterations == 300);
    auto far = samples(2);
    far.x *= 1e60;
    linear::kernel_svm<double, kernel::polynomial> cubic{{.gamma = 1}};
    report = fit(cubic, far);
    CHECK(report.status == status::diverged);
    CHECK(report.reason == "a kernel value is not finite");
}

TEST_CASE("linear kernel_svm: bad settings and bad data are named") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    auto const made = [](linear::svm_options const& options) {
        return message_of([&] { linear::kernel_svm<float>({}, options); });
    };
    CHECK(made({.c = 0}) == "kernel_svm: c = 0: must be finite and > 0");
    CHECK(made({.c = nan}) == "kernel_svm: c = nan: must be finite and > 0");
    CHECK(made({.tolerance = 0}) == "kernel_svm: tolerance = 0: must be in (0, 1)");
    CHECK(made({.cache_bytes = -1}) == "kernel_svm: cache_bytes = -1: must be finite and >= 0");
    CHECK(made({.iterations = -1}) == "kernel_svm: iterations = -1: must be >= 0");
    CHECK(made({.class_weights = {1, -2}}) == "kernel_svm: class weight -2: must be finite and >= 0");
    CHECK(message_of([] { linear::kernel_svm<float>({.gamma = -1}); }) ==
          "kernel: gamma = -1: must be finite and >= 0");
    CHECK(message_of([] { linear::kernel_svm<float, kernel::polynomial>({.degree = 0}); }) ==
          "kernel: degree = 0: must be in [1, 100]");
    CHECK(message_of([&] { linear::kernel_svm<float, kernel::sigmoid>({.offset = nan}); }) ==
          "kernel: offset = nan: must be finite");

    linear::kernel_svm<double> model;
    auto const complaint = [&](auto const& data) { return message_of([&] { fit(model, data); }); };
    auto train = samples(2);
    CHECK(complaint(table{}) == "kernel_svm: 0 samples x 0 features: the data is empty");
    train.y.setZero();
    CHECK(complaint(train) == "kernel_svm: the data has one class only (0): must have two");
    train.y[4] = 0.5;
    CHECK(complaint(train) == "kernel_svm: row 4: label 0.5: must be an integer in [0, 2147483648)");
    train = samples(2);
    train.weights = train.y;
    CHECK(complaint(train) == "kernel_svm: the data has one class only (1): must have two");
    train = samples(2);
    train.x(7, 1) = nan;
    CHECK(complaint(train) == "kernel_svm: row 7, column 1 is nan");
    auto broken = sparse(samples(2));
    broken.x.columns[2] = 9;
    CHECK(complaint(broken) == "kernel_svm: row 0: column 9: must be in [0, 3)");
    linear::kernel_svm<double> weighted{{}, {.class_weights = {1, 2, 3}}};
    CHECK(message_of([&] { fit(weighted, samples(2)); }) == "kernel_svm: 3 class weights, 2 classes");

    matrix<double> const x = samples(2).x;
    CHECK(message_of([&] { model.predict(x); }) == "kernel_svm: the model is not trained");
    fit(model, samples(2));
    CHECK(message_of([&] { model.predict(matrix<double>(2, 5)); }) ==
          "kernel_svm: x has 5 features, the model 3");
    CHECK(message_of([&] { model.predict(broken.x); }) == "kernel_svm: column 9: must be in [0, 3)");
}
