// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <descent/core/status.hpp>
#include <descent/search/record.hpp>
#include <descent/search/study_options.hpp>

namespace descent::search::detail {

/// How far a run of a study is. All but `over` belongs to whoever holds the study's lock.
struct pacing {
    study_options options;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    std::atomic<bool> over{false};
    std::condition_variable changed = {};
    std::int64_t taken = 0;    // new trials
    std::int64_t working = 0;  // trials at work
    std::int64_t done = 0;
    std::int64_t failed = 0, stopped = 0, in_a_row = 0;  // trials; in_a_row: failed ones
    bool out_of_time = false;
    verdict end = {};

    explicit pacing(study_options o) : options(o) {}
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    /// How many threads can be of use where so many trials are known, each of which may go on.
    int threads(std::int64_t known) const {
        std::int64_t most = options.parallel;
        for (std::int64_t const limit : {options.trials, options.total})
            most = limit > 0 ? std::min(most, limit + known) : most;
        return int(most);
    }
    bool late() { return out_of_time = out_of_time || (options.seconds > 0 && seconds() >= options.seconds); }
    /// May one more trial begin, so many having ended or being at work?
    bool may_begin(std::int64_t counted) const {
        return (options.trials <= 0 || taken < options.trials) &&
               (options.total <= 0 || counted < options.total);
    }
    /// A trial has ended.
    void judge(record const& last) {
        in_a_row = last.state == trial_state::failed ? in_a_row + 1 : 0;
        if (options.trials <= 0 && options.failures > 0 && in_a_row == options.failures)
            hear({true, status::stopped,
                  text(in_a_row, " trials in a row failed, the last, trial ", last.number, ": ", last.reason)});
    }
    void hear(verdict said) {
        if (said.stop && !over.exchange(true))
            end = std::move(said);
    }
};

/// The same work on `threads` threads, the caller's among them, or on those that the system lets begin. The
/// first exception comes out when all are done.
template <class Thread = std::thread, class Work>
void spread(int threads, pacing& now, Work const& work) {
    std::exception_ptr failure;
    std::mutex lock;
    auto const guarded = [&] {
        try {
            work();
        } catch (...) {
            std::lock_guard const held(lock);
            if (!failure)
                failure = std::current_exception();
            now.over = true;
            now.changed.notify_all();
        }
    };
    std::vector<Thread> others;
    try {
        for (int i = 1; i < threads && !now.over; ++i)
            others.emplace_back(guarded);
    } catch (std::system_error const&) {  // those at work do it all
    } catch (std::bad_alloc const&) {
    }
    guarded();
    for (Thread& t : others)
        t.join();
    if (failure)
        std::rethrow_exception(failure);
}

}  // namespace descent::search::detail
