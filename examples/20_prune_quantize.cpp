// SPDX-License-Identifier: MIT
// A small convolutional network of digits becomes smaller and faster, step by step: which layers bear pruning,
// half of the channels gone for good, most of the remaining weights zero, 8 bits for the others, and a packed
// file.
//
//     20_prune_quantize [training.csv test.csv]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/prune/channels.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/sensitivity.hpp>
#include <descent/prune/shrink.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/packed.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

namespace {

/// Microseconds for one digit, the median of many.
template <class Network>
double latency(Network const& net, data::dataset<float> const& table) {
    using clock = std::chrono::steady_clock;
    std::vector<float> x(table.x.data(), table.x.data() + table.features()), z(std::size_t(net.outputs()));
    std::vector<double> took;
    for (int i = 0; i < 501; ++i) {
        auto const before = clock::now();
        net.scores(x, z);
        took.push_back(std::chrono::duration<double, std::micro>(clock::now() - before).count());
    }
    std::nth_element(took.begin(), took.begin() + 250, took.end());
    return took[250];
}

}  // namespace

int main(int argc, char** argv) try {
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto all = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(all);
    scale(all), scale(test);
    auto const [train, held] = data::split(all, {.train = 0.8, .seed = 1, .stratify = true});
    auto const steps = (train.samples() + 63) / 64;

    std::printf("%-34s %9s %9s %14s %9s\n", "", "weights", "bytes", "test accuracy", "us/digit");
    auto const row = [&](char const* name, auto const& net, descent::index bytes) {
        std::printf("%-34s %9td %9td %13.2f %% %9.1f\n", name, net.params().size(), bytes,
                    100 * accuracy(net.predict(test.x), test.y), latency(net, test));
        std::fflush(stdout);
    };

    // 1. The network, as large as one takes it.
    nn::network net{nn::input<float>{1, 8, 8},
                    nn::sequential{nn::conv2d{.channels = 16, .padding = 1}, nn::batch_norm{}, nn::relu{},
                                   nn::conv2d{.channels = 32, .padding = 1}, nn::batch_norm{}, nn::relu{},
                                   nn::max_pool{}, nn::flatten{}, nn::dense{64}, nn::relu{}, nn::dense{10}}};
    fit(net, train, chain(adam{}, rate{one_cycle{3e-3, 12 * steps}}), {.epochs = 12, .batch = 64},
        exec::openmp{});
    row("trained", net, 4 * net.params().size());

    // 2. Which layers bear pruning? One at a time, judged by digits that are neither trained on nor the test's.
    auto const told =
        prune::scan_sensitivity(net, prune::magnitude{}, {0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95},
                                [&](auto const& m) { return accuracy(m.predict(held.x), held.y); });
    told.picture("accuracy").save("sensitivity.svg");

    // 3. Half of the channels go, the others learn on, and the network becomes one of half the width.
    prune::channels(net, prune::magnitude{.sparsity = 0.5, .on = {.scope = prune::scope::tensor}});
    fit(net, train, chain(adam{}, keep_zeros{}, rate{one_cycle{2e-3, 8 * steps}}), {.epochs = 8, .batch = 64},
        exec::openmp{});
    auto small = prune::shrink(net);
    row("half of the channels, shrunk", small, 4 * small.params().size());

    // 4. Three of four weights that are left go while the network learns on.
    fit(small, train, chain(adam{}, keep_zeros{}, rate{one_cycle{2e-3, 12 * steps}}),
        {.epochs = 12, .batch = 64}, exec::openmp{},
        prune::gradual{small, prune::magnitude{.sparsity = 0.75}, {.last = 8 * steps}});
    row("a quarter of the weights, packed", small, quantize::save_packed(small, "digits.dpk").bytes);

    // 5. Codes of 8 bits, a scale for each channel; zeros stay zeros.
    std::vector<quantize::coded_tensor<float>> coded;
    for (auto const& entry : small.params().entries()) {
        auto const numbers = small.params()[entry.name];
        if (numbers.extents.rank() < 2)
            continue;
        coded.push_back({entry.name, quantize::to_affine(numbers, {.bits = 8})});
        coded.back().codes.copy_to(numbers.data);
    }
    auto const table = quantize::save_packed(small, "digits.dpk", coded);
    auto read = small;
    quantize::load_packed(read, "digits.dpk");
    row("of 8 bits, packed and read again", read, table.bytes);

    std::printf("\n%s\n%s\n%s\n", table.text().c_str(), std::filesystem::absolute("digits.dpk").c_str(),
                std::filesystem::absolute("sensitivity.svg").c_str());
} catch (descent::error const& problem) {
    std::fprintf(stderr, "20_prune_quantize: %s\n", problem.what());
    return 1;
}
