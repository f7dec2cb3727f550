// SPDX-License-Identifier: MIT
#include <descent/search/asha.hpp>
#include <descent/search/random.hpp>
#include <descent/search/storage.hpp>
#include <descent/search/study.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#if !DESCENT_SQLITE_ENABLED
TEST_CASE("search storage") { WARN("skipped: built without SQLite (Debian: libsqlite3-dev)"); }
#else

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "message.hpp"
#include "optuna_dump.hpp"

using namespace descent;
using search::record;
using search::trial_state;

namespace {

struct folder_of_a_test {
    std::string path = "/tmp/descent_storage_XXXXXX";
    folder_of_a_test() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~folder_of_a_test() { std::filesystem::remove_all(path); }
    std::string operator/(std::string_view name) const { return text(path, '/', name); }
};

std::string bytes_of(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void run_sql(std::string const& path, char const* sql) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);  // heartbeats
    CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

/// Each table's columns: name, type, NOT NULL, key.
std::map<std::string, std::string> tables_of(std::string const& path) {
    search::detail::sqlite const db(path);
    std::map<std::string, std::string> found;
    std::vector<std::string> names;
    db.each([&](auto& row) { names.push_back(row.text(0)); },
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'descent%'");
    for (std::string const& name : names)
        for (auto const* what : {"table_info", "index_list", "foreign_key_list"})
            db.each(
                [&](auto& row) {
                    for (int k = 1; k < 6; ++k)
                        found[name] += row.text(k) + " ";
                    found[name] += "; ";
                },
                text("SELECT * FROM pragma_", std::string_view(what), "('", name, "')"));
    return found;
}

void same(std::vector<record> const& a, std::vector<record> const& b) {
    REQUIRE(a.size() == b.size());
    auto const equal = [](double x, double y) { return x == y || (x != x && y != y); };
    for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(a[i].number == b[i].number);
        CHECK(a[i].state == b[i].state);
        CHECK(a[i].values == b[i].values);
        CHECK(a[i].reason == b[i].reason);
        bool reports = a[i].reports.size() == b[i].reports.size(), chosen = true;
        for (std::size_t k = 0; reports && k < a[i].reports.size(); ++k)
            reports = a[i].reports[k].step == b[i].reports[k].step &&
                      equal(a[i].reports[k].value, b[i].reports[k].value);
        CHECK(reports);
        for (descent::index k = 0; k < a[i].space->size(); ++k) {
            std::string const& name = a[i].space->name(k);
            chosen =
                chosen && a[i].has(name) == b[i].has(name) && (!a[i].has(name) || a[i][name] == b[i][name]);
        }
        CHECK(chosen);
    }
}

double work(search::trial& t) {
    double const x = t.uniform("x", -1, 1), rate = t.log_uniform("rate", 1e-5, 1);
    auto const width = t.integer("width", 8, 64, {.log = true});
    double const size = t.ordered("size", {16, 32.5, 64}), step = t.uniform("step", 0, 1, {.step = 0.3});
    std::string const kind = t.categorical("a \"kind\"", {"re\nlu", "t\u00e4nh"});
    double const value = x * x + rate + double(width) + size + step + (kind == "re\nlu");
    for (std::int64_t i = t.resumed_at() + 1; i <= 9; ++i) {
        t.report(i, t.number() == 5 ? NAN : t.number() == 6 ? -HUGE_VAL : value + 1.0 / double(i));
        if (t.should_stop())
            return t.number() == 7 ? HUGE_VAL : value;
    }
    if (t.number() == 6)
        throw error("no \"memory\"\n");
    return value;
}

}  // namespace

TEST_CASE("search storage: a study is read back as it was, and goes on") {
    folder_of_a_test const folder;
    std::string const path = folder / "a.db";
    std::vector<record> was;
    {
        search::study study{search::random{.seed = 1}, search::asha{.most = 9}, search::storage{path}};
        study.enqueue({{"x", 0.25}, {"a \"kind\"", "t\u00e4nh"}});
        CHECK(study.minimize({.trials = 12}, work).trials == 12);
        was = study.records();
        CHECK((was[0]["x"] == 0.25 && was[0].label("a \"kind\"") == "t\u00e4nh"));
        CHECK(study.ask().folder() == path + ".trials/study/trial-12");
    }
    search::study study{search::random{.seed = 1}, search::asha{.most = 9}, search::storage{path}};
    auto now = study.records();
    CHECK(now[12].state == trial_state::running);
    now.pop_back();
    same(was, now);
    CHECK(study.minimize({.trials = 4}, work).trials == 4);
    CHECK(study.records().size() == 17);
    // What is another study's stays there.
    search::study other{search::random{}, search::storage{path, {.study = "other"}}};
    other.maximize({.trials = 3}, [](search::trial& t) { return t.uniform("x", 0, 5); });
    CHECK(other.records().size() == 3);
    search::study again{search::random{}, search::storage{path, {.study = "other"}}};
    CHECK(again.best().value == other.best().value);
    CHECK(message_of([&] { again.minimize({}, work); }) ==
          "study: the goals cannot change once there are trials");
    auto t = again.ask();
    std::string const differs = path + ": study 'other': search: x: its domain is not what it was before";
    CHECK(message_of([&] { t.uniform("x", 0, 6); }) == differs);
    CHECK(t.uniform("x", 0, 5) >= 0);
    // An objective that asks for another domain is no trial's fault: the run ends.
    std::size_t const before = again.records().size();
    try {
        again.maximize({.trials = 5}, [](search::trial& u) { return u.uniform("x", 0, 6); });
        CHECK(false);
    } catch (search::storage_error const& thrown) {
        CHECK(thrown.what() == differs);
    }
    CHECK(again.records().size() == before + 1);
    search::space changed;
    changed.add("x", search::uniform(0, 6));
    CHECK(message_of([&] {
              search::study bad{changed, search::random{}, search::storage{path, {.study = "other"}}};
          }) == differs);
}

