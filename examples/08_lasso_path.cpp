// SPDX-License-Identifier: MIT
// The lasso's path: as the penalty falls, the features that matter enter one by one. Cross-validation picks the
// penalty.
#include <cstdio>

#include <descent/descent.hpp>

using namespace descent;

int main() {
    // 120 samples of 12 correlated features; only 1, 4 and 9 (from 0) act on the target.
    constexpr long samples = 120, features = 12;
    generator const draws{.seed = 8};
    data::dataset<double> table{.x = matrix<double>(samples, features), .y = vector<double>(samples)};
    for (long i = 0; i < samples; ++i) {
        double last = 0;
        for (long j = 0; j < features; ++j)
            last = table.x(i, j) = 0.5 * last + draws.normal<double>(std::uint64_t(i * features + j));
        table.y[i] = 3 * table.x(i, 1) - 2 * table.x(i, 4) + table.x(i, 9) +
                     draws.normal<double>(std::uint64_t(100000 + i));
    }
    auto [train, test] = data::split(table, {.train = 0.75, .seed = 1});
    auto const scale = data::standardize(train);
    scale(train), scale(test);

    // 60 penalties from the one that makes every weight 0 down to a thousandth of it, each from the solution
    // before.
    auto const path =
        solve::lasso_path{.points = 60}.run(solve::linear_problem{data::all_of(train), loss::squared{}});

    plot::lines chart{.title = "The lasso's path", .x_label = "penalty", .y_label = "weight", .log_x = true};
    for (long j = 0; j < features; ++j)
        chart.add(text("feature ", j), path.alpha, vector<double>(path.w.col(j)));
    chart.save("lasso_path.svg");

    // The error on held-out folds chooses the penalty; the model is trained on all training rows with it.
    double best_error = 1e300, best = 0;
    std::printf("penalty  features  error over 5 folds\n");
    for (std::size_t k = 0; k < path.alpha.size(); k += 6) {
        double error = 0;
        for (auto const& fold : data::k_folds(train, {.folds = 5, .seed = 1})) {
            auto const part = train.rows(fold.train), held_out = train.rows(fold.test);
            linear::lasso<double> model{features, path.alpha[k]};
            fit(model, part);
            error += mean_squared_error(model, held_out) / 5;
        }
        std::printf("%7.4f  %8td  %.4f\n", path.alpha[k], path.nonzeros[k], error);
        if (error < best_error)
            best_error = error, best = path.alpha[k];
    }

    linear::lasso<double> model{features, best};
    fit(model, train);
    std::printf("\npenalty %.4f: %td features, R2 on the test rows %.4f; weights", best, model.nonzeros(),
                r2(model, test));
    for (long j = 0; j < features; ++j)
        if (model.weight()(0, j) != 0)
            std::printf(" %ld: %.3f", j, model.weight()(0, j));
    std::printf("\nPicture: lasso_path.svg\n");
}
