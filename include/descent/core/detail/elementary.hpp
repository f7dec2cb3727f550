// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <descent/core/config.hpp>
#include <descent/core/detail/instruction.hpp>
#include <descent/core/pack.hpp>

// The cores of exp, expm1, log and log1p: branch-free, without the special values, which math.hpp selects.
// Polynomials are minimax fits in the reduced argument (Remez exchange, 50 digits). Every product that feeds a
// sum is an explicit fused(): nothing is left for a compiler to contract in one type and not in another.
namespace descent::detail {

/// The layout of float or double.
template <class T>
struct layout {
    using bits = typename integer_of_bytes<sizeof(T)>::type;
    static constexpr int mantissa = std::numeric_limits<T>::digits - 1;
    static constexpr int bias = std::numeric_limits<T>::max_exponent - 1;
    static constexpr bits mantissa_mask = (bits(1) << mantissa) - 1;
    /// Adding whole, a whole number below `one << (mantissa - 1)`, leaves it in the low bits of the sum.
    static constexpr T whole = T(bits(3) << (mantissa - 1));
    static constexpr T log2e = T(1.44269504088896340736);
    /// ln 2 in two parts; the first has so few bits that k times it is exact for every exponent k.
    static constexpr T ln2_high = sizeof(T) == 4 ? T(0x1.62e4p-1) : T(0x1.62e42fefa38p-1);
    static constexpr T ln2_low = sizeof(T) == 4 ? T(0x1.7f7d1cf79abcap-20) : T(0x1.ef35793c76730p-45);
    static constexpr bits sqrt_half = sizeof(T) == 4 ? bits(0x3f3504f3) : bits(0x3fe6a09e667f3bcd);
};

/// c0 + x (c1 + x (c2 + ...)).
template <class V, class... C>
DESCENT_FN V polynomial(V x, number_of<V> first, C... rest) {
    if constexpr (sizeof...(rest) == 0)
        return V(first);
    else
        return fused(polynomial(x, rest...), x, V(first));
}

/// exp(r) - 1 for |r| <= ln(2) / 2, within 2^-32 (float), 2^-61 (double) of it before rounding.
template <class V>
DESCENT_FN V exp_reduced(V r) {
    V q;
    if constexpr (sizeof(number_of<V>) == 4)
        q = polynomial(r, 0.5f, 0x1.555556p-3f, 0x1.5554acp-5f, 0x1.11108ep-7f, 0x1.6d75dap-10f,
                       0x1.a1a30cp-13f);
    else
        q = polynomial(r, 0.5, 0x1.5555555555559p-3, 0x1.555555555555ap-5, 0x1.111111110f647p-7,
                       0x1.6c16c16c1437ep-10, 0x1.a01a01b0137a3p-13, 0x1.a01a01b0f544ep-16,
                       0x1.71ddf7d2c20f3p-19, 0x1.27e4c520a3472p-22, 0x1.af5fb31740c32p-26,
                       0x1.1f96236ac67afp-29);
    return fused(r * r, q, r);
}

/// n, the whole number nearest to x / ln 2, and r = x - n ln 2. n + offset stands in the low bits of `sum`.
template <class V>
struct exp_parts {
    V sum, r;
};
template <class V>
DESCENT_FN exp_parts<V> reduce_exp(V x, int offset) {
    using T = number_of<V>;
    V const shift(layout<T>::whole + T(offset)), sum = fused(x, V(layout<T>::log2e), shift), n = sum - shift;
    return {sum, fused(n, V(-layout<T>::ln2_low), fused(n, V(-layout<T>::ln2_high), x))};
}

/// exp(x) for x in [-150 ln 2, 128.4 ln 2] (float), [-1075 ln 2, 1024.4 ln 2] (double).
template <class V>
DESCENT_FN V exp_core(V x) {
    using of = layout<number_of<V>>;
    auto const [sum, r] = reduce_exp(x, 2 * of::bias);
    // 2^n in two factors, neither of which overflows: a subnormal result is rounded once, by the last product.
    bits_type<V> const n = to_bits(sum), half = n >> 1;
    V const rough = (exp_reduced(r) + V(1)) * from_bits<V>(half << of::mantissa);
    return rough * from_bits<V>((n - half) << of::mantissa);
}

/// exp(x) - 1 for x in [-38, 128.4 ln 2] (float), [-38, 1024.4 ln 2] (double).
template <class V>
DESCENT_FN V expm1_core(V x) {
    using of = layout<number_of<V>>;
    auto const [sum, r] = reduce_exp(x, of::bias - 1);
    V const scale = from_bits<V>(to_bits(sum) << of::mantissa);  // 2^(n - 1): 2^n may overflow
    V const half = fused(scale, exp_reduced(r), scale - V(number_of<V>(0.5)));
    return half + half;
}

/// k ln 2 + log(1 + f) for f in [sqrt(1/2) - 1, sqrt(2) - 1], with f - f^2 / 2 kept apart from the small rest:
/// s = f / (2 + f), log(1 + f) = 2 s + s R(s^2).
template <class V>
DESCENT_FN V log_reduced(V f, V k) {
    using T = number_of<V>;
    using of = layout<T>;
    V const s = f / (f + V(2)), z = s * s, half = f * V(T(0.5));
    V r;
    if constexpr (sizeof(T) == 4)
        r = polynomial(z, 0x1.555554p-1f, 0x1.999a7cp-2f, 0x1.2438a8p-2f, 0x1.e2fdd4p-3f);
    else
        r = polynomial(z, 0x1.5555555555555p-1, 0x1.9999999999e06p-2, 0x1.249249242aaf2p-2,
                       0x1.c71c7259aa61dp-3, 0x1.745cddff608e7p-3, 0x1.3b20b4df09cdcp-3, 0x1.0f5bf60b204f9p-3,
                       0x1.0f6a99cc0634bp-3);
    V const rest = fused(s, fused(z, r, half * f), k * V(of::ln2_low));
    return fused(k, V(of::ln2_high), f + fused(-half, f, rest));
}

/// x = 2^k m, m in [sqrt(1/2), sqrt(2)), for normal x > 0; exponent = k + bias.
template <class V>
struct log_parts {
    bits_type<V> exponent;
    V m;
};
template <class V>
DESCENT_FN log_parts<V> reduce_log(V x) {
    using of = layout<number_of<V>>;
    using U = typename of::bits;
    using B = bits_type<V>;
    B const shifted = to_bits(x) + B(U((U(of::bias) << of::mantissa) - of::sqrt_half));
    return {shifted >> of::mantissa, from_bits<V>((shifted & B(of::mantissa_mask)) + B(of::sqrt_half))};
}

/// A whole number below 2^mantissa in bits, as a number, minus `minus`.
template <class V>
DESCENT_FN V number_from(bits_type<V> bits, V minus) {
    using T = number_of<V>;
    constexpr T base = T(typename layout<T>::bits(1) << layout<T>::mantissa);
    return from_bits<V>(bits | to_bits(V(base))) - (V(base) + minus);
}

/// log(x) for finite x > 0.
template <class V>
DESCENT_FN V log_core(V x) {
    using T = number_of<V>;
    using of = layout<T>;
    constexpr int lift = of::mantissa + 2;
    constexpr T two_to_lift = T(typename of::bits(1) << lift);
    auto const subnormal = x < V(std::numeric_limits<T>::min());
    auto const [exponent, m] = reduce_log(select(subnormal, x * V(two_to_lift), x));
    V const k = number_from<V>(exponent, select(subnormal, V(T(of::bias + lift)), V(T(of::bias))));
    return log_reduced(m - V(1), k);
}

/// log(1 + x) for finite x > -1.
template <class V>
DESCENT_FN V log1p_core(V x) {
    using T = number_of<V>;
    using of = layout<T>;
    using B = bits_type<V>;
    // u + lost = 1 + x without error (Knuth, two-sum).
    V const u = x + V(1), back = u - V(1), lost = (V(1) - (u - back)) + (x - back);
    auto const [exponent, m] = reduce_log(u);
    V const inverse = from_bits<V>((B(typename of::bits(2 * of::bias)) - exponent) << of::mantissa);  // 2^-k
    V const scale = select(x < V(T(typename of::bits(1) << (of::mantissa + 4))), inverse, V(0));
    return log_reduced(fused(lost, scale, m - V(1)), number_from<V>(exponent, V(T(of::bias))));
}

}  // namespace descent::detail
