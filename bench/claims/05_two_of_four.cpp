// SPDX-License-Identifier: MIT
// 2 of 4 weights on MNIST: dense layers 784-256-128-10 and a convnet of LeNet-5's size are trained, pruned at
// once to two of each four neighbors along the inputs, and trained on with the masks kept: the mean test error
// over the seeds is at most 0.1 point above that of the dense network as it was, and of the dense one that is
// trained on as long. Needs DESCENT_DATA and zlib, exit status 2 without. SEEDS sets other than 3.
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
#include <descent/optim/keep_zeros.hpp>
#include <descent/optim/rate.hpp>
#include <descent/prune.hpp>
#include <descent/schedule/one_cycle.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

struct images {
    data::dataset<float> train, test;
};

/// Does each four neighbors along the inputs keep two at most?
template <class Network>
bool keeps_two_of_four(Network const& net) {
    for (auto const& entry : net.params().entries()) {
        if (entry.extents.rank() < 2)
            continue;
        auto const keep = net.params().mask(entry.name);
        std::ptrdiff_t const inputs = entry.extents[1], places = entry.size() / (entry.extents[0] * inputs);
        for (std::ptrdiff_t row = 0; row < entry.extents[0]; ++row)
            for (std::ptrdiff_t c = 0; c + 4 <= inputs; c += 4)
                for (std::ptrdiff_t p = 0; p < places; ++p) {
                    int kept = 0;
                    for (std::ptrdiff_t k = c; k < c + 4; ++k)
                        kept += keep[std::size_t((row * inputs + k) * places + p)];
                    if (kept > 2)
                        return false;
                }
    }
    return true;
}

template <class Make>
bool measure_model(char const* name, images const& mnist, int seeds, double top, std::int64_t epochs,
                   std::int64_t more, Make const& make) {
    exec::openmp const threads{.threads = 2};
    double before = 0, dense = 0, sparse = 0;
    bool pattern = true;
    for (int seed = 1; seed <= seeds; ++seed) {
        auto net = make(std::uint64_t(seed));
        auto const train = [&](auto& model, std::int64_t rounds, double rate_of) {
            constexpr std::int64_t batch = 128;
            std::int64_t const steps = rounds * ((60000 + batch - 1) / batch);
            fit(model, mnist.train, chain(adam{}, rate{one_cycle{rate_of, steps}}, keep_zeros{}),
                {.epochs = rounds, .batch = batch, .seed = std::uint64_t(seed)}, threads);
            return 100 - 100 * accuracy(model.predict(mnist.test.x, threads), mnist.test.y);
        };
        double const first = train(net, epochs, top);
        auto pruned = net;
        prune::magnitude{.on = {.unit = prune::n_of_m(2, 4)}}(pruned);
        double const cut = 100 - 100 * accuracy(pruned.predict(mnist.test.x, threads), mnist.test.y);
        double const after = train(pruned, more, top / 2), longer = train(net, more, top / 2);
        pattern = pattern && keeps_two_of_four(pruned);
        std::printf(
            "%s, seed %d: test error %.2f %%; 2 of 4 (%.1f %% of the weights gone): %.2f %%, trained on "
            "%.2f %%; dense, trained on: %.2f %%\n",
            name, seed, first, 100 * prune::sparsity(pruned), cut, after, longer);
        std::fflush(stdout);
        before += first / seeds;
        sparse += after / seeds;
        dense += longer / seeds;
    }
    bool holds = measure::claim(std::string(name) + ": 2 of 4, points of test error above the dense one",
                                sparse - before, "<=", 0.1);
    holds &= measure::claim(std::string(name) + ": 2 of 4, points above the dense one trained as long",
                            sparse - dense, "<=", 0.1);
    holds &= measure::claim(std::string(name) + ": groups of four keep two at most", pattern, ">=", 1);
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
    std::string const path = folder + std::string("/mnist/");
    images mnist{data::read_idx(path + "train-images-idx3-ubyte.gz", path + "train-labels-idx1-ubyte.gz"),
                 data::read_idx(path + "t10k-images-idx3-ubyte.gz", path + "t10k-labels-idx1-ubyte.gz")};
    for (auto* table : {&mnist.train, &mnist.test})
        table->x = (table->x.array() / 255 - 0.1307f) / 0.3081f;
    char const* const some = std::getenv("SEEDS");
    int const seeds = some ? std::atoi(some) : 3;
    bool holds = measure_model("MLP on MNIST", mnist, seeds, 3e-3, 8, 6, [](std::uint64_t seed) {
        return nn::network(
            nn::input<float>{784},
            nn::sequential{nn::dense{256}, nn::relu{}, nn::dense{128}, nn::relu{}, nn::dense{10}},
            loss::softmax_cross_entropy{}, {.seed = seed});
    });
    holds &= measure_model("convnet on MNIST", mnist, seeds, 3e-3, 6, 4, [](std::uint64_t seed) {
        return nn::network(
            nn::input<float>{1, 28, 28},
            nn::sequential{nn::conv2d{.channels = 6, .kernel = 5, .padding = 2}, nn::relu{}, nn::max_pool{},
                           nn::conv2d{.channels = 16, .kernel = 5}, nn::relu{}, nn::max_pool{}, nn::flatten{},
                           nn::dense{120}, nn::relu{}, nn::dense{84}, nn::relu{}, nn::dense{10}},
            loss::softmax_cross_entropy{}, {.seed = seed});
    });
    return holds ? 0 : 1;
}
