// SPDX-License-Identifier: MIT
//
// encode, encode_mse, decode/<per>/<rows>x<columns>    to_affine and back, 8 bits; GB/s of the floats
// observe/<n>                                          a calibration's histogram; GB/s of the floats
// calibrate/<method>                                   a grid from what was observed
// codebook, fast_codebook/<k>/<n>                      the best k numbers for n; Mnumbers/s
// float, int8, binary, ternary/<batch>/1024x1024/<threads>    a dense layer; 1e9 multiply-adds a second
// moments/<rows>x<columns>                             what error feedback knows of the inputs; rows a second
// feedback, adaround, refine/512x512                   one layer's weights in codes of 4 bits; ns a weight
// pack, unpack/<what>/<n>                              a model to bytes and back; MB/s of the floats, bytes
//
// Rates count the CPU time of the main thread, which does its equal share of the work; set
// OMP_WAIT_POLICY=passive. Google Benchmark runs one case after the other; on a machine that others use, take
// ratios from bench/claims instead, where rivals take turns.
#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/adaround.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/bit_linear.hpp>
#include <descent/quantize/calibration.hpp>
#include <descent/quantize/codebook.hpp>
#include <descent/quantize/coordinate_descent.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/int8_linear.hpp>
#include <descent/quantize/packed.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <measure.hpp>

