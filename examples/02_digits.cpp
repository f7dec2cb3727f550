// SPDX-License-Identifier: MIT
// The main example: six optimizers learn to read handwritten digits, side by side; then a search finds better
// hyperparameters, and the best model becomes many times smaller.
//
//     02_digits [training.csv test.csv]
//
// The model is softmax regression: ten scores, each a weighted sum of 64 pixels. Only the recipe and the batch
// policy differ from row to row of the table. Every row is the mean of five seeds, all take the weights of the
// last epoch under a rate that falls to 0 along a cosine, and the test set is read once, at the end of each
// run.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <descent/descent.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/shared_codebooks.hpp>
#include <descent/search/cross_validation.hpp>
#include <descent/search/gaussian_process.hpp>
#include <descent/search/study.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

int main(int argc, char** argv) try {
    // 1. The data: 64 pixels of 0..16 a line, then the digit. `classes` says that the integers in the last
    // column are
    //    classes and not numbers.
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto train = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(train);  // to [0, 1], by what the training set alone shows
    scale(train), scale(test);
    std::printf("%td training and %td test digits of %td pixels\n\n", train.samples(), test.samples(),
                train.features());
    std::printf("%-12s %7s %9s %11s %14s\n", "method", "epochs", "seconds", "train loss", "test accuracy");

    plot::lines chart{.title = "Softmax regression on handwritten digits",
                      .x_label = "epoch",
                      .y_label = "training loss",
                      .log_x = true,
                      .log_y = true};

    // 2. One row of the table: five runs of one method. `rule` is everything before the rate.
    auto const compare = [&](std::string const& name, auto rule, double eta, batch_policy batch, int epochs) {
        auto const updates = batch.size ? (train.samples() + batch.size - 1) / batch.size : 1;
        auto const recipe = chain(rule, rate{cosine{eta, epochs * updates}});

        int const seeds = 5;
        double seconds = 0, loss = 0, correct = 0;
        for (int seed = 0; seed < seeds; ++seed) {
            linear::softmax_regression<float> model{train.features(), train.classes(), {.l2 = 0}};
            auto const report =
                fit(model, train, recipe, {.epochs = epochs, .batch = batch, .seed = std::uint64_t(seed)});
            seconds += report.seconds / seeds;
            loss += report.loss / seeds;
            correct += accuracy(model, test) / seeds;
            if (seed == 0) {
                std::vector<double> epoch, value;
                for (auto const& line : report.history)
                    epoch.push_back(double(line.epoch)), value.push_back(line.loss);
                chart.add(name, epoch, value);
            }
        }
        std::printf("%-12s %7d %9.3f %11.4f %13.2f %%\n", name.c_str(), epochs, seconds, loss, 100 * correct);
        std::fflush(stdout);
    };

    // 3. Gradient descent, stochastic and mini-batch descent are ONE rule under three batch policies ...
    compare("GD", sgd{}, 2.0, full_batch{}, 200);
    compare("SGD", sgd{}, 0.05, single_sample{}, 30);
    compare("mini-batch", sgd{}, 1.0, mini_batch{32}, 30);
    // ... and the others differ in what they remember of earlier gradients.
    compare("momentum", momentum{0.9}, 0.2, mini_batch{32}, 30);
    compare("RMSprop", rmsprop{}, 0.01, mini_batch{32}, 30);
    compare("Adam", adam{}, 0.02, mini_batch{32}, 30);

    // 4. The picture.
    chart.save("digits_loss.svg");
    std::printf("\nThe loss of every method, epoch by epoch: %s\n",
                std::filesystem::absolute("digits_loss.svg").c_str());

    // 5. Which rate, and how much L2? A Gaussian process proposes, five folds of the training set judge.
    auto const folds = data::k_folds(train, {.folds = 5, .stratify = true});
    descent::index const batch = 32;
    auto const updates_of = [&](auto const& table, int epochs) {
        return epochs * ((table.samples() + batch - 1) / batch);
    };
    search::study study{search::gaussian_process{.seed = 1}};
    auto const best = study.maximize({.trials = 20}, [&](search::trial& t) {
        double const eta = t.log_uniform("rate", 1e-3, 3e-1), l2 = t.log_uniform("l2", 1e-7, 1e-2);
        auto const score = [&](auto const& known, auto const& held) {
            linear::softmax_regression<float> model{train.features(), train.classes(), {.l2 = l2}};
            fit(model, known, chain(adam{}, rate{cosine{eta, updates_of(known, 10)}}),
                {.epochs = 10, .batch = batch});
            return accuracy(model, held);
        };
        return search::cross_validate(train, folds, score).mean;
    });
    double const eta = best["rate"], l2 = best["l2"];
    linear::softmax_regression<float> model{train.features(), train.classes(), {.l2 = l2}};
    fit(model, train, chain(adam{}, rate{cosine{eta, updates_of(train, 30)}}), {.epochs = 30, .batch = batch});
    std::printf("\nsearch of %td trials: rate %.3g, L2 %.2g, %.2f %% in five folds; test accuracy %.2f %%\n",
                descent::index(best.trials), eta, l2, 100 * best.value, 100 * accuracy(model, test));

    // 6. The best model, smaller: weights near 0 go while it learns on, the others come to share 8 numbers, and
    // a packed file holds which is where.
    fit(model, train, chain(adam{}, keep_zeros{}, rate{cosine{eta, updates_of(train, 20)}}),
        {.epochs = 20, .batch = batch},
        prune::gradual{model, prune::magnitude{.sparsity = 0.5}, {.last = updates_of(train, 10)}});
    quantize::shared_codebooks tied{model, {.codes = 8, .vector_codes = 8}};
    fit(tied, train, chain(adam{}, rate{cosine{eta / 10, updates_of(train, 5)}}),
        {.epochs = 5, .batch = batch});
    tied.put();
    auto const file = quantize::save_packed(model, "digits.dpk");
    linear::softmax_regression<float> packed{train.features(), train.classes(), {.l2 = l2}};
    quantize::load_packed(packed, "digits.dpk");
    std::printf("pruned by half, 8 numbers a tensor, packed: %td bytes instead of %td, test accuracy %.2f %%\n",
                file.bytes, file.unpacked, 100 * accuracy(packed, test));
} catch (descent::error const& problem) {
    std::fprintf(stderr, "02_digits: %s\n", problem.what());
    return 1;
}
