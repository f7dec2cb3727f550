// SPDX-License-Identifier: MIT
// A residual network without a fifth of its weights computes in 8 bits, with ranges that 512 images told, and
// again from a file, with the same bits: what it still gets right, what it takes, and how long.
//
//     21_resnet20_int8 [folder]
//
// Anywhere below the folder lie resnet20*.safetensors (torch's names of the tensors), data_batch_1.bin and
// test*.bin of CIFAR-10's binary version, packed or not. Without a folder a smaller network learns digits
// first.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <descent/data/augmented.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/quantize/int8_file.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/to_int8.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

namespace {

/// The first file below the folder whose name begins and ends so; ".gz" may stand behind it.
std::string find(std::string const& folder, std::string const& begin, std::string const& end) {
    std::string found;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        std::string const name = entry.path().filename().string();
        if (name.starts_with(begin) && (name.ends_with(end) || name.ends_with(end + ".gz")) &&
            (found.empty() || entry.path().string() < found))
            found = entry.path().string();
    }
    expect(!found.empty(), folder, ": no ", begin, "*", end, " there");
    return found;
}

/// Microseconds for an image of so many, on one thread: the median of some calls.
template <class Network>
double latency(Network const& net, matrix<float> const& images) {
    using clock = std::chrono::steady_clock;
    matrix<float> z;
    std::vector<double> took;
    for (int i = 0; i < 21; ++i) {
        auto const before = clock::now();
        net.scores(images, z);
        took.push_back(std::chrono::duration<double, std::micro>(clock::now() - before).count());
    }
    std::nth_element(took.begin(), took.begin() + 10, took.end());
    return took[10] / double(images.rows());
}

template <class Network>
void compress(Network net, data::dataset<float> const& train, data::dataset<float> const& test) {
    std::printf("%-36s %9s %15s %15s %10s %10s\n", "", "bytes", "right", "as float32", "us/image", "of 64");
    vector<float> const exact = net.predict(test.x, exec::openmp{});
    auto const row = [&](char const* name, auto const& model, std::ptrdiff_t bytes) {
        vector<float> const y = model.predict(test.x, exec::openmp{});
        auto const share = [&](vector<float> const& z) { return 100 * accuracy(y, z); };
        std::printf("%-36s %9td %13.2f %% %13.2f %% %10.1f %10.1f\n", name, bytes, share(test.y), share(exact),
                    latency(model, test.x.topRows(1)), latency(model, test.x.topRows(64)));
        std::fflush(stdout);
    };
    row("float32", net, 4 * net.params().size());
    prune::magnitude{.sparsity = 0.2}(net);
    row("a fifth of the weights pruned", net, quantize::save_packed(net, "resnet.dpk").bytes);
    auto const small = quantize::to_int8(net, train.x.topRows(std::min<std::ptrdiff_t>(512, train.samples())));
    auto const table = quantize::save_int8(small, "resnet.di8");
    auto const read = quantize::load_int8("resnet.di8");
    expect(read.predict(test.x) == small.predict(test.x), "resnet.di8 predicts other classes than were saved");
    row("in 8 bits, from its file", read, table.bytes);
    std::printf("\nkernels: %s\n", read.form().name);
    for (char const* file : {"resnet.dpk", "resnet.di8"})
        std::printf("%s\n", std::filesystem::absolute(file).c_str());
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc > 1) {
        std::string const folder = argv[1];
        shape const image{3, 32, 32};
        data::image::normalize const scale{{123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}};
        auto const read = [&](char const* begin) {
            return data::transformed(data::read_cifar10({find(folder, begin, ".bin")}), image, scale);
        };
        nn::network net{nn::input<float>{image}, nn::resnet20()};
        nn::load(net, find(folder, "resnet20", ".safetensors"));
        compress(net, read("data_batch_1"), read("test"));
    } else {
        std::string const folder = DESCENT_EXAMPLES_DATA;
        data::csv_options const format{.target = -1, .header = false, .classes = true};
        auto train = data::read_csv(folder + "/optdigits_train.csv", format);
        auto test = data::read_csv(folder + "/optdigits_test.csv", format);
        auto const scale = data::normalize(train);
        scale(train), scale(test);
        nn::network net{nn::input<float>{1, 8, 8}, nn::resnet_cifar<1>(10)};
        auto const steps = 3 * ((train.samples() + 63) / 64);
        fit(net, train, chain(momentum{0.9}, rate{one_cycle{0.1, steps}}), {.epochs = 3, .batch = 64},
            exec::openmp{});
        compress(net, train, test);
    }
} catch (descent::error const& problem) {
    std::fprintf(stderr, "21_resnet20_int8: %s\n", problem.what());
    return 1;
} catch (std::filesystem::filesystem_error const& problem) {
    std::fprintf(stderr, "21_resnet20_int8: %s\n", problem.what());
    return 1;
}
