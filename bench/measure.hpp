// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>
#include <ctime>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Timing on a shared machine: all rivals of a claim take turns in one process, one short sample each per round,
// so that all see the same neighbours; ratios are taken within a round, and their median is the result. What
// counts is the CPU time of the calling thread, which takes its equal share of the work and the cost of sharing
// it out; it does not grow while somebody else has the core, nor while the thread waits for the others,
// passively. The wall clock is told beside it.
namespace measure {

/// One rival: `step` is called `repeats` times a sample.
struct rival {
    std::string name;
    std::function<void()> step;
    int repeats = 1;
    std::vector<double> seconds{};  ///< of one step, one sample a round: CPU time of the calling thread
    std::vector<double> wall{};     ///< the same on the wall clock
};

inline double clock_of(clockid_t id) {
    timespec t;
    clock_gettime(id, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}
inline double cpu_time() { return clock_of(CLOCK_THREAD_CPUTIME_ID); }
inline double wall_time() { return clock_of(CLOCK_MONOTONIC); }

/// First in main(): starts the program again with threads that wait passively; OpenMP reads that only once.
inline void wait_passively(char** arguments) {
    if (std::getenv("OMP_WAIT_POLICY"))
        return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    execv("/proc/self/exe", arguments);
}

/// `rounds` samples of each, in turn, forwards and backwards by turns; one round before that warms up.
inline void take_turns(std::vector<rival>& rivals, int rounds) {
    for (int round = -1; round < rounds; ++round)
        for (std::size_t i = 0; i < rivals.size(); ++i) {
            rival& r = rivals[round % 2 ? rivals.size() - 1 - i : i];
            double const wall = wall_time(), cpu = cpu_time();
            for (int k = 0; k < r.repeats; ++k)
                r.step();
            if (round >= 0) {
                r.seconds.push_back((cpu_time() - cpu) / r.repeats);
                r.wall.push_back((wall_time() - wall) / r.repeats);
            }
        }
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    std::size_t const n = values.size();
    return n == 0 ? 0 : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// The median over the rounds of a's time over b's.
inline double ratio(rival const& a, rival const& b) {
    std::vector<double> each;
    for (std::size_t i = 0; i < a.seconds.size(); ++i)
        each.push_back(a.seconds[i] / b.seconds[i]);
    return median(std::move(each));
}

inline rival const& find(std::vector<rival> const& rivals, std::string_view name) {
    return *std::find_if(rivals.begin(), rivals.end(), [&](rival const& r) { return r.name == name; });
}

/// Every sample of CPU time, in nanoseconds per number.
inline void print_samples(std::vector<rival> const& rivals, double numbers) {
    for (rival const& r : rivals) {
        std::printf("%-28s median %.4f ns (wall %.4f):", r.name.c_str(), median(r.seconds) * 1e9 / numbers,
                    median(r.wall) * 1e9 / numbers);
        for (double s : r.seconds)
            std::printf(" %.3f", s * 1e9 / numbers);
        std::printf("\n");
    }
}

/// Prints `claim | measured | bar | holds` and gives whether it holds.
inline bool claim(std::string const& text, double measured, char const* relation, double bar) {
    bool const holds = relation[0] == '<' ? measured <= bar : measured >= bar;
    std::printf("%s | %.3f | %s %.2f | %s\n", text.c_str(), measured, relation, bar, holds ? "yes" : "no");
    return holds;
}

/// Compiler and the instruction set it was told to use.
inline void print_build(char const* flags) {
#if defined(__AVX512F__)
    char const* const target = "AVX-512";
#elif defined(__AVX2__)
    char const* const target = "AVX2";
#elif defined(__SSE2__)
    char const* const target = "SSE2";
#else
    char const* const target = "other";
#endif
    std::printf("compiler %s; instructions %s; %s\n", __VERSION__, target, flags);
}

}  // namespace measure
