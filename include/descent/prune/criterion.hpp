// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>

#include <descent/core/params.hpp>
#include <descent/prune/mask_lowest.hpp>
#include <descent/prune/selection.hpp>

// A criterion says which weights a model needs least. It is an aggregate
//
//     struct magnitude {
//         double sparsity = 0;  // the share of the selected weights to prune
//         selection on = {};    // which weights, by what units, held against what
//
//         // a number for each weight: the lowest go
//         template <class M>
//         params<T> scores(M& model) const;
//
//         template <class M>
//         void operator()(M& model) const { prune::apply(*this, model); }
//     };
//
// Criteria that look at data take it behind the model, in scores and in the call. One whose scores depend on
// how many inputs a layer has says `static constexpr bool by_size = true`: see scope::usual.
namespace descent::prune {

namespace detail {

template <class M>
inline constexpr bool is_params = false;
template <class T>
inline constexpr bool is_params<params<T>> = true;

}  // namespace detail

/// What can be pruned: params, or a model that has them.
template <class M>
concept prunable = detail::is_params<std::remove_const_t<M>> || requires(M& model) {
    model.params();
};

/// The tensors of a model, or of params themselves.
template <prunable M>
auto& weights_of(M& model) {
    if constexpr (detail::is_params<std::remove_const_t<M>>)
        return model;
    else
        return model.params();
}

/// The numbers of a model's weights: float or double.
template <class M>
using scalar_of = typename std::remove_cvref_t<decltype(weights_of(std::declval<M&>()))>::value_type;

/// What scores the weights of a model M, with what it needs behind that; see above.
template <class C, class M, class... Evidence>
concept criterion = prunable<M> && requires(C const& c, M& model, Evidence const&... evidence) {
    { c.sparsity } -> std::convertible_to<double>;
    { c.on } -> std::convertible_to<selection>;
    { c.scores(model, evidence...) } -> std::convertible_to<params<scalar_of<M>>>;
};

/// The criterion's selection, scope::usual replaced by what it stands for; `channels`: for units of channels.
template <class C>
selection selection_of(C const& by, bool channels = false) {
    selection on = by.on;
    if (on.scope != scope::usual)
        return on;
    on.scope = scope::global;
    using kind = granularity::kind;
    if constexpr (requires { requires C::by_size; })
        if (channels ||
            (on.unit.of != kind::weight && on.unit.of != kind::n_of_m && on.unit.of != kind::tensor))
            on.scope = scope::tensor;
    return on;
}

/// Masks the weights of the model by the criterion; see mask_lowest. Trained on by a recipe with keep_zeros{},
/// they stay 0.
template <class C, class M, class... Evidence>
requires criterion<C, M, Evidence...>
void apply(C const& by, M& model, Evidence const&... evidence) {
    by.on.check(by.sparsity);
    mask_lowest(weights_of(model), by.scores(model, evidence...), by.sparsity, selection_of(by));
}

}  // namespace descent::prune
