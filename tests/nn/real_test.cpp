// SPDX-License-Identifier: MIT
// Published weights on published images: ResNet-20, LeNet-5, and a small net exported by CNTK. The folder is
// named by the environment variable DESCENT_DATA.
#include <descent/data/cifar.hpp>
#include <descent/data/csv.hpp>
#include <descent/data/idx.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/train/metrics.hpp>

#include <cstdlib>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

using number = descent::index;

/// The data folder with a slash behind it, or an empty text, said aloud, where the data or zlib are not at
/// hand.
std::string data_folder() {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr || !DESCENT_ZLIB_ENABLED) {
        WARN("skipped: " << (folder ? "zlib is not there" : "DESCENT_DATA is not set"));
        return "";
    }
    return folder + std::string("/");
}

/// Images of height x width, row by row, to another size: bilinear, pixels are squares around their middles.
matrix<float> resized(matrix<float> const& x, number from, number to) {
    matrix<float> y(x.rows(), to * to);
    auto const place = [&](number i) {
        double const at = (double(i) + 0.5) * double(from) / double(to) - 0.5;
        return std::min(std::max(at, 0.0), double(from - 1));
    };
    for (number s = 0; s < x.rows(); ++s)
        for (number r = 0; r < to; ++r)
            for (number c = 0; c < to; ++c) {
                double const high = place(r), wide = place(c);
                auto const top = number(high), left = number(wide);
                number const below = std::min(top + 1, from - 1), right = std::min(left + 1, from - 1);
                double const u = high - double(top), v = wide - double(left);
                auto const at = [&](number row, number column) { return double(x(s, row * from + column)); };
                y(s, r * to + c) = float((1 - u) * ((1 - v) * at(top, left) + v * at(top, right)) +
                                         u * ((1 - v) * at(below, left) + v * at(below, right)));
            }
    return y;
}

/// How many samples the highest score names right, and how far the first scores are from those of the file.
template <class Network>
void check(Network& net, matrix<float> const& x, vector<float> const& classes, int right,
           std::string const& logits) {
    matrix<float> const z = net.scores(x, exec::openmp{});
    int found = 0;
    for (number r = 0; r < z.rows(); ++r) {
        number best = 0;
        z.row(r).maxCoeff(&best);
        found += float(best) == classes[r];
    }
    CHECK(found == right);
    auto const given = data::read_csv<float>(logits, {.header = false});
    REQUIRE(given.x.rows() == 64);
    REQUIRE(given.x.cols() == z.cols());
    CHECK((z.topRows(64) - given.x).cwiseAbs().maxCoeff() < 1e-4f);
}

}  // namespace

TEST_CASE("nn real: ResNet-20 on CIFAR-10") {
    std::string const folder = data_folder();
    if (folder.empty())
        return;
    nn::network net{nn::input<float>{3, 32, 32}, nn::resnet20()};
    nn::load(net, folder + "weights/resnet20-12fca82f.safetensors");
    auto test = data::read_cifar10({folder + "cifar10/test_first2000.bin.gz"});
    float const mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
    for (number c = 0; c < 3; ++c) {
        auto plane = test.x.middleCols(c * 1024, 1024);
        plane = (plane.array() / 255 - mean[c]) / deviation[c];
    }
    check(net, test.x, test.y, 1833, folder + "weights/resnet20-12fca82f.logits_test_0_63.csv");
}

TEST_CASE("nn real: LeNet-5 and the CNTK net on MNIST") {
    std::string const folder = data_folder();
    if (folder.empty())
        return;
    auto test =
        data::read_idx(folder + "mnist/t10k-images-idx3-ubyte.gz", folder + "mnist/t10k-labels-idx1-ubyte.gz");

    nn::network lenet{
        nn::input<float>{1, 32, 32},
        nn::sequential{
            nn::named{"convnet",
                      nn::sequential{nn::named{"c1", nn::conv2d{.channels = 6, .kernel = 5}}, nn::relu{},
                                     nn::max_pool{}, nn::named{"c3", nn::conv2d{.channels = 16, .kernel = 5}},
                                     nn::relu{}, nn::max_pool{},
                                     nn::named{"c5", nn::conv2d{.channels = 120, .kernel = 5}}, nn::relu{},
                                     nn::flatten{}}},
            nn::named{"fc", nn::sequential{nn::named{"f6", nn::dense{84}}, nn::relu{},
                                           nn::named{"f7", nn::dense{10}}}}}};
    nn::load(lenet, folder + "weights/lenet5_mnist.safetensors");
    matrix<float> const wide = (resized(test.x, 28, 32).array() / 255 - 0.1307f) / 0.3081f;
    check(lenet, wide, test.y, 9904, folder + "weights/lenet5_mnist.logits_bilinear32_t10k_0_63.csv");

    nn::network cntk{
        nn::input<float>{1, 28, 28},
        nn::sequential{nn::named{"c1", nn::conv2d{.channels = 8, .kernel = 5, .padding = 2}}, nn::relu{},
                       nn::max_pool{}, nn::named{"c2", nn::conv2d{.channels = 16, .kernel = 5, .padding = 2}},
                       nn::relu{}, nn::max_pool{.size = 3}, nn::flatten{}, nn::named{"out", nn::dense{10}}}};
    nn::load(cntk, folder + "weights/mnist-cntk.safetensors",
             {.differing = {{"c1.weight", "Parameter5"},
                            {"c1.bias", "Parameter6", false, true},
                            {"c2.weight", "Parameter87"},
                            {"c2.bias", "Parameter88", false, true},
                            {"out.weight", "Parameter193", true},
                            {"out.bias", "Parameter194", false, true}}});
    matrix<float> const unit = test.x / 255;
    check(cntk, unit, test.y, 9890, folder + "weights/mnist-cntk.logits_t10k_0_63.csv");
}
