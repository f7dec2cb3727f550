// SPDX-License-Identifier: MIT
//
// fused/<rows>x<features>x<outputs>/<threads>    mean loss and gradient in one pass (logistic or softmax)
// hessian/<rows>x<features>/<threads>            Hessian times vector
// gemv_pair/<rows>x<features>                    Eigen's two products, without the slopes between them
// read, copy/<rows>x<features>                   what the memory gives
// sparse32, sparse16/<as fused>                  the fused pass, 75 entries a row, columns of 32 and 16 bits
// sparse_loops/<rows>x<features>                 two plain loops over the entries: scores, then gradient
// sparse_read/<rows>x<features>                  columns and values summed
//
// Rates count the bytes of X once (8 an entry) and the CPU time of the main thread, which does its equal share
// of the work; set OMP_WAIT_POLICY=passive. Google Benchmark runs one case after the other; on a machine that
// others use, take ratios from bench/claims instead, where rivals take turns.
#include <descent/core/error.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/curvature.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <measure.hpp>

namespace {

using descent::index;
using floats = std::vector<float>;

/// Dense rows in ordinary memory, or sparse ones.
struct table {
    index rows, features, outputs;
    std::unique_ptr<float[]> x = {};
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::uint32_t> columns = {};
    std::vector<std::uint16_t> narrow = {};
    floats values = {}, y, w, bias, g, g_bias, curvature;
    descent::linear::workspace<float> work = {};

    table(index n, index d, index k, index entries)
        : rows(n),
          features(d),
          outputs(k),
          y(std::size_t(n)),
          w(std::size_t(k * d), 0.01f),
          bias(std::size_t(k)),
          g(w.size()),
          g_bias(bias.size()),
          curvature(std::size_t(n * k), 0.25f) {
        descent::generator const draw{1};
        for (index i = 0; i < n; ++i)
            y[std::size_t(i)] = float(i % (k == 1 ? 2 : k));
        if (entries == 0) {
            x.reset(new float[std::size_t(n * d)]);
            for (index i = 0; i < n * d; ++i)
                x[std::size_t(i)] = draw.uniform<float>(std::uint64_t(i)) - 0.5f;
            return;
        }
        for (index i = 0; i < n; ++i) {
            // Frequent columns first, as words are.
            for (index e = 0; e < entries; ++e) {
                double const u = draw.uniform<double>(std::uint64_t(i * entries + e));
                columns.push_back(std::uint32_t(u * u * u * double(d)));
            }
            std::sort(columns.end() - entries, columns.end());
            columns.erase(std::unique(columns.end() - entries, columns.end()), columns.end());
            values.resize(columns.size(), 0.1f);
            offsets.push_back(std::int64_t(columns.size()));
        }
        narrow.assign(columns.begin(), columns.end());
    }

    descent::data::batch<float> dense() const { return {x.get(), y.data(), features, rows}; }
    template <class Column>
    descent::data::sparse_batch<float, Column> sparse(std::vector<Column> const& numbers) const {
        return {offsets.data(), numbers.data(), values.data(), y.data(), features, rows};
    }

    template <class Batch, class Executor>
    void pass(Batch const& batch, Executor const& executor) {
        auto const run = [&](auto const& loss) {
            benchmark::DoNotOptimize(descent::linear::mean_loss_gradient(
                loss, batch, w.data(), bias.data(), outputs, g.data(), g_bias.data(), executor, work));
        };
        if (outputs == 1)
            run(descent::loss::logistic{});
        else
            run(descent::loss::softmax_cross_entropy{});
    }
    template <class Executor>
    void product(Executor const& executor) {
        descent::linear::hessian_product(descent::loss::logistic{}, dense(), curvature.data(), w.data(),
                                         bias.data(), 1, g.data(), g_bias.data(), executor, work);
    }
};

template <class F>
void on(int threads, F const& f) {
#if DESCENT_OPENMP_ENABLED
    if (threads > 1)
        return f(descent::exec::openmp{threads});
#endif
    static_cast<void>(threads);
    f(descent::exec::serial{});
}

/// One case: its table lives while it runs.
template <class Step>
void add(std::string const& name, index n, index d, index k, index entries, Step step) {
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        table t(n, d, k, entries);
        for (auto _ : state)
            step(t);
        double const bytes = entries ? 8.0 * double(t.values.size()) : 4.0 * double(n * d);
        state.counters["GB/s"] =
            benchmark::Counter(bytes * 1e-9 * double(state.iterations()), benchmark::Counter::kIsRate);
    });
}

