// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <type_traits>

#include <descent/core/config.hpp>
#include <descent/core/detail/elementary.hpp>
#include <descent/core/detail/instruction.hpp>
#include <descent/core/pack.hpp>

// Functions of V = float, double or a pack of them, alike on the host and on a CUDA device. A number and a pack
// give the same bits.
namespace descent {

namespace detail {

template <class V>
inline constexpr bool is_real = std::is_floating_point_v<number_of<V>>;

template <class V>
inline constexpr auto sign_bit =
    std::integral_constant<number_of<bits_type<V>>, number_of<bits_type<V>>(1)
                                                        << (8 * sizeof(number_of<V>) - 1)>::value;

}  // namespace detail

/// a * b + c, rounded once where the target has the instruction (AVX2, AVX-512, aarch64, CUDA), twice
/// elsewhere, whatever -O and -ffp-contract say.
template <class V>
requires detail::is_real<V> DESCENT_FN V fused_multiply_add(V a, std::type_identity_t<V> b,
                                                            std::type_identity_t<V> c) {
    return detail::fused(a, b, c);
}

/// a + share (b - a), the product and the sum fused as above: from a at share 0 towards b.
template <class V>
requires detail::is_real<V> DESCENT_FN V lerp(V a, std::type_identity_t<V> b, std::type_identity_t<V> share) {
    return detail::fused(share, b - a, a);
}

/// x * x.
template <class V>
requires detail::is_real<V> DESCENT_FN V square(V x) { return x * x; }

/// The correctly rounded square root: sqrt(-0) = -0, sqrt(inf) = inf, NaN below 0.
template <class V>
requires detail::is_real<V> DESCENT_FN V sqrt(V x) { return detail::root(x); }

/// |x|; the sign of a NaN is cleared too.
template <class V>
requires detail::is_real<V> DESCENT_FN V abs(V x) {
    return from_bits<V>(to_bits(x) & bits_type<V>(~detail::sign_bit<V>));
}

/// The magnitude of the first with the sign of the second.
template <class V>
requires detail::is_real<V> DESCENT_FN V copysign(V magnitude, std::type_identity_t<V> sign) {
    bits_type<V> const bit(detail::sign_bit<V>);
    return from_bits<V>((to_bits(magnitude) & ~bit) | (to_bits(sign) & bit));
}

/// 1 above 0, -1 below; zeros and NaN are themselves.
template <class V>
requires detail::is_real<V> DESCENT_FN V sign(V x) {
    return select(x > V(0), V(1), select(x < V(0), V(-1), x));
}

/// The smaller of the two. Equal ones (also 0 and -0) and NaN on either side give the first: a NaN value
/// survives a bound that stands second.
template <class V>
requires detail::is_real<V> DESCENT_FN V min(V x, std::type_identity_t<V> bound) {
    return select(bound < x, bound, x);
}

/// The larger of the two. Equal ones (also 0 and -0) and NaN on either side give the first.
template <class V>
requires detail::is_real<V> DESCENT_FN V max(V x, std::type_identity_t<V> bound) {
    return select(x < bound, bound, x);
}

/// x moved into [low, high]; NaN stays NaN.
template <class V>
requires detail::is_real<V> DESCENT_FN V clamp(V x, std::type_identity_t<V> low, std::type_identity_t<V> high) {
    return min(max(x, low), high);
}

/// Where is x not a number?
template <class V>
requires detail::is_real<V> DESCENT_FN mask_of<V> is_nan(V x) { return x != x; }

/// Where is x neither infinite nor NaN?
template <class V>
requires detail::is_real<V> DESCENT_FN mask_of<V> is_finite(V x) {
    return abs(x) <= V(std::numeric_limits<number_of<V>>::max());
}

/// e^x within 1 ulp. exp(-inf) = 0, exp(inf) = inf; subnormal results are rounded like others.
template <class V>
requires detail::is_real<V> DESCENT_FN V exp(V x) {
    constexpr bool single = sizeof(number_of<V>) == 4;
    // Just beyond the ends, where the core's last product gives 0 and inf by itself.
    return detail::exp_core(clamp(x, V(single ? -104 : -746), V(single ? 89 : 710)));
}

/// e^x - 1 within 2 ulp, near 0 too. expm1(-0) = -0.
template <class V>
requires detail::is_real<V> DESCENT_FN V expm1(V x) {
    using T = number_of<V>;
    V const inside = clamp(x, V(-38), V(sizeof(T) == 4 ? 89 : 710));
    // The core halves in between, which the smallest numbers do not survive.
    return select(abs(x) < V(std::numeric_limits<T>::epsilon() / 2), x, detail::expm1_core(inside));
}

/// The natural logarithm within 1 ulp. log(0) = log(-0) = -inf, NaN below 0, log(inf) = inf.
template <class V>
requires detail::is_real<V> DESCENT_FN V log(V x) {
    using limits = std::numeric_limits<number_of<V>>;
    V const inf(limits::infinity()), outside = select(x == V(0), -inf, V(limits::quiet_NaN()));
    return select(x > V(0), select(x < inf, detail::log_core(x), x), outside);
}

/// log(1 + x) within 1.5 ulp, near 0 too. log1p(-1) = -inf, NaN below, log1p(-0) = -0.
template <class V>
requires detail::is_real<V> DESCENT_FN V log1p(V x) {
    using limits = std::numeric_limits<number_of<V>>;
    V const inf(limits::infinity()), outside = select(x == V(-1), -inf, V(limits::quiet_NaN()));
    return select(x > V(-1), select(x < inf && x != V(0), detail::log1p_core(x), x), outside);
}

/// The hyperbolic tangent within 3 ulp. tanh(-0) = -0, tanh(inf) = 1.
template <class V>
requires detail::is_real<V> DESCENT_FN V tanh(V x) {
    V const inside = min(abs(x), V(20)), t = detail::expm1_core(inside + inside);
    return copysign(t / (t + V(2)), x);
}

/// 1 / (1 + e^-x) within 2.5 ulp, also where it is subnormal.
template <class V>
requires detail::is_real<V> DESCENT_FN V sigmoid(V x) {
    V const e = exp(-abs(x));
    return select(x < V(0), e, V(1)) / (e + V(1));
}

/// log(1 + e^x) within 2 ulp, without overflow: x for large x, e^x for very negative ones.
template <class V>
requires detail::is_real<V> DESCENT_FN V softplus(V x) {
    return max(x, V(0)) + detail::log1p_core(exp(-abs(x)));
}

}  // namespace descent
