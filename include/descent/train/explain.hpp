// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/data/check.hpp>
#include <descent/exec/serial.hpp>

// Why a model says what it says: of all its predictions (permutation_importance), of each one (linear_shap).
namespace descent {

/// Settings of permutation_importance.
struct permutation_options {
    int repeats = 5;         ///< permutations of each feature, >= 1
    std::uint64_t seed = 0;  ///< same seed, same permutations on every executor
};

/// What permutation_importance tells of each feature.
struct feature_importance {
    double score = 0;                     ///< of the metric on the data as it is
    vector<double> mean = {};             ///< how much the score falls, over the repeats
    vector<double> deviation = {};        ///< standard deviation (division by repeats), as scikit-learn
    matrix<double> drops = {};            ///< features x repeats: score - score with the feature permuted
    std::vector<std::string> names = {};  ///< of the features, or empty
};

namespace detail {

/// The random streams of permutation_importance: other users of the same seed draw other numbers.
inline constexpr std::uint32_t importance_stream = 0x70657273, importance_rows = 0x7065726d;  // "pers", "perm"

}  // namespace detail

/// Permutation importance (Breiman, 2001; Fisher, Rudin & Dominici, 2019): how much a metric falls when the
/// values of one feature are shuffled among the rows. metric(model, table) gives a number, higher is better
/// (turn an error's sign); use data that the model was not trained on. Features that say the same share their
/// importance.
///
///     auto told = permutation_importance(model, test,
///                                        [](auto const& m, auto const& t) { return accuracy(m, t); });
///
/// Takes one copy of the table for each thread, and passes over it features * repeats times. metric must be
/// safe to call from several threads where the executor has them. Throws descent::error for data without rows
/// or columns or that is not finite, and repeats < 1.
template <class M, class T, class Metric, class Executor = exec::serial>
feature_importance permutation_importance(M const& model, data::dataset<T> const& table, Metric const& metric,
                                          permutation_options const& options = {},
                                          Executor const& executor = {}) {
    expect(options.repeats >= 1, "permutation_importance: repeats = ", options.repeats, ": must be >= 1");
    data::check_features(table, "permutation_importance");
    index const n = table.samples(), features = table.features(), repeats = options.repeats;
    feature_importance told{
        double(metric(model, table)), {}, {}, matrix<double>(features, repeats), table.feature_names};
    // Four stretches at least: executors run fewer on one thread.
    index const stretches =
        executor.width() == 1 ? 1 : std::min(features, index(std::max(executor.width(), 4)));
    executor.for_each(stretches, [&, n, features, repeats, stretches](index stretch) {
        auto shuffled = table;
        for (index j = features * stretch / stretches; j < features * (stretch + 1) / stretches; ++j) {
            for (index r = 0; r < repeats; ++r) {
                auto const own =
                    generator{options.seed, detail::importance_stream}.template bits<std::uint64_t>(
                        static_cast<std::uint64_t>(j * repeats + r));
                auto const order = permutation(n, generator{own, detail::importance_rows});
                for (index row = 0; row < n; ++row)
                    shuffled.x(row, j) = table.x(order[std::size_t(row)], j);
                told.drops(j, r) = told.score - double(metric(model, shuffled));
            }
            shuffled.x.col(j) = table.x.col(j);
        }
    });
    told.mean = told.drops.rowwise().mean();
    told.deviation.resize(features);
    for (index j = 0; j < features; ++j)
        told.deviation[j] =
            std::sqrt((told.drops.row(j).array() - told.mean[j]).square().sum() / double(repeats));
    return told;
}

/// What linear_shap tells.
struct shap_values {
    double base = 0;          ///< the mean score of the background
    matrix<double> phi = {};  ///< samples x features: what each adds to the score; a row's sum + base = score
    vector<double> importance() const { return phi.cwiseAbs().colwise().mean().transpose(); }  ///< mean |phi|
};

/// Exact SHAP values of a linear model's scores, features taken as independent: phi_ij = w_j (x_ij - mean_j),
/// mean over the background (Lundberg & Lee, 2017, corollary 1; Strumbelj & Kononenko, 2014). The model needs
/// weight() (outputs x features) and bias() (a number an output, or none); scores of classifiers are log odds.
/// Throws descent::error for another number of features, an empty background, or output out of range.
template <class M, class T>
shap_values linear_shap(M const& model, matrix<T> const& x, matrix<T> const& background, index output = 0) {
    auto const weight = model.weight();
    expect(output >= 0 && output < weight.rows(), "linear_shap: output = ", output, ": must be in [0, ",
           weight.rows(), ")");
    expect(x.cols() == weight.cols(), "linear_shap: x has ", x.cols(), " features, the model ", weight.cols());
    expect(background.cols() == weight.cols(), "linear_shap: the background has ", background.cols(),
           " features, the model ", weight.cols());
    expect(background.rows() > 0, "linear_shap: the background has no rows");
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(x.cols());
    for (index row = 0; row < background.rows(); ++row)
        mean += background.row(row).template cast<double>();
    mean /= double(background.rows());
    Eigen::RowVectorXd const w = weight.row(output).template cast<double>();
    shap_values told{w.dot(mean) + (model.bias().size() ? double(model.bias()[output]) : 0),
                     matrix<double>(x.rows(), x.cols())};
    for (index row = 0; row < x.rows(); ++row)
        told.phi.row(row) = (x.row(row).template cast<double>() - mean).cwiseProduct(w);
    return told;
}

}  // namespace descent
