// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <descent/search/space.hpp>

namespace descent::search {

enum class trial_state {
    running,   ///< asked, not told
    complete,  ///< told
    stopped,   ///< early, by the scheduler; its value is the last that it reported
    failed,    ///< its objective threw, or was not a number
    paused,    ///< stopped, but the scheduler may let it go on
    waiting    ///< enqueued in a database, not begun
};

enum class goal { minimize, maximize };

/// What a trial reported on its way.
struct reported {
    std::int64_t step;
    double value;
};

/// A trial as the study keeps it. Copies share the space.
struct record {
    static constexpr double none = std::numeric_limits<double>::quiet_NaN();

    std::int64_t number = -1;  ///< from 0 in the order of asking; -1: there is no such trial
    trial_state state = trial_state::failed;
    double value = none;              ///< the objective, the first of several
    std::vector<double> values = {};  ///< all objectives
    std::vector<reported> reports = {};
    std::string reason = {};               ///< of a failure; of number -1: why there is no such trial
    std::vector<double> chosen = {};       ///< values by position in the space; NaN: not asked for
    std::vector<double> coordinates = {};  ///< the same as samplers see them
    std::shared_ptr<search::space const> space = nullptr;
    std::vector<double> folds = {};  ///< of a trial that tune made: the score of each

    /// The number of that name; of a list of texts: the position. Throws descent::error where there is none.
    double operator[](std::string_view name) const { return found()[name]; }
    /// The chosen text of that name. Throws descent::error where there is none.
    std::string const& label(std::string_view name) const { return found().label(name); }
    bool has(std::string_view name) const { return setting(space.get(), &chosen).has(name); }

private:
    setting found() const {
        if (number < 0 && !reason.empty())
            fail("search: ", reason);
        return setting(space.get(), &chosen);
    }
};

/// What samplers and schedulers see of a study.
struct history {
    search::space const& space;
    std::vector<record> const& records;  ///< by number
    std::vector<goal> const& goals;      ///< one an objective

    /// The objective turned so that less is better; NaN where it is not known.
    double loss(record const& r, std::size_t objective = 0) const {
        if (r.state != trial_state::complete && r.state != trial_state::stopped &&
            r.state != trial_state::paused)
            return record::none;
        return turned(objective < r.values.size() ? r.values[objective] : r.value, objective);
    }
    /// A value of an objective turned so that less is better.
    double turned(double value, std::size_t objective = 0) const {
        return goals[objective] == goal::minimize ? value : -value;
    }

    /// The least that a trial reported, turned so; infinite where it reported no number.
    double least_reported(record const& r) const {
        double least = HUGE_VAL;
        for (reported const& at : r.reports)
            if (at.value == at.value)
                least = std::fmin(least, turned(at.value));
        return least;
    }

    /// The coordinate of a trial at position k of the space; `missing` where it did not ask for it.
    static double coordinate(record const& r, index k, double missing) {
        if (k >= index(r.coordinates.size()))
            return missing;
        double const at = r.coordinates[std::size_t(k)];
        return at == at ? at : missing;
    }
};

/// A sampler proposes where to try next: suggest(past, number, to) writes the coordinates of trial `number` to
/// `to`, one for each of the space. The past holds all trials before it, running ones too. What it writes is
/// moved to the nearest value that exists. It may keep what makes it faster, and is never called by two threads
/// at once.
template <class S>
concept sampler = requires(S s, history const& past, std::int64_t number, std::vector<double>& to) {
    s.suggest(past, number, to);
};

/// A scheduler stops trials early: should_stop(past, r) tells whether the running trial r, which has just
/// reported, is to end.
template <class S>
concept scheduler = requires(S s, history const& past, record const& r) {
    { s.should_stop(past, r) } -> std::convertible_to<bool>;
};

/// A scheduler whose stops are pauses: next(past, more) names the paused trial that is to go on now, or -1.
/// Where `more` is false no new trial will begin, so that nothing is to be waited for but those at work. Both
/// answers follow from the past alone, so that several processes may share a study.
template <class S>
concept resuming_scheduler = scheduler<S> && requires(S s, history const& past, bool more) {
    { s.next(past, more) } -> std::convertible_to<std::int64_t>;
};

/// A sampler whose trials begin where others ended: parent(past, number) names the trial whose state trial
/// `number` gets a copy of, or -1. Asked right after suggest.
template <class S>
concept inheriting_sampler = sampler<S> && requires(S s, history const& past, std::int64_t number) {
    { s.parent(past, number) } -> std::convertible_to<std::int64_t>;
};

}  // namespace descent::search
