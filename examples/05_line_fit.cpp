// SPDX-License-Identifier: MIT
// The smallest model: y = w x + b through a cloud of points, and a picture of both.
#include <cstdio>

#include <descent/descent.hpp>

using namespace descent;

int main() {
    // 60 points around y = 1.5 x + 2. The generator gives the same draws on every machine and thread count.
    generator const draws{.seed = 3};
    data::dataset<double> points{.x = matrix<double>(60, 1), .y = vector<double>(60)};
    for (long i = 0; i < 60; ++i) {
        points.x(i, 0) = 10 * draws.uniform<double>(std::uint64_t(i));
        points.y[i] = 1.5 * points.x(i, 0) + 2 + draws.normal<double>(std::uint64_t(1000 + i));
    }

    // Least squares by gradient descent: all points in every update, until the gradient is as good as zero.
    linear::linear_regression<double> line{1};
    auto const report =
        fit(line, points, chain(momentum{0.9}, rate{0.01}), {.epochs = 5000, .tolerance = 1e-10});
    double const w = line.weight()(0, 0), b = line.bias()[0];
    std::printf("y = %.4f x + %.4f after %td updates (%s)\n", w, b, report.steps, report.reason.c_str());

    // The formula of least squares says the same.
    auto const x = points.x.col(0).array();
    auto const y = points.y.array();
    double const exact = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum();
    std::printf("y = %.4f x + %.4f by the formula\n", exact, y.mean() - exact * x.mean());

    plot::scatter chart{.title = "Least squares", .x_label = "x", .y_label = "y"};
    chart.add("points", points.x.col(0), points.y);
    chart.add_line("fitted line", w, b);
    chart.save("line_fit.svg");
    std::printf("Picture: line_fit.svg\n");
}
