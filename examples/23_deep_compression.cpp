// SPDX-License-Identifier: MIT
// A network that reads digits becomes many times smaller: it is pruned while it learns, its weights come to
// share a few numbers, and a packed file holds what is left. Deep compression: Han, Mao, Dally, 2016.
//
//     23_deep_compression [folder of MNIST's four files, packed or not]
#include <cstdio>
#include <filesystem>
#include <string>

#include <descent/descent.hpp>
#include <descent/distill/student.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/quantize/compare_zlib.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/shared_codebooks.hpp>

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
        std::string const folder = DESCENT_EXAMPLES_DATA;
        table = data::read_csv(folder + (test ? "/optdigits_test.csv" : "/optdigits_train.csv"),
                               {.target = -1, .header = false, .classes = true});
        table.x /= 16;
    }
    return table;
}

}  // namespace

int main(int argc, char** argv) try {
    auto const train = digits(argc, argv, false);
    auto const layers = nn::sequential{nn::dense{300}, nn::relu{}, nn::dense{100}, nn::relu{}, nn::dense{10}};
    nn::network net{nn::input<float>{train.features()}, layers};
    int const epochs = 20, batch = 64;
    auto const steps = (train.samples() + batch - 1) / batch;

    // 1. The network learns.
    fit(net, train, chain(adam{}, rate{one_cycle{3e-3, 10 * steps}}), {.epochs = 10, .batch = batch},
        exec::openmp{});
    std::printf("%td weights, %.2f %% of the training digits right\n", net.params().size(),
                100 * accuracy(net.predict(train.x), train.y));

    // 2. A copy of it teaches it while its smallest weights go, little by little.
    distill::student pupil{net, {.temperature = 2}, net};
    fit(pupil, train, chain(adam{}, keep_zeros{}, rate{one_cycle{2e-3, epochs * steps}}),
        {.epochs = epochs, .batch = batch}, exec::openmp{},
        prune::gradual{net, prune::magnitude{.sparsity = 0.94}, {.first = steps, .last = epochs * steps / 2}});
    std::printf("6 %% of the weights are left: %.2f %%\n", 100 * accuracy(net.predict(train.x), train.y));

    // 3. Those that are left share 8 numbers a tensor, which go on learning.
    quantize::shared_codebooks tied{pupil, {.codes = 8, .vector_codes = 8, .as = io::dtype::bf16}};
    fit(tied, train, chain(adam{}, rate{cosine{3e-4, 5 * steps}}), {.epochs = 5, .batch = batch},
        exec::openmp{});
    tied.put();
    std::printf("of 8 numbers a tensor: %.2f %%\n", 100 * accuracy(net.predict(train.x), train.y));

    // 4. The file, and where its bytes are.
    auto const table = quantize::save_packed(net, "digits.dpk");
    std::printf("%s%s: %td bytes, %.0f times smaller than float32\n", table.text().c_str(),
                std::filesystem::absolute("digits.dpk").c_str(), table.bytes, table.ratio());

    // What zlib would make of the same positions and codes, where it is linked.
    if constexpr (DESCENT_ZLIB_ENABLED) {
        auto const by_zlib = quantize::compare_zlib(net);
        auto const sum = by_zlib.all();
        std::printf("%sentropy coded %.0f bytes, by zlib %td\n\n", by_zlib.text().c_str(),
                    sum.position + sum.code, sum.zlib_position + sum.zlib_code);
    }

    // 5. Another network reads it, and sees the test digits.
    nn::network read{nn::input<float>{train.features()}, layers};
    quantize::load_packed(read, "digits.dpk");
    auto const test = digits(argc, argv, true);
    std::printf("test accuracy %.2f %%\n", 100 * accuracy(read.predict(test.x), test.y));
} catch (descent::error const& problem) {
    std::fprintf(stderr, "23_deep_compression: %s\n", problem.what());
    return 1;
}
