// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <descent/core/math.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/whole.hpp>

namespace descent {

/// Adafactor (Shazeer & Stern, 2018, algorithm 4): adam's second moment from its row and column means alone, so
/// that a matrix of n x m weights costs n + m numbers of state. With gain = t^-beta2_decay (the paper's
/// 1 - beta2_t), r_i <- (1 - gain) r_i + gain mean_j u_ij^2, c_j likewise over the rows,
/// v_ij = r_i c_j / max(mean r, epsilon1), U = u / sqrt(max(v, epsilon1^2)) and
/// u <- min(rate, 1 / sqrt(t)) max(epsilon2, rms w) U / max(1, rms U / clip) + rate decay w.
///
/// Tensors of more axes are stacks of matrices of their last two; vectors and scalars keep the full v. Same
/// numbers as torch.optim.Adafactor; the rate is a member, no other follows:
/// optimizer{chain(adafactor{.rate = 1e-2}), w}. epsilon1 = 0 stands for the type's machine epsilon, as None
/// does there. Throws descent::error for a rate, clip or beta2_decay that is not finite and > 0, or an epsilon
/// or a decay that is negative or not finite.
struct adafactor {
    double rate = 1e-2, beta2_decay = 0.8, epsilon1 = 0, epsilon2 = 1e-3, clip = 1, decay = 0;

    static constexpr bool sets_rate = true;
    static constexpr bool forgets_rate = true;

    /// How the last two axes of a tensor lie in memory, and the stretches of it that threads share: whole rows.
    struct stack {
        index matrices = 1, rows = 1, columns = 1, stretch = 1;
        bool factored = false;

        explicit stack(shape const& extents) : columns(extents.size()), factored(extents.rank() >= 2) {
            if (factored) {
                rows = extents[extents.rank() - 2];
                columns = extents[extents.rank() - 1];
                for (int axis = 0; axis + 2 < extents.rank(); ++axis)
                    matrices *= extents[axis];
            }
            stretch = factored ? std::max(index(1), few / std::max(columns, index(1))) * columns : few;
        }
        index size() const { return matrices * rows * columns; }
        index stretches() const { return size() ? (size() + stretch - 1) / stretch : 0; }
    };

    /// The state: row means, then column means, of each matrix of the stack; or all second moments. The scratch
    /// holds two sums for each stretch and a mean for each matrix.
    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        static constexpr bool whole = true;
        T gain, epsilon1;
        double rate, epsilon2, clip;

        static index state_size(shape const& extents) {
            stack const at(extents);
            return at.factored ? at.matrices * (at.rows + at.columns) : at.columns;
        }
        static index scratch_size(shape const& extents) {
            stack const at(extents);
            return 2 * at.stretches() + at.matrices;
        }

        template <class Executor>
        void operator()(tensor_view<T> u, tensor_view<T const> w, T* state, T* scratch,
                        Executor const& executor) const {
            stack const at(u.extents);
            index const size = at.size(), stretches = at.stretches();
            if (size == 0)
                return;
            T* const update = u.data;
            T const* const weights = w.data;
            T* const mean = scratch + 2 * stretches;
            if (at.factored)
                for (index k = 0; k < at.matrices; ++k)
                    mean[k] = fold(update + k * at.rows * at.columns, at, state + k * (at.rows + at.columns),
                                   executor);

            executor.for_each(stretches, [=, part = gain, least = epsilon1](index s) {
                index const first = s * at.stretch, last = std::min(first + at.stretch, size);
                scratch[s] = T(squares(weights + first, last - first));
                if (at.factored) {
                    for (index row = first / at.columns; row < last / at.columns; ++row) {
                        T const* const means = state + row / at.rows * (at.rows + at.columns);
                        T const share = means[row % at.rows] / std::max(mean[row / at.rows], least);
                        divide(update + row * at.columns, means + at.rows, at.columns, share, least * least);
                    }
                } else {
                    for (index i = first; i < last; ++i)
                        state[i] += part * (update[i] * update[i] - state[i]);
                    divide(update + first, state + first, last - first, T(1), least * least);
                }
                scratch[stretches + s] = T(squares(update + first, last - first));
            });

            double in_weights = 0, in_update = 0;
            for (index s = 0; s < stretches; ++s) {
                in_weights += double(scratch[s]);
                in_update += double(scratch[stretches + s]);
            }
            double const length = rate * std::max(epsilon2, std::sqrt(in_weights / double(size)));
            T const scale = T(length / std::max(1.0, std::sqrt(in_update / double(size)) / clip));
            executor.for_each(stretches, [=](index s) {
                index const last = std::min((s + 1) * at.stretch, size);
                for (index i = s * at.stretch; i < last; ++i)
                    update[i] *= scale;
            });
        }

