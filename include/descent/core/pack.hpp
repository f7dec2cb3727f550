// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <descent/core/config.hpp>

namespace descent {

/// Bytes to which every tensor of an arena is aligned and padded: the widest register there is.
inline constexpr std::size_t alignment = 64;

namespace detail {

template <int Bytes>
struct integer_of_bytes;
template <>
struct integer_of_bytes<4> {
    using type = std::uint32_t;
};
template <>
struct integer_of_bytes<8> {
    using type = std::uint64_t;
};

}  // namespace detail

#if DESCENT_VECTOR_EXTENSIONS

/// One SIMD register of N numbers, on the compiler's own vector type: the same operators as a number, element
/// by element, so that one kernel text serves a number, a pack and a CUDA thread. Comparisons give a mask for
/// select(). It needs no header and no special compiler flag.
template <class T, int N>
struct pack {
    typedef T simd __attribute__((vector_size(N * sizeof(T)), may_alias));
    typedef T loose __attribute__((vector_size(N * sizeof(T)), aligned(alignof(T)), may_alias));
    using value_type = T;
    static constexpr int lanes = N;

    /// One truth value a lane: all bits set or none.
    struct mask {
        decltype(simd{} < simd{}) v;
        friend DESCENT_FN mask operator&&(mask a, mask b) { return {a.v & b.v}; }
        friend DESCENT_FN mask operator||(mask a, mask b) { return {a.v | b.v}; }
        friend DESCENT_FN mask operator!(mask a) { return {~a.v}; }
    };

    simd v;

    pack() = default;
    DESCENT_FN pack(T number) : v(number - simd{}) {}  // minus: -0 stays -0

    // A template, since g++ 12 confuses simd with T in the signature of a constructor.
    template <class Simd>
    static DESCENT_FN pack of(Simd lanes_) {
        pack value;
        value.v = lanes_;
        return value;
    }

    DESCENT_FN T operator[](int lane) const { return v[lane]; }

    friend DESCENT_FN pack operator-(pack a) { return of(-a.v); }
    friend DESCENT_FN pack operator+(pack a, pack b) { return of(a.v + b.v); }
    friend DESCENT_FN pack operator-(pack a, pack b) { return of(a.v - b.v); }
    friend DESCENT_FN pack operator*(pack a, pack b) { return of(a.v * b.v); }
    friend DESCENT_FN pack operator/(pack a, pack b) { return of(a.v / b.v); }
    DESCENT_FN pack& operator+=(pack b) { return *this = *this + b; }
    DESCENT_FN pack& operator-=(pack b) { return *this = *this - b; }
    DESCENT_FN pack& operator*=(pack b) { return *this = *this * b; }
    DESCENT_FN pack& operator/=(pack b) { return *this = *this / b; }

    friend DESCENT_FN mask operator<(pack a, pack b) { return {a.v < b.v}; }
    friend DESCENT_FN mask operator<=(pack a, pack b) { return {a.v <= b.v}; }
    friend DESCENT_FN mask operator>(pack a, pack b) { return {a.v > b.v}; }
    friend DESCENT_FN mask operator>=(pack a, pack b) { return {a.v >= b.v}; }
    friend DESCENT_FN mask operator==(pack a, pack b) { return {a.v == b.v}; }
    friend DESCENT_FN mask operator!=(pack a, pack b) { return {a.v != b.v}; }

