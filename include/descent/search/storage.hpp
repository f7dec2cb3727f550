// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <descent/search/detail/sqlite_book.hpp>

namespace descent::search {

struct storage_options {
    std::string study = "study";  ///< its name: a file holds many
    double heartbeat = 10;        ///< seconds between the signs of life of trials at work
    double stale = 0;  ///< seconds without one until a trial is given up and enqueued anew; 0: three heartbeats
    double patience = 60;  ///< seconds to wait while another program keeps the database locked
};

/// Keeps a study in an SQLite file, which is made where there is none: every trial, value and report is on the
/// disk when the call returns, so that a program killed at any moment loses nothing that it told. Several
/// processes on one machine may work on one study at once. Trials of a process that died (no sign of life) are
/// marked failed and enqueued anew with the same values, reports and checkpoint folder (trial::folder: the
/// file's name and ".trials/<study>").
///
/// The tables are Optuna's: optuna (>= 3.2) and optuna-dashboard open the file and may go on with the study,
/// and a study of theirs goes on here.
///
///     search::study study{search::tpe{}, search::asha{}, search::storage{"study.db", {.study = "rates"}}};
///
/// The file uses a write-ahead log ("-wal", "-shm" beside it), which network file systems do not support. Needs
/// SQLite: link descent::sqlite. Throws search::storage_error, a descent::error, where the file is locked,
/// damaged, full, of another version, or another study's domains differ from those asked for; nothing that was
/// written is lost then.
template <bool sqlite = DESCENT_SQLITE_ENABLED>
class storage;

#if DESCENT_SQLITE_ENABLED
template <>
class storage<true> : public detail::sqlite_book {
public:
    explicit storage(std::string path, storage_options options = {})
        : detail::sqlite_book(std::move(path), options.study, options.heartbeat,
                              options.stale > 0 ? options.stale : 3 * options.heartbeat, options.patience) {}
};
storage(std::string)->storage<true>;
storage(std::string, storage_options)->storage<true>;
#else
template <>
class storage<false> {
public:
    static constexpr bool persistent = false;
    template <class... A>
    explicit storage(std::string const&, A const&...) {
        static_assert(
            sizeof...(A) > 99,
            "search::storage needs SQLite: link descent::sqlite, or compile with -DDESCENT_SQLITE and link "
            "with -lsqlite3");
    }
};
template <class... A>
storage(std::string, A...) -> storage<false>;
#endif

}  // namespace descent::search
