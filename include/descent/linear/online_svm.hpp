// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/linear/detail/mixed.hpp>
#include <descent/linear/detail/sparse_layout.hpp>

namespace descent::linear {

/// Which weights an online model answers with.
enum class averaging {
    none,     ///< the last ones
    uniform,  ///< the mean over all steps (Polyak & Juditsky, 1992)
    rising    ///< the mean in which step t counts t times (Lacoste-Julien, Schmidt & Bach, 2012): forgets the
              ///< start
};

/// Settings of online_svm.
struct online_svm_options {
    double lambda = 1e-4;  ///< of the penalty (lambda / 2) |w|^2, > 0; the step is 1 / (lambda t)
    bool project =
        false;  ///< back into the ball |w| <= 1 / sqrt(lambda) after each step, where the optimum lies
    averaging average = averaging::rising;
    double bias = 1;  ///< a constant feature of this value, penalized like the others; 0: no bias
};

/// Linear support vector machine for targets 0 and 1 that learns from a stream, one sample after another, each
/// seen once: Pegasos (Shalev-Shwartz, Singer, Srebro & Cotter, 2011), stochastic subgradient descent on
///
///     (lambda / 2) |w|^2 + mean of weight_i max(0, 1 - y_i w . x_i),    y = 1 for class 1, -1 for class 0.
///
/// A step costs as many operations as the sample has entries other than 0; memory is two numbers a feature,
/// however long the stream is. Everything is kept in double.
template <class T>
class online_svm {
public:
    using scalar = T;

    /// Throws descent::error for features < 1, lambda that is not positive or a bias that is not finite.
    explicit online_svm(index features, online_svm_options const& options = {})
        : options_(options), features_(features) {
        expect(features > 0, "online_svm: features = ", features, ": must be > 0");
        expect(options.lambda > 0 && options.lambda <= 1e100, "online_svm: lambda = ", options.lambda,
               ": must be finite and > 0");
        expect(std::isfinite(options.bias), "online_svm: bias = ", options.bias, ": must be finite");
        sum_.assign(std::size_t(features) + 1, 0.0);
        lag_.assign(options.average == averaging::none ? 0 : sum_.size(), 0.0);
    }

    index features() const { return features_; }
    online_svm_options const& options() const { return options_; }
    /// Samples learnt from.
    std::int64_t steps() const { return steps_; }

    /// Throws descent::error unless the data fits: as many features, finite numbers, labels 0 and 1. One class
    /// alone is fine here: the other may come later in the stream.
    template <class Table>
    void check(Table const& table) const {
        expect(table.samples() == 0 || table.features() == features_, "online_svm: the data has ",
               table.features(), " features, the model ", features_);
        data::check(table, "online_svm");
        expect(table.class_names.size() <= 2, "online_svm: the data has ", table.class_names.size(),
               " classes, the model 2");
        data::check_labels(table, 2, "online_svm");
    }

    /// One step for each sample of a dataset, in order. Throws as check, and then learns nothing.
    void partial_fit(data::dataset<T> const& next) {
        check(next);
        auto const all = data::all_of(next);
        for (index i = 0; i < all.samples(); ++i)
            step(dense_row{all.row(i), features_}, double(all.target(i)), double(all.weight(i)));
    }
    template <class Column>
    void partial_fit(data::sparse_dataset<T, Column> const& next) {
        check(next);
        auto const all = data::all_of(next);
        for (index i = 0; i < all.samples(); ++i)
            step(sparse_row<Column>{all.columns + all.begin(i), all.values + all.begin(i),
                                    all.end(i) - all.begin(i)},
                 double(all.target(i)), double(all.weight(i)));
    }

    /// One step for one sample: a row of contiguous numbers (vector, std::vector, matrix.row(i)), its label and
    /// its weight. Throws descent::error for another number of features, a number that is not finite, a label
    /// other than 0 and 1, or a weight that is not finite or below 0.
    template <class Row>
    requires requires(Row const& row) { row.data(), row.size(); }
    void partial_fit(Row const& row, int label, double weight = 1) {
        if constexpr (requires { row.innerStride(); })
            expect(row.innerStride() == 1, "online_svm: inner stride = ", row.innerStride(), ": must be 1");
        expect(index(row.size()) == features_, "online_svm: the sample has ", row.size(),
               " features, the model ", features_);
        T const* const x = row.data();
        for (index j = 0; j < features_; ++j)
            expect(std::isfinite(x[j]), "online_svm: feature ", j, " is ", x[j]);
        expect(label == 0 || label == 1, "online_svm: label ", label, ": must be an integer in [0, 2)");
        expect(std::isfinite(weight) && weight >= 0, "online_svm: weight is ", weight,
               ": must be finite and >= 0");
        step(dense_row{x, features_}, label, weight);
    }

    /// The weights that the model answers with: zeros before the first sample.
    vector<double> weights() const {
        vector<double> w = vector<double>::Zero(features_);
        for (index j = 0; j < features_; ++j)
            w[j] = weight(j);
        return w;
    }
    double bias() const { return weight(features_) * options_.bias; }

