// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cmath>
#include <exception>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/train/callback.hpp>
#include <descent/train/loss_scaling.hpp>
#include <descent/train/options.hpp>
#include <descent/train/report.hpp>

// The one training loop behind fit and minimize. A problem offers
//
//     index samples() const                   0 where there are none: a plain function
//     double gradient(index const* order, index first, index n, params<T>& g)
//                                             mean loss of samples order[first...] (order may be null: first,
//                                             first + 1, ...)
//     double validation()                     only if it has validation data
//     params<T>& state()                      only if the model has a state beside its weights, such as running
//                                             means
//     void enter(index const* order, index batch, std::uint64_t seed, std::int64_t epoch)
//                                             only if it wants to know of each epoch
//     std::uint64_t& model_steps()            only if the model counts its steps
//
// Where the weights are trained on a device, the problem has beside these
//
//     gradient_memory                                                    what gradient() writes, on the device
//     void train_at(T const* weights)                                    where the weights are from now on
//     void pull()                                                        the state comes to the host
//     void scale_loss(double), bool finite()                             see loss_scaling
namespace descent::detail {

template <class Problem>
concept has_device_gradient = requires {
    typename Problem::gradient_memory;
};

/// Where gradients lie: with the weights that are trained.
template <class Problem, class T>
struct gradient_of {
    using type = params<T>;
    static type like(params<T> const& weights) { return weights.like(); }
};
template <has_device_gradient Problem, class T>
struct gradient_of<Problem, T> {
    using type = typename Problem::gradient_memory;
    static type like(params<T> const& weights) { return type(std::size_t(weights.arena_size())); }
};

template <class T, class Problem, class Optimizer, bool Averaged, class... Callback>
class training_run {
public:
    training_run(params<T>& weights, Problem& problem, Optimizer& optimizer, fit_options const& options,
                 snapshot<T> const* from, Callback&... callbacks)
        : weights_(weights),
          problem_(problem),
          optimizer_(optimizer),
          options_(options),
          gradient_(gradient_of<Problem, T>::like(weights)),
          callbacks_(callbacks...),
          batch_size_(options.batch.size ? options.batch.size : problem.samples()),
          batches_(full() ? 1 : (problem.samples() - 1) / batch_size_ + 1) {
        report_.best = weights;
        if constexpr (stateful)
            report_.best_state = problem.state();
        each([&](auto& callback) {
            if constexpr (is_metric<std::remove_reference_t<decltype(callback)>>)
                report_.metric_names.emplace_back(callback.name);
        });
        if (from)
            resume(*from);
        weights_leave();
        clock_ = std::chrono::steady_clock::now();
        before_ = report_.seconds;
    }

    report<T> run() {
        std::exception_ptr failure;
        auto const guarded = [&](auto const& part) {
            try {
                part();
            } catch (...) {
                failure = failure ? failure : std::current_exception();
            }
        };
        guarded([&] {
            ask([&](auto& callback) { return call_begin(callback, now()); });
            if (report_.evaluations == 0)  // begin may prune, too
                report_.best = weights_;
            while (!stopped_ && report_.epochs < options_.epochs)
                run_epoch();
            finish();
        });
        guarded([&] { weights_come(); });
        // Each end() runs however this was left, so that terminals and signal handlers are put back.
        each([&](auto& callback) { guarded([&] { call_end(callback, now()); }); });
        if (failure)
            std::rethrow_exception(failure);
        return std::move(report_);
    }

private:
    bool full() const { return options_.batch.size == 0 || problem_.samples() == 0; }

    void run_epoch() {
        index const* const order = shuffle();
        index const samples = problem_.samples();
        weights_leave();
        enter(order);
        for (; batch_ < batches_ && !stopped_;) {
            index const first = full() ? 0 : batch_ * batch_size_;
            index const count = full() ? samples : std::min(batch_size_, samples - first);
            if constexpr (scales)
                problem_.scale_loss(scaling().scale);
            double const loss = problem_.gradient(order, first, count, gradient_);
            report_.evaluations += std::max<index>(count, 1);
            if (full())
                report_.gradient_norm = gradient_norm();
            if (!std::isfinite(loss))
                return diverge(text("epoch ", report_.epochs + 1, ": loss is ", loss));
            if constexpr (scales) {
                if (!problem_.finite() && scaling().scale <= 1)
                    return diverge(text("epoch ", report_.epochs + 1, ": the gradient is not finite"));
                if (!scaling().judge(problem_.finite())) {
                    loss_sum_ += loss * double(std::max<index>(count, 1));
                    ++batch_;
                    continue;
                }
            }
            if (full()) {
                report_.loss = loss;
                if constexpr (!validates)
                    keep_if_best(loss, report_.epochs);
                if (report_.gradient_norm <= options_.tolerance) {
                    stop({true, status::converged, text("gradient norm ", report_.gradient_norm)});
                    return;
                }
            }
            loss_sum_ += loss * double(std::max<index>(count, 1));
            ahead_ = true;
            report_.steps += optimizer_.step(gradient_);
            ++batch_;
            now_.loss = loss;
            bool const changes = changed_behind(report_.steps);
            if (changes || read_behind(report_.steps))
                weights_come();
            ask([&](auto& callback) { return call_step(callback, now()); });
            if (changes) {
                optimizer_.check_masks(weights_);
                weights_leave();
            }
            if (batch_ < batches_)
                each([&](auto& callback) { call_rest(callback, now()); });
        }
        if (batch_ == batches_)
            end_epoch();
    }

