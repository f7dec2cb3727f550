// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>

namespace descent {

/// A schedule gives a hyperparameter (mostly the rate) from the number of updates already done: 0 for the first
/// update. Any callable `double(std::int64_t)` is one, a lambda included; it must be a pure function of its
/// argument, or a resumed run differs from the run that never stopped.
template <class S>
concept memoryless_schedule = requires(S const& s, std::int64_t done) {
    { s(done) } -> std::convertible_to<double>;
};

/// A schedule that listens (plateau). Its `memory` doubles belong to the optimizer, which saves them in
/// checkpoints: `start` writes their first values, `observe` sees the metric after each evaluation, the call
/// reads them.
template <class S>
concept stateful_schedule = requires(S const& s, std::int64_t done, double metric, double* memory,
                                     double const* seen) {
    requires S::memory >
    0;
    s.start(memory);
    s.observe(metric, memory);
    { s(done, seen) } -> std::convertible_to<double>;
};

/// Either kind. The helpers below treat both alike.
template <class S>
concept schedule = memoryless_schedule<S> || stateful_schedule<S>;

/// How many doubles of state a schedule needs: 0 for a plain callable.
template <schedule S>
inline constexpr int memory_of = 0;

template <schedule S>
requires stateful_schedule<S>
inline constexpr int memory_of<S> = S::memory;

/// Writes the first state of s into memory[0 .. memory_of<S>).
template <schedule S>
void schedule_start(S const& s, double* memory) {
    if constexpr (stateful_schedule<S>)
        s.start(memory);
}

/// The value of s for the update that comes after `done` updates. Plain callables ignore the memory, which may
/// be null.
template <schedule S>
double schedule_value(S const& s, std::int64_t done, double const* memory) {
    if constexpr (stateful_schedule<S>)
        return static_cast<double>(s(done, memory));
    else
        return static_cast<double>(s(done));
}

/// Tells s the metric of an evaluation. Plain callables do not listen.
template <schedule S>
void schedule_observe(S const& s, double metric, double* memory) {
    if constexpr (stateful_schedule<S>)
        s.observe(metric, memory);
}

/// Throws descent::error for a member out of its range, where s knows its ranges (every schedule of the library
/// does).
template <schedule S>
void schedule_check(S const& s) {
    if constexpr (requires { s.check(); })
        s.check();
}

}  // namespace descent
