// SPDX-License-Identifier: MIT
// The library's side of bench/claims/04_convnet: reads commands, one a line, and answers each with a line.
//
//     peak               multiply-adds per second of one thread, 1e9
//     epoch <samples>    one epoch of the small convnet over so many generated images
//     forward            one forward pass of a ResNet-20 over 64 images
//     latency <times>    so many forward passes over one image
//
// Answers are seconds: CPU time of the calling thread, then the wall clock.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include <descent/exec/openmp.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

/// Twelve sums that wait for nothing but themselves.
[[gnu::noinline]] float multiply_add(int times, float factor, float more) {
    using V = native_pack<float>;
    V sums[12];
    nn::detail::unrolled<12>([&](auto i) { sums[i] = V(float(i)); });
    for (int k = 0; k < times; ++k)
        nn::detail::unrolled<12>([&](auto i) { sums[i] = fused_multiply_add(sums[i], V(factor), V(more)); });
    V total = sums[0];
    for (int i = 1; i < 12; ++i)
        total += sums[i];
    return sum(total);
}

double peak() {
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

data::dataset<float> images(descent::index samples) {
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

template <class F>
void timed(F const& f) {
    double const wall = measure::wall_time(), cpu = measure::cpu_time();
    f();
    std::printf("%.9f %.9f ", measure::cpu_time() - cpu, measure::wall_time() - wall);
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    measure::print_build("2 threads");
    std::fflush(stdout);
    exec::openmp const threads{.threads = 2};
    nn::network small{nn::input<float>{1, 28, 28},
                      nn::sequential{nn::conv2d{.channels = 8, .padding = 1}, nn::relu{}, nn::max_pool{},
                                     nn::conv2d{.channels = 16, .padding = 1}, nn::relu{}, nn::max_pool{},
                                     nn::flatten{}, nn::dense{10}}};
    nn::network residual{nn::input<float>{3, 32, 32}, nn::resnet20()};
    data::dataset<float> table;
    matrix<float> const batch = matrix<float>::Random(64, 3072), one = batch.topRows(1);
    matrix<float> z;
    std::string command;
    while (std::cin >> command) {
        if (command == "peak") {
            std::printf("%.3f", peak());
        } else if (command == "epoch") {
            descent::index samples = 0;
            std::cin >> samples;
            if (table.samples() != samples)
                table = images(samples);
            timed([&] {
                fit(small, table, chain(momentum{.beta = 0.9}, rate{0.01}), {.epochs = 1, .batch = 64},
                    threads);
            });
        } else if (command == "forward") {
            timed([&] { residual.scores(batch, z, threads); });
        } else if (command == "latency") {
            int times = 0;
            std::cin >> times;
            for (int i = 0; i < times; ++i)
                timed([&] { residual.scores(one, z, threads); });
        }
        std::printf("\n");
        std::fflush(stdout);
    }
}