    void enter(index const* order) {
        if constexpr (requires { problem_.enter(order, batch_size_, options_.seed, report_.epochs); })
            problem_.enter(order, batch_size_, options_.seed, report_.epochs);
    }

    void end_epoch() {
        double const loss = loss_sum_ / double(std::max<index>(problem_.samples(), 1));
        ++report_.epochs;
        batch_ = 0;
        loss_sum_ = 0;
        weights_come();
        if (!std::isfinite(weights_.sum_of_squares()))
            return diverge(text("epoch ", report_.epochs, ": a weight is not finite"));
        double validation = epoch_record::none;
        std::vector<double> metrics;
        now_.improved = false;
        bool const sound = judged([&] {
            if constexpr (validates) {
                validation = problem_.validation();
                if (!std::isfinite(validation)) {
                    diverge(text("epoch ", report_.epochs, ": validation loss is ", validation));
                    return false;
                }
            }
            each([&](auto& callback) {
                if constexpr (is_metric<std::remove_reference_t<decltype(callback)>>)
                    metrics.push_back(double(callback.measure()));
            });
            if (validates || !full())
                keep_if_best(validates ? validation : loss, report_.epochs);
            else
                now_.improved = report_.best_epoch + 1 == report_.epochs;
            return true;
        });
        if (!sound)
            return;
        if (!full())
            report_.loss = loss;
        optimizer_.observe(validates ? validation : loss);
        report_.history.push_back({report_.epochs, report_.steps, elapsed(), loss, validation,
                                   full() ? report_.gradient_norm : epoch_record::none, std::move(metrics)});
        now_.loss = loss;
        now_.validation = validation;
        now_.settled = settled(report_.steps);
        ask([&](auto& callback) { return call_epoch(callback, now()); });
        each([&](auto& callback) { call_rest(callback, now()); });
    }

    /// Runs f while the averaged weights stand in the place of the weights, where those are judged.
    template <class F>
    bool judged(F const& f) {
        if constexpr (Averaged) {
            static_assert(
                requires { optimizer_.averaged(); },
                "evaluate_averaged{}: the recipe has no rule that averages weights: ema, swa, asgd");
            static_assert(validates, "evaluate_averaged{} needs validate_on{data}");
            struct putting_back {
                params<T>& weights;
                params<T> const live = weights;
                ~putting_back() { weights = live; }  // of the same size: cannot throw
            } const after{weights_};
            weights_ = optimizer_.averaged();
            return f();
        } else {
            return f();
        }
    }

