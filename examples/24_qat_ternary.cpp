// SPDX-License-Identifier: MIT
// Weights of one and two bits. Rounding a trained network to them costs accuracy that training on while the
// weights are rounded brings back: ternary and binary weights with activations of 8 bits, then trained steps of
// 4, 3 and 2 bits for weights and activations alike.
//
//     24_qat_ternary [training.csv test.csv]
#include <cstdio>
#include <string>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/quantize/aware.hpp>
#include <descent/quantize/convert.hpp>
#include <descent/quantize/learned_activation.hpp>
#include <descent/quantize/ternary.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;
using quantize::aware;

int main(int argc, char** argv) try {
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto train = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(train);
    scale(train), scale(test);

    // The same layers with a dense layer made by `dense` at each place.
    auto const network = [&](int bits, auto const& dense) {
        quantize::learned_activation const codes{.bits = bits};
        return nn::network{
            nn::input<float>{train.features()},
            nn::sequential{dense(48), nn::relu{}, codes, dense(48), nn::relu{}, codes, dense(10)},
            loss::softmax_cross_entropy{},
            {.seed = 1}};
    };
    auto const plain_of = [&](int bits) {
        return network(bits, [](descent::index width) { return nn::dense{width}; });
    };
    auto const learn = [&](auto& net) {
        auto const steps = (train.samples() + 63) / 64;
        fit(net, train, chain(adam{}, rate{one_cycle{3e-3, 25 * steps}}), {.epochs = 25, .batch = 64},
            exec::openmp{});
    };
    auto const judge = [&](auto const& net) {
        return 100 * accuracy(net.predict(test.x, exec::openmp{}), test.y);
    };

    // 1. Floats, since no step has begun: the start of all others. What more training gives them is told too.
    auto const exact = [&] {
        auto net = plain_of(8);
        learn(net);
        return net;
    }();
    auto longer = exact;
    learn(longer);
    std::printf("%-36s %17s %17s %7s\n", "test accuracy", "as it is", "trained on", "bytes");
    std::printf("%-36s %15.2f %% %15.2f %% %7td\n", "floats", judge(exact), judge(longer),
                4 * exact.params().size());

    // 2. Its weights by each rule: rounded as they are, and trained on rounded. What comes out are codes.
    auto const row = [&](std::string const& name, int bits, auto const& rule) {
        auto net = network(bits, [&](descent::index width) { return aware{nn::dense{width}, rule}; });
        quantize::take_weights(net, exact);
        quantize::begin_steps(net, train.x.topRows(512));
        double const at_once = judge(net);
        learn(net);
        auto plain = plain_of(bits);
        auto const codes = quantize::convert(net, plain);
        std::printf("%-36s %15.2f %% %15.2f %% %7td\n", name.c_str(), at_once, judge(plain),
                    quantize::pack(plain, codes).table.bytes);
        std::fflush(stdout);
    };
    row("ternary, threshold 0.7 mean|w|", 8, quantize::ternary{});
    row("ternary, least squared error", 8, quantize::ternary{.exact = true});
    row("ternary, trained scales", 8, quantize::trained_ternary{});
    row("binary", 8, quantize::binary{});
    for (int const bits : {4, 3, 2})
        row(text("trained steps, ", bits, " bits"), bits, quantize::learned_step{.bits = bits});
} catch (descent::error const& problem) {
    std::fprintf(stderr, "24_qat_ternary: %s\n", problem.what());
    return 1;
}
