// SPDX-License-Identifier: MIT
#include <descent/linear/online_svm.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <descent/core/random.hpp>

#include "message.hpp"

using namespace descent;
using linear::averaging;

namespace {

/// A stream: samples [first, first + count), most entries 0, of two classes that overlap.
template <class T>
data::dataset<T> stream(descent::index first, descent::index count, descent::index features = 12,
                        bool weighted = false) {
    generator const draws{.seed = 5}, noise{.seed = 6};
    data::dataset<T> made{matrix<T>::Zero(count, features), vector<T>(count)};
    made.weights.resize(weighted ? count : 0);
    for (descent::index i = 0; i < count; ++i) {
        double score = 0.3;
        for (descent::index j = 0; j < features; ++j) {
            auto const at = std::uint64_t((first + i) * features + j);
            double const x =
                draws.uniform<double>(2 * at) < 0.4 ? 2 * draws.uniform<double>(2 * at + 1) - 1 : 0;
            made.x(i, j) = T(x);
            score += double(j % 3 - 1) * x;
        }
        made.y[i] = score + 0.3 * noise.normal<double>(std::uint64_t(first + i)) > 0 ? T(1) : T(0);
        if (weighted)
            made.weights[i] = T((first + i) % 3);
    }
    return made;
}

template <class T>
data::sparse_dataset<T> sparse(data::dataset<T> const& from) {
    return {data::sparse_matrix<T>::of(from.x), from.y, {}, {}, {}, from.weights};
}

/// Pegasos as its paper has it, figure 1 with one sample a step, and the mean as its formula says. The last
/// component is of the constant feature.
vector<double> by_the_paper(data::dataset<double> const& rows, linear::online_svm_options const& options) {
    descent::index const n = rows.features();
    vector<double> w = vector<double>::Zero(n + 1), mean = w, x(n + 1);
    double total = 0;
    for (descent::index i = 0; i < rows.samples(); ++i) {
        double const t = double(i + 1), eta = 1 / (options.lambda * t), y = 2 * rows.y[i] - 1;
        double const weight = rows.weights.size() ? rows.weights[i] : 1;
        x.head(n) = rows.x.row(i);
        x[n] = options.bias;
        bool const violated = y * w.dot(x) < 1;
        w *= 1 - eta * options.lambda;
        if (violated)
            w += eta * weight * y * x;
        if (options.project && w.norm() > 0)
            w *= std::fmin(1, 1 / std::sqrt(options.lambda) / w.norm());
        double const count = options.average == averaging::rising ? t : 1;
        total += count;
        mean += count / total * (w - mean);
    }
    return options.average == averaging::none ? w : mean;
}

double off(linear::online_svm<double> const& model, vector<double> const& expected) {
    auto const w = model.weights();
    double const bias = expected[w.size()] * model.options().bias;
    return std::fmax((w - expected.head(w.size())).cwiseAbs().maxCoeff(), std::fabs(model.bias() - bias)) /
           std::fmax(1, expected.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("linear online_svm: step by step as the paper says, dense and sparse, in parts of any size") {
    auto const average = GENERATE(averaging::none, averaging::uniform, averaging::rising);
    for (bool const project : {false, true})
        for (double const bias : {1.0, 0.0, -2.5})
            for (descent::index const count : {1, 2, 7, 500}) {
                auto const rows = stream<double>(0, count, 12, count == 500);
                linear::online_svm_options const options{1e-2, project, average, bias};
                auto const expected = by_the_paper(rows, options);
                linear::online_svm<double> whole{12, options}, by_row = whole, by_feature = whole;
                whole.partial_fit(rows);
                for (descent::index i = 0; i < count; ++i)
                    by_row.partial_fit(rows.x.row(i), int(rows.y[i]),
                                       rows.weights.size() ? rows.weights[i] : 1);
                auto const entries = sparse(rows);
                for (descent::index i = 0, n = 0; i < count; i += n) {
                    n = std::min<descent::index>(1 + i % 5 * 3, count - i);
                    std::vector<descent::index> part;
                    for (descent::index k = 0; k < n; ++k)
                        part.push_back(i + k);
                    auto next = entries.rows(part);
                    if (next.weights.size() && (next.weights.array() == 0).all()) {
                        part.push_back(i + n++);  // weights that are all 0 are refused
                        next = entries.rows(part);
                    }
                    by_feature.partial_fit(next);
                }
                CHECK(whole.steps() == count);
                CHECK(by_feature.steps() == count);
                CHECK(off(whole, expected) < 1e-11);
                CHECK(off(by_feature, expected) < 1e-11);
                CHECK(by_row.weights() == whole.weights());
                CHECK(by_row.bias() == whole.bias());
            }
}

TEST_CASE("linear online_svm: projections that leave next to nothing are folded in") {
    // Large samples: each step leaves the ball, what is left of the sum falls below 1e-6 again and again.
    auto rows = stream<double>(0, 400);
    rows.x *= 1000;
    for (auto const average : {averaging::none, averaging::uniform, averaging::rising}) {
        linear::online_svm_options const options{1.0, true, average, 1};
        linear::online_svm<double> model{12, options};
        model.partial_fit(rows);
        CHECK(off(model, by_the_paper(rows, options)) < 1e-9);
    }
}

TEST_CASE("linear online_svm: one pass comes near the optimum of the batch") {
    auto const rows = stream<float>(0, 20000), fresh = stream<float>(20000, 4000);
    double const lambda = 1e-3;
    linear::online_svm<float> model{12, {.lambda = lambda}};
    for (descent::index i = 0; i < 20000; i += 500) {
        std::vector<descent::index> part;
        for (descent::index k = i; k < i + 500; ++k)
            part.push_back(k);
        model.partial_fit(rows.rows(part));
    }
    // The optimum lies between the dual value and the primal value of exact coordinate ascent (Hsieh et al.,
    // 2008).
    vector<double> w = vector<double>::Zero(13), a = vector<double>::Zero(20000), x(13);
    double const c = 1 / (lambda * 20000);
    x[12] = 1;
    for (int pass = 0; pass < 60; ++pass)
        for (descent::index i = 0; i < 20000; ++i) {
            x.head(12) = rows.x.row(i).cast<double>();
            double const y = 2 * double(rows.y[i]) - 1;
            double const moved = std::fmin(std::fmax(a[i] + (1 - y * w.dot(x)) / x.squaredNorm(), 0), c);
            w += (moved - a[i]) * y * x;
            a[i] = moved;
        }
    double const dual = lambda * (a.sum() - w.squaredNorm() / 2);
    double const objective = model.objective(rows);
    CHECK(objective > dual);
    CHECK(objective < 1.02 * dual);
    vector<double> const values = (fresh.x.cast<double>() * w.head(12)).array() + w[12];
    double const batch = double(((values.array() > 0) == (fresh.y.array() > 0)).count()) / 4000;
    CHECK(model.score(fresh) > batch - 0.005);
    CHECK(model.score(sparse(fresh)) == model.score(fresh));
    // Its objective is the definition.
    auto const z = model.decision_values(rows.x);
    double expected = lambda / 2 * (model.weights().squaredNorm() + model.bias() * model.bias());
    for (descent::index i = 0; i < 20000; ++i)
        expected += std::fmax(0, 1 - (2 * double(rows.y[i]) - 1) * double(z(i, 0))) / 20000;
    CHECK(std::fabs(objective - expected) < 1e-10);
}

TEMPLATE_TEST_CASE("linear online_svm: answers", "", float, double) {
    using T = TestType;
    linear::online_svm<T> model{2, {.lambda = 0.5, .average = averaging::none}};
    matrix<T> x(2, 2);
    x << 1, 2, -3, 0;
    CHECK(model.decision_values(x).isZero(0));  // nothing learnt
    CHECK(model.predict(x).isZero(0));
    CHECK(model.predict(matrix<T>(0, 2)).size() == 0);
    model.partial_fit(std::vector<T>{1, 2}, 1);  // w = y x / (lambda t) = 2 (1, 2, 1)
    CHECK(model.weights() == vector<double>{{2, 4}});
    CHECK(model.bias() == 2);
    CHECK(model.decision_values(x).col(0) == vector<T>{{12, -4}});
    CHECK(model.decision_values(data::sparse_matrix<T>::of(x)).col(0) == vector<T>{{12, -4}});
    CHECK(model.predict(x) == vector<T>{{1, 0}});
    model.partial_fit(x.row(0), 1);  // no loss: w halves
    CHECK(model.weights() == vector<double>{{1, 2}});
    CHECK(model.steps() == 2);
    data::dataset<T> judged{x, vector<T>{{1, 1}}};
    CHECK(model.score(judged) == 0.5);
    judged.weights = vector<T>{{3, 1}};
    CHECK(model.score(judged) == 0.75);
}

TEST_CASE("linear online_svm: bad settings and bad samples are named, and nothing is learnt from them") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(message_of([] { linear::online_svm<float>{0}; }) == "online_svm: features = 0: must be > 0");
    CHECK(message_of([] { linear::online_svm<float>(3, {.lambda = 0}); }) ==
          "online_svm: lambda = 0: must be finite and > 0");
    CHECK(message_of([&] { linear::online_svm<float>(3, {.bias = nan}); }) ==
          "online_svm: bias = nan: must be finite");
    linear::online_svm<double> model{12};
    auto const complaint = [&](auto const& rows) { return message_of([&] { model.partial_fit(rows); }); };
    auto rows = stream<double>(0, 5);
    rows.y[3] = 2;
    CHECK(complaint(rows) == "online_svm: row 3: label 2: must be an integer in [0, 2)");
    rows.y[3] = 1;
    rows.x(4, 2) = nan;
    CHECK(complaint(rows) == "online_svm: row 4, column 2 is nan");
    rows.x(4, 2) = 0;
    rows.class_names = {"a", "b", "c"};
    CHECK(complaint(rows) == "online_svm: the data has 3 classes, the model 2");
    CHECK(complaint(stream<double>(0, 5, 11)) == "online_svm: the data has 11 features, the model 12");
    auto broken = sparse(stream<double>(0, 5));
    broken.x.columns[0] = 12;
    CHECK(complaint(broken) == "online_svm: row 0: column 12: must be in [0, 12)");
    auto const one = [&](std::vector<double> const& row, int label, double weight) {
        return message_of([&] { model.partial_fit(row, label, weight); });
    };
    std::vector<double> row(12, 1.0);
    CHECK(one(row, 2, 1) == "online_svm: label 2: must be an integer in [0, 2)");
    CHECK(one(row, 1, -1) == "online_svm: weight is -1: must be finite and >= 0");
    row[5] = nan;
    CHECK(one(row, 1, 1) == "online_svm: feature 5 is nan");
    CHECK(one({1, 2}, 1, 1) == "online_svm: the sample has 2 features, the model 12");
    CHECK(model.steps() == 0);
    CHECK(message_of([&] { model.predict(broken.x); }) == "online_svm: column 12: must be in [0, 12)");
    CHECK(message_of([&] { model.predict(matrix<double>(1, 3)); }) ==
          "online_svm: x has 3 features, the model 12");
}
