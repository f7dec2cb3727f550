// SPDX-License-Identifier: MIT
// A new update rule in a dozen lines, outside the library: it runs on SIMD registers, on every executor, in any
// chain.
#include <cstdio>

#include <descent/descent.hpp>

// SignMomentum: u <- sign(b) |g|^(1/2), b a running mean of the gradient. (Invented here; it is not bad.)
// Hyperparameters are an aggregate. at() folds them, and whatever depends on the step, into a kernel; the
// kernel maps one update u to the next. V is one number, or a SIMD register of them: write it once, with the
// functions of core/math.
struct sign_momentum {
    double beta = 0.9;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // numbers of state per weight: b, zero at the start
        T gain;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& b = slot[0];
            b += gain * (u - b);
            return descent::copysign(descent::sqrt(descent::abs(u)), b);
        }
    };

    template <class T>
    kernel<T> at(descent::step_count) const {
        return {T(1 - beta)};
    }
};
static_assert(descent::update_rule<sign_momentum>);  // a mistake in the shape is found here, by name

int main() {
    using namespace descent;
    auto const valley = [](auto const& x, auto& g) {  // an ellipse: 100 times steeper in y than in x
        g[0] = x[0];
        g[1] = 100 * x[1];
        return (x[0] * x[0] + 100 * x[1] * x[1]) / 2;
    };

    // It composes like any rule of the library, with one pass over memory for the whole chain.
    auto const recipe = chain(clip_norm{10.0}, sign_momentum{.beta = 0.8}, decay{1e-4}, rate{cosine{0.1, 300}});
    static_assert(passes<decltype(recipe)> == 2);  // one read for the norm, one sweep

    Eigen::Vector2d x{5, 1};
    auto const report = minimize(valley, x, recipe, {.epochs = 300});
    std::printf("sign_momentum: (%.5f, %.5f), f = %.1e after %td steps\n", x[0], x[1], report.loss,
                report.steps);
}
