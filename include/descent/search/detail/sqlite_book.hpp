// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>

#if DESCENT_SQLITE_ENABLED

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <descent/search/detail/distribution.hpp>
#include <descent/search/detail/optuna_schema.hpp>

namespace descent::search::detail {

/// A study's book in a database. Who calls holds the book's lock; one transaction an event.
class sqlite_book {
public:
    static constexpr bool persistent = true;

    sqlite_book(std::string path, std::string study, double heartbeat, double stale, double patience)
        : database_(std::make_unique<sqlite>(std::move(path))),
          name_(std::move(study)),
          heartbeat_(heartbeat),
          stale_(stale),
          heart_(std::make_unique<heart>()) {
        expect(!name_.empty(), "storage: study: must have a name");
        expect(heartbeat > 0, "storage: heartbeat = ", heartbeat, ": must be > 0");
        expect(stale > heartbeat, "storage: stale = ", stale, ": must be > heartbeat = ", heartbeat);
        expect(patience >= 0, "storage: patience = ", patience, ": must be >= 0");
        open_studies(*database_, patience);
    }
    sqlite_book(sqlite_book&&) = default;
    sqlite_book& operator=(sqlite_book&&) = delete;
    ~sqlite_book() {
        if (heart_)
            heart_->stop();
    }

    /// Makes the study or reads it. The book must outlive this.
    void open(book& b) {
        sqlite_transaction all(*database_);
        if (find() < 0) {
            db().run("INSERT INTO studies (study_name) VALUES (?)", name_);
            study_ = db().last_id();
            write_goals(b.goals);
        }
        pull(b);
        all.commit();
        if (b.folder.empty())
            b.folder = text(db().path(), ".trials/", name_);
        b.file = text(db().path(), ": study '", name_, "'");
        b.storage = this;
        b.write_value = [](void* self, book const& of, std::int64_t number, index at) {
            auto& me = *static_cast<sqlite_book*>(self);
            sqlite_transaction one(*me.database_);
            me.write_value(of, number, at);
            one.commit();
        };
        b.write_report = [](void* self, std::int64_t number, reported what) {
            auto& me = *static_cast<sqlite_book*>(self);
            sqlite_transaction one(*me.database_);
            me.write_report(number, what);
            one.commit();
        };
        heart_->start(heartbeat_, [this, &b] {
            std::lock_guard const held(b.lock);
            try {
                beat(b);
            } catch (storage_error const&) {  // the next event tells
            }
        });
    }

    /// Several events as one.
    sqlite_transaction together() { return sqlite_transaction(*database_); }

    /// What others wrote since.
    void pull(book& b) {
        std::string const version = db().first("PRAGMA data_version");
        if (version == seen_)
            return;
        read_goals(b);
        read_spaces(b);
        std::vector<std::pair<std::int64_t, std::int64_t>> changed;  // number, trial_id
        auto known = std::int64_t(ids_.size());
        db().each(
            [&](sqlite_rows& row) {
                std::int64_t const number = row.whole(1);
                if (number < 0 || number > known)
                    refuse("the database is damaged: trial ", number, " of study '", name_, "' follows trial ",
                           known - 1);
                known = std::max(known, number + 1);
                if (number >= std::int64_t(ids_.size()) || !settled(b, number))
                    changed.push_back({number, row.whole(0)});
            },
            "SELECT trial_id, number FROM trials WHERE study_id = ? AND (trial_id > ? OR state IN ('RUNNING', "
            "'WAITING') OR trial_id IN (SELECT trial_id FROM descent_trials)) ORDER BY trial_id",
            study_, settled_below(b));
        for (auto const& [number, id] : changed)
            read_trial(b, number, id);
        seen_ = version;
    }

