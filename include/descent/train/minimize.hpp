// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <utility>
#include <vector>

#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/solve/problem.hpp>
#include <descent/train/arguments.hpp>
#include <descent/train/loop.hpp>
#include <descent/train/solving.hpp>

namespace descent {

namespace detail {

/// f(x, g) of a plain function: of vectors, or of params.
template <bool OfVectors, class T, class F>
struct function_problem {
    F& f;
    params<T>& weights;

    index samples() const { return 0; }

    double gradient(index const*, index, index, params<T>& g) {
        g.set_zero();
        if constexpr (OfVectors) {
            vector_view<T const> const x(weights.data(), weights.size());
            vector_view<T> slope(g.data(), g.size());
            return double(f(x, slope));
        } else {
            return double(f(std::as_const(weights), g));
        }
    }
};

/// A function that names its types, f(X const& x, X& g), as one of views.
template <class F, class X>
struct named_vectors {
    using T = typename X::Scalar;
    F& f;
    X at, slope;

    double operator()(vector_view<T const> const& x, vector_view<T>& g) {
        at = x;
        slope = g;
        double const value = double(f(std::as_const(at), slope));
        expect(slope.size() == g.size(), "minimize: the gradient has ", slope.size(), " numbers, x ", g.size());
        g = slope;
        return value;
    }
};

/// run(f), or run of what makes f take views.
template <class X, class F, class Run>
auto with_views(F& f, Run const& run) {
    using T = typename X::Scalar;
    if constexpr (!std::invocable<F&, vector_view<T const> const&, vector_view<T>&> &&
                  std::invocable<F&, X const&, X&>) {
        named_vectors<F, X> views{f, {}, {}};
        return run(views);
    } else {
        return run(f);
    }
}

/// Mean of f(i, x, g) over samples. Chunks depend on the batch alone, and are joined in order.
template <class T, class F, class Executor>
struct sum_problem {
    F& objective;
    params<T>& weights;
    Executor executor;
    std::vector<params<T>> part = {};
    std::vector<double> loss = {};

    index samples() const { return objective.samples; }

