// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/core/math.hpp>
#include <descent/core/random.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Gaussian gradient noise (Neelakantan et al., 2015; with a rate of its own, Langevin dynamics: Welling & Teh,
/// 2011): u <- u + N(0, sigma^2 / t^gamma), t from 1; optax.add_noise with eta = sigma^2. A draw is a function
/// of (seed, step, element): the same on every backend and after a resume. Throws descent::error for a sigma or
/// gamma that is negative or not finite.
struct noise {
    double sigma = 0.1, gamma = 0.55;
    std::uint64_t seed = 0;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        T sigma;
        generator draws;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/, std::uint64_t element) const {
            return fused_multiply_add(V(sigma), draws.normal<V>(element), u);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        // A key apart from that of other draws under the same seed; each step is a stream.
        generator const draws{seed ^ 0x6e6f69736500u, std::uint32_t(now.step)};
        return {T(sigma / std::pow(double(now.step), gamma / 2)), draws};
    }

    void check() const {
        detail::check_not_negative("noise: sigma", sigma);
        detail::check_not_negative("noise: gamma", gamma);
    }
};
static_assert(update_rule<noise>);

}  // namespace descent
