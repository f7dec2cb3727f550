// SPDX-License-Identifier: MIT
#include <descent/core/params.hpp>
#include <descent/regularize.hpp>

#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

// Numbers that other libraries and arithmetic by hand give.
using namespace descent;
using namespace descent::regularize;

namespace {

using numbers = std::initializer_list<double>;

vector<double> of(numbers from) {
    vector<double> made(descent::index(from.size()));
    descent::index i = 0;
    for (double const each : from)
        made[i++] = each;
    return made;
}

bool close(vector<double> const& got, numbers known, double tolerance = 1e-14) {
    return got.size() == descent::index(known.size()) && (got - of(known)).cwiseAbs().maxCoeff() <= tolerance;
}

template <class P>
vector<double> prox(P const& penalty, numbers from, double step) {
    vector<double> w = of(from);
    penalty.prox(w, step);
    return w;
}

constexpr numbers sequence{1, 2.5, 2, -1, -1.5, 0, 4, 4.5, 3.5, 4};
constexpr numbers matrix_3x5{1, 2, 0, -1, 3, 0.5, -1, 2, 1, 0, 2, 2, 1, -2, 1};

}  // namespace

TEST_CASE("regularize known: separable ones by hand") {
    CHECK(l1{0.5}.value(of({1, -2, 0.5})) == 1.75);
    CHECK(close(prox(l1{0.5}, {1, -2, 0.5, 0.25}, 2), {0, -1, 0, 0}));
    CHECK(l2{0.5}.value(of({1, -2})) == 1.25);
    CHECK(close(prox(l2{0.5}, {3, -6}, 4), {1, -2}));
    CHECK(elastic_net{.l1 = 1, .l2 = 2}.value(of({3, -1})) == 14);
    CHECK(close(prox(box{.low = -1, .high = 2}, {-3, 0.5, 7}, 1), {-1, 0.5, 2}));
    CHECK(close(prox(box{}, {-3, 0.5, 7}, 1), {0, 0.5, 7}));
}

// scikit-learn 1.9: ElasticNet(alpha=0.4, l1_ratio=0.75, fit_intercept=False) on the identity: its loss is 1 /
// (2 n) times the square, so the step is n.
TEST_CASE("regularize known: elastic net against scikit-learn") {
    elastic_net const penalty{.l1 = 0.3, .l2 = 0.1};
    CHECK(close(prox(penalty, {1.5, -0.25, 0.75, -2, 0.1}, 5), {0, 0, 0, -0.3333333333333332, 0}));
    CHECK(close(prox(penalty, {4, -6, 1, 9, 0.3}, 5), {1.6666666666666667, -3, 0, 5, 0}));
}

TEST_CASE("regularize known: groups by hand") {
    // |(3, 4)| = 5, sqrt(2) apart; the third weight belongs to none.
    group_lasso const plain{.lambda = 1, .groups = groups::of_each({0, 0, -1}), .by_size = false};
    CHECK(plain.value(of({3, 4, 9})) == 5);
    CHECK(close(prox(plain, {3, 4, 9}, 2.5), {1.5, 2, 9}));
    CHECK(close(prox(plain, {3, 4, 9}, 5), {0, 0, 9}));
    group_lasso const sized{.lambda = 1, .groups = groups::of_sizes({2, 1})};
    CHECK(std::fabs(sized.value(of({3, 4, -9})) - (5 * std::sqrt(2.0) + 9)) < 1e-14);
    CHECK(close(prox(sized, {3, 4, -9}, std::sqrt(2.0)), {1.8, 2.4, -9 + std::sqrt(2.0)}));
    // Soft threshold by 1: (3, 4, 0); then the group by 1.
    sparse_group const both{.l1 = 1, .lambda = 1, .groups = groups::of_sizes({3}), .by_size = false};
    CHECK(close(prox(both, {4, -5, 0.5}, 1), {2.4, -3.2, 0}));
    CHECK(both.value(of({3, -4, 0})) == 12);

    groups const columns = groups::columns(2, 3), rows = groups::rows(2, 3);
    CHECK((columns.count() == 3 && columns.size(2) == 2 && columns.member(2, 0) == 2 &&
           columns.member(2, 1) == 5));
    CHECK((rows.count() == 2 && rows.size(1) == 3 && rows.member(1, 0) == 3 && rows.weights() == 6));
}

