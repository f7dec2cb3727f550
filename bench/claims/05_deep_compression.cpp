// SPDX-License-Identifier: MIT
// LeNet-300-100 and LeNet-5 (as Caffe has it: 20, 50, 500, 10) on MNIST, trained, pruned while they learn from
// a teacher, given shared codebooks, and packed: how many times smaller the file on disk is than the weights as
// float32, and how often the network that is read back from it errs. The test images are read once, after the
// file is closed. Each seed trains its own teacher too, on two threads. Needs DESCENT_DATA and zlib, exit
// status 2 without. SEEDS sets fewer seeds, ONLY=300 or ONLY=5 one network.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/data/idx.hpp>
#include <descent/distill/student.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn.hpp>
#include <descent/optim.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/mask_lowest.hpp>
#include <descent/prune/selection.hpp>
#include <descent/prune/sparsity.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/shared_codebooks.hpp>
#include <descent/schedule.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

std::string folder() { return std::getenv("DESCENT_DATA") + std::string("/mnist/"); }

/// The training digits, and as many that are moved by a pixel.
data::dataset<float> training_digits(std::uint64_t seed) {
    auto const read =
        data::read_idx(folder() + "train-images-idx3-ubyte.gz", folder() + "train-labels-idx1-ubyte.gz");
    std::ptrdiff_t const n = read.samples();
    data::dataset<float> table;
    table.class_names = read.class_names;
    table.x.setZero(2 * n, 784);
    table.x.topRows(n) = read.x / 255;
    table.y.resize(2 * n);
    table.y << read.y, read.y;
    generator const draws{seed, 7};
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        auto const way = std::ptrdiff_t(draws.integer(std::uint64_t(i), 8));
        std::ptrdiff_t const at = way < 4 ? way : way + 1, down = at / 3 - 1, right = at % 3 - 1;
        for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, down); y < std::min<std::ptrdiff_t>(28, 28 + down);
             ++y)
            for (std::ptrdiff_t x = std::max<std::ptrdiff_t>(0, right);
                 x < std::min<std::ptrdiff_t>(28, 28 + right); ++x)
                table.x(n + i, y * 28 + x) = table.x(i, (y - down) * 28 + x - right);
    }
    return table;
}

/// The smallest weights go, each against the sum of squares of those of its tensor that are not smaller (Lee et
/// al.: "Layer-adaptive sparsity for the magnitude-based pruning", 2021): that says how much each tensor loses.
struct layer_adaptive {
    double sparsity = 0;
    prune::selection on = {};

    template <class M>
    auto scores(M& model) const {
        auto const& w = model.params();
        auto score = w.like();
        for (auto const& entry : w.entries()) {
            std::vector<std::pair<float, std::ptrdiff_t>> order;
            for (std::ptrdiff_t i = entry.offset; i < entry.offset + entry.size(); ++i)
                order.emplace_back(w.data()[i] * w.data()[i], i);
            std::sort(order.begin(), order.end());
            double sum = 1e-30;
            for (auto each = order.rbegin(); each != order.rend(); ++each) {
                sum += double(each->first);
                score.data()[each->second] = float(double(each->first) / sum);
            }
        }
        return score;
    }
};

/// Units that nothing enters or that nothing listens to lose all their weights and their bias.
void drop_dead_units(params<float>& weights, std::vector<std::string> const& layers) {
    for (int round = 0; round < 3; ++round)
        for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
            std::string const in = layers[l] + ".weight", bias = layers[l] + ".bias",
                              out = layers[l + 1] + ".weight";
            auto in_kept = weights.mask(in), bias_kept = weights.mask(bias), out_kept = weights.mask(out);
            std::size_t const units = bias_kept.size(), rows = std::size_t(weights.at(out).extents[0]);
            std::size_t const inputs = in_kept.size() / units, columns = out_kept.size() / rows,
                              each = columns / units;
            for (std::size_t u = 0; u < units; ++u) {
                auto const of_out = [&](std::size_t i) { return i / each * columns + u * each + i % each; };
                std::size_t entering = 0, leaving = 0;
                for (std::size_t i = 0; i < inputs; ++i)
                    entering += in_kept[u * inputs + i];
                for (std::size_t i = 0; i < rows * each; ++i)
                    leaving += out_kept[of_out(i)];
                if (entering > 0 && leaving > 0)
                    continue;
                bias_kept[u] = false;
                for (std::size_t i = 0; i < inputs; ++i)
                    in_kept[u * inputs + i] = false;
                for (std::size_t i = 0; i < rows * each; ++i)
                    out_kept[of_out(i)] = false;
            }
            weights.set_mask(in, in_kept), weights.set_mask(bias, bias_kept), weights.set_mask(out, out_kept);
        }
}

struct plan {
    std::string name;
    std::vector<std::string> layers;
    double sparsity;
    int teacher_epochs, epochs, codebook_epochs;  // one of 120000 digits each
    double rate;
    double ratio_bar, error_bar;
};

constexpr int batch = 128;

