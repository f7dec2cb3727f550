// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/data/sparse.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/linear/objective.hpp>

namespace descent::linear {

/// Settings of every linear model.
struct options {
    /// l2 is not given: 0 in regressions of numbers; in classifiers 1 / samples (or the sum of their weights)
    /// that fit sees, which is C = 1 of scikit-learn and LIBLINEAR.
    static constexpr double usual = std::numeric_limits<double>::lowest();

    double l2 = usual;      ///< penalty (l2 / 2) |W|^2; the bias is not penalized
    bool intercept = true;  ///< scores W x + b; false: W x
};

/// Scores z = W x + b under a loss: the base of the linear models. Its tensors are "weight" (outputs x
/// features) and, with an intercept, "bias" (outputs), zero at the start. Data is dense (data::dataset) or
/// sparse (data::sparse_dataset).
template <class T, class Loss>
class model {
public:
    using scalar = T;
    using loss_type = Loss;

    descent::params<T>& params() { return params_; }
    descent::params<T> const& params() const { return params_; }
    index features() const { return features_; }
    index outputs() const { return outputs_; }

    /// W: outputs x features.
    matrix_view<T const> weight() const { return params_["weight"].matrix(); }
    /// One number an output; empty without an intercept.
    vector_view<T const> bias() const {
        return intercept_ ? params_["bias"].flat() : vector_view<T const>(nullptr, 0);
    }
    bool intercept() const { return intercept_; }
    /// The loss of one sample.
    Loss const& sample_loss() const { return loss_; }
    /// The penalty's factor: as given, or as prepare has set it.
    double l2() const { return l2_; }

    /// Mean loss of the samples (a data::batch or data::sparse_batch) plus penalty, and its gradient, which
    /// overwrites g. Shapes are not checked here: see check.
    template <class Batch, class Executor = exec::serial>
    double gradient(Batch const& samples, descent::params<T>& g, Executor const& executor = {}) {
        auto const weight = params_["weight"], weight_slope = g["weight"];
        T* const none = nullptr;
        double const mean =
            mean_loss_gradient(loss_, samples, weight.data, intercept_ ? params_["bias"].data : none, outputs_,
                               weight_slope.data, intercept_ ? g["bias"].data : none, executor, work_);
        return mean + penalty(weight, weight_slope);
    }

    /// Mean loss of the samples plus penalty as a function of the flat arena of params(), for the methods of
    /// solve/. Valid while the data lives.
    template <class Batch, class Executor = exec::serial>
    auto objective(Batch const& samples, Executor const& executor = {}) const {
        objective_layout const where{params_.arena_size(), outputs_, params_.at("weight").offset,
                                     intercept_ ? params_.at("bias").offset : objective_layout::none, l2_};
        return linear::objective<Loss, Batch, Executor>{loss_, samples, where, executor};
    }

    /// Mean loss of the samples plus penalty.
    template <class Batch, class Executor = exec::serial>
    double loss(Batch const& samples, Executor const& executor = {}) {
        if (spare_.entries().empty())
            spare_ = params_.like();
        return gradient(samples, spare_, executor);
    }

    /// Scores W x + b: samples x outputs. Throws descent::error if x has another number of columns.
    matrix<T> scores(matrix<T> const& x) const {
        expect(x.cols() == features_, name_, ": x has ", x.cols(), " features, the model ", features_);
        matrix<T> z(x.rows(), outputs_);
        data::batch<T> const rows{x.data(), nullptr, features_, x.rows()};
        aligned_buffer<T> tile(std::size_t(outputs_ * detail::tile_rows));
        T const* row[detail::tile_rows];
        T const* nothing_ahead = nullptr;
        for (index first = 0; first < x.rows(); first += detail::tile_rows) {
            index const count = detail::tile_pointers(rows, first, row);
            detail::score_tile<native_pack<T>>(row, count, weight().data(), bias().data(), features_, outputs_,
                                               tile.data(), nothing_ahead);
            for (index r = 0; r < count; ++r)
                for (index c = 0; c < outputs_; ++c)
                    z(first + r, c) = tile[std::size_t(c * detail::tile_rows + r)];
        }
        return z;
    }

    /// The same of sparse rows.
    template <class Column>
    matrix<T> scores(data::sparse_matrix<T, Column> const& x) const {
        expect(x.cols() == features_, name_, ": x has ", x.cols(), " features, the model ", features_);
        matrix<T> z(x.rows(), outputs_);
        auto const w = weight();
        for (index r = 0; r < x.rows(); ++r)
            for (index c = 0; c < outputs_; ++c) {
                T total = intercept_ ? bias()[c] : T(0);
                for (auto k = x.offsets[std::size_t(r)]; k < x.offsets[std::size_t(r) + 1]; ++k)
                    total += w(c, index(x.columns[std::size_t(k)])) * x.values[std::size_t(k)];
                z(r, c) = total;
            }
        return z;
    }

    /// Throws descent::error unless the data (dense or sparse) fits this model: finite numbers, as many
    /// features, valid targets.
    template <class Table>
    void check(Table const& table) const {
        static_assert(std::is_same_v<typename Table::scalar, T>,
                      "model and table hold other numbers: read_csv<double> for model<double>");
        expect(table.samples() == 0 || table.features() == features_, name_, ": the data has ",
               table.features(), " features, the model ", features_);
        data::check(table, name_);
        expect(labels_ == 0 || index(table.class_names.size()) <= labels_, name_, ": the data has ",
               table.class_names.size(), " classes, the model ", labels_);
        if (labels_ > 0)
            data::check_labels(table, labels_, name_);
    }

    /// What fit calls first: check, and where no penalty was given the usual one for as many samples.
    template <class Table>
    void prepare(Table const& table) {
        check(table);
        if (settings_.l2 == options::usual)
            l2_ = labels_ > 0 ? 1 / data::total_weight(data::all_of(table)) : 0;
    }

protected:
    /// labels: targets are class indices below it; 0 for numbers.
    model(std::string_view name, index features, index outputs, index labels, options const& settings)
        : name_(name),
          features_(features),
          outputs_(outputs),
          labels_(labels),
          settings_(settings),
          intercept_(settings.intercept),
          l2_(settings.l2 == options::usual ? 0 : settings.l2) {
        expect(features > 0, name, ": features = ", features, ": must be > 0");
        expect(l2_ >= 0 && l2_ <= 1e300, name, ": l2 = ", l2_, ": must be finite and >= 0");
        std::vector<tensor_spec> tensors{{"weight", {outputs, features}}};
        if (intercept_)
            tensors.push_back({"bias", {outputs}});
        params_ = descent::params<T>(tensors);
    }

    /// The same under a loss with settings. Throws descent::error where they are out of range.
    model(std::string_view name, index features, index outputs, index labels, options const& settings,
          Loss const& loss)
        : model(name, features, outputs, labels, settings) {
        if constexpr (requires { loss.check(); })
            loss.check();
        loss_ = loss;
    }

    std::string_view name() const { return name_; }

private:
    double penalty(tensor_view<T> const& weight, tensor_view<T> const& slope) const {
        if (l2_ == 0)
            return 0;
        double square = 0;
        for (index i = 0; i < weight.size(); ++i) {
            square += double(weight.data[i]) * double(weight.data[i]);
            slope.data[i] += T(l2_) * weight.data[i];
        }
        return l2_ / 2 * square;
    }

    std::string_view name_;
    index features_, outputs_, labels_;
    options settings_;
    bool intercept_;
    double l2_;
    Loss loss_{};
    descent::params<T> params_, spare_;
    workspace<T> work_;
};

}  // namespace descent::linear
