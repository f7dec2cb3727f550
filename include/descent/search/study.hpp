// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/status.hpp>
#include <descent/search/detail/attempt.hpp>
#include <descent/search/detail/completion.hpp>
#include <descent/search/detail/fronts.hpp>
#include <descent/search/detail/outcomes.hpp>
#include <descent/search/detail/pacing.hpp>
#include <descent/search/gaussian_process.hpp>
#include <descent/search/in_memory.hpp>
#include <descent/search/study_options.hpp>
#include <descent/search/study_result.hpp>
#include <descent/search/trial.hpp>

namespace descent::search {

/// The scheduler that lets every trial go to its end.
struct run_to_end {
    bool should_stop(history const&, record const&) const { return false; }
};

/// A search for the best hyperparameters: it asks the sampler where to try, keeps what comes out, and lets the
/// scheduler end trials early.
///
///     search::study study{search::tpe{.seed = 1}, search::median_stop{}};
///     auto best = study.minimize({.trials = 60, .parallel = 4}, [&](search::trial& t) {
///         auto rate = t.log_uniform("rate", 1e-5, 1e-1);
///         ...
///         return validation_loss;
///     });
///     best["rate"], best.value
///
/// An objective that gives NaN or throws makes a failed trial, and the study goes on. All members may be called
/// from several threads at once but the runs (run, minimize, maximize), of which there is one at a time.
template <sampler Sampler = gaussian_process, scheduler Scheduler = run_to_end, class Storage = in_memory>
class study {
public:
    explicit study(Sampler s = {}, Scheduler c = {}, Storage where = Storage())
        : study(search::space{}, std::move(s), std::move(c), std::move(where)) {}
    template <std::same_as<Storage> S>
    explicit study(Sampler s, S where) : study(search::space{}, std::move(s), Scheduler{}, std::move(where)) {}

    /// With a declared space: every trial has all of its names.
    explicit study(search::space declared, Sampler s = {}, Scheduler c = {}, Storage where = Storage())
        : sampler_(std::move(s)), scheduler_(std::move(c)), storage_(std::move(where)) {
        expect(!declared.conditional() || declared.size() > 0, "study: conditions need a declared space");
        declared_ = declared.size() > 0;
        *book_->space = std::move(declared);
        if constexpr (requires { sampler_.check(); })
            sampler_.check();
        if constexpr (requires { scheduler_.check(); })
            scheduler_.check();
        if constexpr (requires { sampler_.seed; })
            book_->seed = std::uint64_t(sampler_.seed);
        book_->scheduler = &scheduler_;
        book_->should_stop = [](void* held, history const& past, record const& r) {
            return bool(static_cast<Scheduler*>(held)->should_stop(past, r));
        };
        if constexpr (Storage::persistent)
            storage_.open(*book_);
    }
    template <std::same_as<Storage> S>
    explicit study(search::space declared, Sampler s, S where)
        : study(std::move(declared), std::move(s), Scheduler{}, std::move(where)) {}
    // Trials and the book point here.
    study(study const&) = delete;
    study& operator=(study const&) = delete;

    /// What to do with each objective; minimize one by default. Throws descent::error once there are trials.
    void set_goals(std::vector<goal> goals) {
        std::lock_guard const held(book_->lock);
        expect(!goals.empty(), "study: goals: must not be empty");
        auto const change = [&] {
            if (goals == book_->goals)
                return false;
            expect(book_->records.empty(), "study: the goals cannot change once there are trials");
            book_->goals = goals;
            return true;
        };
        if constexpr (Storage::persistent) {
            auto all = storage_.together();
            storage_.pull(*book_);
            if (change())
                storage_.write_goals(goals);
            all.commit();
        } else {
            change();
        }
    }

    /// The next trial asked for gets these values, exactly; the rest the sampler proposes or, where its
    /// proposal breaks the space's conditions beside them, is drawn until they hold. Throws descent::error for
    /// a value that a known domain does not have, for a name that a declared space does not have, and where no
    /// point with these values was found that the conditions allow.
    void enqueue(std::vector<preset> values) {
        std::lock_guard const held(book_->lock);
        for (preset const& p : values) {
            index const at = book_->space->find(p.name);
            expect(at >= 0 || !declared_, "study: enqueue: the space has no '", p.name, "'");
            if (at >= 0)
                p.value_in((*book_->space)[at]);
        }
        if (declared_) {
            std::vector<double> some(std::size_t(book_->space->size()), 0.5);
            expect(detail::complete(*book_->space, detail::values_in(*book_->space, values), some, book_->seed,
                                    book_->records.size()),
                   "study: enqueue: the conditions allow no point with ", detail::text_of(values));
        }
        if constexpr (Storage::persistent) {
            auto all = storage_.together();
            storage_.pull(*book_);
            storage_.enqueue(*book_, values);
            all.commit();
        } else {
            queue_.push_back(std::move(values));
        }
    }