void add_dense(index n, index d, index k) {
    std::string const size = descent::text("/", n, "x", d);
    for (int const threads : {1, 2}) {
        std::string const end = descent::text("/", threads);
        add(descent::text("fused", size, "x", k, end), n, d, k, 0,
            [=](table& t) { on(threads, [&](auto const& executor) { t.pass(t.dense(), executor); }); });
        if (k == 1)
            add(descent::text("hessian", size, end), n, d, k, 0,
                [=](table& t) { on(threads, [&](auto const& executor) { t.product(executor); }); });
    }
    if (k > 1)
        return;
    add(descent::text("gemv_pair", size), n, d, 1, 0, [](table& t) {
        descent::matrix_view<float const> const x(t.x.get(), t.rows, t.features);
        descent::vector_view<float> z(t.curvature.data(), t.rows), g(t.g.data(), t.features);
        z.noalias() = x * descent::vector_view<float const>(t.w.data(), t.features);
        g.noalias() = x.transpose() * z;
        benchmark::ClobberMemory();
    });
    add(descent::text("read", size), n, d, 1, 0, [](table& t) {
        benchmark::DoNotOptimize(descent::vector_view<float const>(t.x.get(), t.rows * t.features).sum());
    });
    add(descent::text("copy", size), n, d, 1, 0, [](table& t) {
        t.values.resize(std::size_t(t.rows * t.features));
        std::copy_n(t.x.get(), t.values.size(), t.values.begin());
        benchmark::ClobberMemory();
    });
}

void add_sparse(index n, index d, index k) {
    constexpr index entries = 75;
    std::string const size = descent::text("/", n, "x", d), all = descent::text(size, "x", k);
    for (int const threads : {1, 2}) {
        add(descent::text("sparse32", all, "/", threads), n, d, k, entries, [=](table& t) {
            on(threads, [&](auto const& executor) { t.pass(t.sparse(t.columns), executor); });
        });
        add(descent::text("sparse16", all, "/", threads), n, d, k, entries, [=](table& t) {
            on(threads, [&](auto const& executor) { t.pass(t.sparse(t.narrow), executor); });
        });
    }
    if (k > 1)
        return;
    add(descent::text("sparse_loops", size), n, d, 1, entries, [](table& t) {
        auto const rows = t.sparse(t.columns);
        for (index i = 0; i < t.rows; ++i) {
            float z = 0;
            for (auto e = rows.begin(i); e < rows.end(i); ++e)
                z += rows.values[e] * t.w[rows.columns[e]];
            t.curvature[std::size_t(i)] = z;
        }
        std::fill(t.g.begin(), t.g.end(), 0.f);
        for (index i = 0; i < t.rows; ++i)
            for (auto e = rows.begin(i); e < rows.end(i); ++e)
                t.g[rows.columns[e]] += rows.values[e] * t.curvature[std::size_t(i)];
        benchmark::ClobberMemory();
    });
    add(descent::text("sparse_read", size), n, d, 1, entries, [](table& t) {
        auto const count = index(t.values.size());
        Eigen::Map<Eigen::Array<std::uint32_t, Eigen::Dynamic, 1> const> const columns(t.columns.data(), count);
        benchmark::DoNotOptimize(columns.sum());
        benchmark::DoNotOptimize(descent::vector_view<float const>(t.values.data(), count).sum());
    });
}

/// Registered before the main function of Google Benchmark looks.
bool const registered = [] {
    measure::print_build(DESCENT_OPENMP_ENABLED ? "OpenMP" : "one thread only: no OpenMP");
    add_dense(200000, 100, 1);
    add_dense(20000, 784, 1);
    add_dense(20000, 50, 1);
    add_dense(60000, 784, 10);
    add_sparse(100000, 47000, 1);
    add_sparse(20000, 47000, 10);
    return true;
}();

}  // namespace
