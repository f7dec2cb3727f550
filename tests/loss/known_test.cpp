// SPDX-License-Identifier: MIT
#include <descent/loss.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

// Numbers that other libraries and papers give, at the scores below.
using namespace descent;

namespace {

constexpr std::size_t count = 6;
constexpr double scores[count] = {-3, -0.75, 0, 0.25, 1.5, 4};
using numbers = double[count];

bool close(double got, double known) { return std::fabs(got - known) <= 2e-15 * (1 + std::fabs(known)); }

template <class Loss>
bool values(Loss const& loss, double y, numbers const& known) {
    bool all = true;
    for (std::size_t i = 0; i < count; ++i)
        all = all && close(loss.value(scores[i], y), known[i]);
    return all;
}

template <class Loss>
bool slopes(Loss const& loss, double y, numbers const& known) {
    bool all = true;
    for (std::size_t i = 0; i < count; ++i)
        all = all && close(loss.slope(scores[i], y), known[i]);
    return all;
}

template <class Loss>
bool curvatures(Loss const& loss, double y, numbers const& known) {
    bool all = true;
    for (std::size_t i = 0; i < count; ++i)
        all = all && close(loss.curvature(scores[i], y), known[i]);
    return all;
}

}  // namespace

// torch 2.15, float64: F.huber_loss, F.l1_loss, F.poisson_nll_loss(log_input=True, full=False),
// F.binary_cross_entropy_with_logits, and their derivatives by autograd.
TEST_CASE("loss known: torch") {
    loss::huber const half{.delta = 0.5}, two{.delta = 2};
    CHECK(values(half, 0.5, {1.625, 0.5, 0.125, 0.03125, 0.375, 1.625}));
    CHECK(slopes(half, 0.5, {-0.5, -0.5, -0.5, -0.25, 0.5, 0.5}));
    CHECK(values(two, 0.5, {5.0, 0.78125, 0.125, 0.03125, 0.5, 5.0}));
    CHECK(slopes(two, 0.5, {-2.0, -1.25, -0.5, -0.25, 1.0, 2.0}));
    CHECK(curvatures(two, 0.5, {0, 1, 1, 1, 1, 0}));
    CHECK(values(loss::absolute{}, 0.5, {3.5, 1.25, 0.5, 0.25, 1.0, 3.5}));
    CHECK(slopes(loss::absolute{}, 0.5, {-1, -1, -1, -1, 1, 1}));

    CHECK(values(loss::poisson{}, 3,
                 {9.049787068367865, 2.722366552741015, 1.0, 0.5340254166877414, -0.018310929661935482,
                  42.598150033144236}));
    CHECK(slopes(loss::poisson{}, 3,
                 {-2.950212931632136, -2.527633447258985, -2.0, -1.7159745833122586, 1.4816890703380645,
                  51.598150033144236}));
    CHECK(curvatures(loss::poisson{}, 3,
                     {0.049787068367863944, 0.4723665527410147, 1.0, 1.2840254166877414, 4.4816890703380645,
                      54.598150033144236}));

    CHECK(values(loss::logistic{}, 1,
                 {3.048587351573742, 1.1368710061148999, 0.6931471805599453, 0.5759394198788436,
                  0.2014132779827524, 0.018149927917809738}));
    CHECK(slopes(loss::logistic{}, 1,
                 {-0.9525741268224333, -0.679178699175393, -0.5, -0.43782349911420193, -0.18242552380635635,
                  -0.01798620996209155}));
    for (double const y : {0.0, 1.0})
        CHECK(curvatures(loss::logistic{}, y,
                         {0.04517665973091214, 0.21789499376181404, 0.25, 0.24613408273759835,
                          0.14914645207033286, 0.017662706213291107}));
}

