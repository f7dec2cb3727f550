// SPDX-License-Identifier: MIT
// What the library's sides of the claims on networks share.
#pragma once

#include <algorithm>
#include <cstdio>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/random.hpp>
#include <descent/data/dataset.hpp>
#include <descent/exec/unrolled.hpp>

#include "measure.hpp"

namespace peer {

using namespace descent;

/// Twelve sums that wait for nothing but themselves.
[[gnu::noinline]] inline float multiply_add(int times, float factor, float more) {
    using V = native_pack<float>;
    V sums[12];
    exec::unrolled<12>([&](auto i) { sums[i] = V(float(i)); });
    for (int k = 0; k < times; ++k)
        exec::unrolled<12>([&](auto i) { sums[i] = fused_multiply_add(sums[i], V(factor), V(more)); });
    V total = sums[0];
    exec::unrolled<11>([&](auto i) { total += sums[i + 1]; });  // a loop would keep the sums in memory
    return sum(total);
}

/// Multiply-adds per second of one thread, 1e9.
inline double peak() {
    double best = 0;
    float sink = 0;
    for (int turn = 0; turn < 5; ++turn) {
        constexpr int times = 4000000;
        double const before = measure::cpu_time();
        sink += multiply_add(times, 0.999f, 1e-3f);
        best = std::max(best, 12.0 * lanes_of<native_pack<float>> * times / (measure::cpu_time() - before));
    }
    return sink < 0 ? 0 : best * 1e-9;
}

/// Images of 28 x 28 noisy pixels whose classes can be learned.
inline data::dataset<float> images(descent::index samples) {
    data::dataset<float> table;
    table.x.resize(samples, 784);
    table.y.resize(samples);
    generator const draws{1};
    for (descent::index i = 0; i < samples; ++i) {
        table.y[i] = float(i % 10);
        for (descent::index j = 0; j < 784; ++j)
            table.x(i, j) = draws.uniform<float>(std::uint64_t(i * 784 + j)) + float((j / 28) % 10 == i % 10);
    }
    return table;
}

/// Prints how long it takes: CPU time of the calling thread, then the wall clock, in seconds.
template <class F>
void timed(F const& f) {
    double const wall = measure::wall_time(), cpu = measure::cpu_time();
    f();
    std::printf("%.9f %.9f ", measure::cpu_time() - cpu, measure::wall_time() - wall);
}

}  // namespace peer
