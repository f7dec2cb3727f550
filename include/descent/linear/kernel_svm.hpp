// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/status.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/detail/kernel_model.hpp>
#include <descent/linear/detail/smo.hpp>
#include <descent/linear/kernel.hpp>

namespace descent::linear {

/// Settings of kernel_svm.
struct svm_options {
    double c = 1;             ///< price of a unit of hinge loss against |w|^2 / 2, > 0
    double tolerance = 1e-3;  ///< the largest violation of the optimality conditions left, > 0; as LIBSVM's -e
    double cache_bytes = 200 * 1024.0 * 1024.0;  ///< for kernel rows; 8 rows fit always
    bool shrinking = true;                       ///< set samples aside that seem settled; checked at the end
    std::int64_t iterations = 0;                 ///< at most, of each pair of classes; 0: no limit
    std::vector<double> class_weights = {};      ///< factors of c, one a class; empty: 1
};

/// What watching a fit shows: at the start of each pair of classes and every 1000 steps or so.
struct svm_progress {
    std::int64_t iteration = 0;  ///< of this pair of classes
    double violation = 0;        ///< falls, not evenly, to the tolerance
    index active = 0;            ///< samples that are not set aside
    index pair = 0, pairs = 1;   ///< which two classes, counted from 0, of how many
};

/// How a fit went; sums over the pairs of classes, but the largest violation and the first status that is not
/// converged.
struct svm_report {
    descent::status status = descent::status::converged;
    std::string reason = {};       ///< the status in words: "violation 0.00093"
    std::int64_t iterations = 0;   ///< pairs of samples moved
    std::int64_t kernel_rows = 0;  ///< computed, not found in the cache
    index support_vectors = 0;     ///< samples that any pair of classes needs
    double objective = 0;          ///< of the dual, which is maximized: sum |a| - a K a / 2
    double gap = 0;                ///< primal - dual objective: what is missing to the optimum is at most this
    double violation = 0;
};

/// Support vector machine for classes 0 .. k - 1 with a kernel (Boser, Guyon & Vapnik, 1992; Cortes & Vapnik,
/// 1995): for two classes min |w|^2 / 2 + c sum_i weight_i max(0, 1 - y_i (w . phi(x_i) + b)), y = 1 for class
/// 1 and -1 for class 0; more classes one against one, by votes, as LIBSVM and scikit-learn's SVC.
///
///     linear::kernel_svm<float> model{{.gamma = 0.5}, {.c = 10}};
///     auto report = fit(model, train, exec::openmp{});     // train: dataset or sparse_dataset
///
/// Kernel values are computed in T and kept as float. Where features are far from 0 compared with their spread,
/// standardize them or take double: |x - z|^2 is got from |x|^2, |z|^2 and x . z. Results do not depend on the
/// number of threads. A copy of the support vectors is kept, not of the data.
template <class T, class Kernel = kernel::rbf>
class kernel_svm {
public:
    using scalar = T;

    /// Throws descent::error for c or a tolerance that is not positive, bad class weights or a bad kernel.
    explicit kernel_svm(Kernel const& kernel = {}, svm_options options = {})
        : kernel_(kernel), options_(std::move(options)) {
        kernel_.check();
        expect(options_.c > 0 && options_.c <= 1e300, "kernel_svm: c = ", options_.c,
               ": must be finite and > 0");
        expect(options_.tolerance > 0 && options_.tolerance < 1, "kernel_svm: tolerance = ", options_.tolerance,
               ": must be in (0, 1)");
        expect(options_.cache_bytes >= 0 && options_.cache_bytes <= 1e18,
               "kernel_svm: cache_bytes = ", options_.cache_bytes, ": must be finite and >= 0");
        expect(options_.iterations >= 0, "kernel_svm: iterations = ", options_.iterations, ": must be >= 0");
        for (double const weight : options_.class_weights)
            expect(weight >= 0 && weight <= 1e300, "kernel_svm: class weight ", weight,
                   ": must be finite and >= 0");
    }

