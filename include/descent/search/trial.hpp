// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/search/preset.hpp>
#include <descent/search/record.hpp>

namespace descent::search {

/// A database refused: the trial at work is not at fault, and the run ends with this.
class storage_error : public error {
public:
    using error::error;
};

namespace detail {

/// Anything that can be copied, by its type's mark.
struct kept_state {
    std::shared_ptr<void> data = nullptr;
    std::shared_ptr<void> (*copy)(void const*) = nullptr;
    void const* type = nullptr;
};
template <class S>
inline constexpr char state_mark = 0;

/// What a study and its trials share; each access holds the lock.
struct book {
    std::mutex lock = {};
    std::shared_ptr<search::space> space = std::make_shared<search::space>();
    std::vector<record> records = {};
    std::vector<goal> goals = {goal::minimize};
    std::vector<kept_state> states = {};  // by number
    std::uint64_t seed = 0;
    std::string folder = {};
    std::string file = {};  // and study, of a database
    bool (*should_stop)(void* scheduler, history const& past, record const& r) = nullptr;
    void* scheduler = nullptr;
    // Where all is written down as it happens.
    void (*write_value)(void* storage, book const& b, std::int64_t number, index at) = nullptr;
    void (*write_report)(void* storage, std::int64_t number, reported what) = nullptr;
    void* storage = nullptr;

    history past() const { return {*space, records, goals}; }
};

}  // namespace detail

/// A trial at work: the objective asks it for values by name and may report on its way. Asking twice gives the
/// same value. A name that the space does not have yet is added, and its first value drawn at random; what
/// later trials get the sampler proposes.
class trial {
public:
    std::int64_t number() const { return number_; }

    /// The value of a declared name. Throws descent::error where the space does not have it.
    double operator[](std::string_view name) {
        std::lock_guard const held(book_->lock);
        return number_of(declared(name));
    }
    /// The chosen text of a declared name.
    std::string const& label(std::string_view name) {
        std::lock_guard const held(book_->lock);
        return text_of(declared(name), name);
    }

    /// As the functions of the same names in domain.hpp. Throws descent::error for a domain without values, and
    /// where the name had another one; of a study in a file it is a storage_error, which ends the run.
    double uniform(std::string_view name, double low, double high, step_option options = {}) {
        return ask(name, search::uniform(low, high, options));
    }
    double log_uniform(std::string_view name, double low, double high) {
        return ask(name, search::log_uniform(low, high));
    }
    std::int64_t integer(std::string_view name, std::int64_t low, std::int64_t high,
                         integer_options options = {}) {
        return std::int64_t(ask(name, search::integer(double(low), double(high), options)));
    }
    std::string const& categorical(std::string_view name, std::vector<std::string> labels) {
        return ask_text(name, search::categorical(std::move(labels)));
    }
    double categorical(std::string_view name, std::initializer_list<double> levels) {
        return ask(name, search::categorical(levels));
    }
    std::string const& ordered(std::string_view name, std::vector<std::string> labels) {
        return ask_text(name, search::ordered(std::move(labels)));
    }
    double ordered(std::string_view name, std::initializer_list<double> levels) {
        return ask(name, search::ordered(levels));
    }

    /// What the study keeps of the trial by now: its values, its reports.
    record so_far() const {
        std::lock_guard const held(book_->lock);
        return book_->records[std::size_t(number_)];
    }

    /// The last step that the trial reported before it was paused, or before its process died; 0: it begins.
    std::int64_t resumed_at() const { return resumed_at_; }

    /// What the trial needs to go on after a pause: an S, made by S{} when first asked for, that lives as long
    /// as the study in this process. Of a sampler with parents: a copy of the parent's. Throws descent::error
    /// where it was asked for as another type.
    ///
    ///     auto& last = t.state<snapshot<float>>();  // resume{last}, checkpoint{[&](auto& now) { last = now;
    ///     }}
    template <class S>
    S& state() {
        std::lock_guard const held(book_->lock);
        if (book_->states.size() <= std::size_t(number_))
            book_->states.resize(std::size_t(number_) + 1);
        detail::kept_state& kept = book_->states[std::size_t(number_)];
        if (!kept.data)
            kept = {std::make_shared<S>(),
                    [](void const* from) -> std::shared_ptr<void> {
                        return std::make_shared<S>(*static_cast<S const*>(from));
                    },
                    &detail::state_mark<S>};
        expect(kept.type == &detail::state_mark<S>, "trial: state: it is of another type");
        return *static_cast<S*>(kept.data.get());
    }

    /// The folder for this trial's checkpoints, which other processes and later runs find too: as
    /// checkpoint_file and resume_from take it. Only a name: nothing is made. Throws descent::error unless the
    /// study has a database or set_folder.
    std::string folder() const {
        std::lock_guard const held(book_->lock);
        expect(!book_->folder.empty(), "trial: folder: the study has none: set_folder");
        return text(book_->folder, "/trial-", origin_);
    }

