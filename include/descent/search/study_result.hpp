// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include <descent/core/status.hpp>
#include <descent/search/record.hpp>

namespace descent::search {

/// What callbacks see after each trial.
struct study_progress {
    record const& last;
    record const& best;  ///< number -1: none is complete yet
    history const& past;
    std::int64_t trials;   ///< told since the run began; one that goes on after a pause is not a new one
    double seconds;        ///< since the run began
    std::int64_t limit;    ///< trials that the run was asked for; <= 0: no limit
    std::int64_t failed;   ///< of `trials`
    std::int64_t stopped;  ///< of `trials`, by the scheduler, for good
};

/// A run's best trial and why it ended. Of number -1 no trial is complete: `reason` and `why` tell the last
/// failure, and asking it for values throws with them.
struct study_result : record {
    descent::status status = descent::status::finished;
    std::string why = {};
    std::int64_t trials = 0;  ///< of this run
    double seconds = 0;
};

namespace detail {

/// What a callback says to it; nothing said: go on.
template <class Callback>
verdict verdict_of(Callback& callback, study_progress const& p) {
    using R = decltype(callback(p));
    if constexpr (std::is_void_v<R>) {
        callback(p);
        return {};
    } else if constexpr (std::is_same_v<R, bool>) {
        bool const stop = callback(p);
        return {stop, status::stopped, stop ? "a callback stopped it" : ""};
    } else {
        return callback(p);
    }
}

/// Tells a callback that listens to it of the end.
template <class Callback>
void end_of([[maybe_unused]] Callback& callback, [[maybe_unused]] study_result const& result) {
    if constexpr (requires { callback.end(result); })
        callback.end(result);
}

}  // namespace detail

}  // namespace descent::search