    /// Throws descent::error unless the data fits: finite numbers, labels 0 .. k - 1, at least two classes with
    /// samples of weight > 0, and as many class weights as classes, or none.
    template <class Table>
    void check(Table const& table) const {
        static_assert(std::is_same_v<typename Table::scalar, T>,
                      "model and table hold other numbers: read_csv<double> for kernel_svm<double>");
        data::check(table, "kernel_svm");
        index const classes = table.classes();
        if (classes == 0 || !table.class_names.empty())
            data::check_labels(table, classes ? classes : index(1) << 31, "kernel_svm");
        expect(options_.class_weights.empty() || index(options_.class_weights.size()) == classes,
               "kernel_svm: ", options_.class_weights.size(), " class weights, ", classes, " classes");
        index only = -1;
        bool several = false;
        for (index row = 0; row < table.samples(); ++row)
            if (price(table, row) > 0) {
                several = several || (only >= 0 && only != index(table.y[row]));
                only = index(table.y[row]);
            }
        expect(several, "kernel_svm: the data has one class only (", only, "): must have two");
        expect(table.samples() < index(1) << 24, "kernel_svm: ", table.samples(),
               " samples: must be fewer than 16777216");
    }

    /// Trains on a dataset or a sparse_dataset; what was learnt before is forgotten. watch(svm_progress) may
    /// return a verdict that stops. Throws as check; a run that is stopped, out of iterations or not finite is
    /// a status in the report, and the model is what it has come to.
    template <class Table, class Executor = exec::serial, class Watch = detail::silent>
    friend svm_report fit(kernel_svm& model, Table const& train, Executor const& executor = {},
                          Watch const& watch = {}) {
        return model.train(train, executor, watch);
    }

    bool trained() const { return model_.classes > 0; }
    index classes() const { return model_.classes; }
    index features() const { return model_.features; }
    Kernel const& kernel() const { return kernel_; }
    /// The kernel's gamma: the one that was given, or the one that the data gave.
    double gamma() const { return model_.gamma; }
    /// The rows of the training data that are support vectors, class by class: train.rows(model.support()).
    std::vector<index> const& support() const { return model_.support; }
    /// y_i alpha_i: 1 x support vectors for two classes. For k of them (k - 1) x support vectors: that of a
    /// support vector of class c against class d stands in row d, or d - 1 where d > c, as in LIBSVM.
    matrix<double> const& coefficients() const { return model_.coefficients; }
    /// b of each pair of classes.
    vector<double> const& intercepts() const { return model_.bias; }

    /// For two classes w . phi(x) + b, positive for class 1: samples x 1. For more samples x pairs, (0, 1), (0,
    /// 2) ... (1, 2) ...: positive for the first class of the pair. x is a matrix or a sparse_matrix. Throws
    /// descent::error if the model is not trained or x has another number of columns.
    template <class X, class Executor = exec::serial>
    matrix<T> decision_values(X const& x, Executor const& executor = {}) const {
        expect(trained(), "kernel_svm: the model is not trained");
        expect(x.cols() == features(), "kernel_svm: x has ", x.cols(), " features, the model ", features());
        return model_.decide(kernel_.template at<T>(model_.gamma), x, executor);
    }

    /// One score a class: samples x classes. Votes of the pairs plus a share below 1/2 that tells how clear
    /// they were, as scikit-learn's decision_function_shape="ovr". For two classes the decision value and minus
    /// it.
    template <class X, class Executor = exec::serial>
    matrix<T> scores(X const& x, Executor const& executor = {}) const {
        matrix<T> const pairs = decision_values(x, executor);
        matrix<T> score = matrix<T>::Zero(pairs.rows(), classes());
        if (classes() == 2) {
            score.col(0) = -pairs.col(0);
            score.col(1) = pairs.col(0);
            return score;
        }
        vector<double> sum(classes());
        for (index row = 0; row < pairs.rows(); ++row) {
            sum.setZero();
            index pair = 0;
            for (index a = 0; a < classes(); ++a)
                for (index b = a + 1; b < classes(); ++b, ++pair) {
                    double const value = double(pairs(row, pair));
                    score(row, value > 0 ? a : b) += T(1);
                    sum[a] += value;
                    sum[b] -= value;
                }
            for (index c = 0; c < classes(); ++c)
                score(row, c) += T(sum[c] / (3 * (std::fabs(sum[c]) + 1)));
        }
        return score;
    }