    /// The objective so far, at a step (an epoch, a number of samples) that grows from report to report. Steps
    /// that the trial had reported before it was resumed are passed over. Throws descent::error where it does
    /// not grow.
    void report(std::int64_t step, double value) {
        std::lock_guard const held(book_->lock);
        record& r = mine();
        if (step <= resumed_at_)
            return;
        expect(r.reports.empty() || r.reports.back().step < step, "trial: report: step = ", step,
               ": must be > ", r.reports.empty() ? step : r.reports.back().step);
        if (book_->write_report)
            book_->write_report(book_->storage, number_, {step, value});
        r.reports.push_back({step, value});
    }

    /// Does the scheduler want it to end now? The objective returns what it has.
    bool should_stop() {
        std::lock_guard const held(book_->lock);
        record& r = mine();
        if (!stopped_ && book_->should_stop && !r.reports.empty() && r.reports.back().step > resumed_at_)
            stopped_ = book_->should_stop(book_->scheduler, book_->past(), r);
        return stopped_;
    }

    /// Was it told to end?
    bool stopped() const { return stopped_; }

    // What a study makes.
    trial(detail::book& book, std::int64_t number, std::vector<double> proposed, std::vector<preset> given)
        : book_(&book),
          number_(number),
          origin_(number),
          proposed_(std::move(proposed)),
          given_(std::move(given)) {
        if (auto const& reports = mine().reports; !reports.empty())
            resumed_at_ = reports.back().step;
    }
    /// Its checkpoints are those of another one, which it repeats.
    void set_origin(std::int64_t number) { origin_ = number; }
    bool resumed() const { return resumed_; }
    void set_resumed() { resumed_ = true; }
    /// Asks for every name of the space; the caller holds the lock.
    void settle() {
        for (index k = 0; k < book_->space->size(); ++k)
            value_of(k);
    }

private:
    record& mine() { return book_->records[std::size_t(number_)]; }

    index declared(std::string_view name) {
        index const at = book_->space->find(name);
        expect(at >= 0, "trial: the space has no '", name, "'");
        return at;
    }

    double ask(std::string_view name, domain what) {
        std::lock_guard const held(book_->lock);
        grow(name, std::move(what));
        return number_of(book_->space->find(name));
    }
    std::string const& ask_text(std::string_view name, domain what) {
        std::lock_guard const held(book_->lock);
        grow(name, std::move(what));
        return text_of(book_->space->find(name), name);
    }

    void grow(std::string_view name, domain what) {
        index const known = book_->space->find(name);
        if (known >= 0 && !book_->file.empty() && (*book_->space)[known] != what)
            throw storage_error(
                text(book_->file, ": search: ", name, ": its domain is not what it was before"));
        book_->space->add(name, std::move(what));
    }

    double number_of(index at) { return (*book_->space)[at].number(value_of(at)); }
    std::string const& text_of(index at, std::string_view name) {
        domain const& of = (*book_->space)[at];
        expect(!of.labels.empty(), "trial: '", name, "' is not a list of texts");
        return of.labels[std::size_t(value_of(at))];
    }

    double value_of(index at) {
        record& r = mine();
        domain const& of = (*book_->space)[at];
        if (auto const size = std::size_t(book_->space->size()); r.chosen.size() < size) {
            r.chosen.resize(size, record::none);
            r.coordinates.resize(size, record::none);
        }
        double& chosen = r.chosen[std::size_t(at)];
        if (chosen != chosen) {
            double coordinate = record::none, given = record::none;
            if (at < index(proposed_.size()))
                coordinate = proposed_[std::size_t(at)];
            for (preset const& p : given_)
                if (p.name == book_->space->name(at))
                    given = p.value_in(of);
            if (given != given && coordinate != coordinate) {
                generator const draws{book_->seed, 0x7a1a1u};
                coordinate = draws.uniform<double>(std::uint64_t(number_) << 20 | std::uint64_t(at)) *
                             (of.nominal() ? double(of.count()) : 1.0);
                coordinate -= of.nominal() ? 0.5 : 0.0;
            }
            chosen = given == given ? given : of.value(coordinate);
            r.coordinates[std::size_t(at)] = of.coordinate(chosen);
            if (book_->write_value)
                book_->write_value(book_->storage, *book_, number_, at);
        }
        return chosen;
    }

    detail::book* book_;
    std::int64_t number_, origin_, resumed_at_ = 0;
    std::vector<double> proposed_;
    std::vector<preset> given_;
    bool stopped_ = false, resumed_ = false;
};

}  // namespace descent::search