namespace {

using descent::index;
using descent::matrix;
namespace exec = descent::exec;
namespace quantize = descent::quantize;

matrix<float> normal(index rows, index columns, std::uint64_t seed, float deviation = 1) {
    matrix<float> m(rows, columns);
    descent::generator const draw{seed};
    for (index i = 0; i < m.size(); ++i)
        m.data()[i] = deviation * draw.normal<float>(std::uint64_t(i));
    return m;
}

descent::tensor_view<float const> view(matrix<float> const& w) { return {w.data(), {w.rows(), w.cols()}}; }

/// So many a second.
void rate(benchmark::State& state, char const* unit, double amount) {
    state.counters[unit] = benchmark::Counter(amount * double(state.iterations()), benchmark::Counter::kIsRate);
}
void nanoseconds_each(benchmark::State& state, char const* unit, double amount) {
    state.counters[unit] = benchmark::Counter(1e-9 * amount * double(state.iterations()),
                                              benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <class Run>
benchmark::internal::Benchmark* add(std::string const& name, Run run) {
    return benchmark::RegisterBenchmark(name.c_str(), [run](benchmark::State& state) { run(state); });
}

void add_affine(index rows, index columns) {
    double const bytes = 4e-9 * double(rows * columns);
    std::pair<char const*, quantize::per> const shares[] = {{"tensor", quantize::per::tensor},
                                                            {"channel", quantize::per::channel},
                                                            {"group", quantize::per::group}};
    for (auto const& [name, per] : shares) {
        std::string const size = descent::text("/", name, "/", rows, "x", columns);
        for (auto const range : {quantize::fit_range::min_max, quantize::fit_range::mse})
            add((range == quantize::fit_range::mse ? "encode_mse" : "encode") + size,
                [=, how = quantize::affine_options{.per = per, .range = range}](benchmark::State& state) {
                    auto const w = normal(rows, columns, 1);
                    for (auto _ : state)
                        benchmark::DoNotOptimize(quantize::to_affine(view(w), how).codes.data());
                    rate(state, "GB/s", bytes);
                });
        add("decode" + size, [=, how = quantize::affine_options{.per = per}](benchmark::State& state) {
            auto const w = normal(rows, columns, 1);
            auto const codes = quantize::to_affine(view(w), how);
            matrix<float> back(rows, columns);
            for (auto _ : state) {
                codes.copy_to(back.data());
                benchmark::ClobberMemory();
            }
            rate(state, "GB/s", bytes);
        });
    }
}

void add_calibration(index n) {
    add(descent::text("observe/", n), [=](benchmark::State& state) {
        auto const x = normal(1, n, 2);
        quantize::range_observer seen;
        for (auto _ : state)
            seen.see(x.data(), n);
        benchmark::DoNotOptimize(seen.count());
        rate(state, "GB/s", 4e-9 * double(n));
    });
    using quantize::calibration;
    std::pair<char const*, calibration> const methods[] = {{"min_max", calibration::min_max},
                                                           {"moving_average", calibration::moving_average},
                                                           {"percentile", calibration::percentile},
                                                           {"mse", calibration::mse},
                                                           {"entropy", calibration::entropy}};
    for (auto const& [name, by] : methods)
        add(descent::text("calibrate/", name), [=](benchmark::State& state) {
            auto const x = normal(1, n, 2);
            quantize::range_observer seen;
            seen.see(x.data(), n);
            for (auto _ : state)
                benchmark::DoNotOptimize(seen.grid<float>({.bits = 8, .symmetric = false}, {.by = by}).scale);
        })->Unit(benchmark::kMicrosecond);
}

void add_codebook(index k, index n) {
    auto const run = [=](benchmark::State& state, auto const& make) {
        auto const x = normal(1, n, 3, 0.05f);
        std::span<float const> const numbers(x.data(), std::size_t(n));
        for (auto _ : state)
            benchmark::DoNotOptimize(make(numbers, k).error);
        rate(state, "Mnumbers/s", 1e-6 * double(n));
    };
    std::string const size = descent::text("/", k, "/", n);
    add("codebook" + size, [=](benchmark::State& state) {
        run(state, [](auto numbers, index many) { return quantize::optimal_codebook<float>(numbers, many); });
    })->Unit(benchmark::kMillisecond);
    add("fast_codebook" + size, [=](benchmark::State& state) {
        run(state, [](auto numbers, index many) { return quantize::fast_codebook<float>(numbers, many); });
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

/// Weights that the layer takes: any, or w and -w, with zeros or without.
matrix<float> signs(matrix<float> w, bool zeros) {
    for (index i = 0; i < w.size(); ++i) {
        float& x = w.data()[i];
        x = zeros && x > -0.5f && x < 0.5f ? 0 : x < 0 ? -1.f : 1.f;
    }
    return w;
}

void add_linear(index batch, int threads) {
    constexpr index width = 1024;
    std::string const size = descent::text("/", batch, "/", width, "x", width, "/", threads);
    auto const run = [=](benchmark::State& state, auto const& step) {
        auto const x = normal(batch, width, 5);
        matrix<float> y(batch, width);
        on(threads, [&](auto const& executor) {
            for (auto _ : state) {
                step(x, y, executor);
                benchmark::ClobberMemory();
            }
        });
        rate(state, "Gmultiply_add/s", 1e-9 * double(batch * width * width));
    };
    auto const layer = [=](std::string const& name, auto const& make) {
        add(name + size, [=](benchmark::State& state) {
            auto const linear = make(normal(width, width, 4));
            typename std::remove_cvref_t<decltype(linear)>::workspace memory;
            run(state, [&](auto const& x, auto& y, auto const& executor) { linear(x, y, executor, memory); });
        })->Unit(benchmark::kMicrosecond);
    };
    add("float" + size, [=](benchmark::State& state) {
        auto const w = normal(width, width, 4);
        run(state, [&](auto const& x, auto& y, auto const& executor) {
            exec::gemm(executor, x, exec::transposed(w), y);
        });
    })->Unit(benchmark::kMicrosecond);
    layer("int8", [](matrix<float> const& w) { return quantize::int8_linear{w}; });
    layer("binary", [](matrix<float> const& w) { return quantize::binary_linear{signs(w, false)}; });
    layer("ternary", [](matrix<float> const& w) { return quantize::ternary_linear{signs(w, true), 1.0}; });
}

void add_feedback(index rows, index columns) {
    std::string const size = descent::text("/", rows, "x", columns);
    add("moments" + size, [=](benchmark::State& state) {
        auto const x = normal(rows, columns, 6);
        quantize::input_moments seen(columns);
        for (auto _ : state)
            for (index r = 0; r < rows; ++r)
                seen.add(x.row(r).data());
        benchmark::DoNotOptimize(seen.count());
        rate(state, "rows/s", double(rows));
    })->Unit(benchmark::kMillisecond);
    auto const run = [=](std::string const& name, auto const& round) {
        add(name + size, [=](benchmark::State& state) {
            auto const w = normal(rows, columns, 7, 0.05f), x = normal(2 * columns, columns, 6);
            quantize::input_moments seen(columns);
            for (index r = 0; r < x.rows(); ++r)
                seen.add(x.row(r).data());
            for (auto _ : state)
                benchmark::DoNotOptimize(round(w, seen).codes.data());
            nanoseconds_each(state, "ns_per_weight", double(rows * columns));
        })->Unit(benchmark::kMillisecond);
    };
    run("feedback",
        [](auto const& w, auto const& seen) { return quantize::to_affine(view(w), seen, {.bits = 4}); });
    run("adaround", [](auto const& w, auto const& seen) {
        return quantize::adaround(view(w), seen, {.bits = 4}, {.steps = 200});
    });
    run("refine", [](auto const& w, auto const& seen) {
        auto codes = quantize::to_affine(view(w), quantize::affine_options{.bits = 4});
        quantize::refine(codes, view(w), seen);
        return codes;
    });
}

/// What pack takes.
struct model {
    using scalar = float;
    descent::params<float> weights;
    descent::params<float>& params() { return weights; }
    descent::params<float> const& params() const { return weights; }
};

void add_packed(index rows, index columns) {
    enum class kind { sparse, codes, floats };
    std::pair<char const*, kind> const kinds[] = {
        {"16_numbers_90_percent_zeros", kind::sparse}, {"8_bits", kind::codes}, {"floats", kind::floats}};
    for (auto const& [name, what] : kinds) {
        auto const make = [=, of = what] {
            auto w = normal(rows, columns, 8);
            std::pair<model, std::vector<quantize::coded_tensor<float>>> made{
                {descent::params<float>{{"weight", {rows, columns}}}}, {}};
            if (of == kind::sparse)
                for (index i = 0; i < w.size(); ++i)  // sixteen values of those beyond 1.645 deviations
                    w.data()[i] = std::abs(w.data()[i]) < 1.645f ? 0 : std::nearbyint(4 * w.data()[i]) / 4;
            auto const to = made.first.weights["weight"];
            std::copy_n(w.data(), w.size(), to.data);
            if (of == kind::codes) {
                made.second.push_back({"weight", quantize::to_affine(view(w), quantize::affine_options{})});
                made.second[0].codes.copy_to(to.data);
            }
            return made;
        };
        std::string const size = descent::text("/", name, "/", rows * columns);
        double const megabytes = 4e-6 * double(rows * columns);
        add("pack" + size, [=](benchmark::State& state) {
            auto const made = make();
            std::size_t bytes = 0;
            for (auto _ : state)
                bytes = quantize::pack(made.first, made.second).bytes.size();
            rate(state, "MB/s", megabytes);
            state.counters["bytes"] = double(bytes);
        })->Unit(benchmark::kMillisecond);
        add("unpack" + size, [=](benchmark::State& state) {
            auto made = make();
            std::string const bytes = quantize::pack(made.first, made.second).bytes;
            for (auto _ : state)
                quantize::unpack(made.first, bytes);
            rate(state, "MB/s", megabytes);
            state.counters["bytes"] = double(bytes.size());
        })->Unit(benchmark::kMillisecond);
    }
}

/// Registered before the main function of Google Benchmark looks.
bool const registered = [] {
    measure::print_build(DESCENT_OPENMP_ENABLED ? "OpenMP" : "one thread only: no OpenMP");
    add_affine(256, 256);
    add_affine(1024, 1024);
    add_calibration(1 << 20);
    for (index const k : {16, 256})
        add_codebook(k, 1000000);
    for (int const threads : {1, 2})
        for (index const batch : {1, 16, 256})
            add_linear(batch, threads);
    add_feedback(512, 512);
    add_packed(1000, 1000);
    return true;
}();

}  // namespace
