// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <descent/core/params.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/gradient.hpp>

namespace descent::linear {

/// Settings of every linear model.
struct options {
    double l2 = 0;  ///< penalty (l2 / 2) |W|^2; the bias is not penalized
};

/// Scores z = W x + b under a loss: the base of the linear models. Its tensors are "weight" (outputs x
/// features) and "bias" (outputs), zero at the start.
template <class T, class Loss>
class model {
public:
    using scalar = T;

    descent::params<T>& params() { return params_; }
    descent::params<T> const& params() const { return params_; }
    index features() const { return features_; }
    index outputs() const { return outputs_; }

    /// W: outputs x features.
    matrix_view<T const> weight() const { return params_["weight"].matrix(); }
    vector_view<T const> bias() const { return params_["bias"].flat(); }

    /// Mean loss of the samples plus penalty, and its gradient, which overwrites g. Shapes are not checked
    /// here: see check.
    template <class Executor = exec::serial>
    double gradient(data::batch<T> const& samples, descent::params<T>& g, Executor const& executor = {}) {
        auto const weight = params_["weight"], weight_slope = g["weight"];
        double const mean = mean_loss_gradient(loss_, samples, weight.data, params_["bias"].data, outputs_,
                                               weight_slope.data, g["bias"].data, executor, work_);
        return mean + penalty(weight, weight_slope);
    }

    /// Mean loss of the samples plus penalty.
    template <class Executor = exec::serial>
    double loss(data::batch<T> const& samples, Executor const& executor = {}) {
        if (spare_.entries().empty())
            spare_ = params_.like();
        return gradient(samples, spare_, executor);
    }

    /// Scores W x + b: samples x outputs. Throws descent::error if x has another number of columns.
    matrix<T> scores(matrix<T> const& x) const {
        expect(x.cols() == features_, name_, ": x has ", x.cols(), " features, the model ", features_);
        matrix<T> z(x.rows(), outputs_);
        data::batch<T> const rows{x.data(), nullptr, features_, x.rows(), nullptr};
        aligned_buffer<T> tile(std::size_t(outputs_ * detail::tile_rows));
        T const* row[detail::tile_rows];
        for (index first = 0; first < x.rows(); first += detail::tile_rows) {
            index const count = detail::tile_pointers(rows, first, row);
            detail::score_tile<native_pack<T>>(row, count, weight().data(), bias().data(), features_, outputs_,
                                               tile.data());
            for (index r = 0; r < count; ++r)
                for (index c = 0; c < outputs_; ++c)
                    z(first + r, c) = tile[std::size_t(c * detail::tile_rows + r)];
        }
        return z;
    }

    /// Throws descent::error unless the data fits this model: finite numbers, as many features, valid targets.
    void check(data::dataset<T> const& table) const {
        expect(table.samples() == 0 || table.features() == features_, name_, ": the data has ",
               table.features(), " features, the model ", features_);
        data::check(table, name_);
        expect(labels_ == 0 || index(table.class_names.size()) <= labels_, name_, ": the data has ",
               table.class_names.size(), " classes, the model ", labels_);
        if (labels_ > 0)
            data::check_labels(table, labels_, name_);
    }

protected:
    /// labels: targets are class indices below it; 0 for numbers.
    model(std::string_view name, index features, index outputs, index labels, options const& settings)
        : name_(name), features_(features), outputs_(outputs), labels_(labels), l2_(settings.l2) {
        expect(features > 0, name, ": features = ", features, ": must be > 0");
        expect(settings.l2 >= 0 && settings.l2 <= 1e300, name, ": l2 = ", settings.l2,
               ": must be finite and >= 0");
        params_ = descent::params<T>{{"weight", {outputs, features}}, {"bias", {outputs}}};
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
    double l2_;
    Loss loss_{};
    descent::params<T> params_, spare_;
    workspace<T> work_;
};

}  // namespace descent::linear
