// SPDX-License-Identifier: MIT
// A convnet of LeNet-5's size on MNIST, from scratch, on two threads: at least 99.0 % of the test images in at
// most 120 s of training (wall clock), as the mean over five seeds; the worst seed within a point. Needs
// DESCENT_DATA and zlib, exit status 2 without. SEEDS sets fewer seeds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/idx.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/schedule/one_cycle.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include "measure.hpp"

using namespace descent;

int main() {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr || !DESCENT_ZLIB_ENABLED) {
        std::printf("skipped: %s\n", folder ? "zlib is not there" : "DESCENT_DATA is not set");
        return 2;
    }
    measure::print_build("2 threads");
    std::string const path = folder + std::string("/mnist/");
    auto train = data::read_idx(path + "train-images-idx3-ubyte.gz", path + "train-labels-idx1-ubyte.gz");
    auto test = data::read_idx(path + "t10k-images-idx3-ubyte.gz", path + "t10k-labels-idx1-ubyte.gz");
    for (auto* table : {&train, &test})
        table->x = (table->x.array() / 255 - 0.1307f) / 0.3081f;
    char const* const some = std::getenv("SEEDS");
    int const seeds = some ? std::atoi(some) : 5;
    std::vector<double> right, seconds;
    for (int seed = 1; seed <= seeds; ++seed) {
        nn::network net{
            nn::input<float>{1, 28, 28},
            nn::sequential{nn::conv2d{.channels = 6, .kernel = 5, .padding = 2}, nn::relu{}, nn::max_pool{},
                           nn::conv2d{.channels = 16, .kernel = 5}, nn::relu{}, nn::max_pool{}, nn::flatten{},
                           nn::dense{120}, nn::relu{}, nn::dense{84}, nn::relu{}, nn::dense{10}},
            loss::softmax_cross_entropy{},
            {.seed = std::uint64_t(seed)}};
        constexpr std::uint64_t epochs = 8, batch = 64;
        double const before = measure::wall_time(), cpu = measure::cpu_time();
        fit(net, train, chain(adam{}, rate{one_cycle{3e-3, epochs * ((60000 + batch - 1) / batch)}}),
            {.epochs = epochs, .batch = batch, .seed = std::uint64_t(seed)}, exec::openmp{.threads = 2});
        seconds.push_back(measure::wall_time() - before);
        double const cpu_seconds = measure::cpu_time() - cpu;
        right.push_back(100 * accuracy(net.predict(test.x, exec::openmp{.threads = 2}), test.y));
        std::printf("seed %d: %.2f %% of the test images, %.1f s (CPU of the calling thread %.1f s)\n", seed,
                    right.back(), seconds.back(), cpu_seconds);
        std::fflush(stdout);
    }
    double mean = 0;
    for (double const each : right)
        mean += each / double(right.size());
    bool holds = measure::claim("LeNet-5 on MNIST: mean test accuracy in %", mean, ">=", 99.0);
    holds &= measure::claim("LeNet-5 on MNIST: worst seed in %", *std::min_element(right.begin(), right.end()),
                            ">=", 98.0);
    holds &= measure::claim("LeNet-5 on MNIST: seconds of training, slowest seed",
                            *std::max_element(seconds.begin(), seconds.end()), "<=", 120);
    return holds ? 0 : 1;
}
