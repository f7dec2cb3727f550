// SPDX-License-Identifier: MIT
#pragma once

#include <descent/search/detail/sqlite.hpp>

#if DESCENT_SQLITE_ENABLED

namespace descent::search::detail {

/// Optuna's tables, revision v3.2.0.a (its head since 2023), and ours: descent_trials for what Optuna has no
/// place for, descent_lists for lists whose order means something.
inline constexpr char const* optuna_tables[] = {
    "CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY "
    "(study_id))",
    "CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name)",
    "CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version "
    "VARCHAR(256), PRIMARY KEY (version_info_id), CHECK (version_info_id=1))",
    "CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL, "
    "study_id "
    "INTEGER NOT NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id), UNIQUE (study_id, "
    "objective), FOREIGN KEY(study_id) REFERENCES studies (study_id))",
    "CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, \"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, \"key\"), FOREIGN "
    "KEY(study_id) REFERENCES studies (study_id))",
    "CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER, "
    "\"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, \"key\"), "
    "FOREIGN "
    "KEY(study_id) REFERENCES studies (study_id))",
    "CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT "
    "NULL, datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id), FOREIGN KEY(study_id) "
    "REFERENCES studies (study_id))",
    "CREATE INDEX ix_trials_study_id ON trials (study_id)",
    "CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, \"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, \"key\"), FOREIGN "
    "KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER, "
    "\"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, \"key\"), "
    "FOREIGN "
    "KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), "
    "param_value FLOAT, distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name), FOREIGN "
    "KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER "
    "NOT "
    "NULL, value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, "
    "objective), FOREIGN KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER "
    "NOT "
    "NULL, step INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL, "
    "PRIMARY "
    "KEY (trial_intermediate_value_id), UNIQUE (trial_id, step), FOREIGN KEY(trial_id) REFERENCES trials "
    "(trial_id))",
    "CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, heartbeat "
    "DATETIME NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id), FOREIGN KEY(trial_id) REFERENCES "
    "trials (trial_id))",
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY "
    "KEY "
    "(version_num))",
    "INSERT INTO alembic_version VALUES ('v3.2.0.a')",
    "INSERT INTO version_info VALUES (1, 12, '4.9.0')",
};
inline constexpr char const* own_tables[] = {
    "CREATE TABLE IF NOT EXISTS descent_trials (trial_id INTEGER NOT NULL PRIMARY KEY REFERENCES trials "
    "(trial_id), paused INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS descent_lists (study_id INTEGER NOT NULL REFERENCES studies (study_id), name "
    "VARCHAR(512) NOT NULL, PRIMARY KEY (study_id, name))",
};

/// Opens a database of studies, made where there is none. Throws storage_error for a file that is not one, is
/// damaged, is of something else or of another revision, and leaves it as it is.
inline void open_studies(sqlite& db, double patience) {
    db.wait_for(patience);
    std::string const& path = db.path();
    auto const refuse = [&](auto const&... why) { throw storage_error(text(path, ": ", why...)); };
    if (std::string const found = db.first("PRAGMA quick_check(1)"); found != "ok")
        refuse("the database is damaged: ", found);
    {
        bool fresh = false;
        auto const look = [&] {
            auto const has = [&](std::string_view name) {
                return db.first("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", name) ==
                       name;
            };
            fresh = db.first("SELECT count(*) FROM sqlite_master") == "0";
            if (fresh)
                return;
            if (!has("alembic_version") || !has("trials"))
                refuse("this is a database of something else: it has no table of studies");
            if (std::string const at = db.first("SELECT version_num FROM alembic_version"); at != "v3.2.0.a")
                refuse("its schema is of revision '", at,
                       "', not v3.2.0.a: `optuna storage upgrade` brings older ones there");
            if (std::string const at = db.first("SELECT schema_version FROM version_info"); at != "12")
                refuse("its schema is of version '", at, "', not 12");
        };
        look();
        // Whoever turns it on needs the file alone for a moment, which is not waited for.
        for (int tries = 0; db.first("PRAGMA journal_mode") != "wal"; ++tries)
            try {
                db.run("PRAGMA journal_mode=WAL");
            } catch (storage_error const&) {
                if (tries > int(patience * 20))
                    throw;
                sqlite3_sleep(50);
            }
        db.run("PRAGMA synchronous=FULL");
        db.run("PRAGMA foreign_keys=ON");
        sqlite_transaction all(db);
        look();
        if (fresh)
            for (char const* table : optuna_tables)
                db.run(table);
        for (char const* table : own_tables)
            db.run(table);
        all.commit();
    }
}

}  // namespace descent::search::detail

#endif
