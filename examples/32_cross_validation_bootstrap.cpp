// SPDX-License-Identifier: MIT
// Which of two models is better, and how sure is that? Folds, tests of pairs, and intervals from resampled
// rows.
//
//     32_cross_validation_bootstrap [training.csv test.csv]
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/search/bootstrap.hpp>
#include <descent/search/cross_validation.hpp>
#include <descent/train/paired_tests.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

int main(int argc, char** argv) try {
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto train = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(train);
    scale(train), scale(test);

    auto const plain = [&](data::dataset<float> const& table) {
        linear::softmax_regression<float> model{table.features(), train.classes(), {.l2 = 1e-4}};
        fit(model, table, chain(adam{}, rate{0.02}), {.epochs = 15, .batch = 32});
        return model;
    };
    auto const wide = [&](data::dataset<float> const& table) {
        nn::network net{nn::input<float>{table.features()},
                        nn::sequential{nn::dense{32}, nn::relu{}, nn::dense{10}}};
        fit(net, table, chain(adam{}, rate{0.01}), {.epochs = 15, .batch = 32});
        return net;
    };

    // 1. Five folds, three times, the same for both: each digit is judged by models that have not seen it.
    auto const folds = data::repeated_folds(train, 3, {.folds = 5, .stratify = true});
    auto const score_of = [&](auto const& make) {
        return search::cross_validate(
            train, folds, [&](auto const& known, auto const& held) { return accuracy(make(known), held); },
            exec::openmp{});
    };
    auto const a = score_of(plain), b = score_of(wide);
    std::printf("softmax regression %.2f %% +- %.2f over %zu folds\n", 100 * a.mean, 100 * a.deviation,
                a.scores.size());
    std::printf("hidden layer of 32 %.2f %% +- %.2f\n", 100 * b.mean, 100 * b.deviation);
    // The folds' training parts overlap: their share makes the test as careful as it must be.
    auto const t = paired_t_test(b.scores, a.scores, 0.25);
    std::printf("difference %.2f points, t = %.2f, p = %.2g\n", 100 * t.difference, t.statistic, t.p);

    // 2. The test digits: who alone is right how often?
    auto const first = plain(train).predict(test.x), second = wide(train).predict(test.x);
    std::int64_t only_first = 0, only_second = 0;
    for (descent::index i = 0; i < test.samples(); ++i) {
        bool const one = first[i] == test.y[i], other = second[i] == test.y[i];
        only_first += one && !other, only_second += other && !one;
    }
    auto const m = mcnemar_test(only_second, only_first);
    std::printf("test digits that one alone reads: %td against %td, p = %.2g\n", std::ptrdiff_t(only_second),
                std::ptrdiff_t(only_first), m.p);

    // 3. Test accuracy with its interval: had other digits been drawn, where would it lie?
    auto const right = [&](std::vector<descent::index> const& rows) {
        descent::index count = 0;
        for (auto const row : rows)
            count += second[row] == test.y[row];
        return double(count) / double(rows.size());
    };
    auto const interval = search::bca_interval(test.samples(), right, {.resamples = 2000}, exec::openmp{});
    std::printf("hidden layer on the test digits: %.2f %%, 95 %% interval [%.2f, %.2f]\n", 100 * interval.value,
                100 * interval.low, 100 * interval.high);
} catch (descent::error const& problem) {
    std::fprintf(stderr, "32_cross_validation_bootstrap: %s\n", problem.what());
    return 1;
}
