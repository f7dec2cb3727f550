// SPDX-License-Identifier: MIT
//
// <rule>/descent/<n>/<threads>   one step of the optimizer
// <rule>/hand/<n>/<threads>      the plain loop of bench/baselines over the same arenas, shared out alike
// limit/<n>/<threads>            Adam's streams (read 4, write 3) touched without arithmetic
// sqrtdiv/<n>                    a correctly rounded square root and division
//
// Rates count the CPU time of the main thread, which does its equal share of the work; set
// OMP_WAIT_POLICY=passive, so that waiting for the others is no work. Google Benchmark runs one case after the
// other; on a machine that others use, take ratios from bench/claims instead, where rivals take turns.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include <measure.hpp>
#include <optim/arena.hpp>

namespace {

using arena::problem;

void count(benchmark::State& state, descent::index n, double bytes_per_number) {
    using benchmark::Counter;
    double const numbers = double(n) * double(state.iterations());
    state.counters["ns_per_param"] = Counter(numbers * 1e-9, Counter::kIsRate | Counter::kInvert);
    state.counters["GB/s"] = Counter(numbers * bytes_per_number * 1e-9, Counter::kIsRate);
}

std::string name(std::string const& what, descent::index n, int threads) {
    return what + "/" + std::to_string(n) + "/" + std::to_string(threads);
}

/// Both cases of one rule; the arenas live as long as a case runs.
template <class Recipe, class Hand>
void add_rule(std::string const& rule, Recipe const& recipe, Hand hand, descent::index n, int threads,
              double bytes) {
    benchmark::RegisterBenchmark(name(rule + "/descent", n, threads).c_str(), [=](benchmark::State& state) {
        problem p(recipe, n, threads);
        for (auto _ : state)
            p.optimizer.step(p.gradients);
        count(state, n, bytes);
    });
    benchmark::RegisterBenchmark(name(rule + "/hand", n, threads).c_str(), [=](benchmark::State& state) {
        problem p(recipe, n, threads);
        long step = 1;
        for (auto _ : state)
            hand(p, n, threads, ++step);
        count(state, n, bytes);
    });
}

void add_all(descent::index n, int threads) {
    // Bytes a number: weights, gradient and slots read, weights and slots written; clip_norm reads once more.
    add_rule(
        "sgd", arena::sgd_recipe(),
        [](auto& p, auto size, int width, long) { arena::sgd_by_hand(p, size, width); }, n, threads, 12);
    add_rule(
        "momentum", arena::momentum_recipe(),
        [](auto& p, auto size, int width, long) { arena::momentum_by_hand(p, size, width); }, n, threads, 20);
    add_rule(
        "adam", arena::adam_recipe(),
        [](auto& p, auto size, int width, long step) { arena::adam_by_hand(p, size, width, step); }, n, threads,
        28);
    add_rule(
        "clip_adam_decay_rate", arena::clip_adam_decay_rate_recipe(),
        [](auto& p, auto size, int width, long step) {
            arena::clip_adam_decay_rate_by_hand(p, size, width, step);
        },
        n, threads, 32);
    benchmark::RegisterBenchmark(name("limit", n, threads).c_str(), [=](benchmark::State& state) {
        problem p(arena::adam_recipe(), n, threads);
        for (auto _ : state)
            arena::limit(p, n, threads);
        count(state, n, 28);
    });
}

void add_sqrt_divide(descent::index n) {
    benchmark::RegisterBenchmark(("sqrtdiv/" + std::to_string(n)).c_str(), [=](benchmark::State& state) {
        descent::aligned_buffer<float> x{std::size_t(n)};
        std::fill(x.begin(), x.end(), 2.f);
        for (auto _ : state)
            baseline::sqrt_divide(x.data(), n);
        count(state, n, 8);
    });
}

/// Registered before the main function of Google Benchmark looks.
bool const registered = [] {
    measure::print_build(DESCENT_OPENMP_ENABLED ? "OpenMP" : "one thread only: no OpenMP");
    for (descent::index n : {descent::index(16384), descent::index(1) << 24}) {
        for (int threads : {1, 2})
            add_all(n, threads);
        add_sqrt_divide(n);
    }
    return true;
}();

}  // namespace