    /// Trials of processes that died: failed, and enqueued anew.
    void revive(book& b) {
        std::vector<std::int64_t> dead;
        db().each([&](sqlite_rows& row) { dead.push_back(row.whole(0)); },
                  "SELECT t.trial_id FROM trials t JOIN trial_heartbeats h ON h.trial_id = t.trial_id WHERE "
                  "t.study_id = ? AND t.state = 'RUNNING' AND (julianday('now') - julianday(h.heartbeat)) * "
                  "86400 > ?",
                  study_, stale_);
        for (std::int64_t const id : dead) {
            std::int64_t number = -1;
            for (std::size_t i = 0; i < ids_.size(); ++i)
                if (ids_[i] == id)
                    number = std::int64_t(i);
            if (number < 0 || own_[std::size_t(number)])
                continue;
            db().run(text("UPDATE trials SET state = 'FAIL', datetime_complete = ", now, " WHERE trial_id = ?"),
                     id);
            write_reason(id, "no sign of life came from it for too long");
            record& r = b.records[std::size_t(number)];
            r.state = trial_state::failed;
            r.reason = "no sign of life came from it for too long";
            insert(b, "WAITING");
            std::int64_t const copy = ids_.back();
            for (std::string_view const sql :
                 {"INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) SELECT ?, "
                  "param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?",
                  "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, "
                  "intermediate_value_type) SELECT ?, step, intermediate_value, intermediate_value_type FROM "
                  "trial_intermediate_values WHERE trial_id = ?",
                  "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json) SELECT ?, \"key\", "
                  "value_json "
                  "FROM trial_system_attributes WHERE trial_id = ?"})
                db().run(sql, copy, id);
            db().run(
                "INSERT OR IGNORE INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (?, "
                "'failed_trial', ?)",
                copy, text(number));
            db().run(
                "INSERT OR IGNORE INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (?, "
                "'retry_history', '[]')",
                copy);
            db().run(
                "UPDATE trial_system_attributes SET value_json = CASE value_json WHEN '[]' THEN '[' ELSE "
                "substr(value_json, 1, length(value_json) - 1) || ', ' END || ? || ']' WHERE trial_id = ? AND "
                "\"key\" = 'retry_history'",
                text(number), copy);
            read_trial(b, std::int64_t(ids_.size()) - 1, copy);
        }
    }

    struct tally {
        std::int64_t ended, working;
    };
    /// Complete and stopped trials; those at work that will be or will be given up.
    tally count() const {
        tally found{};
        db().each(
            [&](sqlite_rows& row) {
                found = {row.whole(0), row.whole(1)};
            },
            "SELECT sum(state IN ('COMPLETE', 'PRUNED')), sum(state = 'RUNNING' AND trial_id IN (SELECT "
            "trial_id FROM trial_heartbeats)) FROM trials WHERE study_id = ?",
            study_);
        return found;
    }

    /// A new trial at work, without values yet.
    std::int64_t create(book& b) {
        insert(b, "RUNNING");
        own_.back() = true;
        pulse(ids_.back());
        return std::int64_t(ids_.size()) - 1;
    }
    /// A waiting or paused trial goes to work.
    void start(std::int64_t number) {
        std::int64_t const id = ids_[std::size_t(number)];
        db().run(text("UPDATE trials SET state = 'RUNNING', datetime_start = coalesce(datetime_start, ", now,
                      "), datetime_complete = NULL WHERE trial_id = ?"),
                 id);
        db().run("DELETE FROM trial_values WHERE trial_id = ?", id);
        db().run("DELETE FROM descent_trials WHERE trial_id = ?", id);
        own_[std::size_t(number)] = true;
        pulse(id);
    }
    /// The first that waits; -1: none.
    std::int64_t waiting(book const& b) const {
        for (record const& r : b.records)
            if (r.state == trial_state::waiting)
                return r.number;
        return -1;
    }
    std::vector<preset> presets(std::int64_t number, search::space const& space) const {
        std::string const json = db().first(
            "SELECT value_json FROM trial_system_attributes WHERE trial_id = ? AND \"key\" = 'fixed_params'",
            ids_[std::size_t(number)]);
        return json.empty() ? std::vector<preset>{} : read_presets(json, space, where("fixed_params"));
    }
    /// The trial that this one repeats; itself.
    std::int64_t origin(std::int64_t number) const {
        std::string const json = db().first(
            "SELECT value_json FROM trial_system_attributes WHERE trial_id = ? AND \"key\" = 'failed_trial'",
            ids_[std::size_t(number)]);
        return json.empty() ? number : io::json_reader(json, where("failed_trial")).natural();
    }
    void enqueue(book& b, std::vector<preset> const& values) {
        insert(b, "WAITING");
        std::string json;
        for (preset const& p : values) {
            index const k = b.space->find(p.name);
            std::vector<std::string> const none;
            json +=
                text(json.empty() ? "{" : ", ", io::to_json(p.name), ": ",
                     value_json(p, k >= 0 ? &(*b.space)[k] : nullptr,
                                k >= 0 && std::size_t(k) < choices_.size() ? choices_[std::size_t(k)] : none));
        }
        db().run(
            "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (?, 'fixed_params', ?)",
            ids_.back(), json.empty() ? std::string("{}") : json + "}");
        record& r = b.records.emplace_back();
        r.number = std::int64_t(ids_.size()) - 1;
        r.state = trial_state::waiting;
        r.space = b.space;
    }

