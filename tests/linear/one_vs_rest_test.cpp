// SPDX-License-Identifier: MIT
#include <descent/linear/one_vs_rest.hpp>

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/data/csv.hpp>
#include <descent/linear/online_svm.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// A model whose score is its threshold minus the sample's only number, or the number itself; it remembers what
/// it was shown.
struct shown {
    using scalar = double;
    double slope = 0, offset = 0;
    std::vector<double> targets = {};
    matrix<double> scores(matrix<double> const& x) const { return (slope * x.array() + offset).matrix(); }
};

data::dataset<double> three() {
    data::dataset<double> made{matrix<double>(4, 1), vector<double>(4)};
    made.x << 0, 1, 2, 3;
    made.y << 0, 2, 1, 2;
    made.class_names = {"a", "b", "c"};
    return made;
}

}  // namespace

TEST_CASE("linear one_vs_rest: each model sees its class as 1, the largest score wins") {
    linear::one_vs_rest all{3, shown{}};
    int trained = 0;
    fit(all, three(), [&](shown& model, data::dataset<double> const& table) {
        model.targets.assign(table.y.begin(), table.y.end());
        CHECK(table.x == three().x);
        ++trained;
    });
    CHECK(trained == 3);
    CHECK(all.models()[0].targets == std::vector<double>{1, 0, 0, 0});
    CHECK(all.models()[1].targets == std::vector<double>{0, 0, 1, 0});
    CHECK(all.models()[2].targets == std::vector<double>{0, 1, 0, 1});
    all.models()[0].offset = 1;
    all.models()[1].slope = 1;
    all.models()[2].offset = 2;
    all.models()[2].slope = 0.5;  // scores 1, x and 2 + x / 2
    matrix<double> x(3, 1);
    x << -4, 2, 5;
    CHECK(all.predict(x) == vector<double>{{0, 2, 1}});
    x << -2, 1, 4;  // equal scores: the lowest class
    CHECK(all.predict(x) == vector<double>{{0, 2, 1}});
    CHECK(all.scores(x).row(2) == (matrix<double>(1, 3) << 1, 4, 4).finished());
    auto judged = three();
    judged.weights = vector<double>{{1, 2, 3, 4}};
    CHECK(all.score(judged) == 0.6);  // classes 2 2 2 2
}

TEST_CASE("linear one_vs_rest: ten digits from a stream") {
    std::string const here = __FILE__;
    auto const folder = here.substr(0, here.rfind("tests")) + "examples/data/optdigits_";
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto train = data::read_csv(folder + "train.csv", format),
         test = data::read_csv(folder + "test.csv", format);
    train.x /= 16;
    test.x /= 16;
    linear::online_svm<float> const untrained{64, {.lambda = 1e-3}};
    linear::one_vs_rest whole{10, untrained}, parts = whole, sparse = whole;
    fit(whole, train, [](auto& model, auto const& table) { model.partial_fit(table); });
    for (descent::index first = 0; first < train.samples(); first += 1000) {
        std::vector<descent::index> rows;
        for (descent::index i = first; i < std::min(first + 1000, train.samples()); ++i)
            rows.push_back(i);
        parts.partial_fit(train.rows(rows));
    }
    sparse.partial_fit(data::sparse_dataset<float>{data::sparse_matrix<float>::of(train.x), train.y});
    CHECK(whole.score(test) > 0.92);
    CHECK(parts.scores(test.x) == whole.scores(test.x));
    CHECK((sparse.scores(test.x) - whole.scores(test.x)).cwiseAbs().maxCoeff() < 1e-4f);
}

TEST_CASE("linear one_vs_rest: bad data is named") {
    CHECK(message_of([] { linear::one_vs_rest(1, shown{}); }) == "one_vs_rest: classes = 1: must be >= 2");
    linear::one_vs_rest all{2, shown{}};
    auto const complaint = [&](data::dataset<double> const& table) {
        return message_of([&] { fit(all, table, [](shown&, data::dataset<double> const&) {}); });
    };
    auto train = three();
    CHECK(complaint(train) == "one_vs_rest: the data has 3 classes, the model 2");
    train.class_names.clear();
    CHECK(complaint(train) == "one_vs_rest: row 1: label 2: must be an integer in [0, 2)");
    train.y.setOnes();
    CHECK(complaint(train) == "one_vs_rest: the data has one class only (1): must have two");
    CHECK(complaint({}) == "one_vs_rest: 0 samples x 0 features: the data is empty");
}
