// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <tuple>
#include <utility>

#include <descent/exec/serial.hpp>
#include <descent/optim/slots.hpp>
#include <descent/train/callback.hpp>

// fit and minimize take, in any order behind their options: an executor, a slot storage, setup{...},
// resume{...}, validate_on{...} and callbacks. Here they are told apart at compile time.
namespace descent {

/// Lets you touch the optimizer before the first step: groups, frozen tensors.
///
///     fit(model, train, recipe, {}, setup{[](auto& optimizer) { optimizer.freeze("bias"); }})
template <class F>
struct setup {
    F edit;
};
template <class F>
setup(F) -> setup<F>;

/// Goes on from a snapshot of the same run, bit for bit. Pass the same options and callbacks. From a snapshot
/// without weights the run begins anew: resume_from gives one where there is no checkpoint yet.
template <class T>
struct resume {
    snapshot<T> const& from;
};
template <class T>
resume(snapshot<T> const&) -> resume<T>;

/// Data that is evaluated after each epoch and never trained on. The dataset must live as long as the call.
template <class Data>
struct validate_on {
    Data const& data;
};
template <class Data>
validate_on(Data const&) -> validate_on<Data>;

/// Judges the average of the weights that the recipe's ema, swa, asgd or lookahead keeps in place of the
/// weights themselves: validation and metrics see it, and report.best is the average with the lowest validation
/// loss. Training goes on from the weights themselves. Needs validate_on{data}.
///
///     auto report = fit(net, train, chain(adam{}, rate{1e-3}, ema{0.999}), options, validate_on{test},
///                       evaluate_averaged{});
///     net.params() = report.averaged;
///
/// The state of the model (running means) is that of the training. For swa, whose average is no recent weights,
/// refresh_statistics(net, train) makes it anew.
struct evaluate_averaged {};

/// A number to watch beside the loss: measured after each epoch, told by progress_bar, kept in report.history.
///
///     metric{"accuracy", [&] { return accuracy(net.predict(test.x), test.y); }}
template <class F>
struct metric {
    std::string_view name;
    F measure;
};
template <class F>
metric(char const*, F) -> metric<F>;

namespace detail {

// Not a lambda: nvcc finds none of them callable in a requirement.
struct any_body {
    void operator()(index) const {}
};
template <class A>
inline constexpr bool is_executor = requires(A const& a) {
    a.for_each(index(0), any_body{});
};
template <class A>
inline constexpr bool is_storage = requires {
    A::direct;
};
template <class A>
inline constexpr bool is_setup = false;
template <class F>
inline constexpr bool is_setup<setup<F>> = true;
template <class A>
inline constexpr bool is_resume = false;
template <class T>
inline constexpr bool is_resume<resume<T>> = true;
template <class A>
inline constexpr bool is_validation = false;
template <class D>
inline constexpr bool is_validation<validate_on<D>> = true;
template <class A>
inline constexpr bool is_averaging = std::is_same_v<A, evaluate_averaged>;

template <class A>
inline constexpr bool is_setting =
    is_executor<A> || is_storage<A> || is_setup<A> || is_resume<A> || is_validation<A> || is_averaging<A>;

// A const object whose hooks are not const would be taken for a callback and never be called.
template <class A, class T>
inline constexpr bool is_known = is_setting<std::remove_const_t<A>> || is_callback<A, T>;

/// The argument for which Is holds, or the default.
template <template <class> class Is, class Default>
Default pick(Default fallback) {
    return fallback;
}
template <template <class> class Is, class Default, class First, class... Rest>
auto pick(Default fallback, First const& first, Rest const&... rest) {
    if constexpr (Is<First>::value)
        return first;
    else
        return pick<Is>(fallback, rest...);
}

template <class A>
struct executor_test : std::bool_constant<is_executor<A>> {};
template <class A>
struct storage_test : std::bool_constant<is_storage<A>> {};
template <class A>
struct resume_test : std::bool_constant<is_resume<A>> {};
template <class A>
struct validation_test : std::bool_constant<is_validation<A>> {};

/// What stands for "not given".
struct nothing {};

/// The callbacks among the arguments, as references in a tuple.
template <class T, class A>
auto callback_of(A& argument) {
    if constexpr (is_callback<A, T>)
        return std::tie(argument);
    else
        return std::tuple<>{};
}

}  // namespace detail

}  // namespace descent
