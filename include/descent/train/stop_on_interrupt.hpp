// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>

#include <descent/train/callback.hpp>
#include <descent/train/terminal.hpp>

namespace descent {

namespace detail {

// A handler can reach nothing but what is global. All runs of the process share this: the first one installs
// the handlers, the last one puts the old ones back.
struct interrupts {
    inline static std::atomic<int> seen = 0;  // the signal's number
    inline static std::array<signal_handler, 2> handlers = {};
    inline static std::array<bool, 2> installed = {};
    inline static int holders = 0;
    inline static std::atomic_flag busy = ATOMIC_FLAG_INIT;
    static_assert(std::atomic<int>::is_always_lock_free, "a signal handler must not wait");

    static void on_signal(int signal) {
        if (seen.exchange(signal) != 0) {  // asked before: no more patience
            std::signal(signal, SIG_DFL);
            std::raise(signal);
        }
    }

    static void hold() {
        lock();
        if (holders++ == 0) {
            seen = 0;
            installed = {handlers[0].install(SIGINT, on_signal), handlers[1].install(SIGTERM, on_signal)};
        }
        busy.clear();
    }

    static void release() {
        lock();
        if (--holders == 0)
            for (std::size_t i = 0; i < 2; ++i)
                if (installed[i])
                    handlers[i].restore();
        busy.clear();
    }

private:
    static void lock() {
        while (busy.test_and_set()) {
        }
    }
};

}  // namespace detail

/// Ctrl-C (SIGINT) and SIGTERM end training with status::interrupted after the step that is under way; fit
/// returns as usual. A second one ends the process as if nothing had caught it. The former handlers are back
/// when training ends, also by an exception; a signal that was ignored stays ignored. Callback.
struct stop_on_interrupt {
    int held = 0;  ///< runs that hold the handlers now: state, not a setting

    template <class T>
    void begin(training<T> const&) {
        detail::interrupts::hold();
        ++held;
    }

    template <class T>
    verdict step_done(training<T> const&) {
        int const signal = detail::interrupts::seen;
        if (signal == 0)
            return {};
        return {true, status::interrupted, signal == SIGTERM ? "SIGTERM" : "SIGINT (Ctrl-C)"};
    }

    template <class T>
    verdict epoch_done(training<T> const& now) {
        return step_done(now);
    }

    template <class T>
    void end(training<T> const&) {
        if (held > 0)
            detail::interrupts::release(), --held;
    }
};

}  // namespace descent
