// SPDX-License-Identifier: MIT
// The published ResNet-20 (He et al., 2016) loses weights: a fifth of them by magnitude, without training; then
// channels, until less than half of the multiplications is left, with training on the 10,000 images of
// data_batch_1 alone, moved, flipped and mixed, where the dense network is the teacher of each mixture, and
// shrink. Counted on the first 2000 test images (dense: 1833); latency is that of the shrunk network against
// the dense one, in turns, one thread. Needs DESCENT_DATA and zlib, exit status 2 without. EPOCHS sets other
// than 40.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/augmented.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/image_crop.hpp>
#include <descent/data/image_flip.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/data/mixup.hpp>
#include <descent/distill.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/l2.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/rate.hpp>
#include <descent/prune.hpp>
#include <descent/schedule/one_cycle.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/refresh_statistics.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

template <class Network>
double multiply_adds(Network const& net) {
    nn::builder<float> plan;
    plan.inside("", net.layers(), net.input_shape());
    double all = 0;
    for (nn::bound_place const& place : plan.places())
        all += place.multiply_adds > 0 ? double(place.multiply_adds) : 0;
    return all;
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
    std::string const path = folder;
    shape const image{3, 32, 32};
    data::image::normalize const scale{{123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}};
    auto const train = data::read_cifar10({path + "/cifar10/data_batch_1.bin.gz"});
    auto const test =
        data::transformed(data::read_cifar10({path + "/cifar10/test_first2000.bin.gz"}), image, scale);
    exec::openmp const threads{.threads = 2};
    nn::network dense{nn::input<float>{image}, nn::resnet20()};
    nn::load(dense, path + "/weights/resnet20-12fca82f.safetensors");
    auto const right = [&](auto const& net) {
        return double((net.predict(test.x, threads).array() == test.y.array()).count());
    };
    std::printf("dense: %.0f of 2000\n", right(dense));

    auto sparse = dense;
    prune::magnitude{.sparsity = 0.2}(sparse);
    bool holds = measure::claim("ResNet-20, 20 % of the weights pruned by magnitude: right of 2000",
                                right(sparse), ">=", 1822);

    // The channels within the blocks; whole packs of 4 stay.
    auto net = dense;
    auto const halve = [&](char const* stage, double share) {
        prune::channels(
            net, prune::magnitude{.sparsity = share, .on = {.scope = prune::scope::tensor, .tensors = stage}});
    };
    halve("layer1.*", 0.5);
    halve("layer2.*", 0.5);
    halve("layer3.*", 0.5625);
    auto small = prune::shrink(net);
    std::printf("shrunk: %td of %td weights, %.1f of %.1f million multiplications, %.0f of 2000 untrained\n",
                small.params().size(), dense.params().size(), multiply_adds(small) / 1e6,
                multiply_adds(dense) / 1e6, right(small));
    refresh_statistics(small, data::transformed(train, image, scale), 256, threads);
    std::printf("with statistics of its own: %.0f\n", right(small));
    char const* const some = std::getenv("EPOCHS");
    int const epochs = some ? std::atoi(some) : 40;
    data::augmented const moved{train, image, data::image::random_crop{32, 32, 4},
                                data::image::horizontal_flip{}, scale};
    data::mixup const mixed{moved, 1};
    distill::student pupil{small, {.temperature = 4, .soft = 0.9}, dense};
    auto const steps = std::int64_t(epochs) * ((10000 + 63) / 64);
    auto const told = fit(pupil, mixed, chain(l2{1e-4}, momentum{0.9}, rate{one_cycle{0.01, steps}}),
                          {.epochs = epochs, .batch = 64}, threads, [&](training<float> const& now) {
                              std::printf("epoch %lld: loss %.4f, %.0f s, %.0f of 2000\n", (long long)now.epoch,
                                          now.loss, now.seconds, right(small));
                              std::fflush(stdout);
                          });
    std::printf("%.0f s of training\n", told.seconds);
    holds &= measure::claim("ResNet-20, channels pruned: multiplications left of the dense ones",
                            multiply_adds(small) / multiply_adds(dense), "<=", 0.5);
    holds &= measure::claim("ResNet-20, channels pruned and trained: right of 2000", right(small), ">=", 1780);

    for (std::ptrdiff_t const batch : {1, 64}) {
        matrix<float> const x = test.x.topRows(batch);
        matrix<float> z;
        std::vector<measure::rival> rivals{{"dense", [&] { dense.scores(x, z); }, batch == 1 ? 20 : 1},
                                           {"shrunk", [&] { small.scores(x, z); }, batch == 1 ? 20 : 1}};
        measure::take_turns(rivals, 21);
        measure::print_samples(rivals, double(batch));
        holds &=
            measure::claim(text("ResNet-20, channels pruned: latency of a batch of ", batch, " over dense"),
                           measure::ratio(rivals[1], rivals[0]), "<=", 0.65);
    }
    return holds ? 0 : 1;
}
