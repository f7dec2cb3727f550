// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/math.hpp>
#include <descent/loss/absolute.hpp>
#include <descent/loss/hinge.hpp>
#include <descent/loss/huber.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/quantile.hpp>
#include <descent/loss/smooth_hinge.hpp>
#include <descent/loss/squared.hpp>
#include <descent/loss/squared_hinge.hpp>

// The dual of min (1/2)|w|^2 + sum_i C_i loss(x_i . w, y_i): each sample has a number beta_i with
// w = sum beta_i x_i, and the dual value is sum_i gain(beta_i) - (1/2)|w|^2. A form tells gain and the best
// beta of one sample while the others stand still. Labels 0 and 1 come as -1 and 1.
namespace descent::solve::detail {

/// Losses whose conjugate is a parabola between bounds: with a = s beta, s the label's sign (1 for numbers)
/// and t = 1 (the target for numbers), gain = t a - curvature a^2 / (2 C), low C <= a <= high C.
struct parabola_dual {
    static constexpr double unbounded = std::numeric_limits<double>::infinity();

    double curvature, low, high;
    bool labels;

    template <class V>
    V gain(V beta, V cost, V y) const {
        using T = number_of<V>;
        return beta * y - V(T(curvature / 2)) * beta * beta / cost;
    }

    /// The bounds of s beta.
    template <class T>
    T least(T cost) const {
        return low == -unbounded ? -std::numeric_limits<T>::max() : T(low) * cost;
    }
    template <class T>
    T most(T cost) const {
        return high == unbounded ? std::numeric_limits<T>::max() : T(high) * cost;
    }

    /// - d dual / d (s beta). A label is its own sign and target.
    template <class T>
    T gradient(T beta, T cost, T y, T z) const {
        T const g = z - y + T(curvature) * beta / cost;
        return labels ? y * g : g;
    }

    template <class T>
    T best(T beta, T cost, T y, T q, T z) const {
        T const sign = labels ? y : T(1), bend = q + T(curvature) / cost, g = gradient(beta, cost, y, z);
        if (bend > T(0))
            return sign * clamp(sign * beta - g / bend, least(cost), most(cost));
        return g < T(0) ? sign * most(cost) : g > T(0) ? sign * least(cost) : beta;
    }
};

/// a = |beta| in [0, C], gain = C times the entropy of a / C. (Yu, Huang & Lin, 2011.)
struct entropy_dual {
    static constexpr bool labels = true;

    template <class V>
    V gain(V beta, V cost, V y) const {
        using T = number_of<V>;
        V const p = y * beta / cost, tiny(std::numeric_limits<T>::min()), rest = V(1) - p;
        return -cost * (p * log(max(p, tiny)) + rest * log(max(rest, tiny)));
    }

    /// A Newton step with the largest curvature between the two ends, so that it never goes too far: one
    /// exponential, and hardly a worse step than the exact one.
    template <class T>
    T best(T beta, T cost, T y, T q, T z) const {
        T const old = y * beta / cost, aim = sigmoid(-y * z), half = T(0.5);
        T const bend = (old < half) != (aim < half) ? T(0.25) : max(old * (T(1) - old), aim * (T(1) - aim));
        return y * cost * (old + (aim - old) / (T(1) + cost * q * bend));
    }

    /// The most by which beta falls where z rises by 1.
    static double steepest(double cost) { return cost / 4; }
};

constexpr entropy_dual dual_form(loss::logistic) { return {}; }
constexpr parabola_dual dual_form(loss::hinge) { return {0, 0, 1, true}; }
constexpr parabola_dual dual_form(loss::squared_hinge) { return {0.5, 0, parabola_dual::unbounded, true}; }
constexpr parabola_dual dual_form(loss::smooth_hinge const& l) { return {l.gamma, 0, 1, true}; }
constexpr parabola_dual dual_form(loss::squared) {
    return {1, -parabola_dual::unbounded, parabola_dual::unbounded, false};
}
constexpr parabola_dual dual_form(loss::absolute) { return {0, -1, 1, false}; }
constexpr parabola_dual dual_form(loss::huber const& l) { return {1, -l.delta, l.delta, false}; }
constexpr parabola_dual dual_form(loss::quantile const& l) { return {0, l.tau - 1, l.tau, false}; }

template <class Loss>
concept has_dual = requires(Loss const& loss) {
    dual_form(loss);
};

}  // namespace descent::solve::detail