    private:
        /// Moves the means of one matrix towards those of u^2; returns the mean of its row means.
        template <class Executor>
        T fold(T const* u, stack const& at, T* means, Executor const& executor) const {
            index const rows = at.rows, columns = at.columns, each = at.stretch / columns;
            T const part = gain;
            executor.for_each((rows + each - 1) / each, [=](index s) {
                for (index row = s * each; row < std::min((s + 1) * each, rows); ++row)
                    means[row] +=
                        part * (T(squares(u + row * columns, columns) / double(columns)) - means[row]);
            });
            executor.for_each((columns + tile - 1) / tile, [=](index s) {
                index const first = s * tile, count = std::min(tile, columns - first);
                double sum[tile] = {};
                for (index row = 0; row < rows; ++row)
                    for (index i = 0; i < count; ++i)
                        sum[i] += double(u[row * columns + first + i]) * double(u[row * columns + first + i]);
                for (index i = 0; i < count; ++i)
                    means[rows + first + i] += part * (T(sum[i] / double(rows)) - means[rows + first + i]);
            });
            double total = 0;
            for (index row = 0; row < rows; ++row)
                total += double(means[row]);
            return T(total / double(rows));
        }

        /// u_i <- u_i / sqrt(max(share v_i, least)).
        static void divide(T* u, T const* v, index count, T share, T least) {
            using V = native_pack<T>;
            index i = 0;
            for (; i + lanes_of<V> <= count; i += lanes_of<V>)
                store_unaligned(
                    u + i, load_unaligned<V>(u + i) / sqrt(max(V(share) * load_unaligned<V>(v + i), V(least))));
            for (; i < count; ++i)
                u[i] /= sqrt(max(share * v[i], least));
        }

        /// Doubles take over after few squares of type T.
        static double squares(T const* x, index count) {
            using V = native_pack<T>;
            double total = 0;
            index i = 0;
            while (i + lanes_of<V> <= count) {
                V part(T(0));
                for (index const stop = i + tile; i < stop && i + lanes_of<V> <= count; i += lanes_of<V>) {
                    V const value = load_unaligned<V>(x + i);
                    part += value * value;
                }
                total += double(sum(part));
            }
            for (; i < count; ++i)
                total += double(x[i]) * double(x[i]);
            return total;
        }
    };

    template <class T>
    auto at(step_count now) const {
        double const t = double(now.step), reach = std::min(rate, 1 / std::sqrt(t));
        T const least = epsilon1 == 0 ? std::numeric_limits<T>::epsilon() : T(epsilon1);
        return join_kernels(kernel<T>{T(std::pow(t, -beta2_decay)), least, reach, epsilon2, clip},
                            descent::decay{rate * decay}.at<T>(now));
    }

    void check() const {
        detail::check_positive("adafactor: rate", rate);
        detail::check_positive("adafactor: beta2_decay", beta2_decay);
        detail::check_not_negative("adafactor: epsilon1", epsilon1);
        detail::check_not_negative("adafactor: epsilon2", epsilon2);
        detail::check_positive("adafactor: clip", clip);
        detail::check_not_negative("adafactor: decay", decay);
    }

private:
    static constexpr index tile = 256, few = 8192;
};
static_assert(update_rule<adafactor>);

}  // namespace descent