    void write_value(book const& b, std::int64_t number, index at) {
        auto const k = std::size_t(at);
        domain const& of = (*b.space)[at];
        if (json_.size() <= k) {
            json_.resize(k + 1);
            choices_.resize(k + 1);
        }
        if (json_[k].empty()) {
            if (of.log && of.step > 1)
                throw storage_error(text(db().path(), ": ", b.space->name(at), ": step = ", of.step,
                                         ": the file has only steps of 1 on a log scale"));
            json_[k] = distribution_of(of);
            if (of.kind == domain::type::ordered)
                db().run("INSERT OR IGNORE INTO descent_lists VALUES (?, ?)", study_, b.space->name(at));
        }
        db().run(
            "INSERT OR IGNORE INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES "
            "(?, ?, ?, ?)",
            ids_[std::size_t(number)], b.space->name(at), b.records[std::size_t(number)].chosen[k], json_[k]);
    }

    /// The trial's state, objectives and reason. False: it was given up meanwhile, and does not count.
    bool close(record const& r) {
        std::int64_t const id = ids_[std::size_t(r.number)];
        own_[std::size_t(r.number)] = false;
        char const* const state = r.state == trial_state::complete ? "COMPLETE"
                                  : r.state == trial_state::failed ? "FAIL"
                                                                   : "PRUNED";
        if (db().run(text("UPDATE trials SET state = ?, datetime_complete = ", now,
                          " WHERE trial_id = ? AND state = 'RUNNING'"),
                     std::string_view(state), id) == 0)
            return false;
        for (std::size_t k = 0; k < r.values.size(); ++k) {
            double const v = r.values[k];
            std::string_view const sql =
                "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)";
            if (std::isfinite(v))
                db().run(sql, id, std::int64_t(k), v, std::string_view("FINITE"));
            else
                db().run(sql, id, std::int64_t(k), nullptr, std::string_view(v > 0 ? "INF_POS" : "INF_NEG"));
        }
        if (!r.reason.empty())
            write_reason(id, r.reason);
        if (r.state == trial_state::paused)
            db().run("INSERT OR REPLACE INTO descent_trials VALUES (?, 1)", id);
        return true;
    }

    void write_goals(std::vector<goal> const& goals) {
        db().run("DELETE FROM study_directions WHERE study_id = ?", study_);
        for (std::size_t k = 0; k < goals.size(); ++k)
            db().run("INSERT INTO study_directions (direction, study_id, objective) VALUES (?, ?, ?)",
                     std::string_view(goals[k] == goal::minimize ? "MINIMIZE" : "MAXIMIZE"), study_,
                     std::int64_t(k));
    }

private:
    /// A thread that does something now and then.
    struct heart {
        std::thread worker = {};
        std::mutex lock = {};
        std::condition_variable changed = {};
        bool over = false;

        template <class Beat>
        void start(double seconds, Beat beat) {
            worker = std::thread([this, seconds, beat] {
                std::unique_lock held(lock);
                while (!changed.wait_for(held, std::chrono::duration<double>(seconds), [&] { return over; })) {
                    held.unlock();
                    beat();
                    held.lock();
                }
            });
        }
        void stop() {
            {
                std::lock_guard const held(lock);
                over = true;
            }
            changed.notify_all();
            if (worker.joinable())
                worker.join();
        }
    };

    static constexpr std::string_view now = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'";

