// SPDX-License-Identifier: MIT
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/embedding.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/lstm.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequence_pool.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/ema.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/checkpoint_format.hpp>
#include <descent/train/fit.hpp>

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "train/problems.hpp"

using namespace descent;

namespace {

/// All of a snapshot but the clock.
std::string bytes_of(snapshot<float> now) {
    now.so_far.seconds = 0;
    for (auto& each : now.so_far.history)
        each.seconds = 0;
    return format_checkpoint(now);
}

/// Trains to the end, then from the bytes of the checkpoint behind every step in a new network, on 1, 2 and 3
/// threads: every run must write the same bytes behind its last step, averages and running statistics among
/// them, and end with the same weights.
template <class Net>
void check_every_stop(Net const& fresh, data::dataset<float> const& train) {
    std::vector<std::string> files;
    auto const run = [&](int threads, snapshot<float> const& from) {
        files.clear();
        Net net = fresh;
        auto const report =
            fit(net, train, chain(adam{}, rate{1e-2}, ema{0.9}), {.epochs = 3, .batch = 8, .seed = 3},
                exec::openmp{.threads = threads}, resume{from},
                checkpoint{[&](snapshot<float> const& now) { files.push_back(bytes_of(now)); },
                           {.epochs = 1, .steps = 1}});
        return std::pair{files.back(), report.averaged};
    };
    auto const whole = run(1, {});
    auto const stops = files;
    CHECK(stops.size() == 9);
    for (int const threads : {2, 3}) {
        CHECK(run(threads, {}).first == whole.first);
        CHECK(files == stops);
    }
    for (std::size_t i = 0; i + 1 < stops.size(); ++i) {
        INFO("stopped at checkpoint " << i);
        auto const again = run(1 + int(i % 3), parse_checkpoint<float>(stops[i]));
        CHECK(again.first == whole.first);
        CHECK(same_bits(again.second, whole.second));
    }
}

}  // namespace

TEST_CASE("train network: a convnet with batch_norm and averages resumes bit for bit on 1, 2 and 3 threads") {
    check_every_stop(nn::network{nn::input<float>{1, 4, 4},
                                 nn::sequential{nn::conv2d{.channels = 4, .padding = 1}, nn::batch_norm{},
                                                nn::relu{}, nn::flatten{}, nn::dense{3}}},
                     clouds<float>(24, 16));
}

TEST_CASE("train network: an LSTM resumes bit for bit on 1, 2 and 3 threads") {
    auto words = clouds<float>(24, 5);
    for (descent::index i = 0; i < words.x.size(); ++i)
        words.x.data()[i] = words.x.data()[i] > 0 ? 1.0f : 0.0f;
    check_every_stop(
        nn::network{nn::input<float>{5},
                    nn::sequential{nn::embedding{2, 4}, nn::lstm{.units = 6, .bidirectional = true},
                                   nn::sequence_mean{}, nn::dense{3}}},
        words);
}