    void finish() {
        weights_come();
        // With full batches the loss so far is that of the weights before the last update.
        if (full() && report_.status != status::diverged && report_.status != status::converged &&
            report_.steps > 0) {
            model_memory const before = remember();  // this is no step of training
            enter(nullptr);
            double const loss = problem_.gradient(nullptr, 0, problem_.samples(), gradient_);
            put_back(before);
            report_.evaluations += std::max<index>(problem_.samples(), 1);
            if (std::isfinite(loss)) {
                report_.loss = loss;
                report_.gradient_norm = gradient_norm();
                if constexpr (!validates)
                    keep_if_best(loss, report_.epochs);
            } else {
                diverge(text("after epoch ", report_.epochs, ": loss is ", loss));
            }
        }
        if constexpr (requires { optimizer_.averaged(); })
            report_.averaged = optimizer_.averaged();
        if constexpr (stateful && requires { optimizer_.averaged(); })
            report_.averaged_state = problem_.state();
        if (report_.status == status::finished)
            report_.reason = text(report_.epochs, report_.epochs == 1 ? " epoch done" : " epochs done");
        bool restore = report_.status == status::diverged;
        each([&](auto& callback) {
            if constexpr (requires { callback.restore_best; })
                restore = restore || callback.restore_best;
        });
        std::int64_t const steps = restore ? steps_of_best() : report_.steps;
        each([&](auto& callback) {
            if constexpr (requires { callback.unfinished(steps); })
                if (std::string const left = callback.unfinished(steps); !left.empty())
                    report_.reason += "; " + left;
        });
        if (restore) {
            weights_ = report_.best;
            if constexpr (stateful)
                problem_.state() = report_.best_state;
            if constexpr (validates) {
                // A record tells the loss of full batches before its epoch, of smaller ones within it.
                auto const told = std::size_t(report_.best_epoch + (full() ? 1 : 0));
                if (told <= report_.history.size())
                    report_.loss = told ? report_.history[told - 1].loss : epoch_record::none;
            } else if (std::isfinite(report_.best_loss)) {
                report_.loss = report_.best_loss;
            }
            report_.gradient_norm = epoch_record::none;
        }
        report_.seconds = elapsed();
    }

    void keep_if_best(double loss, std::int64_t epoch) {
        now_.improved = loss < report_.best_loss || !settled(steps_of_best());
        if (!now_.improved)
            return;
        report_.best_loss = loss;
        report_.best_epoch = epoch;
        report_.best = weights_;
        if constexpr (stateful)
            report_.best_state = problem_.state();
    }

    /// Those that made report.best.
    std::int64_t steps_of_best() const {
        auto const epoch = std::size_t(report_.best_epoch);
        return epoch && epoch <= report_.history.size() ? report_.history[epoch - 1].steps : 0;
    }

    /// Will a callback change what is trained behind this step?
    bool changed_behind(std::int64_t step) {
        bool any = false;
        each([&](auto& callback) {
            if constexpr (requires { callback.changes(step); })
                any = any || callback.changes(step);
        });
        return any;
    }

    /// Does a callback look at the weights behind this step?
    bool read_behind(std::int64_t step) {
        bool any = false;
        each([&](auto& callback) {
            if constexpr (requires { callback.reads(step); })
                any = any || callback.reads(step);
        });
        return any;
    }

    /// Have all callbacks that change what is trained done so at this step?
    bool settled(std::int64_t step) {
        bool all = true;
        each([&](auto& callback) {
            if constexpr (requires { callback.settled(step); })
                all = all && callback.settled(step);
        });
        return all;
    }

    /// What a model has beside its weights.
    struct model_memory {
        params<T> state;
        std::uint64_t steps = 0;
    };
    model_memory remember() {
        model_memory memory;
        if constexpr (stateful)
            memory.state = problem_.state();
        if constexpr (counts)
            memory.steps = problem_.model_steps();
        return memory;
    }
    void put_back(model_memory const& memory) {
        if constexpr (stateful)
            problem_.state() = memory.state;
        if constexpr (counts)
            problem_.model_steps() = memory.steps;
    }

    void diverge(std::string reason) { stop({true, status::diverged, std::move(reason)}); }

    void stop(verdict const& why) {
        if (stopped_ || !why.stop)
            return;
        stopped_ = true;
        report_.status = why.status;
        report_.reason = why.reason;
    }

    /// The order of this epoch's samples; null for 0, 1, 2, ...
    index const* shuffle() {
        if (full() || !options_.batch.shuffle)
            return nullptr;
        if (shuffled_ != report_.epochs) {
            order_ = permutation<index>(problem_.samples(), {options_.seed, std::uint32_t(report_.epochs)});
            shuffled_ = report_.epochs;
        }
        return order_.data();
    }

    template <class F>
    void ask(F const& f) {
        each([&](auto& callback) { stop(f(callback)); });
    }
    template <class F>
    void each(F const& f) {
        std::apply([&](auto&... callback) { (f(callback), ...); }, callbacks_);
    }

    training<T> const& now() {
        now_.epoch = report_.epochs;
        now_.epochs = options_.epochs;
        now_.batch = batch_;
        now_.batches = batches_;
        now_.steps = report_.steps;
        now_.seconds = elapsed();
        return now_;
    }

