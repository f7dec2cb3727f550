// SPDX-License-Identifier: MIT
// The library's side of bench/claims/04_mlp: reads commands, one a line, and answers each with a line.
//
//     peak                              multiply-adds per second of one thread, 1e9
//     momentum|adam <batch> <samples>   one epoch of the 784-256-128-10 network over so many images
//     latency <times>                   so many forward passes over one image
//
// Answers are seconds: CPU time of the calling thread, then the wall clock.
#include <cstdio>
#include <iostream>
#include <string>

#include <descent/exec/openmp.hpp>
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
#include "networks.hpp"

using namespace descent;

int main() {
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
            std::printf("%.3f", peer::peak());
        } else if (command == "latency") {
            int times = 0;
            std::cin >> times;
            for (int i = 0; i < times; ++i)
                peer::timed([&] { net.scores(one, z, threads); });
        } else {
            descent::index batch = 0, samples = 0;
            std::cin >> batch >> samples;
            if (table.samples() != samples)
                table = peer::images(samples);
            fit_options const options{.epochs = 1, .batch = batch};
            peer::timed([&] {
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