// scikit-learn 1.9: mean_pinball_loss, hinge_loss, and the SquaredHinge of SGDClassifier.
TEST_CASE("loss known: scikit-learn") {
    CHECK(values(loss::quantile{.tau = 0.1}, 0.5, {0.35, 0.125, 0.05, 0.025, 0.9, 3.15}));
    CHECK(values(loss::quantile{}, 0.5, {1.75, 0.625, 0.25, 0.125, 0.5, 1.75}));
    CHECK(values(loss::quantile{.tau = 0.8}, 0.5, {2.8, 1.0, 0.4, 0.2, 0.2, 0.7}));
    CHECK(slopes(loss::quantile{.tau = 0.8}, 0.5, {-0.8, -0.8, -0.8, -0.8, 0.2, 0.2}));
    CHECK(values(loss::hinge{}, 0, {0, 0.25, 1, 1.25, 2.5, 5}));
    CHECK(slopes(loss::hinge{}, 0, {0, 1, 1, 1, 1, 1}));
    CHECK(values(loss::hinge{}, 1, {4, 1.75, 1, 0.75, 0, 0}));
    CHECK(slopes(loss::hinge{}, 1, {-1, -1, -1, -1, 0, 0}));
    CHECK(values(loss::squared_hinge{}, 0, {0, 0.0625, 1, 1.5625, 6.25, 25}));
    CHECK(slopes(loss::squared_hinge{}, 0, {0, 0.5, 2, 2.5, 5, 10}));
    CHECK(values(loss::squared_hinge{}, 1, {16, 3.0625, 1, 0.5625, 0, 0}));
    CHECK(slopes(loss::squared_hinge{}, 1, {-8, -3.5, -2, -1.5, 0, 0}));
    CHECK(curvatures(loss::squared_hinge{}, 1, {2, 2, 2, 2, 0, 0}));
}

// By hand from the papers' formulas: 1/2 - m, (1 - m)^2 / 2, 0 (Rennie & Srebro, 2005, section 3) and 1 - m -
// gamma / 2, (1 - m)^2 / (2 gamma), 0 (Shalev-Shwartz & Zhang, 2013, equation 20).
TEST_CASE("loss known: smooth hinge") {
    loss::smooth_hinge const one, half{.gamma = 0.5};
    CHECK(values(one, 1, {3.5, 1.25, 0.5, 0.28125, 0, 0}));
    CHECK(slopes(one, 1, {-1, -1, -1, -0.75, 0, 0}));
    CHECK(values(one, 0, {0, 0.03125, 0.5, 0.75, 2, 4.5}));
    CHECK(slopes(one, 0, {0, 0.25, 1, 1, 1, 1}));
    CHECK(values(half, 1, {3.75, 1.5, 0.75, 0.5, 0, 0}));
    CHECK(values(half, 0, {0, 0.0625, 0.75, 1, 2.25, 4.75}));
    CHECK(slopes(half, 0, {0, 0.5, 1, 1, 1, 1}));
    CHECK(curvatures(half, 0, {0, 2, 0, 0, 0, 0}));
}

// scikit-learn 1.9: hinge_loss with four classes.
TEST_CASE("loss known: multiclass hinge") {
    double const known[] = {0.75, 2.75, 1.5, 1.25};
    std::vector<double> const slopes[] = {{-1, 0, 0, 1}, {1, -1, 0, 0}, {1, 0, -1, 0}, {1, 0, 0, -1}};
    for (std::size_t y = 0; y < 4; ++y) {
        std::vector<double> z{1.25, -0.5, 0.75, 1.0};
        CHECK(loss::multiclass_hinge::value_and_slope(z.data(), 4, double(y)) == known[y]);
        CHECK(z == slopes[y]);
    }
    std::vector<double> tie{2, 2, 0};  // the first of several
    CHECK(loss::multiclass_hinge::value_and_slope(tie.data(), 3, 2.0) == 3);
    CHECK(tie == std::vector<double>{1, 0, -1});
}

// torch 2.15: softmax, and autograd's Hessian of F.cross_entropy times v.
TEST_CASE("loss known: the curvature of the cross entropy") {
    std::vector<double> p{1.25, -0.5, 0.75, 1.0}, v{1, -2, 0.5, 3};
    double const known[] = {-0.11192733624922929, -0.22316258365619707, -0.18639179295150177,
                            0.52148171285692801};
    loss::softmax_cross_entropy::probabilities<double>(p.data(), 4);
    loss::softmax_cross_entropy::curvature_product<double>(p.data(), 4, v.data(), v.data());
    for (std::size_t c = 0; c < 4; ++c)
        CHECK(std::fabs(v[c] - known[c]) < 4e-15);
}