TEST_CASE("search storage: Optuna's tables, and a study that Optuna wrote") {
    folder_of_a_test const folder;
    std::string const path = folder / "optuna.db";
    run_sql(path, optuna_dump);
    { search::study ours{search::random{}, search::storage{folder / "ours.db"}}; }
    CHECK(tables_of(folder / "ours.db") == tables_of(path));
    search::study study{search::random{}, search::storage{path, {.study = "s"}}};
    auto const r = study.records();
    REQUIRE(r.size() == 6);
    std::vector<trial_state> states;
    for (auto const& one : r)
        states.push_back(one.state);
    CHECK(states == std::vector<trial_state>{trial_state::complete, trial_state::complete, trial_state::failed,
                                             trial_state::stopped, trial_state::complete,
                                             trial_state::waiting});
    CHECK((r[0].value == 0.5 && r[0]["x"] == 0.5 && r[0].label("c") == "b" && r[0]["n"] == 5));
    CHECK((r[4].value == HUGE_VAL && std::isnan(r[0].reports[1].value)));
    CHECK((r[1].label("c") == "2.5" && r[3].label("c") == "true" && r[1]["q"] == 0.5));
    auto const objective = [](search::trial& t) {
        return t.uniform("x", 0, 1) + t.log_uniform("l", 1e-4, 1) +
               (t.categorical("c", {"a", "b", "null", "true", "2.5"}) == "null" ? 0 : 1);
    };
    study.enqueue({{"c", "null"}});
    study.minimize({.trials = 2}, objective);
    CHECK((study.records()[5]["x"] == 0.25 && study.records()[6].label("c") == "null"));
    // Choices are written as they stood.
    CHECK(search::detail::sqlite(path).first(
              "SELECT count(DISTINCT distribution_json) FROM trial_params WHERE param_name = 'c'") == "1");
    CHECK(search::detail::sqlite(path).first(
              "SELECT value_json FROM trial_system_attributes WHERE trial_id = 7") == "{\"c\": null}");
}

TEST_CASE("search storage: several at work on one study; who dies is repeated") {
    folder_of_a_test const folder;
    std::string const path = folder / "a.db";
    auto const open = [&] { return search::storage{path, {.heartbeat = 0.2, .stale = 1.5}}; };
    auto const value = [](search::trial& t) { return t.uniform("x", 0, 1); };
    double lost = 0;
    {
        search::study dies{search::random{}, search::run_to_end{}, open()};
        dies.minimize({.trials = 1}, value);
        auto t = dies.ask();
        lost = value(t);
        t.report(3, 7);
    }
    search::study a{search::random{}, search::run_to_end{}, open()},
        b{search::random{}, search::run_to_end{}, open()};
    std::thread other([&] { b.minimize({.trials = 0, .total = 8, .parallel = 2}, value); });
    bool repeated = false;
    a.minimize({.trials = 0, .total = 8}, [&](search::trial& t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return value(t);
    });
    other.join();
    int complete = 0, failed = 0;
    for (record const& r : a.records()) {
        complete += r.state == trial_state::complete;
        failed += r.state == trial_state::failed;
        if (r.number > 1 && r.has("x") && r["x"] == lost) {
            repeated = true;
            CHECK((r.reports.size() == 1 && r.reports[0].step == 3));
            CHECK(search::detail::sqlite(path).first(
                      "SELECT group_concat(\"key\" || value_json) FROM trial_system_attributes") ==
                  "failed_trial1,retry_history[1]");
        }
    }
    CHECK((complete == 8 && failed == 1 && repeated));
    CHECK(a.records()[1].reason == "no sign of life came from it for too long");
    same(a.records(), b.records());
    // Who was given up and comes back does not count.
    auto t = a.ask();
    run_sql(path, "UPDATE trials SET state = 'FAIL' WHERE state = 'RUNNING'");
    a.tell(t, 1);
    CHECK(a.records().back().state == trial_state::failed);
    CHECK(b.records().back().state == trial_state::failed);
}

