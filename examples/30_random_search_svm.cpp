// SPDX-License-Identifier: MIT
// A support vector machine has two numbers that nobody knows beforehand: how much an error costs, C, and how
// far a point is heard, gamma. tune judges a hundred random pairs by five folds, several at a time, and trains
// the best one on all points. Random search: Bergstra and Bengio, 2012.
//
//     30_random_search_svm [table.csv, its last column 0 or 1]
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <vector>

#include <descent/descent.hpp>
#include <descent/linear/kernel_svm.hpp>
#include <descent/search/random.hpp>
#include <descent/search/tune.hpp>

using namespace descent;

namespace {

/// Two spirals that wind around each other, with noise.
data::dataset<double> spirals(descent::index count) {
    generator const draws{.seed = 1};
    data::dataset<double> made{.x = matrix<double>(count, 2), .y = vector<double>(count)};
    for (descent::index i = 0; i < count; ++i) {
        auto const at = std::uint64_t(3 * i);
        double const turn = 1 + 8 * draws.uniform<double>(at), side = i % 2 ? 3.14159265358979 : 0;
        made.x(i, 0) = turn * std::cos(turn + side) + 0.9 * draws.normal<double>(at + 1);
        made.x(i, 1) = turn * std::sin(turn + side) + 0.9 * draws.normal<double>(at + 2);
        made.y[i] = double(i % 2);
    }
    return made;
}

}  // namespace

int main(int argc, char** argv) try {
    auto const table =
        argc > 1 ? data::read_csv<double>(argv[1], {.target = -1, .classes = true}) : spirals(300);
    search::space space;
    space.add("C", search::log_uniform(1e-2, 1e4)).add("gamma", search::log_uniform(1e-3, 1e2));
    auto const best = search::tune(
        [](auto const& values, auto const& rows) {
            linear::kernel_svm<double, linear::kernel::rbf> model{{.gamma = values["gamma"]},
                                                                  {.c = values["C"]}};
            fit(model, rows);
            return model;
        },
        space, table, {.trials = 100, .parallel = 2}, search::random{.seed = 1},
        [](search::study_progress const& now) {
            if (now.trials % 20 == 0)
                std::printf("%3td trials: the best has %.2f %% right\n", std::ptrdiff_t(now.trials),
                            100 * now.best.value);
        });
    std::printf("C = %.3g, gamma = %.3g: %.2f %% +- %.2f of %td points right in five folds\n", best["C"],
                best["gamma"], 100 * best.value, 100 * best.scores.deviation, table.samples());
    std::printf("the same, trained on all points, holds %td of them as support vectors\n",
                std::ptrdiff_t(best.model->support().size()));

    // The picture: where the good ones lie.
    std::vector<double> good_c, good_gamma, other_c, other_gamma;
    for (auto const& trial : best.records) {
        bool const is_good = trial.value > best.value - 0.01;
        (is_good ? good_c : other_c).push_back(trial["C"]);
        (is_good ? good_gamma : other_gamma).push_back(trial["gamma"]);
    }
    plot::scatter chart{
        .title = "A hundred draws", .x_label = "C", .y_label = "gamma", .log_x = true, .log_y = true};
    chart.add("within a point of the best", good_c, good_gamma);
    chart.add("others", other_c, other_gamma);
    chart.save("svm_search.svg");
    std::printf("%s\n", std::filesystem::absolute("svm_search.svg").c_str());
} catch (descent::error const& problem) {
    std::fprintf(stderr, "30_random_search_svm: %s\n", problem.what());
    return 1;
}
