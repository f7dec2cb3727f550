// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/anneal.hpp>
#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cstdint>

namespace descent {

/// The 1cycle policy (Smith & Topin, 2018): from peak / divide_start up to peak, then down to
/// peak / (divide_start * divide_end), which the last of the steps reaches and every later one keeps. With
/// three phases the way down mirrors the way up before it falls to the end. Same numbers and defaults as torch
/// OneCycleLR.
struct one_cycle {
    double peak;               ///< > 0
    std::int64_t steps;        ///< length of the cycle, >= 1
    double rise = 0.3;         ///< share of the steps before the peak, in [0, 1]; at most 0.5 with three phases
    double divide_start = 25;  ///< peak / first value, > 0
    double divide_end = 1e4;   ///< first value / last value, > 0
    anneal curve = anneal::cosine;  ///< of every phase
    bool three_phases = false;      ///< up, down by the same curve, then to the end

    double operator()(std::int64_t done) const {
        auto const first = peak / divide_start, last = first / divide_end;
        // Ends of the phases as torch counts them: whole steps only where rise * steps is whole.
        auto const top = rise * static_cast<double>(steps) - 1;
        auto const end = static_cast<double>(steps - 1);
        auto const now = static_cast<double>(done);
        if (now <= top)
            return between(first, peak, 0, top, now);
        if (now >= end)
            return last;
        if (!three_phases)
            return between(peak, last, top, end, now);
        auto const back = 2 * rise * static_cast<double>(steps) - 2;
        return now <= back ? between(peak, first, top, back, now) : between(first, last, back, end, now);
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("one_cycle", "peak", peak);
        detail::expect_at_least("one_cycle", "steps", steps, 1);
        detail::expect_within("one_cycle", "rise", rise, 0, three_phases ? 0.5 : 1);
        detail::expect_positive("one_cycle", "divide_start", divide_start);
        detail::expect_positive("one_cycle", "divide_end", divide_end);
    }

private:
    double between(double from, double to, double begin, double end, double now) const {
        return end > begin ? anneal_between(curve, from, to, (now - begin) / (end - begin)) : to;
    }
};
static_assert(memoryless_schedule<one_cycle>);

}  // namespace descent