    sqlite const& db() const { return *database_; }
    std::string where(std::string_view what) const { return text(db().path(), ": ", what); }
    template <class... Why>
    [[noreturn]] void refuse(Why const&... why) const {
        throw storage_error(text(db().path(), ": ", why...));
    }

    std::int64_t find() {
        std::string const id = db().first("SELECT study_id FROM studies WHERE study_name = ?", name_);
        return study_ = id.empty() ? -1 : std::stoll(id);
    }

    void read_goals(book& b) {
        std::vector<goal> goals;
        db().each(
            [&](sqlite_rows& row) {
                goals.push_back(row.text(0) == "MAXIMIZE" ? goal::maximize : goal::minimize);
            },
            "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", study_);
        if (!goals.empty())
            b.goals = std::move(goals);
    }

    void read_spaces(book& b) {
        db().each(
            [&](sqlite_rows& row) {
                std::string const name = row.text(0), json = row.text(1);
                index const known = b.space->find(name);
                if (known >= 0 && std::size_t(known) < json_.size() && json_[std::size_t(known)] == json)
                    return;
                auto found = read_distribution(json, row.whole(2) != 0, where(name));
                try {
                    b.space->add(name, std::move(found.what));
                } catch (error const& fault) {
                    refuse("study '", name_, "': ", std::string_view(fault.what()));
                }
                auto const k = std::size_t(b.space->find(name));
                if (json_.size() <= k) {
                    json_.resize(k + 1);
                    choices_.resize(k + 1);
                }
                if (json_[k].empty()) {
                    json_[k] = json;
                    choices_[k] = std::move(found.choices);
                }
            },
            "SELECT DISTINCT p.param_name, p.distribution_json, EXISTS (SELECT 1 FROM descent_lists l WHERE "
            "l.study_id = t.study_id AND l.name = p.param_name) FROM trial_params p JOIN trials t ON "
            "t.trial_id = "
            "p.trial_id WHERE t.study_id = ? AND p.param_id > ? ORDER BY p.param_id",
            study_, last_param_);
        std::string const last = db().first("SELECT max(param_id) FROM trial_params");
        last_param_ = last.empty() ? 0 : std::stoll(last);
    }

    /// Will this trial never change again, or does this process alone change it?
    bool settled(book const& b, std::int64_t number) const {
        trial_state const s = b.records[std::size_t(number)].state;
        return own_[std::size_t(number)] ||
               (s != trial_state::running && s != trial_state::waiting && s != trial_state::paused);
    }
    /// The id up to which all trials are.
    std::int64_t settled_below(book const& b) const {
        std::size_t i = 0;
        while (i < ids_.size() && settled(b, std::int64_t(i)) && !own_[i])
            ++i;
        return i > 0 ? ids_[i - 1] : -1;
    }

