// SPDX-License-Identifier: MIT
// From a CSV file to a trained, judged classifier: read, split, scale, fit with early stopping, look at the
// result.
//
//     04_logistic_csv [file.csv]
#include <cstdio>
#include <string>

#include <descent/descent.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

int main(int argc, char** argv) try {
    // 1. Read. Errors name file, line and column. The last column is the target.
    auto table = data::read_csv(argc > 1 ? argv[1] : DESCENT_EXAMPLES_DATA "/optdigits_train.csv",
                                {.target = -1, .header = false, .classes = true});
    for (float& digit : table.y)  // two classes: is this an 8, the digit most easily confused?
        digit = digit == 8 ? 1.0f : 0.0f;
    table.class_names = {"another digit", "8"};

    // 2. Split, then scale by what the training part alone shows: the other parts must stay unseen.
    auto [rest, test] = data::split(table, {.train = 0.8, .seed = 7, .stratify = true});
    auto [train, held] = data::split(rest, {.train = 0.8, .seed = 8, .stratify = true});
    auto const scale = data::standardize(train);
    scale(train), scale(held), scale(test);

    // 3. Fit. Behind the options stand, in any order: validation data, an executor, callbacks.
    linear::logistic_regression<float> model{train.features(), {.l2 = 1e-3}};
    auto const report = fit(model, train, chain(adam{}, rate{1e-2}), {.epochs = 100, .batch = mini_batch{64}},
                            validate_on{held}, progress_bar{}, early_stopping{.patience = 5});
    std::printf("%s; best validation loss %.4f in epoch %td\n", report.reason.c_str(), report.best_loss,
                report.best_epoch);

    // 4. Judge, once, on data that had no say in anything above.
    double found = 0, eights = 0;
    auto const guess = model.predict(test.x);
    for (long i = 0; i < test.samples(); ++i)
        if (test.y[i] == 1)
            eights += 1, found += guess[i];
    std::printf("test accuracy %.2f %%, eights found %.1f %% of %.0f\n", 100 * accuracy(model, test),
                100 * found / eights, eights);
} catch (descent::error const& problem) {
    std::fprintf(stderr, "04_logistic_csv: %s\n", problem.what());
    return 1;
}