TEST_CASE("search storage: presets of another process that the conditions here do not allow") {
    folder_of_a_test const folder;
    search::storage_options const options{};
    search::space space;
    space.add("x", search::uniform(0, 1)).add("y", search::uniform(0, 1));
    search::study other{space, search::random{}, search::storage{folder / "a.db", options}};
    other.enqueue({{"x", 0.75}});
    other.enqueue({{"x", 0.3}});
    space.require([](search::setting const& s) { return s["x"] + s["y"] <= 0.5; });
    search::study study{space, search::random{}, search::storage{folder / "a.db", options}};
    CHECK(message_of([&] { study.ask(); }) == "study: trial 0: the conditions allow no point with x = 0.75");
    CHECK((study.records()[0].state == trial_state::failed && !study.records()[0].reason.empty()));
    auto t = study.ask();
    CHECK((t.number() == 1 && t["x"] == 0.3 && t["x"] + t["y"] <= 0.5));
    CHECK(other.records()[0].reason == study.records()[0].reason);
}

TEST_CASE("search storage: what cannot be used is told, and left as it is") {
    folder_of_a_test const folder;
    std::string const path = folder / "a.db";
    auto const told = [&](search::storage_options options = {}) {
        auto const before = bytes_of(path);
        std::string const message = message_of([&] {
            search::study s{search::random{}, search::storage{path, options}};
        });
        CHECK(bytes_of(path) == before);
        return message.substr(0, path.size()) == path ? message.substr(path.size()) : message;
    };
    std::ofstream(path) << std::string(5000, 'x');
    CHECK(told() == ": SQLite: file is not a database");
    std::filesystem::remove(path);
    run_sql(path, "CREATE TABLE songs (name TEXT)");
    CHECK(told() == ": this is a database of something else: it has no table of studies");
    std::filesystem::remove(path);
    {
        search::study study{search::random{}, search::storage{path}};
        study.minimize({.trials = 30}, [](search::trial& t) { return t.uniform("x", 0, 1); });
    }
    run_sql(path, "UPDATE alembic_version SET version_num = 'v3.0.0.d'");
    CHECK(told() ==
          ": its schema is of revision 'v3.0.0.d', not v3.2.0.a: `optuna storage upgrade` brings older "
          "ones there");
    run_sql(path,
            "UPDATE alembic_version SET version_num = 'v3.2.0.a'; UPDATE version_info SET schema_version = 13");
    CHECK(told() == ": its schema is of version '13', not 12");
    run_sql(path, "UPDATE version_info SET schema_version = 12");
    {
        search::detail::sqlite other(path);
        search::detail::sqlite_transaction const writes(other);
        CHECK(told({.patience = 0.05}) == ": another program keeps the database locked");
    }
    {  // Locked while a trial is at work: the run ends, the trial is not at fault.
        search::study study{search::random{}, search::storage{path, {.patience = 0.05}}};
        CHECK(message_of([&] {
                  study.minimize({.trials = 5}, [&](search::trial& t) {
                      search::detail::sqlite other(path);
                      search::detail::sqlite_transaction const writes(other);
                      t.report(1, 1);
                      return 0;
                  });
              }) == path + ": another program keeps the database locked");
        CHECK(study.records().back().state == trial_state::running);
    }
    CHECK(told({.study = ""}) == "storage: study: must have a name");
    CHECK(told({.heartbeat = 0}) == "storage: heartbeat = 0: must be > 0");
    CHECK(told({.heartbeat = 5, .stale = 2}) == "storage: stale = 2: must be > heartbeat = 5");
    run_sql(path, "UPDATE trial_params SET param_value = 3 WHERE trial_id = 4");
    CHECK(told() == ": the database is damaged: trial 3: x = 3: is not in its domain");
    run_sql(path,
            "UPDATE trial_params SET param_value = 0.5, distribution_json = '{\"name\": \"Float' WHERE "
            "trial_id = 4");
    CHECK(told() == ": x: byte 15: the string has no end");
    // Pages overwritten in the middle of the file.
    auto bytes = bytes_of(path);
    for (std::size_t i = 8 * 4096; i < bytes.size() - 4096; ++i)
        bytes[i] = char(i * 37);
    std::ofstream(path, std::ios::binary) << bytes;
    CHECK(told() == ": SQLite: database disk image is malformed");
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    CHECK(message_of([&] { search::storage{path}; }) == path + ": SQLite: unable to open database file");
}
#endif
