// SPDX-License-Identifier: MIT
#pragma once

// The only compiler #ifs of the library. Everything else is written once.

/// Marks a function that the serial loop, the SIMD loop and a CUDA kernel share.
#if defined(__CUDACC__)
#define DESCENT_FN __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define DESCENT_FN inline __attribute__((always_inline))
#elif defined(_MSC_VER)
#define DESCENT_FN __forceinline
#else
#define DESCENT_FN inline
#endif

/// A pointer that no other pointer of the same function aliases.
#if defined(_MSC_VER) && !defined(__clang__)
#define DESCENT_RESTRICT __restrict
#else
#define DESCENT_RESTRICT __restrict__
#endif

/// 1 where GCC's vector extensions exist (g++, clang++): packs are SIMD registers. nvcc's front end and MSVC
/// get packs of one lane, which are plain numbers.
#if defined(__GNUC__) && !defined(__CUDACC__)
#define DESCENT_VECTOR_EXTENSIONS 1
#else
#define DESCENT_VECTOR_EXTENSIONS 0
#endif

/// Bytes of one SIMD register under the compiler's current flags.
#if !DESCENT_VECTOR_EXTENSIONS
#define DESCENT_REGISTER_BYTES 0
#elif defined(__AVX512F__)
#define DESCENT_REGISTER_BYTES 64
#elif defined(__AVX__)
#define DESCENT_REGISTER_BYTES 32
#else
#define DESCENT_REGISTER_BYTES 16
#endif

/// 1 where the kernel takes advice on huge pages (madvise).
#if defined(__linux__)
#define DESCENT_HUGE_PAGES 1
#else
#define DESCENT_HUGE_PAGES 0
#endif

/// 1 where the compiler was told to build OpenMP code (-fopenmp).
#if defined(_OPENMP)
#define DESCENT_OPENMP_ENABLED 1
#else
#define DESCENT_OPENMP_ENABLED 0
#endif

/// 1 where the program links zlib: CMake's descent::zlib says so by defining DESCENT_ZLIB.
#if defined(DESCENT_ZLIB) && __has_include(<zlib.h>)
#define DESCENT_ZLIB_ENABLED 1
#else
#define DESCENT_ZLIB_ENABLED 0
#endif

/// 1 where images can be decoded: CMake's descent::stb says so by defining DESCENT_STB.
#if defined(DESCENT_STB) && __has_include(<stb_image.h>)
#define DESCENT_STB_ENABLED 1
#else
#define DESCENT_STB_ENABLED 0
#endif

/// 1 where the program links SQLite: CMake's descent::sqlite says so by defining DESCENT_SQLITE.
#if defined(DESCENT_SQLITE) && __has_include(<sqlite3.h>)
#define DESCENT_SQLITE_ENABLED 1
#else
#define DESCENT_SQLITE_ENABLED 0
#endif

/// 1 where the target multiplies and adds with one rounding; every CUDA device does. (AVX-512 alone brings the
/// scalar instruction, but not the form that packs use.)
#if defined(__CUDA_ARCH__) || defined(__FMA__) || defined(__aarch64__) || \
    (defined(__FP_FAST_FMAF) && !defined(__AVX512F__))
#define DESCENT_FUSED 1
#else
#define DESCENT_FUSED 0
#endif