    double gradient(index const* order, index first, index count, params<T>& g) {
        constexpr index chunk = 64, most = 64;
        index const rows = std::max(chunk, (count + most - 1) / most);
        index const chunks = (count + rows - 1) / rows;
        while (index(part.size()) < chunks)
            part.push_back(weights.like());
        loss.assign(std::size_t(chunks), 0.0);
        executor.for_each(chunks, [&](index c) {
            params<T>& own = part[std::size_t(c)];
            own.set_zero();
            vector_view<T const> const x(weights.data(), weights.size());
            vector_view<T> slope(own.data(), own.size());
            for (index i = c * rows; i < std::min(count, (c + 1) * rows); ++i)
                loss[std::size_t(c)] += double(objective.f(order ? order[first + i] : first + i, x, slope));
        });
        g.set_zero();
        double total = 0;
        for (index c = 0; c < chunks; ++c) {
            total += loss[std::size_t(c)];
            for (index i = 0; i < g.arena_size(); ++i)
                g.data()[i] += part[std::size_t(c)].data()[i];
        }
        for (index i = 0; i < g.arena_size(); ++i)
            g.data()[i] /= T(count);
        return total / double(count);
    }
};

/// How often the rule is a rate, or holds one.
template <class Rule>
inline constexpr int rates_of = 0;
template <class S>
inline constexpr int rates_of<rate<S>> = 1;
template <class... Rule>
inline constexpr int rates_of<recipe<Rule...>> = (rates_of<Rule> + ... + 0);

template <class T, class Problem, class Recipe, class... Argument>
report<T> train(Problem& problem, params<T>& weights, Recipe const& recipe, fit_options const& options,
                Argument&... arguments) {
    static_assert((is_known<Argument, T> && ...),
                  "behind the options: an executor, a slot storage, setup{}, resume{}, validate_on{} or "
                  "callbacks (not const)");
    static_assert(
        sets_rate<Recipe>,
        "the recipe has no rate: chain(adam{}, rate{1e-3}), the rate behind rules such as adam that forget the "
        "length of what they take; chain(..., rate{1.0}) takes updates as they are");
    static_assert(rates_of<Recipe> <= 1, "the recipe has two rates, which would be multiplied: give it one");
    options.check();
    optimizer opt{recipe, weights, pick<executor_test>(exec::serial{}, arguments...),
                  pick<storage_test>(slots::full{}, arguments...)};
    (
        [&](auto& argument) {
            if constexpr (is_setup<std::remove_cvref_t<decltype(argument)>>)
                argument.edit(opt);
        }(arguments),
        ...);
    snapshot<T> const* from = nullptr;
    (
        [&](auto& argument) {
            if constexpr (is_resume<std::remove_cvref_t<decltype(argument)>>)
                from = argument.from.weights.entries().empty() ? nullptr : &argument.from;
        }(arguments),
        ...);
    if (!from)
        opt.check_masks(weights);
    return std::apply(
        [&](auto&... callback) {
            constexpr bool averaged = (is_averaging<std::remove_cvref_t<Argument>> || ...);
            return training_run<T, Problem, decltype(opt), averaged,
                                std::remove_reference_t<decltype(callback)>...>(weights, problem, opt, options,
                                                                                from, callback...)
                .run();
        },
        std::tuple_cat(callback_of<T>(arguments)...));
}

template <bool OfVectors, class F, class T, class Recipe, class... Argument>
report<T> minimize(F& f, params<T>& x, Recipe const& recipe, fit_options const& options,
                   Argument&... arguments) {
    expect(x.size() > 0, "minimize: x is empty");
    if constexpr (is_sum<std::remove_const_t<F>>) {
        auto const executor = pick<executor_test>(exec::serial{}, arguments...);
        expect(f.samples > 0, "sum_over: samples = ", f.samples, ": must be > 0");
        expect(x.entries().size() == 1, "minimize: a sum over samples takes one tensor, x has ",
               x.entries().size());
        sum_problem<T, F, std::remove_const_t<decltype(executor)>> problem{f, x, executor};
        return train<T>(problem, x, recipe, options, arguments...);
    } else {
        expect(options.batch.size == 0, "minimize: batch size = ", options.batch.size,
               ": a plain function has no samples; see sum_over");
        function_problem<OfVectors, T, F> problem{f, x};
        return train<T>(problem, x, recipe, options, arguments...);
    }
}

}  // namespace detail

/// Minimizes f from x by an update rule and leaves the last point in x (the best one where it diverged).
///
///     auto r = minimize(f, x, chain(momentum{0.9}, rate{0.1}), {.epochs = 100});
///
/// f(x, g) returns the value at x and writes the gradient to g, both Eigen vectors: `auto const& x, auto& g`,
/// or of x's own type. With sum_over{n, f} it is a sum over samples and every batch policy works. One epoch of
/// a plain function is one update. For objectives without a gradient: numeric_gradient(f), differentiate(f).
/// Behind the options as in fit. Throws descent::error for bad options or hyperparameters; a run that diverges
/// is a status.
template <class F, class Derived, update_rule Recipe, class... Argument>
report<typename Derived::Scalar> minimize(F&& f, Eigen::PlainObjectBase<Derived>& x, Recipe const& recipe,
                                          fit_options const& options = {}, Argument&&... arguments) {
    using T = typename Derived::Scalar;
    static_assert(Derived::IsVectorAtCompileTime, "minimize: x is a vector; for several tensors use params<T>");
    params<T> point{{"x", {x.size()}}};
    std::copy_n(x.data(), x.size(), point.data());
    auto result = detail::with_views<Derived>(
        f, [&](auto& views) { return detail::minimize<true>(views, point, recipe, options, arguments...); });
    std::copy_n(point.data(), x.size(), x.data());
    return result;
}

/// The same for several tensors: f(x, g) takes params<T> const& and params<T>&.
template <class F, class T, update_rule Recipe, class... Argument>
report<T> minimize(F&& f, params<T>& x, Recipe const& recipe, fit_options const& options = {},
                   Argument&&... arguments) {
    return detail::minimize<false>(f, x, recipe, options, arguments...);
}

namespace detail {

/// Can the method that draws samples draw those of any sum?
template <class Method, class F, class T>
concept takes_sums = requires(Method const& method, F& f, vector_view<T> x, solve::unwatched watch) {
    method.template run<F, T>(f, x, watch);
};

/// What a method sees of the objective f at the point x: f itself, the mean of a sum over samples, or f of
/// params.
template <class Method, bool OfVectors, class F, class T, class... Argument>
report<T> minimize_by(F& f, params<T>& x, Method const& method, Argument&... arguments) {
    expect(x.size() > 0, "minimize: x is empty");
    vector_view<T> point(x.data(), OfVectors ? x.size() : x.arena_size());
    auto const run = [&](auto& objective) {
        return solve_watched<T>(
            x, nothing{},
            [&](auto const& watch) {
                return method.template run<std::remove_reference_t<decltype(objective)>, T>(objective, point,
                                                                                            watch);
            },
            arguments...);
    };
    if constexpr (is_sum<std::remove_const_t<F>>) {
        expect(f.samples > 0, "sum_over: samples = ", f.samples, ": must be > 0");
        if constexpr (std::is_same_v<typename Method::problem, solve::sum_of_samples>) {
            static_assert(takes_sums<Method, F, T>, "this method trains linear models: see fit");
            return run(f);
        } else {
            auto const executor = pick<executor_test>(exec::serial{}, arguments...);
            sum_problem<T, F, std::remove_const_t<decltype(executor)>> problem{f, x, executor};
            params<T> slope = x.like();
            auto mean = [&](vector_view<T const> at, vector_view<T> g) {
                params<T> const kept = x;
                std::copy_n(at.data(), at.size(), x.data());
                double const value = problem.gradient(nullptr, 0, f.samples, slope);
                std::copy_n(slope.data(), g.size(), g.data());
                x = kept;
                return value;
            };
            return run(mean);
        }
    } else if constexpr (OfVectors) {
        return run(f);
    } else {
        arena_function<F, T> flat{f, x.like(), x.like()};
        return run(flat);
    }
}

}  // namespace detail

/// Minimizes f from x by a method of solve/, whose members hold its settings, and leaves the best point in x.
///
///     auto r = minimize(f, x, solve::lbfgs{});    // r.status, r.loss, r.gradient_norm, r.evaluations
///
/// f as above; what a method needs beyond f(x, g) its documentation tells. Behind the method: callbacks, which
/// see each iteration as an epoch, and an executor for sums over samples. A line search that fails is a status,
/// never an exception. Throws descent::error for settings out of range.
template <class F, class Derived, solve::method Method, class... Argument>
report<typename Derived::Scalar> minimize(F&& f, Eigen::PlainObjectBase<Derived>& x, Method const& method,
                                          Argument&&... arguments) {
    using T = typename Derived::Scalar;
    static_assert(Derived::IsVectorAtCompileTime, "minimize: x is a vector; for several tensors use params<T>");
    params<T> point{{"x", {x.size()}}};
    std::copy_n(x.data(), x.size(), point.data());
    auto result = detail::with_views<Derived>(
        f, [&](auto& views) { return detail::minimize_by<Method, true>(views, point, method, arguments...); });
    std::copy_n(point.data(), x.size(), x.data());
    return result;
}

/// The same for several tensors: f(x, g) takes params<T> const& and params<T>&.
template <class F, class T, solve::method Method, class... Argument>
report<T> minimize(F&& f, params<T>& x, Method const& method, Argument&&... arguments) {
    return detail::minimize_by<Method, false>(f, x, method, arguments...);
}

}  // namespace descent
