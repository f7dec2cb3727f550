// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/solve/problem.hpp>
#include <descent/train/arguments.hpp>
#include <descent/train/callback.hpp>

// The run of a method of solve/ behind fit and minimize: callbacks, history and report around it.
namespace descent::detail {

template <class T, class Validation, class... Callback>
class solving_run {
public:
    /// weights: where the method's x lives; validation(): a loss after each iteration, or `nothing`.
    solving_run(params<T>& weights, Validation validation, Callback&... callbacks)
        : weights_(weights), validation_(std::move(validation)), callbacks_(callbacks...) {
        report_.best = weights;
        each([&](auto& callback) {
            if constexpr (is_metric<std::remove_reference_t<decltype(callback)>>)
                report_.metric_names.emplace_back(callback.name);
        });
    }

    /// method(watch) -> solve::outcome. Each end() runs however the method was left.
    template <class Method>
    report<T> run(Method const& method) {
        std::exception_ptr failure;
        auto const guarded = [&](auto const& part) {
            try {
                part();
            } catch (...) {
                failure = failure ? failure : std::current_exception();
            }
        };
        guarded([&] {
            verdict const begun = ask([&](auto& callback) { return call_begin(callback, now_); });
            check_masks();
            take(begun.stop ? solve::outcome{begun.status, begun.reason}
                            : method([this](solve::progress const& p) { return watch(p); }));
        });
        each([&](auto& callback) { guarded([&] { call_end(callback, now_); }); });
        if (failure)
            std::rethrow_exception(failure);
        return std::move(report_);
    }

private:
    static constexpr bool validates = !std::is_same_v<Validation, nothing>;

    /// Methods of solve/ move all weights.
    void check_masks() const {
        if (weights_.masked())
            for (auto const& entry : weights_.entries()) {
                auto const keep = weights_.mask(entry.name);
                expect(std::find(keep.begin(), keep.end(), false) == keep.end(), "solve: weights of '",
                       entry.name,
                       "' are masked, and a method of solve/ would train them: train by a recipe with "
                       "keep_zeros{}, or take the masks away (clear_masks())");
            }
    }

    verdict watch(solve::progress const& p) {
        report_.epochs = report_.steps = now_.epoch = now_.steps = p.iteration;
        report_.evaluations = p.evaluations;
        double validation = epoch_record::none;
        if constexpr (validates)
            validation = validation_();
        double const judged = validates ? validation : p.value;
        now_.improved = judged < report_.best_loss;
        if (now_.improved) {
            report_.best_loss = judged;
            report_.best_epoch = p.iteration;
            if constexpr (validates) {
                report_.best = weights_;
                at_best_ = p;
            }
        }
        now_.loss = p.value;
        now_.validation = validation;
        now_.seconds = elapsed();
        std::vector<double> metrics;
        each([&](auto& callback) {
            if constexpr (is_metric<std::remove_reference_t<decltype(callback)>>)
                metrics.push_back(double(callback.measure()));
        });
        report_.history.push_back(
            {p.iteration, p.iteration, now_.seconds, p.value, validation, p.gradient_norm, std::move(metrics)});
        verdict const after_step = ask([&](auto& callback) { return call_step(callback, now_); });
        verdict const after_epoch = ask([&](auto& callback) { return call_epoch(callback, now_); });
        each([&](auto& callback) { call_rest(callback, now_); });
        return after_step.stop ? after_step : after_epoch;
    }

    void take(solve::outcome const& end) {
        report_.status = end.status;
        report_.reason = end.reason;
        report_.loss = end.value;
        report_.gradient_norm = end.gradient_norm;
        report_.gap = end.gap;
        report_.epochs = report_.steps = end.iterations;
        report_.evaluations = end.evaluations;
        if constexpr (!validates) {
            report_.best = weights_;
            report_.best_loss = end.value;
            report_.best_epoch = end.iterations;
        }
        each([&](auto& callback) {
            if constexpr (requires { callback.restore_best; })
                if (callback.restore_best) {
                    weights_ = report_.best;
                    if constexpr (validates)
                        if (report_.best_epoch != end.iterations) {
                            report_.loss = at_best_.value;
                            report_.gradient_norm = at_best_.gradient_norm;
                            report_.gap = at_best_.gap;
                        }
                }
        });
        report_.seconds = elapsed();
    }

    template <class F>
    verdict ask(F const& f) {
        verdict first;
        each([&](auto& callback) {
            verdict const answer = f(callback);
            if (answer.stop && !first.stop)
                first = answer;
        });
        return first;
    }
    template <class F>
    void each(F const& f) {
        std::apply([&](auto&... callback) { (f(callback), ...); }, callbacks_);
    }

    double elapsed() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - clock_).count();
    }

    static snapshot<T> no_snapshot(void*) {
        fail("take: a method of solve/ cannot be resumed, it has no snapshot; its point is training::weights");
    }

    params<T>& weights_;
    Validation validation_;
    std::tuple<Callback&...> callbacks_;
    report<T> report_;
    solve::progress at_best_;  ///< when report_.best was seen
    std::chrono::steady_clock::time_point clock_ = std::chrono::steady_clock::now();
    training<T> now_{.report = report_, .weights = weights_, .take_ = &no_snapshot, .run_ = this};
};

/// Runs `method` with what the arguments hold of callbacks.
template <class T, class Validation, class Method, class... Argument>
report<T> solve_watched(params<T>& weights, Validation validation, Method const& method,
                        Argument&... arguments) {
    static_assert((is_known<Argument, T> && ...),
                  "behind the method: an executor, validate_on{} or callbacks (not const)");
    static_assert(
        ((!is_resume<std::remove_cvref_t<Argument>> && !is_setup<std::remove_cvref_t<Argument>> &&
          !is_storage<std::remove_cvref_t<Argument>> && !is_averaging<std::remove_cvref_t<Argument>>)&&...),
        "setup{}, resume{}, evaluate_averaged{} and slot storages belong to update rules, not to methods of "
        "solve/");
    return std::apply(
        [&](auto&... callback) {
            return solving_run<T, Validation, std::remove_reference_t<decltype(callback)>...>(
                       weights, std::move(validation), callback...)
                .run(method);
        },
        std::tuple_cat(callback_of<T>(arguments)...));
}

/// A function of params<T> as one of the flat arena.
template <class F, class T>
struct arena_function {
    F& f;
    params<T> point, slope;

    double operator()(vector_view<T const> x, vector_view<T> g) {
        std::copy_n(x.data(), x.size(), point.data());
        slope.set_zero();
        double const value = double(f(std::as_const(point), slope));
        std::copy_n(slope.data(), slope.arena_size(), g.data());
        return value;
    }
    void hessian_product(vector_view<T const> v, vector_view<T> out) requires
        requires(F& function, params<T> const& in, params<T>& to) {
        function.hessian_product(in, to);
    }
    {
        params<T> direction = point.like(), product = point.like();
        std::copy_n(v.data(), v.size(), direction.data());
        f.hessian_product(std::as_const(direction), product);
        std::copy_n(product.data(), product.arena_size(), out.data());
    }
};

}  // namespace descent::detail
