// SPDX-License-Identifier: MIT
// The library's side of bench/claims/04_mlp: reads commands, one a line, and answers each with a line.
//
//     peak                                   multiply-adds per second of one thread, 1e9
//     momentum|adam <batch> <samples>        one epoch of the 784-256-128-10 network over so many generated
//     rows latency <times>                        so many forward passes over one row
//
// Answers are seconds: CPU time of the calling thread, then the wall clock.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include <descent/exec/openmp.hpp>
#include <descent/exec/row.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
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
    exec::detail::unrolled<12>([&](auto i) { sums[i] = V(float(i)); });
    for (int k = 0; k < times; ++k)
        exec::detail::unrolled<12>([&](auto i) { sums[i] = fused_multiply_add(sums[i], V(factor), V(more)); });
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

data::dataset<float> rows(descent::index samples) {
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
    nn::network net{nn::input<float>{784},
                    nn::sequential{nn::dense{256}, nn::relu{}, nn::dense{128}, nn::relu{}, nn::dense{10}}};
    data::dataset<float> table;
    matrix<float> const one = matrix<float>::Random(1, 784);
    matrix<float> z;
    std::string command;
    while (std::cin >> command) {
        if (command == "peak") {
            std::printf("%.3f", peak());
        } else if (command == "latency") {
            int times = 0;
            std::cin >> times;
            for (int i = 0; i < times; ++i)
                timed([&] { net.scores(one, z, threads); });
        } else {
            descent::index batch = 0, samples = 0;
            std::cin >> batch >> samples;
            if (table.samples() != samples)
                table = rows(samples);
            fit_options const options{.epochs = 1, .batch = batch};
            timed([&] {
                if (command == "adam")
                    fit(net, table, chain(adam{}, rate{1e-3}), options, threads);
                else
                    fit(net, table, chain(momentum{.beta = 0.9}, rate{0.01}), options, threads);
            });
        }
        std::printf("\n");
        std::fflush(stdout);
    }
}
