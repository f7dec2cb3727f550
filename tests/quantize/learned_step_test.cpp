// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/quantize/learned_step.hpp>

using namespace descent;
using quantize::learned_step;

namespace {

std::vector<double> const numbers{-2.3, -1.1, -0.75, -0.4, -0.05, 0, 0.1, 0.3, 0.52, 0.8, 1.2, 3.1};
std::vector<double> const slopes{0.5, -1, 2, 0.25, -0.75, 1, 1.5, -2, 0.125, 3, -0.5, -1.25};

/// The worst distance of values, slopes and the step's slope from those that the paper's own program gives in
/// torch 2.15 in double; `codes` are the values in steps, `passes` where slopes pass.
template <class T>
double distance(learned_step::kernel<T> const& k, std::vector<int> const& codes,
                std::vector<bool> const& passes, double step_slope) {
    double worst = 0;
    T sum = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        T const value = k.value(T(numbers[i])), slope = k.slope(T(numbers[i]), T(slopes[i]), &sum);
        worst = std::fmax(worst, std::fabs(double(value) - codes[i] * double(k.step)));
        worst = std::fmax(worst, std::fabs(double(slope) - (passes[i] ? slopes[i] : 0)));
    }
    return std::fmax(worst, std::fabs(double(sum * k.share) - step_slope));
}

}  // namespace

TEMPLATE_TEST_CASE("quantize learned_step: values and slopes are those of the paper's program", "", float,
                   double) {
    using T = TestType;
    double const rounding = 8 * double(std::numeric_limits<T>::epsilon());
    T const first = T(0.31), second = T(0.7);
    CHECK(distance(learned_step{.bits = 3}.at(&first, &first, 12), {-3, -3, -2, -1, 0, 0, 0, 1, 2, 3, 3, 3},
                   {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, -0.368279569892474) < rounding);
    CHECK(distance(learned_step{.bits = 3, .symmetric = false}.at(&first, &first, 12),
                   {-4, -4, -2, -1, 0, 0, 0, 1, 2, 3, 3, 3}, {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0},
                   -0.876344086021506) < rounding);
    CHECK(distance(learned_step{.bits = 2}.at(&second, &second, 12), {-1, -1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1},
                   {0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0}, 0.0762927141429149) < rounding);
    CHECK(distance(learned_step::with<T>(T(0.4), 0, 3, 12), {0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 3},
                   {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0}, -0.777083333333333) < 8 * rounding);
}

TEST_CASE("quantize learned_step: the first step, one below 0, NaN and Inf") {
    double step = 0;
    learned_step const rule{.bits = 3};
    rule.begin(numbers.data(), 12, &step);
    CHECK(std::fabs(step - 1.0219099764656376) < 1e-14);
    double const zeros[3] = {};
    rule.begin(zeros, 3, &step);
    CHECK(step == 1);
    // Training comes back from below 0: what is outside is pulled by the ends, and numbers stay finite.
    step = -0.5;
    auto const below = rule.at(&step, &step, 12);
    double sum = 0;
    CHECK(std::fabs(below.value(2.0)) < 1e-300);
    CHECK((below.slope(2.0, 1.0, &sum) == 0 && sum == 3));
    step = 0.5;
    auto const k = rule.at(&step, &step, 12);
    double const inf = std::numeric_limits<double>::infinity();
    CHECK((std::isnan(k.value(inf)) && std::isnan(k.value(-inf)) && std::isnan(k.value(inf - inf))));
    CHECK((k.value(1e308) == 1.5 && k.value(-1e308) == -1.5));
    CHECK((k.value(0.25) == 0 && k.value(0.75) == 1 && k.value(1.25) == 1));  // half-way: the even one
    CHECK_FALSE(std::signbit(k.value(-0.1)));
}

TEST_CASE("quantize learned_step: numbers and packs give the same bits, and those of its grid") {
    using V = native_pack<float>;
    learned_step const rule{.bits = 4, .symmetric = false};
    float const step = 0.137f;
    auto const k = rule.at(&step, &step, 100);
    auto const grid = rule.grid(k);
    int different = 0;
    for (int i = 0; i < 200; ++i) {
        float x[lanes_of<V>], y[lanes_of<V>];
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            x[lane] = 0.0173f * float(i - 100) + 0.31f * float(lane) - 1;
        store_unaligned(y, k.value(load_unaligned<V>(x)));
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            different += y[lane] != k.value(x[lane]) || grid(x[lane]) != y[lane];
    }
    CHECK(different == 0);
}
