// SPDX-License-Identifier: MIT
// A border that no straight line can draw: a support vector machine with three kernels, and then on handwritten
// digits.
//
//     09_kernel_svm [training.csv test.csv]
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/descent.hpp>
#include <descent/linear/kernel_svm.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

namespace {

/// The true border: a flower with three leaves.
double border(double angle) { return 1.2 + 0.45 * std::sin(3 * angle); }

/// Points around the origin; class 1 lies inside the flower, but for some noise.
data::dataset<double> flower(long count, std::uint64_t seed) {
    generator const draws{.seed = seed};
    data::dataset<double> made{.x = matrix<double>(count, 2), .y = vector<double>(count)};
    for (long i = 0; i < count; ++i) {
        auto const at = std::uint64_t(4 * i);
        double const radius = 2.2 * std::sqrt(draws.uniform<double>(at));
        double const angle = 2 * 3.14159265358979 * draws.uniform<double>(at + 1);
        made.x(i, 0) = radius * std::cos(angle);
        made.x(i, 1) = radius * std::sin(angle);
        made.y[i] = radius + 0.1 * draws.normal<double>(at + 2) < border(angle) ? 1 : 0;
    }
    return made;
}

/// Trains, prints a line of the table and gives the model back.
template <class Kernel>
auto compare(char const* name, Kernel const& kernel, data::dataset<double> const& train,
             data::dataset<double> const& test) {
    linear::kernel_svm<double, Kernel> model{kernel, {.c = 10}};
    auto const report = fit(model, train);
    std::printf("%-12s %9td %17td %12.2f %% %13.2f %%\n", name, std::ptrdiff_t(report.iterations),
                report.support_vectors, 100 * model.score(train), 100 * model.score(test));
    return model;
}

}  // namespace

int main(int argc, char** argv) try {
    // 1. The same points, three kernels.
    auto const train = flower(600, 1), test = flower(4000, 2);
    std::printf("%-12s %9s %17s %14s %15s\n", "kernel", "steps", "support vectors", "training",
                "test accuracy");
    compare("linear", linear::kernel::linear{}, train, test);
    compare("polynomial", linear::kernel::polynomial{.degree = 4, .offset = 1}, train, test);
    auto const model = compare("rbf", linear::kernel::rbf{}, train, test);

    // 2. The picture: along each ray from the middle, where the decision value changes its sign.
    std::vector<double> learnt_x, learnt_y, true_x, true_y;
    for (int degree = 0; degree <= 360; degree += 3) {
        double const angle = degree * 3.14159265358979 / 180;
        double inside = 0, outside = 2.2;
        for (int halving = 0; halving < 20; ++halving) {
            double const radius = (inside + outside) / 2;
            matrix<double> point(1, 2);
            point << radius * std::cos(angle), radius * std::sin(angle);
            (model.decision_values(point)(0, 0) > 0 ? inside : outside) = radius;
        }
        learnt_x.push_back(inside * std::cos(angle)), learnt_y.push_back(inside * std::sin(angle));
        true_x.push_back(border(angle) * std::cos(angle)), true_y.push_back(border(angle) * std::sin(angle));
    }
    plot::scatter chart{.title = "Support vector machine with an RBF kernel",
                        .x_label = "x",
                        .y_label = "y",
                        .width = 560,
                        .height = 520};
    for (double const label : {1.0, 0.0}) {
        std::vector<double> x, y;
        for (long i = 0; i < train.samples(); ++i)
            if (train.y[i] == label)
                x.push_back(train.x(i, 0)), y.push_back(train.x(i, 1));
        chart.add(label == 1 ? "class 1" : "class 0", x, y);
    }
    chart.add_curve("learnt border", learnt_x, learnt_y);
    chart.add_curve("true border", true_x, true_y);
    chart.save("kernel_svm.svg");
    std::printf("Picture: kernel_svm.svg\n\n");

    // 3. Ten classes: 45 machines, one for each pair, that vote.
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto digits = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto unseen = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(digits);
    scale(digits), scale(unseen);
    linear::kernel_svm<float> reader{{}, {.c = 10}};
    // A long training may be watched, and stopped, from here. On a terminal one line is drawn again and again.
    bool const terminal = isatty(STDOUT_FILENO);
    auto const report = fit(reader, digits, exec::serial{}, [&](linear::svm_progress const& now) {
        if (terminal || (now.pair % 15 == 0 && now.iteration == 0))
            std::printf("%spair %2td of %td: step %5td, violation %.3f%s", terminal ? "\r" : "", now.pair + 1,
                        now.pairs, std::ptrdiff_t(now.iteration), now.violation, terminal ? "" : "\n");
        return verdict{};
    });
    if (terminal)
        std::printf("\n");
    std::printf("%s: %td steps, %td of %td digits are support vectors, test accuracy %.2f %%\n",
                std::string(to_text(report.status)).c_str(), std::ptrdiff_t(report.iterations),
                report.support_vectors, digits.samples(), 100 * reader.score(unseen));
} catch (descent::error const& problem) {
    std::fprintf(stderr, "09_kernel_svm: %s\n", problem.what());
    return 1;
}
