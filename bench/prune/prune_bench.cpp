// SPDX-License-Identifier: MIT
//
// score/<criterion>/<n>                         scores of n weights that need no data; ns a weight
// score/<criterion>/784-300-100-10/<samples>    those that look at data, by so many samples; ns a weight
// mask/<unit>/<scope>/<n>                       mask_lowest of half of n weights, or N of M; ns a weight
// channels, shrink/<network>                    half of the channels chosen; the network without them
// dense, sparse/<batch>/1024x1024/<percent>/<threads>    a layer with so many zeros; 1e9 multiply-adds of a
//                                               dense one a second
//
// Rates count the CPU time of the main thread, which does its equal share of the work; set
// OMP_WAIT_POLICY=passive. Google Benchmark runs one case after the other; on a machine that others use, take
// ratios from bench/claims instead, where rivals take turns.
#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/data/dataset.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/prune/channels.hpp>
#include <descent/prune/fisher.hpp>
#include <descent/prune/gradient.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/mask_lowest.hpp>
#include <descent/prune/random.hpp>
#include <descent/prune/shrink.hpp>
#include <descent/prune/sparse_linear.hpp>
#include <descent/prune/taylor.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <utility>

#include <measure.hpp>

namespace {

using descent::index;
using descent::matrix;
namespace exec = descent::exec;
namespace nn = descent::nn;
namespace prune = descent::prune;

template <class Run>
benchmark::internal::Benchmark* add(std::string const& name, Run run) {
    return benchmark::RegisterBenchmark(name.c_str(), [run](benchmark::State& state) { run(state); });
}
void nanoseconds_each(benchmark::State& state, double weights) {
    state.counters["ns_per_weight"] = benchmark::Counter(
        1e-9 * weights * double(state.iterations()), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Normal weights [n / 1000, 1000].
descent::params<float> weights_of(index n) {
    descent::params<float> w{{"weight", {n / 1000, 1000}}};
    descent::generator const draw{1};
    for (index i = 0; i < n; ++i)
        w["weight"].data[i] = draw.normal<float>(std::uint64_t(i));
    return w;
}

template <class Criterion>
void add_score(char const* name, index n, Criterion const& by) {
    add(descent::text("score/", name, "/", n), [=](benchmark::State& state) {
        auto const w = weights_of(n);
        for (auto _ : state)
            benchmark::DoNotOptimize(by.scores(w).data());
        nanoseconds_each(state, double(n));
    })->Unit(benchmark::kMillisecond);
}

template <class Criterion>
void add_evidence(char const* name, Criterion by) {
    constexpr index samples = 256;
    by.samples = samples;
    add(descent::text("score/", name, "/784-300-100-10/", samples), [=](benchmark::State& state) {
        nn::network net{nn::input<float>{784},
                        nn::sequential{nn::dense{300}, nn::relu{}, nn::dense{100}, nn::relu{}, nn::dense{10}}};
        descent::data::dataset<float> table;
        table.x.resize(samples, 784), table.y.resize(samples);
        descent::generator const draw{2};
        for (index i = 0; i < table.x.size(); ++i)
            table.x.data()[i] = draw.uniform<float>(std::uint64_t(i));
        for (index i = 0; i < samples; ++i)
            table.y[i] = float(i % 10);
        for (auto _ : state)
            benchmark::DoNotOptimize(by.scores(net, table).data());
        nanoseconds_each(state, double(net.params().size()));
    })->Unit(benchmark::kMillisecond);
}

void add_mask(char const* name, index n, double sparsity, prune::selection const& on) {
    bool const all = on.scope == prune::scope::global;
    add(descent::text("mask/", name, "/", all ? "global" : "tensor", "/", n), [=](benchmark::State& state) {
        auto w = weights_of(n);
        auto const scores = prune::magnitude{}.scores(w);
        for (auto _ : state) {
            w.clear_masks();  // what is masked stays so
            prune::mask_lowest(w, scores, sparsity, on);
        }
        nanoseconds_each(state, double(n));
    })->Unit(benchmark::kMillisecond);
}

void add_network() {
    auto const make = [] {
        return nn::network{
            nn::input<float>{3, 32, 32},
            nn::sequential{nn::conv2d{.channels = 64, .padding = 1}, nn::batch_norm{}, nn::relu{},
                           nn::conv2d{.channels = 128, .padding = 1}, nn::batch_norm{}, nn::relu{},
                           nn::max_pool{4}, nn::flatten{}, nn::dense{128}, nn::relu{}, nn::dense{10}}};
    };
    prune::magnitude const half{.sparsity = 0.5, .on = {.scope = prune::scope::tensor}};
    add("channels/conv64-conv128-dense128", [=](benchmark::State& state) {
        auto net = make();
        for (auto _ : state) {
            net.params().clear_masks();
            prune::channels(net, half);
        }
        nanoseconds_each(state, double(net.params().size()));
    })->Unit(benchmark::kMillisecond);
    add("shrink/conv64-conv128-dense128", [=](benchmark::State& state) {
        auto net = make();
        prune::channels(net, half);
        for (auto _ : state)
            benchmark::DoNotOptimize(prune::shrink(net).params().size());
        nanoseconds_each(state, double(net.params().size()));
    })->Unit(benchmark::kMillisecond);
}

template <class F>
void on(int threads, F const& f) {
#if DESCENT_OPENMP_ENABLED
    if (threads > 1)
        return f(exec::openmp{threads});
#endif
    static_cast<void>(threads);
    f(exec::serial{});
}

void add_linear(index batch, int percent, int threads) {
    constexpr index width = 1024;
    add(descent::text(percent ? "sparse/" : "dense/", batch, "/", width, "x", width, "/", percent, "/",
                      threads),
        [=](benchmark::State& state) {
            descent::generator const draw{3}, chance{4};
            matrix<float> w(width, width), x(batch, width), y(batch, width);
            for (index i = 0; i < w.size(); ++i)
                w.data()[i] = 100 * chance.uniform<double>(std::uint64_t(i)) < percent
                                  ? 0
                                  : draw.normal<float>(std::uint64_t(i));
            for (index i = 0; i < x.size(); ++i)
                x.data()[i] = draw.normal<float>(std::uint64_t(w.size() + i));
            prune::sparse_linear<float> const small{w};
            prune::sparse_linear<float>::workspace memory;
            on(threads, [&](auto const& executor) {
                for (auto _ : state) {
                    if (percent)
                        small(x, y, executor, memory);
                    else
                        exec::gemm(executor, x, exec::transposed(w), y);
                    benchmark::ClobberMemory();
                }
            });
            state.counters["Gmultiply_add/s"] = benchmark::Counter(
                1e-9 * double(batch * w.size()) * double(state.iterations()), benchmark::Counter::kIsRate);
        })
        ->Unit(benchmark::kMicrosecond);
}

/// Registered before the main function of Google Benchmark looks.
bool const registered = [] {
    measure::print_build(DESCENT_OPENMP_ENABLED ? "OpenMP" : "one thread only: no OpenMP");
    for (index const n : {1000000, 10000000}) {
        add_score("magnitude", n, prune::magnitude{});
        add_score("random", n, prune::random{});
        for (auto const scope : {prune::scope::global, prune::scope::tensor})
            add_mask("weight", n, 0.5, {.scope = scope});
        add_mask("row", n, 0.5, {.unit = prune::each_row});
        add_mask("block_4x4", n, 0.5, {.unit = prune::blocks(4, 4)});
        add_mask("2_of_4", n, 0, {.unit = prune::n_of_m(2, 4)});
        add_mask("4_of_8", n, 0, {.unit = prune::n_of_m(4, 8)});
    }
    add_evidence("gradient", prune::gradient{});
    add_evidence("taylor", prune::taylor{});
    add_evidence("fisher", prune::fisher{});
    add_network();
    for (int const threads : {1, 2})
        for (index const batch : {1, 16, 256})
            for (int const percent : {0, 70, 90, 95})
                add_linear(batch, percent, threads);
    return true;
}();

}  // namespace
