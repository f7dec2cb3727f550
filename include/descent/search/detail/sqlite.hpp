// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>

#if DESCENT_SQLITE_ENABLED

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include <descent/search/trial.hpp>

namespace descent::search::detail {

/// One question to a database, and its rows.
class sqlite_rows {
public:
    sqlite_rows(sqlite3* database, std::string const& path, std::string_view sql)
        : database_(database), path_(&path) {
        check(sqlite3_prepare_v2(database, sql.data(), int(sql.size()), &statement_, nullptr));
    }
    ~sqlite_rows() { sqlite3_finalize(statement_); }
    sqlite_rows(sqlite_rows const&) = delete;
    sqlite_rows& operator=(sqlite_rows const&) = delete;

    void bind(int at, std::int64_t value) { check(sqlite3_bind_int64(statement_, at, value)); }
    void bind(int at, int value) { check(sqlite3_bind_int64(statement_, at, value)); }
    void bind(int at, double value) { check(sqlite3_bind_double(statement_, at, value)); }
    void bind(int at, std::string_view value) {
        check(sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    void bind(int at, std::nullptr_t) { check(sqlite3_bind_null(statement_, at)); }

    /// Is there one more row?
    bool next() {
        int const code = sqlite3_step(statement_);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            check(code);
        return code == SQLITE_ROW;
    }
    std::int64_t whole(int column) const { return sqlite3_column_int64(statement_, column); }
    double number(int column) const { return sqlite3_column_double(statement_, column); }
    bool empty(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::string text(int column) const {
        auto const* const from = reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
        return from ? std::string(from, std::size_t(sqlite3_column_bytes(statement_, column))) : std::string();
    }

private:
    void check(int code) const {
        if (code == SQLITE_OK)
            return;
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
            throw storage_error(descent::text(*path_, ": another program keeps the database locked"));
        throw storage_error(descent::text(*path_, ": SQLite: ", std::string_view(sqlite3_errmsg(database_))));
    }

    sqlite3* database_;
    std::string const* path_;
    sqlite3_stmt* statement_ = nullptr;
};

/// A connection. Every code that is not a success is a storage_error that names the file.
class sqlite {
public:
    explicit sqlite(std::string path) : path_(std::move(path)) {
        int const code =
            sqlite3_open_v2(path_.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
        if (code != SQLITE_OK) {
            std::string const why = database_ ? sqlite3_errmsg(database_) : sqlite3_errstr(code);
            sqlite3_close(database_);
            throw storage_error(text(path_, ": SQLite: ", why));
        }
    }
    ~sqlite() { sqlite3_close(database_); }
    sqlite(sqlite const&) = delete;
    sqlite& operator=(sqlite const&) = delete;

    /// How long to wait where another program writes.
    void wait_for(double seconds) { sqlite3_busy_timeout(database_, int(seconds * 1000)); }

    /// Runs to the end; the rows that it changed.
    template <class... Value>
    int run(std::string_view sql, Value const&... values) const {
        sqlite_rows rows(database_, path_, sql);
        int at = 0;
        (rows.bind(++at, values), ...);
        while (rows.next())
            ;
        return sqlite3_changes(database_);
    }
    /// The first column of the first row.
    template <class... Value>
    std::string first(std::string_view sql, Value const&... values) const {
        sqlite_rows rows(database_, path_, sql);
        int at = 0;
        (rows.bind(++at, values), ...);
        return rows.next() ? rows.text(0) : std::string();
    }
    /// Calls row(sqlite_rows&) for each row.
    template <class Row, class... Value>
    void each(Row const& row, std::string_view sql, Value const&... values) const {
        sqlite_rows rows(database_, path_, sql);
        int at = 0;
        (rows.bind(++at, values), ...);
        while (rows.next())
            row(rows);
    }
    std::int64_t last_id() const { return sqlite3_last_insert_rowid(database_); }
    bool writing() const { return sqlite3_get_autocommit(database_) == 0; }
    std::string const& path() const { return path_; }

private:
    std::string path_;
    sqlite3* database_ = nullptr;
};

/// All or nothing: what is not committed is undone.
class sqlite_transaction {
public:
    explicit sqlite_transaction(sqlite& database) : database_(database) { database.run("BEGIN IMMEDIATE"); }
    ~sqlite_transaction() {
        if (database_.writing())
            try {
                database_.run("ROLLBACK");
            } catch (storage_error const&) {  // the connection ends with it
            }
    }
    sqlite_transaction(sqlite_transaction const&) = delete;
    sqlite_transaction& operator=(sqlite_transaction const&) = delete;
    void commit() { database_.run("COMMIT"); }

private:
    sqlite& database_;
};

}  // namespace descent::search::detail

#endif
