// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cstdint>

namespace descent {

/// A linear rise before any other schedule: inner(0) * (done + 1) / steps while done < steps, then inner(done -
/// steps). Never 0, so the first step already moves. warmup{500, cosine{1e-3, 10'000}} ends after 10'500 steps.
/// Forwards the memory of the inner schedule.
template <schedule S>
struct warmup {
    std::int64_t steps;  ///< length of the rise, >= 0
    S inner;             ///< what follows

    static constexpr int memory = memory_of<S>;

    double operator()(std::int64_t done) const requires(memory == 0) { return value(done, nullptr); }

    double operator()(std::int64_t done, double const* seen) const requires(memory > 0) {
        return value(done, seen);
    }

    void start(double* seen) const { schedule_start(inner, seen); }
    void observe(double metric, double* seen) const { schedule_observe(inner, metric, seen); }

    /// Throws descent::error for a member out of its range, the inner schedule's included.
    void check() const {
        detail::expect_at_least("warmup", "steps", steps, 0);
        schedule_check(inner);
    }

private:
    double value(std::int64_t done, double const* seen) const {
        if (done >= steps)
            return schedule_value(inner, done - steps, seen);
        return schedule_value(inner, 0, seen) * (static_cast<double>(done + 1) / static_cast<double>(steps));
    }
};

template <class S>
warmup(std::int64_t, S) -> warmup<S>;

}  // namespace descent