    static snapshot<T> take(void* self) {
        auto& run = *static_cast<training_run*>(self);
        run.weights_come();
        model_memory memory = run.remember();
        snapshot<T> copy{run.weights_,
                         run.optimizer_.state(),
                         run.report_.epochs,
                         run.batch_,
                         run.loss_sum_,
                         run.options_.seed,
                         run.report_,
                         {},
                         std::move(memory.state),
                         memory.steps};
        copy.so_far.seconds = run.elapsed();
        run.each([&](auto& callback) {
            if constexpr (requires { callback.recall(callback.memory()); })
                copy.callbacks.push_back(callback.memory());
        });
        return copy;
    }

    void resume(snapshot<T> const& from) {
        weights_.expect_same_layout(from.weights, "resume");
        optimizer_.check_masks(from.weights);
        if constexpr (stateful)
            problem_.state().expect_same_layout(from.state, "resume: state");
        expect(from.so_far.metric_names == report_.metric_names, "resume: the snapshot has ",
               from.so_far.metric_names.size(), " metrics, the run ", report_.metric_names.size(),
               ", or they have other names");
        expect(from.seed == options_.seed, "resume: the snapshot's seed is ", from.seed, ", the options' ",
               options_.seed);
        expect(from.so_far.epochs >= 0, "resume: the snapshot has ", from.so_far.epochs,
               " epochs: must be >= 0");
        expect(from.batch >= 0 && from.batch <= batches_, "resume: the snapshot stands at batch ", from.batch,
               " of ", batches_);
        if (from.batch > 0 && problem_.samples() > 0) {
            index const samples = problem_.samples(), into = std::min(from.batch * batch_size_, samples);
            double const before =
                double(from.so_far.epochs) * double(samples);  // whatever it says, no overflow
            expect(double(from.so_far.evaluations) == before + double(into), "resume: the snapshot has seen ",
                   from.so_far.evaluations, " samples, the run ", before + double(into), " at batch ",
                   from.batch, ": must have the same data and batch size");
        }
        std::size_t remembering = 0;
        each([&](auto& callback) {
            remembering += requires { callback.recall(callback.memory()); };
        });
        expect(from.callbacks.size() == remembering, "resume: the snapshot has ", from.callbacks.size(),
               " callbacks that remember, the run ", remembering);
        optimizer_.restore(from.optimizer);
        report_ = from.so_far;
        report_.status = status::finished;
        batch_ = from.batch;
        loss_sum_ = from.loss_sum;
        std::size_t next = 0;
        each([&](auto& callback) {
            if constexpr (requires { callback.recall(callback.memory()); })
                callback.recall(from.callbacks[next++]);
        });
        weights_ = from.weights;  // behind all that can throw
        put_back({from.state, from.model_steps});
    }

    double elapsed() const {
        return before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - clock_).count();
    }

    double gradient_norm() const {
        if constexpr (there) {
            params<T> copy = weights_.like();
            problem_.executor.download(gradient_.data(), copy.arena_size(), copy.data());
            return std::sqrt(copy.sum_of_squares());
        } else {
            return std::sqrt(gradient_.sum_of_squares());
        }
    }

    /// From the host to where they are trained: what callbacks have changed counts.
    void weights_leave() {
        if constexpr (there) {
            optimizer_.push();
            problem_.train_at(optimizer_.device_weights().data());
        }
        ahead_ = false;
    }
    /// Back, with the state, if steps have changed them.
    void weights_come() {
        if constexpr (there)
            if (ahead_) {
                optimizer_.pull();
                problem_.pull();
            }
        ahead_ = false;
    }

    static constexpr bool there = has_device_gradient<Problem>;
    static constexpr bool scales = (std::is_same_v<Callback, loss_scaling> || ...);
    static_assert(!scales || there, "loss_scaling{} is for networks that a device trains");
    loss_scaling& scaling() requires scales { return std::get<loss_scaling&>(callbacks_); }
    static constexpr bool validates = requires(Problem & p) { p.validation(); };
    static constexpr bool stateful = requires(Problem & p) { p.state(); };
    static constexpr bool counts = requires(Problem & p) { p.model_steps(); };

    params<T>& weights_;
    Problem& problem_;
    Optimizer& optimizer_;
    fit_options options_;
    typename gradient_of<Problem, T>::type gradient_;
    std::tuple<Callback&...> callbacks_;
    index batch_size_, batches_;
    report<T> report_;
    std::vector<index> order_;
    std::int64_t shuffled_ = -1;
    std::int64_t batch_ = 0;
    double loss_sum_ = 0;
    bool stopped_ = false, ahead_ = false;
    std::chrono::steady_clock::time_point clock_;
    double before_ = 0;
    training<T> now_{.report = report_, .weights = weights_, .take_ = &take, .run_ = this};
};

}  // namespace descent::detail
