// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/core/random.hpp>
#include <descent/prune/selection.hpp>

namespace descent::prune {

/// Variational dropout for prune::sparsifying (Kingma, Salimans, Welling, 2015; Molchanov, Ashukha, Vetrov:
/// "Variational dropout sparsifies deep neural networks", 2017). Each weight is drawn as w + sigma e with e
/// standard normal and log_sigma2 = log sigma^2 trained; with log_alpha = log_sigma2 - log w^2 the objective
/// gets kl times the approximate divergence from the log-uniform prior,
///
///     0.63576 (1 - sigmoid(1.87320 + 1.48695 log_alpha)) + softplus(-log_alpha) / 2
///
/// a weight. At rest weights with log_alpha > threshold are 0. One draw serves the whole batch.
struct variational {
    double kl = 1e-5;         ///< 1 over the number of training samples; less at the beginning helps
    double log_sigma2 = -10;  ///< at the beginning
    double threshold = 3;     ///< log_alpha above which a weight goes
    selection on = {};        ///< which tensors; units are single weights
    static constexpr std::string_view gate = "log_sigma2";

    template <class V>
    struct drawn {
        V used, by_weight, by_gate;
    };
    template <class V>
    struct cost {
        V value, by_weight, by_gate;
    };

    void check() const {
        expect(kl > 0 && std::isfinite(kl), "variational: kl = ", kl, ": must be > 0 and finite");
        expect(std::isfinite(log_sigma2), "variational: log_sigma2 = ", log_sigma2, ": must be finite");
        expect(std::isfinite(threshold), "variational: threshold = ", threshold, ": must be finite");
        expect(on.unit.of == granularity::kind::weight, "variational: units must be single weights");
    }
    double initial() const { return log_sigma2; }

    template <class V>
    V noise(generator const& random, std::uint64_t at) const {
        return random.normal<V>(at);
    }
    template <class V>
    drawn<V> draw(V weight, V log_variance, V normal) const {
        using T = number_of<V>;
        V const shift = exp(log_variance * V(T(0.5))) * normal;
        return {weight + shift, V(T(1)), shift * V(T(0.5))};
    }
    template <class V>
    cost<V> penalty(V weight, V log_variance) const {
        using T = number_of<V>;
        V const square = fused_multiply_add(weight, weight, V(T(least)));
        V const log_alpha = log_variance - log(square);
        V const s = sigmoid(fused_multiply_add(V(T(k3)), log_alpha, V(T(k2))));
        V const value = fused_multiply_add(V(T(k1)), V(T(1)) - s, softplus(-log_alpha) * V(T(0.5)));
        V const slope =
            V(T(-kl)) * fused_multiply_add(V(T(k1 * k3)), s * (V(T(1)) - s), sigmoid(-log_alpha) * V(T(0.5)));
        return {value * V(T(kl)), V(T(-2)) * slope * weight / square, slope};
    }
    template <class V>
    V at_rest(V weight, V log_variance) const {
        using T = number_of<V>;
        V const log_alpha = log_variance - log(fused_multiply_add(weight, weight, V(T(least))));
        return select(log_alpha <= V(T(threshold)), weight, V(T(0)));
    }
    template <class T>
    bool keeps(T weight, T log_variance) const {
        return log_variance - log(fused_multiply_add(weight, weight, T(least))) <= T(threshold);
    }

private:
    static constexpr double k1 = 0.63576, k2 = 1.87320, k3 = 1.48695, least = 1e-8;
};

}  // namespace descent::prune
