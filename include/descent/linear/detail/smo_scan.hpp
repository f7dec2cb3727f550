// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// The two passes of a step of sequential minimal optimization, on packs. Arrays are padded to whole packs with
// samples that can move neither up nor down.
namespace descent::linear::detail {

/// The largest v among those that may rise, its place, and the smallest among those that may fall.
struct extremes {
    double high, low;
    index where;
};

/// v -= t (ki - kj), and the extremes of the new v. `up` is 0 where a sample may rise, else -inf; `down` is 0
/// where it may fall, else inf. The first of equal ones is taken.
inline extremes move_and_scan(double* DESCENT_RESTRICT v, float const* up, float const* down, float const* ki,
                              float const* kj, double t, index n) {
    using V = native_pack<double>;
    using F = same_lanes<V, float>;
    constexpr int lanes = lanes_of<V>, chains = 2;  // comparisons take long: two of them at a time
    constexpr double inf = std::numeric_limits<double>::infinity();
    V high[chains], low[chains], where[chains], place[chains];
    for (int c = 0; c < chains; ++c) {
        high[c] = V(-inf);
        low[c] = V(inf);
        where[c] = place[c] = lane_numbers<V>() + V(double(c * lanes));
    }
    V const step(t), ahead(double(chains * lanes));
    for (index k = 0; k < n; k += chains * lanes)
        for (int c = 0; c < chains; ++c) {
            index const at = k + c * lanes;
            V const change =
                convert<double>(load_unaligned<F>(ki + at)) - convert<double>(load_unaligned<F>(kj + at));
            V const value = load_unaligned<V>(v + at) - step * change;
            store_unaligned(v + at, value);
            V const rising = value + convert<double>(load_unaligned<F>(up + at));
            auto const higher = rising > high[c];
            high[c] = select(higher, rising, high[c]);
            where[c] = select(higher, place[c], where[c]);
            place[c] += ahead;
            low[c] = min(value + convert<double>(load_unaligned<F>(down + at)), low[c]);
        }
    extremes found{-inf, inf, 0};
    for (int c = 0; c < chains; ++c) {
        double highs[lanes], lows[lanes], places[lanes];
        store_unaligned(highs, high[c]);
        store_unaligned(lows, low[c]);
        store_unaligned(places, where[c]);
        for (int l = 0; l < lanes; ++l) {
            found.low = lows[l] < found.low ? lows[l] : found.low;
            if (highs[l] > found.high || (highs[l] == found.high && index(places[l]) < found.where)) {
                found.high = highs[l];
                found.where = index(places[l]);
            }
        }
    }
    return found;
}

/// The partner j of sample i whose pair lowers the dual the most to second order: the largest (v_i - v_j)^2 /
/// (K_ii + K_jj - 2 K_ij) among those that may fall and lie below v_i; -1 if there is none.
inline index best_partner(double const* v, float const* down, float const* diagonal, float const* ki, double vi,
                          float kii, index n) {
    using V = native_pack<double>;
    using F = same_lanes<V, float>;
    constexpr int lanes = lanes_of<V>;
    F gain(0.0f), where(-1.0f), place = lane_numbers<F>();
    V const top(vi);
    F const own(kii), two(2.0f), least(1e-12f), ahead = F(float(lanes)), none(-1.0f);
    for (index k = 0; k < n; k += lanes) {
        F const above = convert<float>(top - load_unaligned<V>(v + k)) - load_unaligned<F>(down + k);
        F const curvature = max(own + load_unaligned<F>(diagonal + k) - two * load_unaligned<F>(ki + k), least);
        F const value = select(above > F(0.0f), above * above / curvature, none);
        auto const better = value > gain;
        gain = select(better, value, gain);
        where = select(better, place, where);
        place += ahead;
    }
    float gains[lanes], places[lanes];
    store_unaligned(gains, gain);
    store_unaligned(places, where);
    float most = 0, found = -1;
    for (int l = 0; l < lanes; ++l)
        if (gains[l] > most || (gains[l] == most && found >= 0 && places[l] < found && places[l] >= 0)) {
            most = gains[l];
            found = places[l];
        }
    return index(found);
}

}  // namespace descent::linear::detail
