// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/data/batch.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/loading.hpp>
#include <descent/linear/curvature.hpp>
#include <descent/loss/squared.hpp>
#include <descent/solve/coordinate_descent.hpp>
#include <descent/solve/dual_coordinate_descent.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/solve/linear_problem.hpp>
#include <descent/solve/sampled_newton.hpp>
#include <descent/train/minimize.hpp>

namespace descent {

/// A table of samples: data::dataset, data::sparse_dataset, or what offers the same.
template <class D>
concept sample_table = requires(D const& table) {
    typename D::scalar;
    data::all_of(table);
    { table.samples() } -> std::convertible_to<index>;
};

/// What fit can train: parameters, a gradient over a batch of samples, and a check of the data. Where the model
/// has prepare(table), that is called in place of check(table).
template <class M, class Table = data::dataset<typename M::scalar>>
concept trainable = sample_table<Table> && requires(M& model, Table const& table) {
    { model.params() } -> std::same_as<params<typename M::scalar>&>;
    { model.gradient(data::all_of(table), model.params(), exec::serial{}) } -> std::convertible_to<double>;
    { model.loss(data::all_of(table), exec::serial{}) } -> std::convertible_to<double>;
    model.check(table);
};

/// A trainable model with tensors that training changes without a gradient: running means. Snapshots carry them
/// and the best weights come with theirs.
template <class M>
concept has_state = requires(M& model) {
    { model.state() } -> std::same_as<params<typename M::scalar>&>;
};

/// A trainable model that numbers its random draws by a count of training steps. Snapshots carry it.
template <class M>
concept counts_steps = requires(M& model) {
    { model.steps() } -> std::same_as<std::uint64_t&>;
};

/// A trainable model that methods of solve/ can train: it offers its objective over a batch as a function of
/// the flat arena.
template <class M, class Table>
concept solvable = trainable<M, Table> && requires(M& model, Table const& table) {
    model.objective(data::all_of(table), exec::serial{});
};

namespace detail {

/// What a model offers to the training loop, whatever its batches come from.
template <class M, class Executor, class Validation>
struct learning {
    using T = typename M::scalar;

    M& model;
    Executor executor;
    Validation held_out;

    double validation() requires(!std::same_as<Validation, nothing>) {
        return model.loss(data::all_of(held_out.data), executor);
    }
    params<T>& state() requires has_state<M> { return model.state(); }
    std::uint64_t& model_steps() requires counts_steps<M> { return model.steps(); }
};

/// The same of a model on a device.
template <class M, class Executor, class Validation>
requires(!Executor::host) struct learning<M, Executor, Validation> {
    using T = typename M::scalar;
    using gradient_memory = typename Executor::template memory<T>;

    M& model;
    Executor executor;
    Validation held_out;

    double validation() requires(!std::same_as<Validation, nothing>) {
        return model.loss(data::all_of(held_out.data), executor);
    }
    params<T>& state() { return model.state(); }
    std::uint64_t& model_steps() { return model.steps(); }
    void train_at(T const* weights) { model.train_at(weights); }
    void pull() { model.pull(); }
    void scale_loss(double factor) { model.scale_loss(factor); }
    bool finite() const { return model.finite(); }
};

template <class M, class Batch, class Executor, class Validation>
struct model_problem : learning<M, Executor, Validation> {
    Batch all;
    std::vector<index> chosen = {};

    index samples() const { return all.samples(); }
    double gradient(index const* order, index first, index count, auto& g) {
        Batch batch = all;
        if (order && all.order) {  // some of the rows of a view
            chosen.resize(std::size_t(count));
            for (index i = 0; i < count; ++i)
                chosen[std::size_t(i)] = all.order[order[first + i]];
            batch.order = chosen.data();
            if constexpr (requires { batch.viewed; })
                batch.viewed = false;
            return this->model.gradient(batch.part(0, count), g, this->executor);
        }
        if (order)
            batch.order = order;
        return this->model.gradient(batch.part(first, count), g, this->executor);
    }
};

/// The same for a table whose batches are made when they are needed: see data/loading.hpp.
template <class M, class Loader, class Executor, class Validation>
struct loaded_problem : learning<M, Executor, Validation> {
    index rows;
    std::vector<index> order;  // outlives a loader that reads it ahead
    Loader loader;
    data::batch_request epoch = {};
    index batch = 0;

