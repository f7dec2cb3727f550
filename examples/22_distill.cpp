// SPDX-License-Identifier: MIT
// A small network learns more from what large ones think of each digit than from its label alone: two teachers
// of other widths, softened by a temperature. Few labels, so that there is something to learn. Hinton, Vinyals
// and Dean, 2015.
//
//     22_distill [training.csv test.csv]
#include <cstdio>
#include <string>

#include <descent/descent.hpp>
#include <descent/distill/student.hpp>
#include <descent/exec/openmp.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

int main(int argc, char** argv) try {
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto train = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(train);
    scale(train), scale(test);
    auto const steps = (train.samples() + 63) / 64;

    auto const of_width = [&](descent::index width, std::uint64_t seed) {
        return nn::network{nn::input<float>{train.features()},
                           nn::sequential{nn::dense{width}, nn::relu{}, nn::dense{10}},
                           loss::softmax_cross_entropy{},
                           {.seed = seed}};
    };
    auto const learn = [&](auto& model) {
        fit(model, train, chain(adam{}, rate{one_cycle{1e-2, 30 * steps}}), {.epochs = 30, .batch = 64},
            exec::openmp{});
    };
    auto const judge = [&](auto const& net) { return 100 * accuracy(net.predict(test.x), test.y); };

    auto first = of_width(256, 1), second = of_width(384, 2);
    learn(first), learn(second);
    std::printf("teachers of 256 and 384 units   %.2f %%, %.2f %% of the test digits right\n", judge(first),
                judge(second));

    double alone = 0, taught = 0;
    int const seeds = 5;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        auto net = of_width(8, seed), same = of_width(8, seed);
        learn(net);
        distill::student pupil{same, {.temperature = 4, .soft = 0.9}, first, second};
        learn(pupil);
        alone += judge(net) / seeds, taught += judge(same) / seeds;
    }
    std::printf("8 units, from labels alone      %.2f %%, mean of %d seeds\n", alone, seeds);
    std::printf("8 units, from both teachers     %.2f %%\n", taught);
} catch (descent::error const& problem) {
    std::fprintf(stderr, "22_distill: %s\n", problem.what());
    return 1;
}
