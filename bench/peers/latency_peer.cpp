// SPDX-License-Identifier: MIT
// The library's side of bench/claims/04_latency. Writes mlp.onnx and resnet20.onnx into the folder it is given,
// then reads commands, one a line, and answers each with a line.
//
//     mlp|resnet20 <threads> <times>      so many forward passes over one sample: seconds of each
//     scores mlp|resnet20                 those of the sample whose number i is (i mod 7) / 7
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/onnx.hpp>
#include <descent/nn/resnet.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

template <class Net>
void answer(Net const& net, bool scores, int threads, int times) {
    std::vector<float> x(std::size_t(net.features())), z(std::size_t(net.outputs()));
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = float(i % 7) / 7;
    exec::openmp const executor{.threads = threads};
    for (int i = 0; i < times; ++i) {
        double const before = measure::wall_time();
        net.scores(x, z, executor);
        if (!scores)
            std::printf("%.9f ", measure::wall_time() - before);
    }
    for (std::size_t i = 0; scores && i < z.size(); ++i)
        std::printf("%.9g ", double(z[i]));
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2)
        return 1;
    nn::network const mlp{nn::input<float>{784}, nn::sequential{nn::dense{256}, nn::relu{}, nn::dense{128},
                                                                nn::relu{}, nn::dense{10}}};
    nn::network const resnet{nn::input<float>{3, 32, 32}, nn::resnet20()};
    nn::write_onnx(mlp, std::string(argv[1]) + "/mlp.onnx");
    nn::write_onnx(resnet, std::string(argv[1]) + "/resnet20.onnx");
    std::printf("%d lanes of float\n", lanes_of<native_pack<float>>);
    std::fflush(stdout);
    std::string what;
    while (std::cin >> what) {
        bool const scores = what == "scores";
        int threads = 1, times = 1;
        if (scores)
            std::cin >> what;
        else
            std::cin >> threads >> times;
        what == "mlp" ? answer(mlp, scores, threads, times) : answer(resnet, scores, threads, times);
    }
}
