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
#include "networks.hpp"

using namespace descent;

int main() {
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
            std::printf("%.3f", peer::peak());
        } else if (command == "epoch") {
            descent::index samples = 0;
            std::cin >> samples;
            if (table.samples() != samples)
                table = peer::images(samples);
            peer::timed([&] {
                fit(small, table, chain(momentum{.beta = 0.9}, rate{0.01}), {.epochs = 1, .batch = 64},
                    threads);
            });
        } else if (command == "forward") {
            peer::timed([&] { residual.scores(batch, z, threads); });
        } else if (command == "latency") {
            int times = 0;
            std::cin >> times;
            for (int i = 0; i < times; ++i)
                peer::timed([&] { residual.scores(one, z, threads); });
        }
        std::printf("\n");
        std::fflush(stdout);
    }
}
