// SPDX-License-Identifier: MIT
// The published ResNet-20 (1833 of the first 2000 test images of CIFAR-10) as a network that computes in 8
// bits, with static ranges from 512 images of data_batch_1: what it gets right, how often it says what float32
// says, and how fast it is beside our own float32 forward, with two threads, a batch of 64 and one image, both
// by turns in one process. Needs DESCENT_DATA and zlib, exit status 2 without.
//
// The floor: 40.8 million products an image (conv1 with a fourth channel of zeros); AVX2 multiplies and adds
// 16 x 2 of them a cycle and core (vpmaddwd twice), AVX-512 VNNI 64 x 2 where it has two such units, floats 8 x
// 2 (AVX2). With AVX2, 3 x 3 windows without stride take 16 products for every 36, exactly, so that the floor
// there is less than half of that; both are told by the products of the plain sums.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/augmented.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/quantize/to_int8.hpp>

#include "measure.hpp"

using namespace descent;

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
    auto const train =
        data::transformed(data::read_cifar10({path + "/cifar10/data_batch_1.bin.gz"}), image, scale);
    auto const test =
        data::transformed(data::read_cifar10({path + "/cifar10/test_first2000.bin.gz"}), image, scale);
    nn::network net{nn::input<float>{image}, nn::resnet20()};
    nn::load(net, path + "/weights/resnet20-12fca82f.safetensors");

    exec::openmp const threads{.threads = 2};
    auto const small =
        quantize::to_int8(net, train.x.topRows(512), {.ranges = {.by = quantize::calibration::min_max}});
    std::printf("kernels: %s; %td bytes of codes, scales and biases; float32: %td\n", small.form().name,
                small.bytes(), 4 * net.params().size());
    vector<float> const exact = net.predict(test.x, threads), rounded = small.predict(test.x, threads);
    auto const same = [](vector<float> const& a, vector<float> const& b) {
        return double((a.array() == b.array()).count());
    };
    std::printf("float32: %.0f of 2000\n", same(exact, test.y));
    bool holds = measure::claim("static int8 ResNet-20: of 2000 right", same(rounded, test.y), ">=", 1829);
    holds &= measure::claim("static int8 ResNet-20: % of 2000 as float32 says", same(rounded, exact) / 20,
                            ">=", 99.5);

    for (std::ptrdiff_t const batch : {64, 1}) {
        matrix<float> const x = test.x.topRows(batch);
        matrix<float> y(batch, 10), z(batch, 10);
        int const repeats = batch == 1 ? 30 : 1;
        std::vector<measure::rival> rivals{{"float32", [&] { net.scores(x, y, threads); }, repeats},
                                           {"int8", [&] { small.scores(x, z, threads); }, repeats}};
        measure::take_turns(rivals, 41);
        measure::print_samples(rivals, double(batch));
        std::printf("%.1f and %.1f products a nanosecond\n",
                    double(small.multiply_adds()) * double(batch) / measure::median(rivals[0].wall) * 1e-9,
                    double(small.multiply_adds()) * double(batch) / measure::median(rivals[1].wall) * 1e-9);
        holds &= measure::claim(
            text("static int8 ResNet-20, ", batch, batch == 1 ? " image" : " images", ": speed over float32"),
            measure::ratio(rivals[0], rivals[1]), ">=", 2);
    }
    return holds ? 0 : 1;
}
