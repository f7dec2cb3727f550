// SPDX-License-Identifier: MIT
// A convolutional network of the size of LeNet-5 learns to read digits that are shifted and turned a little in
// each epoch: MNIST, or the 8 x 8 digits that come with the library.
//
//     11_mnist_convnet [folder of MNIST's four files, packed or not]
#include <cstdio>
#include <filesystem>
#include <string>

#include <descent/data/augmented.hpp>
#include <descent/data/image_crop.hpp>
#include <descent/data/image_rotate.hpp>
#include <descent/data/prefetch.hpp>
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
        std::string const folder = DESCENT_EXAMPLES_DATA;
        table = data::read_csv(folder + (test ? "/optdigits_test.csv" : "/optdigits_train.csv"),
                               {.target = -1, .header = false, .classes = true});
        table.x /= 16;
    }
    return table;
}

}  // namespace

int main(int argc, char** argv) try {
    auto const all = digits(argc, argv, false), test = digits(argc, argv, true);
    bool const mnist = all.features() == 784;
    std::ptrdiff_t const side = mnist ? 28 : 8;
    shape const image{1, side, side};

    // 1. A tenth of the training digits stands aside to watch the training by; the others are shifted and
    // turned
    //    anew in each epoch, by a thread that works ahead.
    auto const [train, held_out] = data::split(all, {.train = 0.9, .seed = 1});
    data::augmented const moved{train, image, data::image::random_crop{side, side, mnist ? 2 : 0},
                                data::image::rotate{-8, 8}};

    // 2. The network: two convolutions that each look around a pixel, then three dense layers.
    std::ptrdiff_t const kernel = mnist ? 5 : 3;
    nn::network net{
        nn::input<float>{image},
        nn::sequential{nn::conv2d{.channels = 6, .kernel = kernel, .padding = kernel / 2}, nn::relu{},
                       nn::max_pool{2}, nn::conv2d{.channels = 16, .kernel = kernel, .padding = mnist ? 0 : 1},
                       nn::relu{}, nn::max_pool{2}, nn::flatten{}, nn::dense{120}, nn::relu{}, nn::dense{84},
                       nn::relu{}, nn::dense{10}},
        loss::smoothed_cross_entropy{0.05}};
    std::printf("%td training, %td validation and %td test digits of %td x %td pixels, %td weights\n",
                train.samples(), held_out.samples(), test.samples(), side, side, net.params().size());

    // 3. Training, with the accuracy on what stood aside beside the loss. The averaged weights are judged and
    // kept.
    int const epochs = mnist ? 8 : 20;
    auto const steps = epochs * ((train.samples() + 63) / 64);
    auto const report =
        fit(net, data::prefetched{moved}, chain(adam{}, rate{one_cycle{4e-3, steps}}, ema{0.99}),
            {.epochs = epochs, .batch = 64}, validate_on{held_out}, evaluate_averaged{},
            metric{"accuracy", [&] { return accuracy(net.predict(held_out.x), held_out.y); }}, exec::openmp{},
            progress_bar{});
    net.params() = report.averaged;

    // 4. The test digits are read once, at the end.
    std::printf("test accuracy %.2f %% after %.1f s of training\n", 100 * accuracy(net.predict(test.x), test.y),
                report.seconds);
    write_history_svg("mnist_convnet.svg", report.history, {.title = "A convolutional network on digits"});
    std::printf("the loss, epoch by epoch: %s\n", std::filesystem::absolute("mnist_convnet.svg").c_str());
} catch (descent::error const& problem) {
    std::fprintf(stderr, "11_mnist_convnet: %s\n", problem.what());
    return 1;
}
