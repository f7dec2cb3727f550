// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/ensemble.hpp>

#include <limits>
#include <tuple>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Says what it was told, whatever x.
template <class T>
struct says {
    vector<T> value;
    vector<T> predict(matrix<T> const&) const { return value; }
};
template <class T>
struct believes {
    vector<T> p;
    vector<T> predict_probability(matrix<T> const&) const { return p; }
    vector<T> predict(matrix<T> const&) const { return (p.array() > T(0.5)).template cast<T>(); }
};
template <class T>
struct believes_all {
    matrix<T> p;
    matrix<T> predict_probability(matrix<T> const&) const { return p; }
    vector<T> predict(matrix<T> const&) const { return detail::most_probable<T>(p); }
};

}  // namespace

TEMPLATE_TEST_CASE("train ensemble: averaging values and probabilities", "", float, double) {
    using T = TestType;
    using V = vector<T>;
    matrix<T> const x(2, 1);
    says<T> const one{V{{1, 2}}}, other{V{{2, 6}}};
    CHECK(averaging{std::vector{one, other}}.predict(x) == V{{1.5, 4}});
    CHECK(averaging{std::tie(one, other), {1, 3}}.predict(x) == V{{1.75, 5}});
    CHECK(averaging{std::vector{one}}.predict(x) == V{{1, 2}});

    believes<T> const sure{V{{1, 0.75}}}, unsure{V{{0, 0.25}}};
    averaging const two{std::tuple{sure, unsure}};
    CHECK(two.predict_probability(x) == V{{0.5, 0.5}});
    CHECK(two.predict(x) == V{{0, 0}});  // not above 1/2
    CHECK(averaging{std::tuple{sure, unsure}, {3, 1}}.predict(x) == V{{1, 1}});
    CHECK(averaging{std::tuple{sure, unsure}, {3, 1}}.predict_probability(x) == V{{0.75, 0.625}});
    // Where not all have probabilities, values are averaged.
    CHECK(averaging{std::tuple{sure, one}}.predict(x) == V{{1, 1.5}});

    believes_all<T> const a{matrix<T>{{0.5, 0.25, 0.25}, {0, 0.25, 0.75}}},
        b{matrix<T>{{0, 0.25, 0.75}, {0, 1, 0}}};
    averaging const both{std::vector{a, b}};
    CHECK(both.predict_probability(x) == matrix<T>{{0.25, 0.25, 0.5}, {0, 0.625, 0.375}});
    CHECK(both.predict(x) == V{{2, 1}});
    CHECK(averaging{std::vector{a, b}, {1, 0.5}}.predict(x) == V{{2, 1}});  // 1/3, 1/4, 5/12; 0, 1/2, 1/2
    data::dataset<T> const table{x, V{{2, 0}}};
    CHECK(accuracy(both, table) == 0.5);
}

TEMPLATE_TEST_CASE("train ensemble: voting", "", float, double) {
    using T = TestType;
    using V = vector<T>;
    matrix<T> const x(3, 1);
    says<T> const a{V{{0, 3, 2}}}, b{V{{1, 3, 1}}}, c{V{{1, 0, 0}}};
    CHECK(voting{std::vector{a, b, c}}.predict(x) == V{{1, 3, 0}});  // three times one vote: the lowest
    CHECK(voting{std::vector{a, b, c}, {2, 1, 1}}.predict(x) == V{{0, 3, 2}});
    CHECK(voting{std::tuple{a, b}, {1, 0}}.predict(x) == V{{0, 3, 2}});
    CHECK(voting{std::tuple{a, believes<T>{V{{1, 1, 1}}}, c}}.predict(x) == V{{1, 0, 0}});
    CHECK(voting{std::vector{a}}.predict(matrix<T>(0, 1)) == a.value);
}

TEST_CASE("train ensemble: bad input") {
    using V = vector<double>;
    matrix<double> const x(2, 1);
    says<double> const two{V{{0, 1}}}, three{V{{0, 1, 2}}}, half{V{{0, 0.5}}};
    says<double> const holed{V{{0, std::numeric_limits<double>::quiet_NaN()}}};
    auto const vote = [&](std::vector<says<double>> models, std::vector<double> weights = {}) {
        return message_of([&] { voting{models, weights}.predict(x); });
    };
    CHECK(vote({}) == "voting: there are no models");
    CHECK(vote({two}, {1, 2}) == "voting: 1 models, 2 weights");
    CHECK(vote({two, two}, {1, -1}) == "voting: weight -1: must be finite and >= 0");
    CHECK(vote({two, two}, {0, 0}) == "voting: all weights are 0");
    CHECK(vote({two, three}) == "voting: model 1 answers 3 rows, model 0 2");
    CHECK(vote({half}) == "voting: row 1: prediction 0.5: must be an integer in [0, 16777216)");
    CHECK(vote({holed}) == "voting: row 1: prediction is nan");
    CHECK(message_of([&] {
              averaging{std::vector{two, three}}.predict(x);
          }) == "averaging: model 1 answers 3 x 1, model 0 2 x 1");
    CHECK(message_of([&] { averaging{std::vector<says<double>>{}}.predict(x); }) ==
          "averaging: there are no models");
}
