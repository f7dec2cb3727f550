// SPDX-License-Identifier: MIT
// A network of dense layers learns to read digits: MNIST, or the 8 x 8 digits that come with the library.
//
//     10_mnist_mlp [folder of MNIST's four files, packed or not]
#include <cstdio>
#include <filesystem>
#include <string>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

namespace {

/// Images and labels of one part, pixels in [0, 1].
data::dataset<float> digits(int argc, char** argv, bool test) {
    data::dataset<float> table;
    if (argc > 1) {
        std::string const folder = argv[1], part = test ? "/t10k-" : "/train-";
        auto const file = [&](char const* what) {
            std::string const name = folder + part + what;
            return std::filesystem::exists(name) ? name : name + ".gz";
        };
        table = data::read_idx(file("images-idx3-ubyte"), file("labels-idx1-ubyte"));
        table.x /= 255;
    } else {
        table = data::read_csv(
            std::string(DESCENT_EXAMPLES_DATA) + (test ? "/optdigits_test.csv" : "/optdigits_train.csv"),
            {.target = -1, .header = false, .classes = true});
        table.x /= 16;
    }
    return table;
}

}  // namespace

int main(int argc, char** argv) try {
    auto const train = digits(argc, argv, false), test = digits(argc, argv, true);

    // 1. The network. Each layer learns the size of its input from the one before it.
    nn::network net{nn::input<float>{train.features()},
                    nn::sequential{nn::dense{256}, nn::relu{}, nn::dense{128}, nn::relu{}, nn::dense{10}},
                    loss::softmax_cross_entropy{}};
    std::printf("%td training and %td test digits of %td pixels, %td weights\n", train.samples(),
                test.samples(), train.features(), net.params().size());

    // 2. The recipe: Adam under one long wave of the rate.
    int const epochs = 5;
    batch_policy const batch = 64;
    auto const steps = epochs * ((train.samples() + batch.size - 1) / batch.size);
    auto const report = fit(net, train, chain(adam{}, rate{one_cycle{4e-3, steps}}),
                            {.epochs = epochs, .batch = batch}, exec::openmp{}, progress_bar{});

    // 3. What it learned. The test digits are read once, at the end.
    auto const answers = net.predict(test.x);
    std::printf("test accuracy %.2f %% after %.1f s of training\n", 100 * accuracy(answers, test.y),
                report.seconds);
    write_history_svg("mnist_mlp.svg", report.history, {.title = "A network of dense layers on digits"});
    std::printf("the loss, epoch by epoch: %s\n", std::filesystem::absolute("mnist_mlp.svg").c_str());

    // 4. The digit that it was most wrong about.
    auto const probability = net.predict_probability(test.x);
    std::ptrdiff_t worst = 0;
    for (std::ptrdiff_t row = 0; row < test.samples(); ++row)
        if (probability(row, int(test.y[row])) < probability(worst, int(test.y[worst])))
            worst = row;
    auto const side = std::ptrdiff_t(test.features() == 784 ? 28 : 8);
    std::printf("\nthis is a %d, it says %d:\n", int(test.y[worst]), int(answers[worst]));
    for (std::ptrdiff_t i = 0; i < test.features(); ++i)
        std::printf("%c%s", " .:-=+*#%@"[int(9 * test.x(worst, i))], i % side == side - 1 ? "\n" : "");
} catch (descent::error const& problem) {
    std::fprintf(stderr, "10_mnist_mlp: %s\n", problem.what());
    return 1;
}