    index samples() const { return rows; }
    void enter(index const* shuffled, index size, std::uint64_t seed, std::int64_t number) {
        if (shuffled)
            order.assign(shuffled, shuffled + rows);
        epoch = {shuffled ? order.data() : nullptr, 0, 0, seed, number};
        batch = size;
    }
    double gradient(index const*, index first, index count, auto& g) {
        data::batch_request now = epoch, next = epoch;
        now.first = first, now.count = count;
        next.first = first + count, next.count = std::min(batch, rows - next.first);
        return this->model.gradient(loader.get(now, next).rows(), g, this->executor);
    }
};

/// What handles data that is the host's: the executor, or serial where that is a device.
template <class Executor>
auto on_host(Executor const& executor) {
    if constexpr (Executor::host)
        return executor;
    else
        return exec::serial{};
}

/// What makes the table's batches.
template <class Table, class Executor>
auto loader_of(Table const& table, Executor const& executor) {
    if constexpr (requires { table.load(executor); })
        return table.load(executor);
    else
        return data::direct_loader<Table, Executor>(table, executor);
}

/// A method that goes row by row or column by column needs the parts of a model with one score a sample.
template <class M, class Batch, class Method, class Watch>
solve::outcome solve_samples(M& model, Batch const& batch, Method const& method, Watch const& watch) {
    using T = typename M::scalar;
    static_assert(
        requires { model.sample_loss(); }, "this method trains linear models");
    expect(model.outputs() == 1, "fit: this method trains models with one output, this has ", model.outputs());
    solve::linear_problem const problem{batch, model.sample_loss(), model.l2()};
    vector_view<T> bias(nullptr, 0);
    if (model.intercept())
        new (&bias) vector_view<T>(model.params()["bias"].data, 1);
    return method.run(problem, model.params()["weight"].flat(), bias, watch);
}

/// Checks what validate_on{data} holds: rows as they are there, since no batches are made of it.
template <class M, class Data>
void check_held_out(M& model, Data const& data) {
    try {
        model.check(data::source_of(data));
    } catch (error const& fault) {
        fail("validation: ", std::string_view(fault.what()));
    }
}

/// Throws where a training batch is of one sample and the model has a layer that refuses those.
template <class M>
void check_batches(M const& model, index samples, fit_options const& options) {
    if constexpr (requires { model.needs_two(); }) {
        index const size = options.batch.size > 0 ? std::min(options.batch.size, samples) : samples;
        expect(model.needs_two().empty() || (samples - 1) % size > 0, "fit: ", samples,
               samples == 1 ? " sample" : " samples", " in batches of ", size,
               size > 1 ? " leave a last one of 1: " : ": ", model.needs_two(),
               " needs 2 or more, for a variance");
    }
}

/// fit by a method, behind prepare.
template <class M, class Table, class Method, class... Argument>
report<typename M::scalar> fit_by(M& model, Table const& train, Method const& method, Argument&... arguments) {
    using T = typename M::scalar;
    static_assert(solvable<M, Table> || std::is_same_v<typename Method::problem, solve::sum_of_samples>,
                  "methods of solve/ train models that offer objective(batch, executor)");
    auto const executor = pick<executor_test>(exec::serial{}, arguments...);
    auto const held_out = pick<validation_test>(nothing{}, arguments...);
    auto& weights = model.params();
    auto const solve = [&](auto validation) {
        return solve_watched<T>(
            weights, std::move(validation),
            [&](auto const& watch) {
                if constexpr (std::is_same_v<typename Method::problem, solve::sum_of_samples>) {
                    return solve_samples(model, data::all_of(train), method, watch);
                } else {
                    auto objective = model.objective(data::all_of(train), executor);
                    return method.template run<decltype(objective), T>(
                        objective, vector_view<T>(weights.data(), weights.arena_size()), watch);
                }
            },
            arguments...);
    };
    if constexpr (std::same_as<decltype(held_out), nothing const>) {
        return solve(nothing{});
    } else {
        check_held_out(model, held_out.data);
        return solve([&] { return model.loss(data::all_of(held_out.data), on_host(executor)); });
    }
}

/// fit by a recipe, behind prepare: the weights are the model's, or of the model behind one on a device.
template <class M, class Table, class Executor, class Validation, class Recipe, class... Argument>
report<typename M::scalar> fit_rows(M& model, params<typename M::scalar>& weights, Table const& table,
                                    Executor const& executor, Validation const& held_out, Recipe const& recipe,
                                    fit_options const& options, Argument&... arguments) {
    using T = typename M::scalar;
    learning<M, Executor, Validation> const base{model, executor, held_out};
    if constexpr (data::loading_table<Table>) {
        using loader = decltype(loader_of(table, on_host(executor)));
        loaded_problem<M, loader, Executor, Validation> problem{
            base, table.samples(), {}, loader_of(table, on_host(executor))};
        return detail::train<T>(problem, weights, recipe, options, arguments...);
    } else {
        model_problem<M, decltype(data::all_of(table)), Executor, Validation> problem{base,
                                                                                      data::all_of(table)};
        return detail::train<T>(problem, weights, recipe, options, arguments...);
    }
}

template <class M, class Table>
void prepare(M& model, Table const& table) {
    if constexpr (requires { model.prepare(table); })
        model.prepare(table);
    else
        model.check(table);
}

}  // namespace detail

/// Trains a model on data (dense or sparse) by an update rule. Behind the options, in any order: an executor,
/// validate_on{data}, a slot storage, setup{...}, resume{...} and callbacks.
///
///     auto report = fit(model, train, chain(adam{}, rate{1e-2}), {.epochs = 20, .batch = mini_batch{256}},
///                       exec::openmp{}, progress_bar{}, early_stopping{.patience = 3});
///
/// With exec::cuda{} (<descent/cuda.cuh>) a network is trained on the device: its weights, slots and
/// activations stay there, batches go up, and each epoch brings the weights home for callbacks and the report.
///
/// Training goes on from the model's present weights. Throws descent::error for data that the model cannot take
/// (empty, NaN, labels out of range), for bad options, and for pruned weights that no keep_zeros{} of the
/// recipe would keep at 0; a run that diverges is a status in the report.
template <class M, sample_table Table, update_rule Recipe, class... Argument>
requires trainable<M, Table> report<typename M::scalar> fit(M& model, Table const& train, Recipe const& recipe,
                                                            fit_options const& options = {},
                                                            Argument&&... arguments) {
    detail::prepare(model, train);
    detail::check_batches(model, train.samples(), options);
    auto const executor = detail::pick<detail::executor_test>(exec::serial{}, arguments...);
    auto const held_out = detail::pick<detail::validation_test>(detail::nothing{}, arguments...);
    if constexpr (!std::same_as<decltype(held_out), detail::nothing const>)
        detail::check_held_out(model, held_out.data);
    if constexpr (std::remove_const_t<decltype(executor)>::host) {
        return detail::fit_rows(model, model.params(), train, executor, held_out, recipe, options,
                                arguments...);
    } else {
        static_assert(
            requires { model.on_device(executor); },
            "on a device recipes train networks; linear models are trained there by methods of solve/");
        auto there = model.on_device(executor);
        return detail::fit_rows(there, model.params(), train, executor, held_out, recipe, options,
                                arguments...);
    }
}

/// Trains a model by a method of solve/, whose members hold its settings. Behind it, in any order: an executor,
/// validate_on{data} and callbacks, which see each iteration as an epoch.
///
///     auto report = fit(model, train, solve::lbfgs{.tolerance = 1e-8}, exec::openmp{}, progress_bar{});
///
/// With exec::cuda{} (<descent/cuda.cuh>) a linear model's data is uploaded once and each pass over it runs
/// there, but for methods that go sample by sample or column by column, which run here.
///
/// Training goes on from the model's present weights. Throws as above, always for pruned weights; a search that
/// finds no lower point is a status.
template <class M, sample_table Table, solve::method Method, class... Argument>
requires trainable<M, Table> report<typename M::scalar> fit(M& model, Table const& train, Method const& method,
                                                            Argument&&... arguments) {
    detail::prepare(model, train);
    return detail::fit_by(model, train, method, arguments...);
}

namespace detail {

template <class A, class T>
concept fit_extra = is_known<std::remove_reference_t<A>, T>;

/// A loss whose minimum is soon found to the last digit by second-order steps, since it is a quadratic.
template <class Loss>
inline constexpr bool is_quadratic = std::is_same_v<Loss, loss::squared>;

/// Are the sparse rows so long against the penalty that dual coordinates creep? Their passes grow with
/// |x|^2 / (l2 samples); Newton steps are faster from about 64 on. A thousand rows tell.
template <class Table>
bool has_long_rows(Table const& table, double l2) {
    if constexpr (data::is_sparse<Table>) {
        index const stride = std::max<index>(1, table.samples() / 1000);
        auto const rows = data::all_of(table);
        double total = 0;
        for (index row = 0; row < table.samples(); row += stride)
            for (auto k = rows.begin(row); k < rows.end(row); ++k)
                total += double(rows.values[k]) * double(rows.values[k]);
        return total * double(stride) > 64 * l2 * double(table.samples()) * double(table.samples());
    }
    return false;
}

/// fit of a linear model without a method.
template <class M, class Table, class... Argument>
report<typename M::scalar> fit_alone(M& model, Table const& train, Argument&... arguments) {
    using T = typename M::scalar;
    using loss = typename M::loss_type;
    constexpr bool sparse = data::is_sparse<Table>;
    constexpr double exact = sizeof(T) == 4 ? 1e-7 : 1e-12;
    constexpr bool curved = linear::has_curvature<loss, T>;
    prepare(model, train);
    if constexpr (requires { model.l1(); }) {
        return fit_by(model, train,
                      solve::coordinate_descent{.l1 = model.l1(), .tolerance = sizeof(T) == 4 ? 1e-6 : 1e-10},
                      arguments...);
    } else {
        if constexpr (solve::detail::has_dual<loss> && !is_quadratic<loss> && (sparse || !curved))
            if (model.l2() > 0 && model.outputs() == 1 &&
                !(curved && (train.samples() > 30 * train.features() || has_long_rows(train, model.l2()))))
                return fit_by(model, train, solve::dual_coordinate_descent{.tolerance = 1e-4}, arguments...);
        if constexpr (curved)
            return fit_by(model, train, solve::sampled_newton{.tolerance = is_quadratic<loss> ? exact : 1e-4},
                          arguments...);
        else
            return fit_by(model, train, solve::lbfgs{}, arguments...);
    }
}

}  // namespace detail

/// Trains a linear model by the method that suits it and the data, to about 1e-4 of the objective's optimum
/// (squared losses: to rounding): solve::coordinate_descent for elastic nets; solve::sampled_newton on dense
/// data, and on sparse data with more than 30 rows a column or with rows that are long against the penalty
/// (mean |x|^2 > 64 l2 samples); solve::dual_coordinate_descent, which is sequential whatever the executor, on
/// other sparse two-class data and for losses without a curvature;
/// solve::lbfgs where none of these applies. Behind the data, in any order: an executor, validate_on{data} and
/// callbacks.
///
///     linear::logistic_regression<float> model{train.features()};
///     fit(model, train);
template <class M, sample_table Table, class... Argument>
requires trainable<M, Table> &&(detail::fit_extra<Argument, typename M::scalar>&&...)
    report<typename M::scalar> fit(M& model, Table const& train, Argument&&... arguments) {
    if constexpr (requires { typename M::loss_type; })
        return detail::fit_alone(model, train, arguments...);
    else
        static_assert(sizeof(M) == 0,
                      "fit without a recipe trains linear models: give this one a recipe, such as "
                      "chain(adam{}, rate{1e-3})");
}

/// Refused: model and table hold other numbers, such as float and double.
template <class M, sample_table Table, class... Argument>
requires(!trainable<M, Table> &&
         !std::same_as<typename M::scalar, typename Table::scalar>) void fit(M&, Table const&, Argument&&...) {
    static_assert(sizeof(M) == 0, "model and table hold other numbers: make both float or both double");
}

}  // namespace descent
