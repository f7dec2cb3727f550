// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/data/folds.hpp>
#include <descent/data/row_view.hpp>
#include <descent/loss/concepts.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/regression_metrics.hpp>

// What tune, learning_curve and validation_curve share: how a model is judged, and their arguments in any
// order.
namespace descent::search::detail {

/// Does the model answer with classes? By its loss; those without one have a score of their own.
template <class M, class Table>
concept classifies = requires(M const& model) {
    requires loss::of_scores<std::remove_cvref_t<decltype(model.sample_loss())>> ||
        loss::of_two_classes<std::remove_cvref_t<decltype(model.sample_loss())>>;
}
|| requires(M const& model, Table const& table) { model.score(table); };

/// The judge of a model that comes without one: accuracy of classes, r2 of numbers.
struct usual_score {
    template <class M, class Table>
    double operator()(M const& model, Table const& table) const {
        if constexpr (classifies<M, Table>) {
            return accuracy(model, table);
        } else {
            static_assert(
                requires { model.sample_loss(); },
                "what this model answers is not known: give a metric, such as "
                "[](auto const& model, auto const& table) { return accuracy(model, table); }");
            return r2(model, table);
        }
    }
};

template <class Metric, class M, class Table>
inline constexpr bool judges_by_r2 =
    std::is_same_v<std::remove_cvref_t<Metric>, usual_score> && !classifies<M, Table>;

template <class A, class M, class Table>
inline constexpr bool is_metric = requires(A const& judge, M const& model, Table const& table) {
    { judge(model, table) } -> std::convertible_to<double>;
};

/// Is it a callback that is told of this?
template <class A, class Progress, class M, class Table>
inline constexpr bool hears = !is_metric<A, M, Table> && requires(A & call, Progress const& p) {
    call(p);
};
template <class Progress, class M, class Table, class A>
auto callback_of(A& argument) {
    if constexpr (hears<A, Progress, M, Table>)
        return std::tie(argument);
    else
        return std::tuple<>{};
}

/// A model that make gives trained, or that fit trains.
template <class Make, class Table, class... Value>
auto trained(Make const& make, Table const& train, Value const&... values) {
    if constexpr (std::is_invocable_v<Make const&, Value const&..., Table const&>) {
        return make(values..., train);
    } else {
        auto model = make(values...);
        fit(model, train);
        return model;
    }
}

struct any_chunk {
    void operator()(index) const {}
};
template <class A>
inline constexpr bool is_executor = requires(A const& a) {
    a.for_each(index(0), any_chunk{});
};

/// Does make leave the training to us, and is the judge ours too? Then folds can be views of the table's rows.
template <class Make, class M, class Table, class Arguments, class... Value>
inline constexpr bool views_serve = false;
template <class Make, class M, class Table, class... Argument, class... Value>
requires requires(Table const& table) { table.x, table.class_names, table.weights; }
inline constexpr bool views_serve<Make, M, Table, std::tuple<Argument...>, Value...> =
    !std::is_invocable_v<Make const&, Value const&..., Table const&> &&
    !(is_metric<std::remove_cvref_t<Argument>, M, Table> || ...);

template <bool Views, class Table>
decltype(auto) seen(Table const& table) {
    if constexpr (Views)
        return data::row_view<Table>(table);
    else
        return (table);
}

struct of_executors {
    template <class A>
    static constexpr bool holds = is_executor<A>;
};
template <class M, class Table>
struct of_metrics {
    template <class A>
    static constexpr bool holds = is_metric<A, M, Table>;
};

/// The first argument that Is::holds<> is true of, moved where it may be, or the fallback.
template <class Is, class Default>
Default chosen(Is, Default fallback) {
    return fallback;
}
template <class Is, class Default, class First, class... Rest>
auto chosen(Is is, Default fallback, First&& first, Rest&&... rest) {
    if constexpr (Is::template holds<std::remove_cvref_t<First>>)
        return std::remove_cvref_t<First>(std::forward<First>(first));
    else
        return chosen(is, std::move(fallback), std::forward<Rest>(rest)...);
}

/// The folds that were given, or else five: stratified where the model tells classes. Throws descent::error for
/// a fold without rows, and for one that tests a single row by r2.
template <class Table>
std::vector<data::fold> usual_folds(std::string_view who, std::vector<data::fold> const& given,
                                    Table const& table, bool stratify, bool by_r2, std::uint64_t seed) {
    auto folds = given.empty() ? data::k_folds(table, {.folds = 5, .seed = seed, .stratify = stratify}) : given;
    for (std::size_t k = 0; k < folds.size(); ++k)
        expect(!folds[k].train.empty() && !folds[k].test.empty(), who, ": fold ", k, " has no row to ",
               std::string_view(folds[k].train.empty() ? "train" : "test"));
    for (std::size_t k = 0; k < folds.size(); ++k)
        expect(!by_r2 || folds[k].test.size() > 1, who, ": fold ", k,
               " tests 1 row, of which r2 says nothing: larger folds, or a metric such as mean_squared_error");
    return folds;
}

}  // namespace descent::search::detail
