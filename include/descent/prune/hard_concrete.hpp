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

/// Gates for prune::sparsifying that make the number of weights part of the objective (Louizos, Welling,
/// Kingma: "Learning sparse neural networks through L0 regularization", 2018). A unit's weights are multiplied
/// by
///
///     z = clamp(s (high - low) + low, 0, 1),    s = sigmoid((log u - log(1 - u) + log_alpha) / temperature)
///
/// with u uniform and log_alpha trained; the objective gets l0 times the expected number of weights whose z is
/// not 0, sigmoid(log_alpha - temperature log(-low / high)) a unit. At rest s = sigmoid(log_alpha).
///
/// The objective is a mean over samples, so that l0 is the paper's lambda / N for N training samples: begin at
/// 1 / N and go on by factors of 3 until prune::sparsity behind put() is what you want. The gates need steps,
/// and a rate that moves log_alpha by several units. On N = 4496 digits of 8 x 8 a network of 64 hidden units
/// keeps by adam, rate{1e-2} and 60 epochs
///
///     l0                   1e-6    0.1 / N    1 / N    3 / N    10 / N
///     weights              96 %      83 %      24 %     11 %       4 %
///     test accuracy      99.0 %    98.9 %    98.7 %   97.7 %    96.9 %
///
/// and at 1 / N behind 20 epochs 56 % of the weights.
struct hard_concrete {
    double l0 = 1e-6;               ///< what a weight costs, > 0: see above, few go by this one on small data
    double droprate = 0.5;          ///< at the beginning: sigmoid(-log_alpha), in (0, 1)
    double temperature = 2.0 / 3;   ///< in (0, 1]
    double low = -0.1, high = 1.1;  ///< the stretch, low < 0, high > 1
    selection on = {};              ///< which tensors, by what units (all but N of M)
    static constexpr std::string_view gate = "log_alpha";

    /// A gate's weight in a step, and its slopes by the weight and by the gate's parameter.
    template <class V>
    struct drawn {
        V used, by_weight, by_gate;
    };
    /// The same of what is added to the objective.
    template <class V>
    struct cost {
        V value, by_weight, by_gate;
    };

    void check() const {
        expect(l0 > 0 && std::isfinite(l0), "hard_concrete: l0 = ", l0, ": must be > 0 and finite");
        expect(droprate > 0 && droprate < 1, "hard_concrete: droprate = ", droprate, ": must be in (0, 1)");
        expect(temperature > 0 && temperature <= 1, "hard_concrete: temperature = ", temperature,
               ": must be in (0, 1]");
        expect(low < 0 && std::isfinite(low), "hard_concrete: low = ", low, ": must be < 0 and finite");
        expect(high > 1 && std::isfinite(high), "hard_concrete: high = ", high, ": must be > 1 and finite");
        expect(on.unit.of != granularity::kind::n_of_m, "hard_concrete: gates are not of N of M weights");
    }
    double initial() const { return std::log(1 - droprate) - std::log(droprate); }

    template <class V>
    V noise(generator const& random, std::uint64_t at) const {
        using T = number_of<V>;
        V const u = random.uniform<V>(at) + V(sizeof(T) == 4 ? T(0x1p-25) : T(0x1p-54));  // never 0 or 1
        return log(u) - log1p(-u);
    }
    template <class V>
    drawn<V> draw(V weight, V log_alpha, V logistic) const {
        using T = number_of<V>;
        V const zero(T(0)), one(T(1)), spread(T(high - low));
        V const s = sigmoid((logistic + log_alpha) * V(T(1 / temperature)));
        V const wide = fused_multiply_add(s, spread, V(T(low)));
        V const z = clamp(wide, zero, one);
        V const slope = select(wide > zero && wide < one, spread * s * (one - s) * V(T(1 / temperature)), zero);
        return {weight * z, z, weight * slope};
    }
    template <class V>
    cost<V> penalty(V, V log_alpha) const {
        using T = number_of<V>;
        V const p = sigmoid(log_alpha - V(T(temperature * std::log(-low / high))));
        return {p * V(T(l0)), V(T(0)), p * (V(T(1)) - p) * V(T(l0))};
    }
    template <class V>
    V at_rest(V weight, V log_alpha) const {
        using T = number_of<V>;
        return weight * clamp(fused_multiply_add(sigmoid(log_alpha), V(T(high - low)), V(T(low))), T(0), T(1));
    }
    /// Is the weight there at rest?
    template <class T>
    bool keeps(T, T log_alpha) const {
        return at_rest(T(1), log_alpha) != T(0);
    }
};

}  // namespace descent::prune