    /// w . x + b of each row of a matrix or a sparse_matrix: samples x 1. Throws descent::error if x has
    /// another number of columns.
    matrix<T> decision_values(matrix<T> const& x) const {
        expect_features(x.cols());
        auto const w = weights();
        double const b = bias();
        matrix<T> value(x.rows(), 1);
        for (index row = 0; row < x.rows(); ++row)
            value(row, 0) = T(detail::dot(w.data(), x.data() + row * features_, features_) + b);
        return value;
    }
    template <class Column>
    matrix<T> decision_values(data::sparse_matrix<T, Column> const& x) const {
        expect_features(x.cols());
        detail::check_layout(x, "online_svm");
        auto const w = weights();
        double const b = bias();
        matrix<T> value(x.rows(), 1);
        for (index row = 0; row < x.rows(); ++row) {
            auto const begin = x.offsets[std::size_t(row)];
            sparse_row<Column> const entries{x.columns.data() + begin, x.values.data() + begin,
                                             x.offsets[std::size_t(row) + 1] - begin};
            value(row, 0) = T(entries.dot(w.data()) + b);
        }
        return value;
    }

    /// 0 or 1 for each row: 1 where the decision value is above 0.
    template <class X>
    vector<T> predict(X const& x) const {
        vector<T> label = decision_values(x).col(0);
        for (T& each : label)
            each = each > 0 ? T(1) : T(0);
        return label;
    }

    /// The share of rows whose class is predicted, each counted by its weight.
    template <class Table>
    double score(Table const& table) const {
        check(table);
        return detail::weighted_accuracy(predict(table.x), table);
    }

    /// (lambda / 2) (|w|^2 + (b / bias)^2) + the weighted mean of the hinge losses: what the steps minimize.
    template <class Table>
    double objective(Table const& table) const {
        check(table);
        matrix<T> const value = decision_values(table.x);
        double hinge = 0, all = 0, square = 0;
        for (index row = 0; row < value.rows(); ++row) {
            double const count = table.weights.size() ? double(table.weights[row]) : 1;
            hinge += count * std::fmax(0, 1 - (2 * double(table.y[row]) - 1) * double(value(row, 0)));
            all += count;
        }
        for (index j = 0; j <= features_; ++j)
            square += weight(j) * weight(j);
        return options_.lambda / 2 * square + hinge / all;
    }

private:
    struct dense_row {
        T const* x;
        index count;
        double dot(double const* w) const { return detail::dot(w, x, count); }
        void add_to(double* w, double factor) const { detail::add(w, factor, x, count); }
        double square() const {
            double total = 0;
            for (index j = 0; j < count; ++j)
                total += double(x[j]) * double(x[j]);
            return total;
        }
    };
    template <class Column>
    struct sparse_row {
        Column const* columns;
        T const* values;
        std::int64_t count;
        double dot(double const* w) const {
            double total = 0;
            for (std::int64_t k = 0; k < count; ++k)
                total += w[columns[k]] * double(values[k]);
            return total;
        }
        void add_to(double* w, double factor) const {
            for (std::int64_t k = 0; k < count; ++k)
                w[columns[k]] += factor * double(values[k]);
        }
        double square() const {
            double total = 0;
            for (std::int64_t k = 0; k < count; ++k)
                total += double(values[k]) * double(values[k]);
            return total;
        }
    };

    /// The shrinking factors 1 - 1 / t multiply to 1 / t: after t steps w = share_ / (lambda t) sum_, where
    /// sum_ gathers what the steps add and share_ what the projections have left.
    template <class Row>
    void step(Row const& row, double label, double weight) {
        double const sign = 2 * label - 1, before = row.dot(sum_.data()) + sum_.back() * options_.bias;
        double const scale = steps_ ? share_ / (options_.lambda * double(steps_)) : 0;
        ++steps_;
        if (sign * scale * before < 1 && weight > 0) {
            double const change = sign * weight / share_;
            row.add_to(sum_.data(), change);
            sum_.back() += change * options_.bias;
            if (!lag_.empty()) {
                row.add_to(lag_.data(), change * total_scale_);
                lag_.back() += change * total_scale_ * options_.bias;
            }
            if (options_.project)
                square_ += change * (2 * before + change * (row.square() + options_.bias * options_.bias));
        }
        if (options_.project)
            project();
        double const count = options_.average == averaging::rising ? double(steps_) : 1;
        total_scale_ += count * share_ / (options_.lambda * double(steps_));
        total_count_ += count;
    }

    void project() {
        double const norm = share_ / (options_.lambda * double(steps_)) * std::sqrt(std::fmax(0, square_));
        double const radius = 1 / std::sqrt(options_.lambda);
        if (!(norm > radius))
            return;
        share_ *= radius / norm;
        if (share_ > 1e-6)
            return;
        // Folded into the sum before changes divided by it grow without bound; the mean so far goes into lag_.
        // Rare.
        for (std::size_t j = 0; j < lag_.size(); ++j)
            lag_[j] -= total_scale_ * sum_[j];
        total_scale_ = square_ = 0;
        for (double& each : sum_) {
            each *= share_;
            square_ += each * each;
        }
        share_ = 1;
    }

    /// Component j of the weights. A change of sum_ at step t counts in the mean from then on: total_scale_
    /// sum_ counts it from the start, and lag_ is what that is too much.
    double weight(index j) const {
        if (steps_ == 0)
            return 0;
        double const sum = sum_[std::size_t(j)];
        if (lag_.empty())
            return share_ / (options_.lambda * double(steps_)) * sum;
        return (total_scale_ * sum - lag_[std::size_t(j)]) / total_count_;
    }

    void expect_features(index columns) const {
        expect(columns == features_, "online_svm: x has ", columns, " features, the model ", features_);
    }

    online_svm_options options_;
    index features_;
    std::int64_t steps_ = 0;
    double share_ = 1, square_ = 0, total_scale_ = 0, total_count_ = 0;
    std::vector<double> sum_ = {}, lag_ = {};  ///< features, then the constant one
};

}  // namespace descent::linear