    // Bit operations: for packs of unsigned integers.
    friend DESCENT_FN pack operator&(pack a, pack b) requires std::is_integral_v<T> { return of(a.v & b.v); }
    friend DESCENT_FN pack operator|(pack a, pack b) requires std::is_integral_v<T> { return of(a.v | b.v); }
    friend DESCENT_FN pack operator^(pack a, pack b) requires std::is_integral_v<T> { return of(a.v ^ b.v); }
    friend DESCENT_FN pack operator~(pack a) requires std::is_integral_v<T> { return of(~a.v); }
    friend DESCENT_FN pack operator<<(pack a, int n) requires std::is_integral_v<T> { return of(a.v << n); }
    friend DESCENT_FN pack operator>>(pack a, int n) requires std::is_integral_v<T> { return of(a.v >> n); }
};

#else

/// Where the compiler has no vector types there are no packs: the native pack is the number itself.
template <class T, int N>
struct pack;

#endif

namespace detail {

template <class T>
inline constexpr int native_lanes = DESCENT_REGISTER_BYTES / int(sizeof(T)) > 1
                                        ? DESCENT_REGISTER_BYTES / int(sizeof(T))
                                        : 1;

template <class V>
struct pack_traits {
    using number = V;
    using mask = bool;
    static constexpr int lanes = 1;
};

#if DESCENT_VECTOR_EXTENSIONS
template <class T, int N>
struct pack_traits<pack<T, N>> {
    using number = T;
    using mask = typename pack<T, N>::mask;
    static constexpr int lanes = N;
};
#endif

}  // namespace detail

/// The widest value of T that one instruction handles: pack<T, lanes>, or T where there are no packs.
template <class T>
using native_pack = std::conditional_t<(detail::native_lanes<T> > 1), pack<T, detail::native_lanes<T>>, T>;

/// What a value V is made of: float for pack<float, 16> and for float.
template <class V>
using number_of = typename detail::pack_traits<V>::number;

/// The type of a < b: bool for numbers.
template <class V>
using mask_of = typename detail::pack_traits<V>::mask;

/// Numbers in a value of type V.
template <class V>
inline constexpr int lanes_of = detail::pack_traits<V>::lanes;

/// A value with as many lanes as V, of another number type U.
template <class V, class U>
using same_lanes = std::conditional_t<lanes_of<V> == 1, U, pack<U, lanes_of<V>>>;

/// Reads lanes_of<V> numbers from memory aligned to their size.
template <class V>
DESCENT_FN V load(number_of<V> const* from) {
    if constexpr (lanes_of<V> == 1)
        return *from;
    else
        return V::of(*reinterpret_cast<typename V::simd const*>(from));
}

/// Reads lanes_of<V> numbers from anywhere.
template <class V>
DESCENT_FN V load_unaligned(number_of<V> const* from) {
    if constexpr (lanes_of<V> == 1)
        return *from;
    else
        return V::of(*reinterpret_cast<typename V::loose const*>(from));
}

/// Writes all lanes to memory aligned to their size.
template <class V>
DESCENT_FN void store(number_of<V>* to, V value) {
    if constexpr (lanes_of<V> == 1)
        *to = value;
    else
        *reinterpret_cast<typename V::simd*>(to) = value.v;
}

/// Writes all lanes anywhere.
template <class V>
DESCENT_FN void store_unaligned(number_of<V>* to, V value) {
    if constexpr (lanes_of<V> == 1)
        *to = value;
    else
        *reinterpret_cast<typename V::loose*>(to) = value.v;
}

/// where ? a : b, lane by lane. Both sides are evaluated; NaN on the unchosen side does no harm.
template <class T>
requires std::is_arithmetic_v<T> DESCENT_FN T select(bool where, T a, T b) { return where ? a : b; }

/// The bit pattern of each lane, as unsigned integers of the same size.
template <class V>
using bits_type = same_lanes<V, typename detail::integer_of_bytes<sizeof(number_of<V>)>::type>;

#if DESCENT_VECTOR_EXTENSIONS

template <class T, int N>
DESCENT_FN pack<T, N> select(typename pack<T, N>::mask where, pack<T, N> a, pack<T, N> b) {
    return pack<T, N>::of(where.v ? a.v : b.v);
}

/// Is any lane true?
template <class M>
requires requires(M where) { where.v; }
DESCENT_FN bool any(M where) {
    // Halving keeps every step in registers; lane by lane goes through memory.
    auto found = where.v[0];
    for (int lane = 1; lane < int(sizeof(where.v) / sizeof(where.v[0])); ++lane)
        found |= where.v[lane];
    return found != 0;
}

#endif

DESCENT_FN bool any(bool where) { return where; }

/// The lanes' bit patterns, and back.
template <class V>
DESCENT_FN bits_type<V> to_bits(V value) {
    bits_type<V> bits;
    static_assert(sizeof bits == sizeof value);
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}
template <class V>
DESCENT_FN V from_bits(bits_type<V> bits) {
    V value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/// Each lane converted to the number type U, as a C++ conversion would.
template <class U, class V>
DESCENT_FN same_lanes<V, U> convert(V value) {
    if constexpr (lanes_of<V> == 1)
        return U(value);
    else
        return same_lanes<V, U>::of(__builtin_convertvector(value.v, typename same_lanes<V, U>::simd));
}

/// 0, 1, 2, ... lane by lane.
template <class V>
DESCENT_FN V lane_numbers() {
    using T = number_of<V>;
    if constexpr (lanes_of<V> == 1) {
        return V(0);
    } else {
        V value;
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            value.v[lane] = T(lane);
        return value;
    }
}

/// The first `count` lanes of value, zeros behind them.
template <class V>
DESCENT_FN V first_lanes(V value, int count) {
    if constexpr (lanes_of<V> == 1)
        return count > 0 ? value : V(0);
    else
        return select(lane_numbers<V>() < V(number_of<V>(count)), value, V(0));
}

#if DESCENT_VECTOR_EXTENSIONS
namespace detail {

template <class R>
DESCENT_FN auto sum_of_register(R v) {
    constexpr int half = int(sizeof(R) / sizeof(v[0])) / 2;
    if constexpr (half == 1)
        return v[0] + v[1];
    else
        return [&]<int... L>(std::integer_sequence<int, L...>) {
            return sum_of_register(__builtin_shufflevector(v, v, L...) +
                                   __builtin_shufflevector(v, v, (L + half)...));
        }
    (std::make_integer_sequence<int, half>{});
}

}  // namespace detail
#endif

/// The sum of all lanes, halves added to halves: one fixed order.
template <class V>
DESCENT_FN number_of<V> sum(V value) {
    if constexpr (lanes_of<V> == 1) {
        return value;
    } else {
#if DESCENT_VECTOR_EXTENSIONS
        return detail::sum_of_register(value.v);
#else
        number_of<V> part[lanes_of<V>];
        store_unaligned(part, value);
        for (int half = lanes_of<V> / 2; half > 0; half /= 2)
            for (int lane = 0; lane < half; ++lane)
                part[lane] += part[lane + half];
        return part[0];
#endif
    }
}

}  // namespace descent
