// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>

// Square root and fused multiply-add as single instructions. The compilers' own
// spellings depend on flags: sqrt() checks errno and stays scalar, a * b + c is
// fused or not according to -O, -ffp-contract and whether the operands are
// numbers or vectors. These two do not, so a number and a pack give the same
// bits.
namespace descent::detail {

DESCENT_FN float root(float x) {
#if defined(__CUDA_ARCH__)
    return __fsqrt_rn(x);
#elif DESCENT_VECTOR_EXTENSIONS && defined(__AVX__)
    asm("vsqrtss {%1, %1, %0|%0, %1, %1}" : "=x"(x) : "x"(x));
    return x;
#elif DESCENT_VECTOR_EXTENSIONS && defined(__SSE2__)
    asm("sqrtss {%0, %0|%0, %0}" : "+x"(x));
    return x;
#else
    return __builtin_sqrtf(x);
#endif
}

DESCENT_FN double root(double x) {
#if defined(__CUDA_ARCH__)
    return __dsqrt_rn(x);
#elif DESCENT_VECTOR_EXTENSIONS && defined(__AVX__)
    asm("vsqrtsd {%1, %1, %0|%0, %1, %1}" : "=x"(x) : "x"(x));
    return x;
#elif DESCENT_VECTOR_EXTENSIONS && defined(__SSE2__)
    asm("sqrtsd {%0, %0|%0, %0}" : "+x"(x));
    return x;
#else
    return __builtin_sqrt(x);
#endif
}

DESCENT_FN float fused(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#elif DESCENT_FUSED
    return __builtin_fmaf(a, b, c);
#else
    float const product = a * b;  // its own statement: clang folds a * b + c of
                                  // constants with one rounding
    return product + c;
#endif
}

DESCENT_FN double fused(double a, double b, double c) {
#if defined(__CUDA_ARCH__)
    return __fma_rn(a, b, c);
#elif DESCENT_FUSED
    return __builtin_fma(a, b, c);
#else
    double const product = a * b;  // its own statement: clang folds a * b + c of
                                   // constants with one rounding
    return product + c;
#endif
}

#if DESCENT_VECTOR_EXTENSIONS

#if defined(__SSE2__) || defined(__aarch64__)
template <class V>
inline constexpr bool fills_register = sizeof(V) >= 16 && sizeof(V) <= DESCENT_REGISTER_BYTES;
#else
template <class V>
inline constexpr bool fills_register = false;
#endif

template <class V>
struct halves {
    pack<typename V::value_type, V::lanes / 2> low, high;
};

template <class V>
DESCENT_FN halves<V> split(V x) {
    halves<V> parts;
    __builtin_memcpy(&parts, &x, sizeof x);
    return parts;
}

template <class V>
DESCENT_FN V join(halves<V> parts) {
    V x;
    __builtin_memcpy(&x, &parts, sizeof x);
    return x;
}

template <class T, int N>
DESCENT_FN pack<T, N> root(pack<T, N> x) {
    using V = pack<T, N>;
    if constexpr (fills_register<V>) {
#if defined(__AVX__)
        if constexpr (sizeof(T) == 4)
            asm("vsqrtps {%1, %0|%0, %1}" : "=v"(x.v) : "v"(x.v));
        else
            asm("vsqrtpd {%1, %0|%0, %1}" : "=v"(x.v) : "v"(x.v));
#elif defined(__SSE2__)
        if constexpr (sizeof(T) == 4)
            asm("sqrtps {%1, %0|%0, %1}" : "=x"(x.v) : "x"(x.v));
        else
            asm("sqrtpd {%1, %0|%0, %1}" : "=x"(x.v) : "x"(x.v));
#elif defined(__aarch64__)
        if constexpr (sizeof(T) == 4)
            asm("fsqrt %0.4s, %1.4s" : "=w"(x.v) : "w"(x.v));
        else
            asm("fsqrt %0.2d, %1.2d" : "=w"(x.v) : "w"(x.v));
#endif
        return x;
    } else if constexpr (sizeof(V) > DESCENT_REGISTER_BYTES) {
        halves<V> const parts = split(x);
        return join<V>({root(parts.low), root(parts.high)});
    } else {
        for (int lane = 0; lane < N; ++lane)
            x.v[lane] = root(T(x.v[lane]));
        return x;
    }
}

template <class T, int N>
DESCENT_FN pack<T, N> fused(pack<T, N> a, pack<T, N> b, pack<T, N> c) {
    using V = pack<T, N>;
    if constexpr (!DESCENT_FUSED) {
        return a * b + c;
    } else if constexpr (fills_register<V>) {
#if defined(__FMA__)
        // The compilers' builtins fold loads and choose among the three forms; asm
        // could do neither.
#if defined(__AVX512F__)
        constexpr int as_set = 4;  // the rounding mode that is in force
        if constexpr (sizeof(V) == 64 && sizeof(T) == 4)
            return V::of(
                __builtin_ia32_vfmaddps512_mask(a.v, b.v, c.v, static_cast<unsigned short>(-1), as_set));
        else if constexpr (sizeof(V) == 64)
            return V::of(
                __builtin_ia32_vfmaddpd512_mask(a.v, b.v, c.v, static_cast<unsigned char>(-1), as_set));
        else
#endif
            if constexpr (sizeof(V) == 32 && sizeof(T) == 4)
            return V::of(__builtin_ia32_vfmaddps256(a.v, b.v, c.v));
        else if constexpr (sizeof(V) == 32)
            return V::of(__builtin_ia32_vfmaddpd256(a.v, b.v, c.v));
        else if constexpr (sizeof(T) == 4)
            return V::of(__builtin_ia32_vfmaddps(a.v, b.v, c.v));
        else
            return V::of(__builtin_ia32_vfmaddpd(a.v, b.v, c.v));
#elif defined(__aarch64__)
        if constexpr (sizeof(T) == 4)
            asm("fmla %0.4s, %1.4s, %2.4s" : "+w"(c.v) : "w"(a.v), "w"(b.v));
        else
            asm("fmla %0.2d, %1.2d, %2.2d" : "+w"(c.v) : "w"(a.v), "w"(b.v));
        return c;
#endif
    } else if constexpr (sizeof(V) > DESCENT_REGISTER_BYTES) {
        halves<V> const x = split(a), y = split(b), z = split(c);
        return join<V>({fused(x.low, y.low, z.low), fused(x.high, y.high, z.high)});
    } else {
        for (int lane = 0; lane < N; ++lane)
            c.v[lane] = fused(T(a.v[lane]), T(b.v[lane]), T(c.v[lane]));
        return c;
    }
}

#endif

}  // namespace descent::detail
