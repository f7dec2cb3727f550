// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/data/batch.hpp>
#include <descent/data/dataset.hpp>
#include <descent/train/minimize.hpp>

namespace descent {

/// What fit can train: parameters, a gradient over a batch of samples, and a check of the data.
template <class M>
concept trainable = requires(M& model, data::batch<typename M::scalar> const& batch,
                             data::dataset<typename M::scalar> const& table) {
    { model.params() } -> std::same_as<params<typename M::scalar>&>;
    { model.gradient(batch, model.params(), exec::serial{}) } -> std::convertible_to<double>;
    { model.loss(batch, exec::serial{}) } -> std::convertible_to<double>;
    model.check(table);
};

namespace detail {

template <class M, class Executor, class Validation>
struct model_problem {
    using T = typename M::scalar;

    M& model;
    data::batch<T> all;
    Executor executor;
    Validation held_out;

    index samples() const { return all.samples(); }
    double gradient(index const* order, index first, index count, params<T>& g) {
        data::batch<T> batch = all;
        batch.order = order;
        return model.gradient(batch.part(first, count), g, executor);
    }
    double validation() requires(!std::same_as<Validation, nothing>) {
        return model.loss(data::all_of(held_out.data), executor);
    }
};

}  // namespace detail

/// Trains a model on data by an update rule. Behind the options, in any order: an executor, validate_on{data},
/// a slot storage, setup{...}, resume{...} and callbacks.
///
///     auto report = fit(model, train, chain(adam{}, rate{1e-2}), {.epochs = 20, .batch = mini_batch{256}},
///                       exec::openmp{}, progress_bar{}, early_stopping{.patience = 3});
///
/// Training goes on from the model's present weights. Throws descent::error for data that the model cannot take
/// (empty, NaN, labels out of range) and for bad options; a run that diverges is a status in the report.
template <trainable M, update_rule Recipe, class... Argument>
report<typename M::scalar> fit(M& model, data::dataset<typename M::scalar> const& train, Recipe const& recipe,
                               fit_options const& options = {}, Argument&&... arguments) {
    model.check(train);
    auto const executor = detail::pick<detail::executor_test>(exec::serial{}, arguments...);
    auto const held_out = detail::pick<detail::validation_test>(detail::nothing{}, arguments...);
    if constexpr (!std::same_as<decltype(held_out), detail::nothing const>)
        model.check(held_out.data);
    detail::model_problem<M, std::remove_const_t<decltype(executor)>, std::remove_const_t<decltype(held_out)>>
        problem{model, data::all_of(train), executor, held_out};
    return detail::train<typename M::scalar>(problem, model.params(), recipe, options, arguments...);
}

}  // namespace descent