    /// Where trials keep their checkpoints, see trial::folder.
    void set_folder(std::string folder) {
        std::lock_guard const held(book_->lock);
        book_->folder = std::move(folder);
    }

    /// A new trial, or one that goes on after a pause, to be told of later.
    trial ask() {
        std::lock_guard const held(book_->lock);
        return ask_locked();
    }
    std::vector<trial> ask(int count) {
        std::lock_guard const held(book_->lock);
        std::vector<trial> batch;
        for (int i = 0; i < count; ++i)
            batch.push_back(ask_locked());
        return batch;
    }

    /// The trial's objective; its objectives, one a goal. Not a number: the trial failed. Throws descent::error
    /// for another count of values, and for a trial that was told before.
    void tell(trial const& t, double value) { tell(t, std::vector<double>{value}); }
    void tell(trial const& t, std::vector<double> values) {
        std::lock_guard const held(book_->lock);
        expect(values.size() == book_->goals.size(), "study: tell: ", values.size(), " values for ",
               book_->goals.size(), " goals");
        for (double const v : values)
            if (v != v)
                return close(t, {}, "the objective is not a number");
        close(t, std::move(values), {});
    }
    /// The trial came to nothing.
    void tell_failed(trial const& t, std::string reason) {
        std::lock_guard const held(book_->lock);
        close(t, {}, std::move(reason));
    }

    /// A trial that was made elsewhere, before, whether the conditions hold or not: a warm start. Throws as
    /// tell, for a value that a domain does not have and for a name that the space does not have.
    void add(std::vector<preset> values, double value) {
        std::lock_guard const held(book_->lock);
        expect(book_->goals.size() == 1, "study: add: 1 value for ", book_->goals.size(), " goals");
        for (preset const& p : values) {
            index const at = book_->space->find(p.name);
            expect(at >= 0, "study: add: the space has no '", p.name, "'");
            p.value_in((*book_->space)[at]);
        }
        trial t = *turn([](std::int64_t) { return true; }, false, std::move(values));
        t.settle();
        close(t, value == value ? std::vector<double>{value} : std::vector<double>{},
              value == value ? "" : "the objective is not a number");
    }