template <class Layers, class TeacherLayers>
bool compress(plan const& p, shape const& image, Layers const& layers, TeacherLayers const& teacher_layers) {
    exec::openmp const threads{.threads = 2};
    char const* const some = std::getenv("SEEDS");
    int const seeds = some ? std::atoi(some) : 5;
    double ratios = 0, errors = 0, slowest = 0;
    for (int number = 1; number <= seeds; ++number) {
        auto const seed = std::uint64_t(number);
        double const before = measure::wall_time(), cpu = measure::cpu_time();
        std::string const path = p.name + ".dpk";
        {
            auto const train = training_digits(seed);
            std::int64_t const steps = (train.samples() + batch - 1) / batch;
            nn::network teacher{
                nn::input<float>{1, 28, 28}, teacher_layers, loss::softmax_cross_entropy{}, {.seed = seed}};
            fit(teacher, train, chain(adam{}, rate{one_cycle{3e-3, p.teacher_epochs * steps}}),
                {.epochs = p.teacher_epochs, .batch = batch, .seed = seed}, threads);
            std::printf("%s, seed %d: teacher, %.0f s\n", p.name.c_str(), number,
                        measure::wall_time() - before);
            std::fflush(stdout);

            nn::network net{nn::input<float>{image}, layers, loss::softmax_cross_entropy{}, {.seed = seed}};
            if constexpr (std::is_same_v<Layers, TeacherLayers>)
                net.params() = teacher.params();
            distill::student pupil{net, {.temperature = 2, .soft = 0.9}, teacher};
            std::int64_t const all = p.epochs * steps;
            auto const learned =
                fit(pupil, train, chain(adam{}, keep_zeros{}, rate{one_cycle{p.rate, all}}),
                    {.epochs = p.epochs, .batch = batch, .seed = seed}, threads,
                    prune::gradual{
                        net, layer_adaptive{.sparsity = p.sparsity}, {.first = all / 20, .last = all * 3 / 5}});
            drop_dead_units(net.params(), p.layers);
            std::printf("%s, seed %d: pruned, loss %.4f, %.0f s\n", p.name.c_str(), number, learned.loss,
                        measure::wall_time() - before);
            std::fflush(stdout);

            quantize::shared_codebooks tied{pupil, {.codes = 8, .vector_codes = 8, .as = io::dtype::bf16}};
            auto const tuned = fit(tied, train, chain(adam{}, rate{cosine{3e-4, p.codebook_epochs * steps}}),
                                   {.epochs = p.codebook_epochs, .batch = batch, .seed = seed + 100}, threads);
            tied.put();
            auto const table = quantize::save_packed(net, path);
            std::printf("%s, seed %d: codebooks, loss %.4f\n%s", p.name.c_str(), number, tuned.loss,
                        table.text().c_str());
        }
        double const seconds = measure::cpu_time() - cpu, wall = measure::wall_time() - before;

        // The file is closed: now the test digits, for another network that reads it.
        auto test =
            data::read_idx(folder() + "t10k-images-idx3-ubyte.gz", folder() + "t10k-labels-idx1-ubyte.gz");
        test.x /= 255;
        nn::network read{nn::input<float>{image}, layers};
        quantize::load_packed(read, path);
        double const error = 100 - 100 * accuracy(read.predict(test.x, threads), test.y);
        double const ratio = 4 * double(read.params().size()) / double(read_file(path).size());
        std::printf(
            "%s, seed %d: %.1f times smaller, %.2f %% of the test images wrong, CPU of the calling thread %.0f "
            "s, "
            "wall %.0f s\n",
            p.name.c_str(), number, ratio, error, seconds, wall);
        std::fflush(stdout);
        std::remove(path.c_str());
        ratios += ratio / seeds, errors += error / seeds, slowest = std::max(slowest, seconds);
    }
    bool holds = measure::claim(p.name + ": times smaller than float32, mean", ratios, ">=", p.ratio_bar);
    holds &= measure::claim(p.name + ": test error in %, mean", errors, "<=", p.error_bar);
    holds &= measure::claim(p.name + ": CPU seconds of the calling thread, slowest seed", slowest, "<=", 600);
    return holds;
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    if (std::getenv("DESCENT_DATA") == nullptr || !DESCENT_ZLIB_ENABLED) {
        std::printf("skipped: %s\n",
                    std::getenv("DESCENT_DATA") ? "zlib is not there" : "DESCENT_DATA is not set");
        return 2;
    }
    measure::print_build("2 threads");
    std::string_view const only = std::getenv("ONLY") ? std::getenv("ONLY") : "";
    bool holds = true;
    if (only != "5")
        holds &= compress({"LeNet-300-100", {"0", "2", "4"}, 0.975, 3, 20, 5, 1.5e-3, 120, 1.6}, {784},
                          nn::sequential{nn::dense{300}, nn::relu{}, nn::dense{100}, nn::relu{}, nn::dense{10}},
                          nn::sequential{nn::conv2d{.channels = 8, .kernel = 5}, nn::relu{}, nn::max_pool{},
                                         nn::conv2d{.channels = 16, .kernel = 5}, nn::relu{}, nn::max_pool{},
                                         nn::flatten{}, nn::dense{120}, nn::relu{}, nn::dense{10}});
    if (only != "300") {
        auto const lenet5 = nn::sequential{nn::conv2d{.channels = 20, .kernel = 5},
                                           nn::max_pool{},
                                           nn::conv2d{.channels = 50, .kernel = 5},
                                           nn::max_pool{},
                                           nn::flatten{},
                                           nn::dense{500},
                                           nn::relu{},
                                           nn::dense{10}};
        holds &= compress({"LeNet-5", {"0", "2", "5", "7"}, 0.985, 2, 10, 2, 1.5e-3, 150, 0.8}, {1, 28, 28},
                          lenet5, lenet5);
    }
    return holds ? 0 : 1;
}
