// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <baselines/optim.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/optim.hpp>

// One problem for every rival of an optimizer step: the optimizer, and hand loops over its own arenas.
namespace arena {

using descent::index;

/// exec::openmp that tells where an optimizer keeps its numbers.
struct watched {
    static constexpr bool host = true;
    template <class T>
    using memory = descent::aligned_buffer<T>;

    descent::exec::openmp inner;
    std::shared_ptr<std::array<float*, 8>> slots = std::make_shared<std::array<float*, 8>>();

    int width() const { return inner.width(); }

    template <class Body>
    void for_each(index n, Body const& body) const {
        if constexpr (requires { body.memory.slot[0].numbers; })
            for (std::size_t s = 0; s + 1 < body.memory.slot.size(); ++s)
                (*slots)[s] = body.memory.slot[s].numbers;
        inner.for_each(n, body);
    }
};

/// Weights, a gradient, and an optimizer that has made its first step.
template <class Recipe>
struct problem {
    descent::params<float> weights, gradients;
    watched executor;
    descent::optimizer<Recipe, float, watched> optimizer;

    problem(Recipe recipe, index n, int threads)
        : weights({{"weights", {n}}}),
          gradients(weights.like()),
          executor{{threads}},
          optimizer(std::move(recipe), weights, executor) {
        std::uint32_t bits = 12345;
        for (index i = 0; i < n; ++i) {
            bits = bits * 1664525u + 1013904223u;
            weights.data()[i] = .1f;
            gradients.data()[i] = (float(bits >> 8) / 16777216.f - .5f) * .02f;
        }
        optimizer.step(gradients);
    }

    float* w() { return weights.data(); }
    float const* g() const { return gradients.data(); }
    float* slot(int s) const { return (*executor.slots)[std::size_t(s)]; }
};

/// f(begin, count) on the stretches that exec::openmp gives its threads.
template <class F>
void share(index n, int threads, F const& f) {
    constexpr index piece = descent::detail::piece_size;
    index const pieces = (n + piece - 1) / piece;
    if (threads == 1 || pieces < 4) {
        f(index(0), n);
        return;
    }
#pragma omp parallel num_threads(threads) default(none) firstprivate(n, pieces, f)
    {
        index const id = omp_get_thread_num(), count = omp_get_num_threads();
        index const begin = std::min(n, pieces * id / count * piece);
        f(begin, std::min(n, pieces * (id + 1) / count * piece) - begin);
    }
}

/// |g|^2 by hand: a float for each 16384 numbers, then double.
inline double square_sum(float const* g, index n, int threads) {
    constexpr index piece = descent::detail::piece_size;
    double total[64] = {};
    double* const totals = total;
    share(n, threads, [=](index begin, index count) {
        double sum = 0;
        for (index i = begin; i < begin + count; i += piece)
            sum += double(baseline::square_sum_loop(g + i, std::min(piece, begin + count - i)));
        totals[count == n ? 0 : omp_get_thread_num()] = sum;
    });
    double sum = 0;
    for (double part : total)
        sum += part;
    return sum;
}

// The recipes that are measured, and their hand loops over the same arenas.

inline constexpr float rate = 1e-3f, lambda = .01f;

inline auto sgd_recipe() { return descent::chain(descent::sgd{}, descent::rate{double(rate)}); }
inline auto momentum_recipe() { return descent::chain(descent::momentum{}, descent::rate{double(rate)}); }
inline auto adam_recipe() { return descent::chain(descent::adam{}, descent::rate{double(rate)}); }
inline auto clip_adam_decay_rate_recipe() {
    return descent::chain(descent::clip_norm{1.0}, descent::adam{}, descent::decay{double(lambda)},
                          descent::rate{double(rate)});
}

template <class P>
void sgd_by_hand(P& p, index n, int threads) {
    share(n, threads,
          [w = p.w(), g = p.g()](index i, index count) { baseline::sgd_loop(w + i, g + i, count, rate); });
}
template <class P>
void momentum_by_hand(P& p, index n, int threads) {
    share(n, threads, [w = p.w(), g = p.g(), b = p.slot(0)](index i, index count) {
        baseline::momentum_loop(w + i, g + i, b + i, count, .9f, rate);
    });
}
template <class P>
void adam_by_hand(P& p, index n, int threads, long step) {
    auto const k = baseline::adam_constants::at(step, rate, 0, 1);
    share(n, threads, [k, w = p.w(), g = p.g(), m = p.slot(0), v = p.slot(1)](index i, index count) {
        baseline::adam_loop(w + i, g + i, m + i, v + i, count, k);
    });
}
template <class P>
void clip_adam_decay_rate_by_hand(P& p, index n, int threads, long step) {
    double const norm = std::sqrt(square_sum(p.g(), n, threads));
    auto const k = baseline::adam_constants::at(step, rate, lambda, norm <= 1 ? 1 : float(1 / norm));
    share(n, threads, [k, w = p.w(), g = p.g(), m = p.slot(0), v = p.slot(1)](index i, index count) {
        baseline::adam_decay_loop(w + i, g + i, m + i, v + i, count, k);
    });
}

/// The streams of Adam (r4w3), touched without arithmetic.
template <class P>
void limit(P& p, index n, int threads) {
    share(n, threads, [w = p.w(), g = p.g(), m = p.slot(0), v = p.slot(1)](index i, index count) {
        baseline::touch_r4w3(w + i, g + i, m + i, v + i, count);
    });
}
/// The gradient read once, as clip_norm must.
template <class P>
void limit_of_norm(P& p, index n, int threads) {
    float sums[64] = {};
    float* const sum = sums;
    share(n, threads, [=, g = p.g()](index i, index count) {
        sum[count == n ? 0 : omp_get_thread_num()] = baseline::touch_r1(g + i, count);
    });
    float volatile used = sums[0];
    (void)used;
}

}  // namespace arena