    /// objective(trial&) gives a number, or as many as there are goals in a container. Behind it callbacks,
    /// called one at a time after each trial with study_progress const&; they return nothing, bool (true: stop)
    /// or verdict. Those with a member end get the study_result when the run is over.
    template <class Objective, class... Callback>
    study_result run(study_options options, Objective&& objective, Callback&&... callbacks) {
        static_assert((std::invocable<Callback&, study_progress const&> && ...),
                      "study: what stands behind the objective is called with a study_progress const&: "
                      "search::progress_bar{}, not fit's progress_bar{}");
        expect(options.parallel >= 1, "study: parallel = ", options.parallel, ": must be >= 1");
        expect(options.batch >= 0, "study: batch = ", options.batch, ": must be >= 0");
        expect(options.seconds >= 0, "study: seconds = ", options.seconds, ": must be >= 0");
        expect(options.failures >= 0, "study: failures = ", options.failures, ": must be >= 0");
        detail::pacing now{options};
        std::size_t const goals = this->goals().size();
        auto const finish = [&](trial& t, detail::attempt what) {
            std::lock_guard const held(book_->lock);
            close(t, std::move(what.values), std::move(what.failure));
            --now.working;
            now.done += !t.resumed();
            record const last = book_->records[std::size_t(t.number())];
            now.failed += last.state == trial_state::failed;
            now.stopped += last.state == trial_state::stopped;
            std::int64_t const leader = best_locked();
            record const best = leader >= 0 ? book_->records[std::size_t(leader)] : record{};
            history const past = book_->past();
            [[maybe_unused]] study_progress const p{last,          best,           past,       now.done,
                                                    now.seconds(), options.trials, now.failed, now.stopped};
            if constexpr ((std::invocable<Callback&, study_progress const&> && ...))
                (now.hear(detail::verdict_of(callbacks, p)), ...);
            now.judge(last);
            now.changed.notify_all();
        };
        // The next trial, new or one that goes on; none: no more for now, or, where none is at work, at all.
        auto const begin = [&]() -> std::optional<trial> {
            if (now.over || now.late())
                return {};
            auto t = turn([&](std::int64_t counted) { return now.may_begin(counted); }, true, {});
            if (t) {
                ++now.working;
                now.taken += !t->resumed();
            }
            return t;
        };
        // Is there something that others at work may bring about?
        auto const wait = [&] {
            if (now.over || now.late())
                return false;
            if (resuming_scheduler<Scheduler> && now.working > 0)
                return true;
            return options.total > 0 && (options.trials <= 0 || now.taken < options.trials) &&
                   Storage::persistent && ended_ < options.total;
        };
        if (options.batch == 0) {
            detail::spread(now.threads(std::int64_t(records().size())), now, [&] {
                for (;;) {
                    std::optional<trial> t;
                    {
                        std::unique_lock held(book_->lock);
                        while (!(t = begin()) && wait())
                            now.changed.wait_for(held, std::chrono::milliseconds(100));
                    }
                    if (!t)
                        return;
                    finish(*t, detail::attempt_at(objective, *t, goals));
                }
            });
        } else {
            for (;;) {
                std::vector<trial> batch;
                {
                    std::lock_guard const held(book_->lock);
                    while (int(batch.size()) < options.batch) {
                        auto t = begin();
                        if (!t)
                            break;
                        batch.push_back(std::move(*t));
                    }
                }
                if (batch.empty()) {
                    std::unique_lock held(book_->lock);
                    if (!wait())
                        break;
                    now.changed.wait_for(held, std::chrono::milliseconds(100));
                    continue;
                }
                std::vector<detail::attempt> done(batch.size());
                std::atomic<std::size_t> next{0};
                detail::spread(std::min(options.parallel, int(batch.size())), now, [&] {
                    for (std::size_t i; (i = next++) < batch.size();)
                        done[i] = detail::attempt_at(objective, batch[i], goals);
                });
                for (std::size_t i = 0; i < batch.size(); ++i)
                    finish(batch[i], std::move(done[i]));
            }
        }
        study_result result;
        static_cast<record&>(result) = best();
        result.status = now.end.stop      ? now.end.status
                        : now.out_of_time ? status::out_of_time
                                          : status::finished;
        result.why = now.end.stop ? now.end.reason : now.out_of_time ? "the time limit" : "all trials are done";
        if (result.number < 0)
            result.why += "; " + result.reason;
        result.trials = now.done;
        result.seconds = now.seconds();
        (detail::end_of(callbacks, result), ...);
        return result;
    }

    /// run, the only goal being to minimize or to maximize.
    template <class Objective, class... Callback>
    study_result minimize(study_options options, Objective&& objective, Callback&&... callbacks) {
        set_goals({goal::minimize});
        return run(options, objective, callbacks...);
    }
    template <class Objective, class... Callback>
    study_result maximize(study_options options, Objective&& objective, Callback&&... callbacks) {
        set_goals({goal::maximize});
        return run(options, objective, callbacks...);
    }

    /// The best complete trial of a study with one goal (of several: by the first); number -1: there is none,
    /// and `reason` tells why.
    record best() const {
        std::lock_guard const held(book_->lock);
        look();
        if (std::int64_t const leader = best_locked(); leader >= 0)
            return book_->records[std::size_t(leader)];
        record none;
        none.reason = detail::why_none(book_->records);
        return none;
    }
    /// What to do with each objective.
    std::vector<goal> goals() const {
        std::lock_guard const held(book_->lock);
        look();
        return book_->goals;
    }
    /// All trials so far, by number.
    std::vector<record> records() const {
        std::lock_guard const held(book_->lock);
        look();
        return book_->records;
    }
    /// The complete trials that no other beats in one objective without losing in another, by number.
    std::vector<record> pareto() const {
        std::lock_guard const held(book_->lock);
        look();
        history const past = book_->past();
        detail::fronts all;
        for (record const& r : past.records)
            if (r.state == trial_state::complete) {
                detail::rival one{r.number, {}};
                for (std::size_t k = 0; k < past.goals.size(); ++k)
                    one.losses.push_back(past.loss(r, k));
                all.add(std::move(one));
            }
        std::vector<record> front;
        for (std::int64_t const number : all.unbeaten())
            front.push_back(past.records[std::size_t(number)]);
        return front;
    }

private:
    /// What other processes told.
    void look() const {
        if constexpr (Storage::persistent) {
            auto all = storage_.together();
            storage_.pull(*book_);
        }
    }