    void read_trial(book& b, std::int64_t number, std::int64_t id) {
        record r;
        r.number = number;
        r.space = b.space;
        auto const size = std::size_t(b.space->size());
        r.chosen.assign(size, record::none);
        r.coordinates.assign(size, record::none);
        std::string state;
        db().each(
            [&](sqlite_rows& row) {
                state = row.text(0);
                if (state == "PRUNED" && row.whole(1) != 0)
                    state = "PAUSED";
            },
            "SELECT state, EXISTS (SELECT 1 FROM descent_trials d WHERE d.trial_id = t.trial_id AND d.paused) "
            "FROM "
            "trials t WHERE trial_id = ?",
            id);
        r.state = state == "COMPLETE"  ? trial_state::complete
                  : state == "PRUNED"  ? trial_state::stopped
                  : state == "PAUSED"  ? trial_state::paused
                  : state == "RUNNING" ? trial_state::running
                  : state == "WAITING" ? trial_state::waiting
                                       : trial_state::failed;
        db().each(
            [&](sqlite_rows& row) {
                std::string const name = row.text(0);
                index const k = b.space->find(name);
                double const value = row.number(1);
                if (k < 0 || row.empty(1) || !(*b.space)[k].has(value))
                    refuse("the database is damaged: trial ", number, ": ", std::string_view(name), " = ",
                           value, ": is not in its domain");
                r.chosen[std::size_t(k)] = value;
                r.coordinates[std::size_t(k)] = (*b.space)[k].coordinate(value);
            },
            "SELECT param_name, param_value FROM trial_params WHERE trial_id = ?", id);
        auto const value_of = [](sqlite_rows& row, int value, int type) {
            std::string const kind = row.text(type);
            return kind == "FINITE"    ? row.number(value)
                   : kind == "INF_POS" ? HUGE_VAL
                   : kind == "INF_NEG" ? -HUGE_VAL
                                       : record::none;
        };
        db().each([&](sqlite_rows& row) { r.values.push_back(value_of(row, 0, 1)); },
                  "SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective", id);
        db().each(
            [&](sqlite_rows& row) {
                r.reports.push_back({row.whole(0), value_of(row, 1, 2)});
            },
            "SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values WHERE "
            "trial_id = ? ORDER BY step",
            id);
        if (!r.values.empty())
            r.value = r.values[0];
        if (r.state == trial_state::complete && r.values.size() != b.goals.size())
            refuse("the database is damaged: trial ", number, " has ", r.values.size(), " values for ",
                   b.goals.size(), " goals");
        if (r.state == trial_state::failed) {
            std::string const json = db().first(
                "SELECT value_json FROM trial_user_attributes WHERE trial_id = ? AND \"key\" = 'reason'", id);
            r.reason = json.empty() || json.front() != '"' ? std::string("it failed elsewhere")
                                                           : io::json_reader(json, where("reason")).string();
        }
        auto const n = std::size_t(number);
        if (ids_.size() <= n) {
            ids_.resize(n + 1);
            own_.resize(n + 1);
        }
        if (b.records.size() <= n)
            b.records.resize(n + 1);
        ids_[n] = id;
        b.records[n] = std::move(r);
    }

    /// A row for one more trial. The caller adds it to the book.
    void insert(book const&, std::string_view state) {
        std::string_view const started = state == "RUNNING" ? now : "NULL";
        db().run(text("INSERT INTO trials (number, study_id, state, datetime_start) VALUES (?, ?, ?, ", started,
                      ")"),
                 std::int64_t(ids_.size()), study_, state);
        ids_.push_back(db().last_id());
        own_.push_back(false);
    }

    void write_report(std::int64_t number, reported what) {
        std::string_view const sql =
            "INSERT OR REPLACE INTO trial_intermediate_values (trial_id, step, "
            "intermediate_value, intermediate_value_type) VALUES (?, ?, ?, ?)";
        std::int64_t const id = ids_[std::size_t(number)];
        if (std::isfinite(what.value))
            db().run(sql, id, what.step, what.value, std::string_view("FINITE"));
        else
            db().run(sql, id, what.step, nullptr,
                     std::string_view(what.value != what.value ? "NAN"
                                      : what.value > 0         ? "INF_POS"
                                                               : "INF_NEG"));
        pulse(id);
    }
    void write_reason(std::int64_t id, std::string_view reason) {
        db().run(
            "INSERT OR REPLACE INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES (?, 'reason', "
            "?)",
            id, io::to_json(reason));
    }

    void pulse(std::int64_t id) {
        db().run(text("INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?, ", now,
                      ") ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat"),
                 id);
    }
    void beat(book const& b) {
        bool any = false;
        for (record const& r : b.records)
            any = any || (own_[std::size_t(r.number)] && r.state == trial_state::running);
        if (!any)
            return;
        sqlite_transaction one(*database_);
        for (record const& r : b.records)
            if (own_[std::size_t(r.number)] && r.state == trial_state::running)
                pulse(ids_[std::size_t(r.number)]);
        one.commit();
    }

    std::unique_ptr<sqlite> database_;
    std::string name_;
    double heartbeat_, stale_;
    std::int64_t study_ = -1, last_param_ = 0;
    std::string seen_ = {};
    std::vector<std::int64_t> ids_ = {};  // by number
    std::vector<char> own_ = {};          // at work in this process
    std::vector<std::string> json_ = {};  // by position in the space
    std::vector<std::vector<std::string>> choices_ = {};
    std::unique_ptr<heart> heart_;
};

}  // namespace descent::search::detail

#endif
