// SPDX-License-Identifier: MIT
#include <baselines/optim.hpp>

#include <cmath>

namespace baseline {

adam_constants adam_constants::at(long step, float rate, float decay, float scale) {
    double const t = double(step);
    return {.1f,
            .001f,
            float(double(rate) / (1 - std::pow(.9, t))),
            rate * decay,
            float(1 / std::sqrt(1 - std::pow(.999, t))),
            1e-8f,
            scale};
}

void sgd_loop(float* __restrict w, float const* __restrict g, std::ptrdiff_t n, float rate) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i)
        w[i] -= rate * g[i];
}

void momentum_loop(float* __restrict w, float const* __restrict g, float* __restrict b, std::ptrdiff_t n,
                   float beta, float rate) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        float const next = beta * b[i] + g[i];
        b[i] = next;
        w[i] -= rate * next;
    }
}

void adam_loop(float* __restrict w, float const* __restrict g, float* __restrict m, float* __restrict v,
               std::ptrdiff_t n, adam_constants const& constants) {
    adam_constants const k = constants;
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        float const u = g[i], first = m[i] + k.gain1 * (u - m[i]), second = v[i] + k.gain2 * (u * u - v[i]);
        m[i] = first;
        v[i] = second;
        w[i] -= k.a * first / (k.c * std::sqrt(second) + k.epsilon);
    }
}

void adam_decay_loop(float* __restrict w, float const* __restrict g, float* __restrict m, float* __restrict v,
                     std::ptrdiff_t n, adam_constants const& constants) {
    adam_constants const k = constants;
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        float const u = k.scale * g[i], first = m[i] + k.gain1 * (u - m[i]),
                    second = v[i] + k.gain2 * (u * u - v[i]);
        m[i] = first;
        v[i] = second;
        w[i] -= k.a * first / (k.c * std::sqrt(second) + k.epsilon) + k.b * w[i];
    }
}

float square_sum_loop(float const* __restrict g, std::ptrdiff_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::ptrdiff_t i = 0; i < n; ++i)
        sum += g[i] * g[i];
    return sum;
}

void touch_r2w1(float* __restrict w, float const* __restrict g, std::ptrdiff_t n) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i)
        w[i] += g[i];
}

void touch_r3w2(float* __restrict w, float const* __restrict g, float* __restrict b, std::ptrdiff_t n) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        w[i] += g[i];
        b[i] += g[i];
    }
}

void touch_r4w3(float* __restrict w, float const* __restrict g, float* __restrict m, float* __restrict v,
                std::ptrdiff_t n) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        w[i] += g[i];
        m[i] += g[i];
        v[i] += g[i];
    }
}

float touch_r1(float const* __restrict g, std::ptrdiff_t n) {
    // Four sums, so that the reads and not the additions' latency set the pace.
    float sum[4] = {};
    float a = 0, b = 0, c = 0, d = 0;
    std::ptrdiff_t const quarter = n / 4;
#pragma omp simd reduction(+ : a, b, c, d)
    for (std::ptrdiff_t i = 0; i < quarter; ++i) {
        a += g[i];
        b += g[i + quarter];
        c += g[i + 2 * quarter];
        d += g[i + 3 * quarter];
    }
    for (std::ptrdiff_t i = 4 * quarter; i < n; ++i)
        sum[0] += g[i];
    return a + b + c + d + sum[0];
}

void sqrt_divide(float* __restrict x, std::ptrdiff_t n) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i)
        x[i] = 1 / std::sqrt(x[i]);
}

}  // namespace baseline
