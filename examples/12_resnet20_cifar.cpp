// SPDX-License-Identifier: MIT
// A ResNet-20 with published weights looks at photographs: what it sees, how often it is right, and how more
// training on shifted and mirrored images changes that.
//
//     12_resnet20_cifar [folder]
//
// Anywhere below the folder lie resnet20*.safetensors (torch's names of the tensors), data_batch_1.bin and
// test*.bin of CIFAR-10's binary version, packed or not. Without a folder the network learns drawn shapes
// first.
#include <cstdio>
#include <filesystem>
#include <string>

#include <descent/data/augmented.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/image_crop.hpp>
#include <descent/data/image_flip.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/data/prefetch.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/optim.hpp>
#include <descent/plot.hpp>
#include <descent/schedule.hpp>
#include <descent/train.hpp>

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

/// Bright shapes on dark ground, each in its own color, with noise: pixels 0 .. 255.
data::dataset<float> drawn_shapes(std::ptrdiff_t samples, std::ptrdiff_t side, std::uint64_t seed) {
    data::dataset<float> table{.x = matrix<float>(samples, 3 * side * side),
                               .y = vector<float>(samples),
                               .class_names = {"disc", "ring", "cross", "stripes"}};
    generator const draws{seed};
    for (std::ptrdiff_t i = 0; i < samples; ++i) {
        auto const number = [&](std::ptrdiff_t k) {
            return draws.uniform<float>(std::uint64_t(i * (table.features() + 8) + k));
        };
        int const kind = int(i % 4);
        float const radius = float(side) * (0.28f + 0.12f * number(0));
        float const middle_x = float(side) * (0.4f + 0.2f * number(1)),
                    middle_y = float(side) * (0.4f + 0.2f * number(2));
        float const color[] = {number(3), number(4), number(5)};
        table.y[i] = float(kind);
        for (std::ptrdiff_t y = 0; y < side; ++y)
            for (std::ptrdiff_t x = 0; x < side; ++x) {
                float const right = float(x) + 0.5f - middle_x, down = float(y) + 0.5f - middle_y;
                float const distance = std::hypot(right, down);
                bool const inside = kind == 0   ? distance < radius
                                    : kind == 1 ? distance < radius && distance > 0.5f * radius
                                    : kind == 2 ? std::min(std::fabs(right), std::fabs(down)) < 0.3f * radius
                                                : y / (side / 8) % 2 == 0;
                for (std::ptrdiff_t c = 0; c < 3; ++c) {
                    std::ptrdiff_t const at = (c * side + y) * side + x;
                    table.x(i, at) = (inside ? 120 + 100 * color[c] : 30.0f) + 35 * number(8 + at);
                }
            }
    }
    return table;
}

}  // namespace

int main(int argc, char** argv) try {
    bool const real = argc > 1;
    std::string const folder = real ? argv[1] : "";
    std::ptrdiff_t const side = real ? 32 : 8;
    auto const train =
        real ? data::read_cifar10({find(folder, "data_batch_1", ".bin")}) : drawn_shapes(256, side, 1);
    auto const test = real ? data::read_cifar10({find(folder, "test", ".bin")}) : drawn_shapes(96, side, 2);

    // 1. What the network reads: pixels less the mean of their color, over its deviation. For training they are
    //    shifted by up to an eighth and mirrored, anew in each epoch.
    shape const image{3, side, side};
    data::image::normalize const scale{{123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}};
    auto const looked_at = data::transformed(test, image, scale);
    data::augmented const moved{train, image, data::image::random_crop{side, side, side / 8},
                                data::image::horizontal_flip{}, scale};
    nn::network net{nn::input<float>{image}, nn::resnet20(train.classes())};
    auto const learn = [&](int epochs, double top) {
        auto const steps = epochs * ((train.samples() + 63) / 64);
        return fit(net, data::prefetched{moved}, chain(l2{1e-4}, momentum{0.9}, rate{cosine{top, steps}}),
                   {.epochs = epochs, .batch = 64}, exec::openmp{}, progress_bar{});
    };

    // 2. Published weights, by the names of their tensors.
    std::string weights;
    if (real) {
        weights = find(folder, "resnet20", ".safetensors");
    } else {
        learn(4, 0.05);
        nn::save(net, weights = "shapes.safetensors");
    }
    nn::load(net, weights);
    auto const right = [&](vector<float> const& classes) {
        return (classes.array() == test.y.array()).count();
    };
    std::printf("%s: %td of %td test images right\n", weights.c_str(),
                right(net.predict(looked_at.x, exec::openmp{})), test.samples());

    // 3. Fine-tuning, with small steps.
    auto const report = learn(2, 2e-3);
    matrix<float> const shares = net.predict_probability(looked_at.x, exec::openmp{});
    vector<float> predicted(test.samples());
    for (std::ptrdiff_t i = 0; i < test.samples(); ++i) {
        std::ptrdiff_t best = 0;
        shares.row(i).maxCoeff(&best);
        predicted[i] = float(best);
    }
    std::printf("after %.0f s of fine-tuning on %td images: %td of %td\n", report.seconds, train.samples(),
                right(predicted), test.samples());

    // 4. Pictures: images with what the network sees in them, and which classes it confuses.
    auto const& names = test.class_names;
    plot::image_grid chart{.title = "What the network sees (wrong: orange)", .high = 255};
    for (std::ptrdiff_t i = 0; i < 40; ++i) {
        auto const seen = std::size_t(predicted[i]), is = std::size_t(test.y[i]);
        std::string caption = text(names[seen], " ", int(100 * shares(i, std::ptrdiff_t(seen))), " %");
        if (seen != is)
            caption += text(" is ", names[is]);
        chart.add(test.x.row(i).data(), image, caption, seen == is ? "#222222" : "#d55e00");
    }
    chart.save("resnet20_images.svg");
    plot::heat_map confusion{.title = "Test images",
                             .x_label = "seen",
                             .y_label = "is",
                             .row_names = names,
                             .column_names = names,
                             .values = true};
    confusion.set(confusion_matrix(predicted, test.y, test.classes()));
    confusion.save("resnet20_confusion.svg");
    std::printf("%s, %s\n", std::filesystem::absolute("resnet20_images.svg").c_str(), "resnet20_confusion.svg");
} catch (descent::error const& problem) {
    std::fprintf(stderr, "12_resnet20_cifar: %s\n", problem.what());
    return 1;
} catch (std::filesystem::filesystem_error const& problem) {
    std::fprintf(stderr, "12_resnet20_cifar: %s\n", problem.what());
    return 1;
}
