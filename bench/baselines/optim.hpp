// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// What a careful C programmer writes for one rule: a plain loop over restrict pointers, constants folded,
// compiled with -fno-math-errno -fopenmp-simd so that the compiler makes SIMD of it. Each works on [0, n).
namespace baseline {

/// Adam's constants at one step: w -= a m / (c sqrt(v) + epsilon) + b w.
struct adam_constants {
    float gain1, gain2, a, b, c, epsilon, scale;

    /// scale is clip_norm's, decay and scale are left out by adam_loop.
    static adam_constants at(long step, float rate, float decay, float scale);
};

void sgd_loop(float* w, float const* g, std::ptrdiff_t n, float rate);
void momentum_loop(float* w, float const* g, float* b, std::ptrdiff_t n, float beta, float rate);
void adam_loop(float* w, float const* g, float* m, float* v, std::ptrdiff_t n, adam_constants const& k);
void adam_decay_loop(float* w, float const* g, float* m, float* v, std::ptrdiff_t n, adam_constants const& k);

/// The sum of squares.
float square_sum_loop(float const* g, std::ptrdiff_t n);

// Limits: the same streams, one addition a store.
void touch_r2w1(float* w, float const* g, std::ptrdiff_t n);
void touch_r3w2(float* w, float const* g, float* b, std::ptrdiff_t n);
void touch_r4w3(float* w, float const* g, float* m, float* v, std::ptrdiff_t n);
/// Reads once: the sum.
float touch_r1(float const* g, std::ptrdiff_t n);

/// x <- 1 / sqrt(x), both rounded correctly: what Adam cannot do without.
void sqrt_divide(float* x, std::ptrdiff_t n);

}  // namespace baseline