TEST_CASE("regularize known: groups that are none") {
    CHECK(message_of([] { groups::of_sizes({2, 0}); }) == "groups: size 1 = 0: must be >= 1");
    CHECK(message_of([] {
              groups::of_sizes({descent::index(1) << 60, 1});
          }) == "groups: size 1 = 1: too many weights");
    CHECK(message_of([] {
              groups::of_each({0, -2});
          }) == "groups: weight 1 is in group -2: must be in [-1, 2)");
    CHECK(message_of([] { groups::of_each({0, 2}); }) == "groups: weight 1 is in group 2: must be in [-1, 2)");
    CHECK(message_of([] { groups::of_each({2, 0, 2}); }) == "groups: group 1 has no weights");
    CHECK(message_of([] { groups::rows(0, 3); }) == "groups: a matrix of 0 x 3: both must be >= 1");
    CHECK((groups::of_each({-1, -1}).count() == 0 && groups::of_each({}).weights() == 0));
}

TEST_CASE("regularize known: norms by hand") {
    CHECK(close(prox(max_norm{.limit = 10}, {6, 8}, 1), {6, 8}));
    CHECK(close(prox(max_norm{.limit = 5}, {6, 8}, 1), {3, 4}));
    CHECK(close(prox(max_norm{.limit = 5, .columns = 2}, {6, 8, 0, 1}, 1), {3, 4, 0, 1}));
}

// numpy 2: the sorted form of Duchi et al. (2008, figure 1).
TEST_CASE("regularize known: simplex and l1 ball") {
    CHECK(close(prox(simplex{}, {0.3, 1.2, -0.5, 0.9, 0.85, 0.1}, 1), {0, 0.55, 0, 0.25, 0.2, 0}));
    CHECK(close(prox(simplex{.sum = 2.5}, {0.3, 1.2, -0.5, 0.9, 0.85, 0.1}, 1),
                {0.1125, 1.0125, 0, 0.7125, 0.6625, 0}));
    CHECK(close(prox(simplex{}, {7}, 1), {1}));
    CHECK(close(prox(simplex{}, {-1e4, -1e4}, 1), {0.5, 0.5}));
    CHECK(close(prox(l1_ball{.radius = 1.5}, {0.3, -1.2, -0.5, 0.9, -0.85, 0.1}, 1),
                {0, -0.7125, -0.0125, 0.4125, -0.3625, 0}));
    // Halving distances, the worst case of Newton's steps alone, and many equal numbers.
    vector<double> hard(2000), equal = vector<double>::Constant(1001, 3.0);
    double distance = 1;
    for (double& each : hard)
        each = -(distance *= 0.99);
    simplex{}.prox(hard, 1);
    CHECK((std::fabs(hard.sum() - 1) < 1e-12 && hard.minCoeff() == 0));
    simplex{}.prox(equal, 1);
    CHECK((std::fabs(equal.sum() - 1) < 1e-12 && equal.minCoeff() == equal.maxCoeff()));
}

// scipy 1: lsq_linear on the dual problem, a least-squares problem in a box.
TEST_CASE("regularize known: total variation") {
    CHECK(total_variation{2}.value(of(sequence)) == 2 * 13);
    CHECK(close(prox(total_variation{0.25}, sequence, 1), {1.25, 2, 2, -1, -1, 0, 4, 4, 3.875, 3.875}));
    CHECK(close(prox(total_variation{0.5}, sequence, 2),
                {1.5, 1.5, 1.5, -0.25, -0.25, 0, 3.75, 3.75, 3.75, 3.75}));
    CHECK(close(prox(total_variation{3}, sequence, 1), {1, 1, 1, 1, 1, 1, 3.25, 3.25, 3.25, 3.25}));
    CHECK(close(prox(total_variation{100}, sequence, 1), {1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9}));
    // Memory that calls share, of a larger one before.
    std::vector<double> memory;
    vector<double> large = vector<double>::LinSpaced(5000, 0, 1), w = of(sequence);
    total_variation{0.5}.prox(large, 1, memory);
    total_variation{0.25}.prox(w, 1, memory);
    CHECK(close(w, {1.25, 2, 2, -1, -1, 0, 4, 4, 3.875, 3.875}));
    // A ramp r i is cut at both ends, where the sum of r i to the end is the pull: r k (k + 1) / 2 = 1/2.
    double const slope = 1.0 / 4999;
    CHECK(std::fabs(large[0] - large[60]) < 1e-15);
    CHECK(std::fabs(large[2500] - 2500 * slope) < 1e-12);
    double pulled = 0;
    for (descent::index i = 0; i < 200; ++i)
        pulled += large[i] - double(i) * slope;
    CHECK(std::fabs(pulled - 0.5) < 1e-12);
}