    /// The class of each row: by votes, the lowest of equal ones.
    template <class X, class Executor = exec::serial>
    vector<T> predict(X const& x, Executor const& executor = {}) const {
        matrix<T> const pairs = decision_values(x, executor);
        vector<T> label(pairs.rows());
        std::vector<index> votes(model_.start.size() - 1);
        for (index row = 0; row < pairs.rows(); ++row) {
            if (classes() == 2) {
                label[row] = pairs(row, 0) > 0 ? T(1) : T(0);
                continue;
            }
            std::fill(votes.begin(), votes.end(), index(0));
            index pair = 0;
            for (index a = 0; a < classes(); ++a)
                for (index b = a + 1; b < classes(); ++b, ++pair)
                    ++votes[std::size_t(pairs(row, pair) > 0 ? a : b)];
            label[row] = T(std::max_element(votes.begin(), votes.end()) - votes.begin());
        }
        return label;
    }

    /// The share of rows whose class is predicted, each counted by its weight.
    template <class Table, class Executor = exec::serial>
    double score(Table const& table, Executor const& executor = {}) const {
        data::check(table, "kernel_svm");
        return detail::weighted_accuracy(predict(table.x, executor), table);
    }

private:
    template <class Table>
    double price(Table const& table, index row) const {
        double const weight = table.weights.size() ? double(table.weights[row]) : 1;
        auto const label = std::size_t(table.y[row]);
        return options_.c * weight * (options_.class_weights.empty() ? 1 : options_.class_weights[label]);
    }

    template <class Table, class Executor, class Watch>
    svm_report train(Table const& table, Executor const& executor, Watch const& watch) {
        check(table);
        using Rows = detail::rows_of<Table>;
        detail::kernel_model<T> learnt;
        learnt.features = table.features();
        learnt.classes = table.classes();
        learnt.gamma = kernel_.width() > 0 ? kernel_.width() : detail::usual_gamma_of(table);
        auto const kernel = kernel_.template at<T>(learnt.gamma);
        auto const all = data::all_of(table);

        std::vector<std::vector<index>> of_class(std::size_t(learnt.classes));
        for (index row = 0; row < table.samples(); ++row)
            if (price(table, row) > 0)
                of_class[std::size_t(table.y[row])].push_back(row);
        svm_report report;
        detail::kernel_cache cache;
        detail::pair_solutions found(learnt.classes, table.samples());
        svm_progress now{.pairs = learnt.classes * (learnt.classes - 1) / 2};
        for (index a = 0; a < learnt.classes; ++a)
            for (index b = a + 1; b < learnt.classes; ++b, ++now.pair) {
                auto const &first = of_class[std::size_t(a)], &second = of_class[std::size_t(b)];
                double const sign = learnt.classes == 2 ? -1 : 1;  // two classes: positive for class 1
                if (first.empty() || second.empty()) {
                    found.bias.push_back(double(second.empty()) - double(first.empty()));
                    continue;
                }
                std::vector<index> list = first;
                list.insert(list.end(), second.begin(), second.end());
                std::vector<double> y(first.size(), sign), c;
                y.resize(list.size(), -sign);
                for (index const row : list)
                    c.push_back(price(table, row));
                auto const limit = options_.iterations ? options_.iterations : std::int64_t(1) << 60;
                detail::smo<Rows, std::remove_const_t<decltype(kernel)>, Executor> solver(
                    kernel, all, list, y, c, cache,
                    {options_.tolerance, options_.cache_bytes, limit, options_.shrinking}, executor);
                auto const solution = solver.run([&](std::int64_t iteration, double violation, index active) {
                    now.iteration = iteration;
                    now.violation = violation;
                    now.active = active;
                    return watch(std::as_const(now));
                });
                found.add(a, b, list, first.size(), solution.a, solution.bias);
                report.iterations += solution.iterations;
                report.kernel_rows += solution.kernel_rows;
                report.objective += solution.objective;
                report.gap += solution.gap;
                report.violation = std::max(report.violation, solution.violation);
                if (report.status == status::converged)
                    report.status = solution.status;
                if (!(solution.gap < std::numeric_limits<double>::infinity()))
                    report.status = status::diverged;
            }
        report.support_vectors = learnt.assign(found, of_class, all);
        report.reason = report.status == status::diverged ? std::string("a kernel value is not finite")
                                                          : text("violation ", float(report.violation));
        model_ = std::move(learnt);
        return report;
    }

    Kernel kernel_;
    svm_options options_;
    detail::kernel_model<T> model_ = {};
};

}  // namespace descent::linear
