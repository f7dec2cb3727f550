// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <descent/exec/serial.hpp>
#include <descent/solve/detail/sample_steps.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// Hogwild! (Niu, Recht, Re & Wright, 2011): stochastic gradient descent on sparse rows by several threads that
/// share one w without locks. Samples that have few columns in common rarely meet, and where they do one change
/// may be lost. Every access is an atomic load or store without order, so no run is undefined, but with more
/// than one thread NO TWO RUNS ARE ALIKE: the only method here that is not reproducible, which is why it must
/// be asked for. The l2 of a weight is spread over the samples that touch it.
///
/// Weights are left after each pass; the rate falls by `fall` from pass to pass. With the rate left at 0 it is
/// 1 / (4 c mean |x|^2), c the loss's largest curvature (1 for losses without). executor: exec::openmp{}.
template <class Executor = exec::serial>
struct hogwild {
    using problem = sum_of_samples;

    Executor executor = {};
    std::int64_t passes = 10;  ///< over the data; > 0
    double rate = 0;           ///< of the first pass; 0: from the data
    double fall = 0.8;         ///< factor of the rate from pass to pass; in (0, 1]
    std::uint64_t seed = 0;    ///< of the order of the samples

    /// Minimizes from (w, bias). The outcome's value is exact. Throws descent::error for bad settings and
    /// shapes; a weight that is not finite is status::diverged, and the start is put back.
    template <class T, class Column, class Loss, class Watch>
    outcome run(linear_problem<data::sparse_batch<T, Column>, Loss> const& p,
                vector_view<std::type_identity_t<T>> w, vector_view<std::type_identity_t<T>> bias,
                Watch const& watch) const {
        p.check(w, bias, "hogwild");
        detail::check_passes("hogwild", passes, rate);
        expect(fall > 0 && fall <= 1, "hogwild: fall = ", fall, ": must be in (0, 1]");
        index const n = p.samples();
        auto const lengths = detail::lengths_of(p, bias.size() > 0);
        detail::sample_weights const weight(p);
        double const bend = detail::curvature_bound(p.loss);
        double eta = rate > 0 ? rate : lengths.mean > 0 ? 1 / (4 * bend * lengths.mean) : 1;
        std::vector<T> share(std::size_t(p.features()), T(0));  // of l2, for each touch
        for (index i = 0; i < n; ++i)
            for (auto k = p.rows.begin(i); k < p.rows.end(i); ++k)
                share[p.rows.columns[k]] += T(1);
        for (T& each : share)
            each = each > T(0) ? T(p.l2 * double(n)) / each : T(0);
        vector<T> const start = w;
        T const start_bias = bias.size() ? bias[0] : T(0);

        std::vector<index> order;
        outcome result;
        auto told = verdict{};
        index const chunk = 256, chunks = (n + chunk - 1) / chunk;
        for (std::int64_t pass = 1; pass <= passes && !told.stop; ++pass, eta *= fall) {
            detail::shuffle(n, seed, pass, order);
            executor.for_each(chunks, [&](index c) {
                for (index k = c * chunk; k < std::min(n, (c + 1) * chunk); ++k)
                    visit(p, weight, share.data(), lengths.square.data(), bend, eta, order[std::size_t(k)],
                          w.data(), bias.size() ? bias.data() : nullptr);
            });
            result.iterations = pass;
            result.evaluations += n;
            if (!std::isfinite(double(w.squaredNorm()) + (bias.size() ? double(bias[0]) : 0.0))) {
                w = start;
                bias.setConstant(start_bias);
                result.value = p.value({w.data(), w.size()}, {bias.data(), bias.size()});
                return detail::ended(result, status::diverged, "a weight was not finite");
            }
            told = watch(progress{.iteration = pass, .evaluations = result.evaluations});
        }
        result.value = p.value({w.data(), w.size()}, {bias.data(), bias.size()});
        return told.stop ? detail::ended(result, told.status, told.reason)
                         : detail::ended(result, status::finished, text(passes, " passes"));
    }

private:
    template <class T>
    static T read(T& shared) {
        return std::atomic_ref<T>(shared).load(std::memory_order_relaxed);
    }
    template <class T>
    static void write(T& shared, T value) {
        std::atomic_ref<T>(shared).store(value, std::memory_order_relaxed);
    }

    template <class P, class T>
    static void visit(P const& p, detail::sample_weights<P> const& weight, T const* share, T const* square,
                      double bend, double eta, index i, T* w, T* bias) {
        auto const x = detail::row_of(p.rows, i);
        T z = bias ? read(*bias) : T(0);
        for (index k = 0; k < x.count; ++k)
            z += x.values[k] * read(w[x.columns[k]]);
        T const own = weight(i), most = T(1) / (T(bend) * square[i] * own);
        T const step = std::min(T(eta), most) * own * p.loss.slope(z, p.rows.target(i));
        for (index k = 0; k < x.count; ++k) {
            T& at = w[x.columns[k]];
            T const old = read(at), decay = std::min(T(eta) * share[x.columns[k]], T(0.5));
            write(at, old - decay * old - step * x.values[k]);
        }
        if (bias)
            write(*bias, read(*bias) - step);
    }
};
template <class Executor, class... Rest>
hogwild(Executor, Rest...) -> hogwild<Executor>;

}  // namespace descent::solve