// numpy 2: linalg.svd.
TEST_CASE("regularize known: nuclear norm") {
    nuclear_norm const penalty{.lambda = 1.5, .columns = 5};
    CHECK(std::fabs(penalty.value(of(matrix_3x5)) - 1.5 * 9.359678137747235) < 1e-13);
    numbers const shrunk{0.9219957875470394,  1.4929185617412277,   0.09152402658089613, -1.048014507690333,
                         1.5942611489246383,  0.1619078086794409,   -0.490465102651987,  0.7860473141627005,
                         0.40645262255645787, -0.22380403443841906, 1.144391435605827,   1.3615903136055285,
                         0.4918296846512309,  -1.1020413268335738,  1.2140098332707583};
    numbers const unit{0.05200280830197452, 0.33805429217251587, -0.06101601772059716, 0.032009671793554795,
                       0.9371592340502424,  0.22539479421370576, -0.339689931565342,   0.8093017905581995,
                       0.3956982516290282,  0.14920268962561273, 0.5704057095961157,   0.425606457596315,
                       0.33878021023251215, -0.5986391154442846, -0.14267322218050454};
    CHECK(close(prox(penalty, matrix_3x5, 1), shrunk, 2e-14));
    vector<double> slope = vector<double>::Zero(15), w = of(matrix_3x5);
    nuclear_norm{.lambda = 1, .columns = 5}.slope(w, slope);
    CHECK(close(slope, unit, 2e-14));

    // The transpose gives the transpose.
    matrix<double> upright = matrix_view<double>(w.data(), 3, 5).transpose();
    nuclear_norm{.lambda = 1.5, .columns = 3}.prox(vector_view<double>(upright.data(), 15), 1);
    matrix<double> const back = upright.transpose();
    CHECK(close(vector_view<double const>(back.data(), 15), shrunk, 2e-14));

    // One row or one column: the Euclidean norm. Rank 1: (3, 4)^T (1, 0, 2) has one singular value, 5 sqrt(5).
    for (descent::index const columns : {1, 2})
        CHECK(close(prox(nuclear_norm{.lambda = 1, .columns = columns}, {3, 4}, 2.5), {1.5, 2}));
    nuclear_norm const one{.lambda = 1, .columns = 3};
    numbers const rank_one{3, 0, 6, 4, 0, 8};
    CHECK(std::fabs(one.value(of(rank_one)) - 5 * std::sqrt(5.0)) < 1e-13);
    CHECK(close(prox(one, rank_one, std::sqrt(5.0)), {2.4, 0, 4.8, 3.2, 0, 6.4}));
    vector<double> g = vector<double>::Zero(6);
    one.slope(of(rank_one), g);
    double const part = 1 / (5 * std::sqrt(5.0));
    CHECK(close(g, {3 * part, 0, 6 * part, 4 * part, 0, 8 * part}));
    CHECK(close(prox(one, {0, 0, 0, 0, 0, 0}, 1), {0, 0, 0, 0, 0, 0}));
    CHECK(one.value(of({0, 0, 0})) == 0);
}

TEST_CASE("regularize known: tensors of an arena, segments and views are weights") {
    params<float> p{{"weight", {2, 2}}, {"bias", {2}}};
    p["weight"].flat() << 1, -2, 3, 0.25f;
    l1{1}.prox(p["weight"].flat(), 0.5);
    CHECK(p["weight"].flat() == (vector<float>(4) << 0.5f, -1.5f, 2.5f, 0).finished());
    vector<double> w = of({1, -2, 3});
    l1{1}.prox(w.segment(1, 2), 0.5);
    CHECK(w == of({1, -1.5, 2.5}));
    CHECK(l1{1}.value(vector_view<double const>(w.data(), 2)) == 2.5);
}
