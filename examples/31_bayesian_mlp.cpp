// SPDX-License-Identifier: MIT
// A Gaussian process chooses the width, the rate, the dropout and the weight decay of a small network, learns
// from each trial, and leaves a report: which settings matter, and what the trials gave.
//
//     31_bayesian_mlp [training.csv test.csv]
#include <cstdio>
#include <filesystem>
#include <string>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/search/gaussian_process.hpp>
#include <descent/search/importance.hpp>
#include <descent/search/progress_bar.hpp>
#include <descent/search/report.hpp>
#include <descent/search/study.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

int main(int argc, char** argv) try {
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto all = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(all);
    scale(all), scale(test);
    auto const [train, held] = data::split(all, {.train = 0.75, .seed = 1, .stratify = true});

    auto const make = [&](auto&& of, data::dataset<float> const& table, int epochs) {
        nn::network net{nn::input<float>{table.features()},
                        nn::sequential{nn::dense{descent::index(of["width"])}, nn::relu{},
                                       nn::dropout{of["dropout"]}, nn::dense{10}}};
        auto const steps = epochs * ((table.samples() + 63) / 64);
        fit(net, table, chain(adam{}, decay{of["decay"]}, rate{one_cycle{of["rate"], steps}}),
            {.epochs = epochs, .batch = 64}, exec::openmp{});
        return net;
    };

    search::space space;
    space.add("width", search::integer(8, 128, {.log = true}))
        .add("rate", search::log_uniform(1e-4, 1e-1))
        .add("dropout", search::uniform(0, 0.6))
        .add("decay", search::log_uniform(1e-5, 1e-1));
    search::study study{space, search::gaussian_process{.seed = 1}};
    auto const best = study.maximize(
        {.trials = 24}, [&](search::trial& t) { return accuracy(make(t, train, 8), held); },
        search::progress_bar{});
    std::printf("trial %td: width %g, rate %.3g, dropout %.2f, decay %.2g: %.2f %% of the held digits right\n",
                std::ptrdiff_t(best.number), best["width"], best["rate"], best["dropout"], best["decay"],
                100 * best.value);
    for (auto const& [name, total] : search::importance(study.records()))
        std::printf("%-8s carries %2.0f %% of what the settings change\n", name.c_str(), 100 * total);

    // The settings are chosen: all training digits, longer, and for the first time the test digits.
    auto const net = make(best, all, 30);
    std::printf("30 epochs on all training digits: test accuracy %.2f %%\n", 100 * accuracy(net, test));

    write_file("mlp_search.html", search::report(study.records(), {.title = "A network of digits",
                                                                   .direction = search::goal::maximize}));
    std::printf("%s\n", std::filesystem::absolute("mlp_search.html").c_str());
} catch (descent::error const& problem) {
    std::fprintf(stderr, "31_bayesian_mlp: %s\n", problem.what());
    return 1;
}