    trial ask_locked() {
        return *turn([](std::int64_t) { return true; }, true, {});
    }

    /// A trial goes to work: one that the scheduler wants to go on, one that waits or, where may_begin(trials
    /// that ended or are at work), a new one, with values that are given. The lock is held.
    template <class May>
    std::optional<trial> turn(May const& may_begin, bool others, std::vector<preset> given) {
        std::int64_t number = -1;
        bool resumed = false, fresh = false;
        auto const choose = [&] {
            std::int64_t counted = 0;
            if constexpr (Storage::persistent) {
                auto const tally = storage_.count();
                ended_ = tally.ended;
                counted = tally.ended + tally.working;
            } else {
                for (record const& r : book_->records)
                    counted += r.state != trial_state::failed;
            }
            bool const more = may_begin(counted);
            if constexpr (resuming_scheduler<Scheduler>)
                if (others)
                    number = scheduler_.next(book_->past(), more);
            resumed = number >= 0;
            if constexpr (Storage::persistent)
                if (number < 0 && more && others)
                    number = storage_.waiting(*book_);
            fresh = number < 0 && more;
        };
        if constexpr (Storage::persistent) {
            auto all = storage_.together();
            storage_.pull(*book_);
            storage_.revive(*book_);
            choose();
            if (fresh)
                number = storage_.create(*book_);
            else if (number >= 0)
                storage_.start(number);
            all.commit();
        } else {
            choose();
            if (fresh)
                number = std::int64_t(book_->records.size());
        }
        if (number < 0)
            return {};
        if (resumed) {
            record& r = book_->records[std::size_t(number)];
            r.state = trial_state::running;
            std::optional<trial> t{std::in_place, *book_, number, r.coordinates, std::vector<preset>{}};
            t->set_resumed();
            set_origin(*t);
            return t;
        }
        if (others && !queue_.empty()) {
            given = std::move(queue_.front());
            queue_.erase(queue_.begin());
        }
        if constexpr (Storage::persistent)
            if (!fresh)
                given = storage_.presets(number, *book_->space);
        return filled(number, fresh, std::move(given), others);
    }

    /// Trial `number`, where the sampler proposes what is not given. Throws descent::error, the trial having
    /// failed, where the conditions that it must keep allow no point with what is given.
    trial filled(std::int64_t number, bool fresh, std::vector<preset> given, bool must_keep) {
        search::space& space = *book_->space;
        std::vector<double> to(std::size_t(space.size()), record::none);
        if (!to.empty())
            sampler_.suggest(book_->past(), number, to);
        std::int64_t parent = -1;
        if constexpr (inheriting_sampler<Sampler>)
            parent = sampler_.parent(book_->past(), number);
        if (fresh)
            book_->records.emplace_back();
        record& r = book_->records[std::size_t(number)];
        r.number = number;
        r.state = trial_state::running;
        r.space = book_->space;
        r.chosen.resize(to.size(), record::none);
        r.coordinates.resize(to.size(), record::none);
        std::vector<double> fixed = detail::values_in(space, given);
        for (std::size_t i = 0; i < fixed.size(); ++i)
            if (r.chosen[i] == r.chosen[i])  // of the trial that it repeats
                fixed[i] = r.chosen[i];
        if (declared_ && !given.empty() &&
            !detail::complete(space, fixed, to, book_->seed, std::uint64_t(number)) && must_keep)
            refuse(r, text("the conditions allow no point with ", detail::text_of(given)));
        bool chose = false;
        for (index k = 0; k < space.size(); ++k) {
            auto const i = std::size_t(k);
            bool const repeated = r.chosen[i] == r.chosen[i];
            if (to[i] != to[i] && fixed[i] != fixed[i])
                continue;
            double const value = fixed[i] == fixed[i] ? fixed[i] : space[k].value(to[i]);
            to[i] = r.coordinates[i] = space[k].coordinate(value);
            if (declared_ && !repeated) {
                r.chosen[i] = value;
                chose = true;
            }
        }
        if constexpr (Storage::persistent)
            if (chose) {
                auto all = storage_.together();
                for (index k = 0; k < space.size(); ++k)
                    if (r.chosen[std::size_t(k)] == r.chosen[std::size_t(k)])
                        storage_.write_value(*book_, number, k);
                all.commit();
            }
        inherit(number, parent);
        trial t{*book_, number, std::move(to), std::move(given)};
        set_origin(t);
        return t;
    }

