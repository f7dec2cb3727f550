// SPDX-License-Identifier: MIT
// Optimizer states of 8 bits: Adam, Lion and momentum train a network of dense layers, 3072-128-64-10, on
// 10,000 images of CIFAR-10 with slots::block8 and with slots of floats. The final loss over the training set,
// as the mean over five seeds, is at most 0.2 % above that of floats; bytes are those of a tensor of 4096
// numbers. Of 4 bits the same is told, without a bar. Needs DESCENT_DATA and zlib, exit status 2 without. SEEDS
// sets fewer seeds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <descent/data/cifar.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/block_slots.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/lion.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/rate.hpp>
#include <descent/schedule/cosine.hpp>
#include <descent/train/fit.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

constexpr std::uint64_t epochs = 4, batch = 64;
exec::openmp const threads{.threads = 2};

template <class Storage, class Recipe>
double final_loss(data::dataset<float> const& table, Recipe const& recipe, std::uint64_t seed) {
    nn::network net{nn::input<float>{table.features()},
                    nn::sequential{nn::dense{128}, nn::relu{}, nn::dense{64}, nn::relu{}, nn::dense{10}},
                    loss::softmax_cross_entropy{},
                    {.seed = seed}};
    fit(net, table, recipe, {.epochs = epochs, .batch = batch, .seed = seed}, threads, Storage{});
    return net.loss(data::all_of(table), threads);
}

template <class Recipe>
bool judge(char const* name, data::dataset<float> const& table, int seeds, Recipe const& recipe, int slots,
           double most_bytes) {
    double sum = 0, sum_8 = 0, sum_4 = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
        double const full = final_loss<slots::full>(table, recipe, std::uint64_t(seed));
        double const eight = final_loss<slots::block8>(table, recipe, std::uint64_t(seed));
        double const four = final_loss<slots::block4>(table, recipe, std::uint64_t(seed));
        std::printf("%s, seed %d: final loss %.5f, with 8 bits %.5f, with 4 bits %.5f\n", name, seed, full,
                    eight, four);
        std::fflush(stdout);
        sum += full, sum_8 += eight, sum_4 += four;
    }
    double const bytes = double(slots) * double(slots::block8::bytes(4096, slots::tiles_of(4096))) / 4096;
    std::printf("%s with 4 bits: %.4f of the loss with floats, %.3f bytes for a parameter\n", name, sum_4 / sum,
                double(slots) * double(slots::block4::bytes(4096, slots::tiles_of(4096))) / 4096);
    bool holds =
        measure::claim(text(name, ", states of 8 bits: bytes for a parameter"), bytes, "<=", most_bytes);
    holds &= measure::claim(text(name, ", states of 8 bits: final loss over that with floats"), sum_8 / sum,
                            "<=", 1.002);
    return holds;
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr || !DESCENT_ZLIB_ENABLED) {
        std::printf("skipped: %s\n", folder ? "zlib is not there" : "DESCENT_DATA is not set");
        return 2;
    }
    measure::print_build("2 threads");
    auto table = data::read_cifar10({folder + std::string("/cifar10/data_batch_1.bin.gz")});
    table.x = table.x.array() / 255 - 0.5f;
    char const* const some = std::getenv("SEEDS");
    int const seeds = some ? std::atoi(some) : 5;
    auto const steps = std::int64_t(epochs * ((std::uint64_t(table.samples()) + batch - 1) / batch));
    bool holds = judge("adam", table, seeds, chain(adam{}, rate{cosine{1e-3, steps}}), 2, 2.04);
    holds &= judge("lion", table, seeds, chain(lion{}, rate{cosine{1e-4, steps}}), 1, 1.02);
    holds &= judge("momentum", table, seeds, chain(momentum{.beta = 0.9}, rate{cosine{0.05, steps}}), 1, 1.02);
    return holds ? 0 : 1;
}
