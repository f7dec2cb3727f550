// SPDX-License-Identifier: MIT
// The library's side of bench/claims/05_aware_step: reads commands, one a line, and answers each with a line of
// seconds of one call, on the wall clock: loss and gradient of layers 1024 - 1024 - relu - 10.
//
//     floats <batch> <threads> <calls>
//     rounded <batch> <threads> <calls>    the first layer's weights in 4 bits with a learned step
#include <cstdio>
#include <iostream>
#include <string>

#include <descent/core/random.hpp>
#include <descent/data/batch.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/aware.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

constexpr descent::index width = 1024;

template <class First>
auto network_with(First const& first) {
    return nn::network{nn::input<float>{width}, nn::sequential{first, nn::relu{}, nn::dense{10}}};
}

template <class Network>
double seconds(Network& net, data::dataset<float> const& table, int threads, int calls) {
    auto g = net.params().like();
    exec::openmp const executor{.threads = threads};
    auto const all = data::all_of(table);
    net.gradient(all, g, executor);
    double const before = measure::wall_time();
    for (int i = 0; i < calls; ++i)
        net.gradient(all, g, executor);
    return (measure::wall_time() - before) / calls;
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    measure::print_build("1 and 2 threads");
    std::fflush(stdout);
    auto exact = network_with(nn::dense{width});
    auto rounded = network_with(quantize::aware{nn::dense{width}, {.bits = 4}});
    rounded.params()["0.weight_step"].flat().setConstant(0.02f);
    std::string command;
    int batch, threads, calls;
    while (std::cin >> command >> batch >> threads >> calls) {
        data::dataset<float> table{.x = matrix<float>(batch, width), .y = vector<float>::Zero(batch)};
        for (descent::index i = 0; i < table.x.size(); ++i)
            table.x.data()[i] = generator{3}.normal<float>(std::uint64_t(i));
        std::printf("%.9f\n", command == "rounded" ? seconds(rounded, table, threads, calls)
                                                   : seconds(exact, table, threads, calls));
        std::fflush(stdout);
    }
}