    /// A trial that cannot begin has failed.
    [[noreturn]] void refuse(record& r, std::string why) {
        r.state = trial_state::failed;
        r.reason = std::move(why);
        if constexpr (Storage::persistent) {
            auto all = storage_.together();
            storage_.close(r);
            all.commit();
        }
        fail("study: trial ", r.number, ": ", r.reason);
    }

    void set_origin([[maybe_unused]] trial& t) {
        if constexpr (Storage::persistent)
            t.set_origin(storage_.origin(t.number()));
    }

    /// A copy of the parent's state; what no later trial can want goes.
    void inherit([[maybe_unused]] std::int64_t number, [[maybe_unused]] std::int64_t parent) {
        if constexpr (inheriting_sampler<Sampler>) {
            auto& states = book_->states;
            states.resize(std::max(states.size(), std::size_t(number) + 1));
            if (parent >= 0 && states[std::size_t(parent)].data) {
                detail::kept_state const& from = states[std::size_t(parent)];
                states[std::size_t(number)] = {from.copy(from.data.get()), from.copy, from.type};
            }
            for (std::int64_t old = 0; old <= number - sampler_.lifetime(); ++old)
                if (book_->records[std::size_t(old)].state != trial_state::running)
                    states[std::size_t(old)] = {};
        }
    }

    void close(trial const& t, std::vector<double> values, std::string failure) {
        record& r = book_->records[std::size_t(t.number())];
        expect(r.state == trial_state::running, "study: trial ", r.number, " was told before");
        r.chosen.resize(std::size_t(book_->space->size()), record::none);
        r.coordinates.resize(r.chosen.size(), record::none);
        for (std::size_t k = 0; k < r.chosen.size(); ++k)
            if (r.chosen[k] != r.chosen[k])
                r.coordinates[k] = record::none;
        r.reason = std::move(failure);
        r.state = !r.reason.empty()               ? trial_state::failed
                  : !t.stopped()                  ? trial_state::complete
                  : resuming_scheduler<Scheduler> ? trial_state::paused
                                                  : trial_state::stopped;
        if (r.state != trial_state::failed) {
            r.values = std::move(values);
            r.value = r.values[0];
        }
        if constexpr (Storage::persistent) {
            auto all = storage_.together();
            bool const counts = storage_.close(r);
            all.commit();
            if (!counts) {
                r.state = trial_state::failed;
                r.reason = "no sign of life came from it for too long";
                r.values.clear();
                r.value = record::none;
            }
        }
        if (!inheriting_sampler<Sampler> && r.state != trial_state::paused &&
            book_->states.size() > std::size_t(r.number))
            book_->states[std::size_t(r.number)] = {};
    }

    std::int64_t best_locked() const {
        history const past = book_->past();
        std::int64_t best = -1;
        for (record const& r : past.records)
            if (r.state == trial_state::complete &&
                (best < 0 || past.loss(r) < past.loss(past.records[std::size_t(best)])))
                best = r.number;
        return best;
    }

    Sampler sampler_;
    Scheduler scheduler_;
    std::unique_ptr<detail::book> book_ = std::make_unique<detail::book>();
    std::vector<std::vector<preset>> queue_ = {};
    bool declared_ = false;
    std::int64_t ended_ = 0;                         // in all processes
    [[no_unique_address]] mutable Storage storage_;  // goes first: its thread reads the book
};

template <class Sampler, class Storage>
requires requires { Storage::persistent; }
study(Sampler, Storage)->study<Sampler, run_to_end, Storage>;
template <class Sampler, class Storage>
requires requires { Storage::persistent; }
study(space, Sampler, Storage)->study<Sampler, run_to_end, Storage>;

}  // namespace descent::search
