// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/math.hpp>
#include <descent/core/tensor.hpp>

// The sweep of detail/sweep.hpp for a device: what one thread of a block does, step by step (launch_steps of
// the executor). A tile is some rows that a block reads for their scores and at once again, from cache, for the
// gradient. Every number is added up in an order that the data alone decides. Scores lie row after row:
// z[row * outputs + c]. This file names no device.
namespace descent::linear::detail {

/// Threads of a block; part of the order of the sums, so the same on every device.
inline constexpr int device_threads = 256;

/// How rows are cut into tiles and tiles into blocks. A row is scored by 2^row_shift threads, its gradient
/// added by 2^column_shift, whose other threads take rows of their own.
struct device_cut {
    index rows = 0, tile_rows = 1, tiles = 0, blocks = 0;
    int row_shift = 0, column_shift = 0;

    static constexpr device_cut of(index rows, index row_lanes, index columns, int rows_a_thread, index most) {
        device_cut cut;
        cut.rows = rows;
        cut.row_shift = shift_of(row_lanes);
        cut.column_shift = shift_of(columns);
        cut.tile_rows = index(rows_a_thread) * (device_threads >> cut.row_shift);
        cut.tiles = (rows + cut.tile_rows - 1) / cut.tile_rows;
        cut.blocks = cut.tiles < most ? cut.tiles : most;
        return cut;
    }

    /// Threads that add the same column, each for its rows.
    DESCENT_FN int subsets() const { return device_threads >> column_shift; }
    DESCENT_FN index first_tile(index block) const { return block * tiles / blocks; }

private:
    /// The least power of two that is not below n, or that of all threads.
    static constexpr int shift_of(index n) {
        int shift = 0;
        while (1 << shift < n && 1 << shift < device_threads)
            ++shift;
        return shift;
    }
};

/// Dense rows in the memory of a device. W lies there as here: w[c * features + j], the biases behind it.
template <class T>
struct device_dense {
    using number = T;
    static constexpr bool adds = true;  ///< the gradient comes from the same tile

    T const* x;
    index features;

    DESCENT_FN static index place(index c, index j, index /*outputs*/, index features) {
        return c * features + j;
    }

    /// sum[c * Q + q] = what lane `lane` finds of the score of row[q] and output first + c.
    template <int Q, int C>
    DESCENT_FN void score(index const* row, T const* w, index outputs, index first, int lane, int lanes,
                          T* sum) const {
        for (index j = lane; j < features; j += lanes) {
            T value[Q];
            for (int q = 0; q < Q; ++q)
                value[q] = x[row[q] * features + j];
            for (int c = 0; c < C; ++c) {
                index const output = first + c < outputs ? first + c : outputs - 1;
                T const weight = w[output * features + j];
                for (int q = 0; q < Q; ++q)
                    sum[c * Q + q] = fused_multiply_add(value[q], weight, sum[c * Q + q]);
            }
        }
    }
};

/// Sparse rows in the memory of a device. W lies there column after column, w[j * outputs + c].
template <class T, class Column>
struct device_sparse {
    using number = T;
    static constexpr bool adds = false;

    std::int64_t const* offsets;
    Column const* columns;
    T const* values;

    DESCENT_FN static index place(index c, index j, index outputs, index /*features*/) {
        return j * outputs + c;
    }

    template <int Q, int C>
    DESCENT_FN void score(index const* row, T const* w, index outputs, index first, int lane, int lanes,
                          T* sum) const {
        for (int q = 0; q < Q; ++q) {
            std::int64_t const end = offsets[row[q] + 1];
            for (std::int64_t k = offsets[row[q]] + lane; k < end; k += lanes) {
                T const value = values[k];
                T const* const weight = w + index(columns[k]) * outputs;
                for (int c = 0; c < C; ++c) {
                    index const output = first + c < outputs ? first + c : outputs - 1;
                    sum[c * Q + q] = fused_multiply_add(value, weight[output], sum[c * Q + q]);
                }
            }
        }
    }
};

/// A pass over the rows: scores, turn(row, z, outputs) -> loss of one sample, which leaves slopes in place of
/// its scores, and where the reader adds, each block's part of the gradient in slots. A thread scores Q rows
/// and C outputs at once; C == 1 where outputs == 1.
template <class Reader, class Turn, int Q, int C>
struct device_sweep {
    using T = typename Reader::number;
    static constexpr int threads = device_threads;

    struct shared_memory {
        T part[(Q * C + 1) * threads];  ///< scores, a part of each lane
        double loss[threads], bias[threads];
    };
    struct own {
        double loss = 0, bias = 0;
    };

    Reader reader;
    Turn turn;
    device_cut cut;
    index outputs, features;
    T const *w, *bias;  ///< bias may be nullptr
    T* z;
    T* slots;      ///< blocks x subsets x outputs x features; nullptr: no gradient
    double* sums;  ///< blocks x (1 + outputs): the loss, the slopes of the biases

    DESCENT_FN int steps(index block) const {
        return int(cut.first_tile(block + 1) - cut.first_tile(block)) * tile_steps() + 3;
    }

    DESCENT_FN void operator()(index block, int step, int thread, shared_memory& shared, own& mine) const {
        index const begin = cut.first_tile(block);
        int const each = tile_steps(), last = steps(block) - 3;
        if (step >= last)
            return finish(block, step - last, thread, shared, mine);
        index const first = (begin + step / each) * cut.tile_rows;
        int const phase = step % each;
        bool const fresh = step < each;
        index const left = cut.rows - first;
        int const count = int(left < cut.tile_rows ? left : cut.tile_rows);
        if (phase < score_steps()) {
            index const output = index(phase / 3) * C;
            if (phase % 3 == 0)
                score(first, output, thread, shared);
            else if (phase % 3 == 1)
                fold(thread, shared);
            else
                gather(first, count, output, thread, shared, mine);
        } else if (C > 1 && phase == score_steps()) {
            for (int r = thread; r < count; r += threads)
                mine.loss += turn(first + r, z + (first + r) * outputs, outputs);
        } else {
            add(block, first, count, fresh, thread);
        }
    }

private:
    DESCENT_FN int score_steps() const { return 3 * int((outputs + C - 1) / C); }
    DESCENT_FN int tile_steps() const {
        return score_steps() + (C > 1 ? 1 : 0) + (slots && (Reader::adds || C > 1) ? 1 : 0);
    }

    /// The lanes of a row each a part of its scores.
    DESCENT_FN void score(index first, index output, int thread, shared_memory& shared) const {
        int const lanes = 1 << cut.row_shift, lane = thread & (lanes - 1), group = thread >> cut.row_shift;
        int const groups = threads >> cut.row_shift, pairs = Q * C * groups;
        index row[Q];
        for (int q = 0; q < Q; ++q) {
            index const at = first + q * groups + group;
            row[q] = at < cut.rows ? at : cut.rows - 1;
        }
        T sum[Q * C];
        for (int k = 0; k < Q * C; ++k)
            sum[k] = T(0);
        reader.template score<Q, C>(row, w, outputs, output, lane, lanes, sum);
        for (int k = 0; k < Q * C; ++k)
            shared.part[lane * (pairs + 1) + k * groups + group] = sum[k];
    }

    /// Lanes whose parts fold() has left: as many as keep all threads busy.
    DESCENT_FN int folded() const {
        int const lanes = 1 << cut.row_shift, idle = threads / (C * int(cut.tile_rows));
        return idle < 1 ? 1 : idle < lanes ? idle : lanes;
    }

    /// The parts of each score joined to fewer.
    DESCENT_FN void fold(int thread, shared_memory& shared) const {
        int const lanes = 1 << cut.row_shift, pairs = C * int(cut.tile_rows), left = folded();
        for (int task = thread; task < pairs * left; task += threads) {
            int const pair = task % pairs, mod = task / pairs;
            T total = shared.part[mod * (pairs + 1) + pair];
            for (int lane = mod + left; lane < lanes; lane += left)
                total += shared.part[lane * (pairs + 1) + pair];
            shared.part[mod * (pairs + 1) + pair] = total;
        }
    }

    /// The rest of them joined; with one score a sample its slope at once.
    DESCENT_FN void gather(index first, int count, index output, int thread, shared_memory& shared,
                           own& mine) const {
        int const left = folded(), height = int(cut.tile_rows), pairs = C * height;
        for (int pair = thread; pair < pairs; pair += threads) {
            int const c = pair / height, r = pair % height;
            if (r >= count || output + c >= outputs)
                continue;
            T total = bias ? bias[output + c] : T(0);
            for (int lane = 0; lane < left; ++lane)
                total += shared.part[lane * (pairs + 1) + pair];
            T* const to = z + (first + r) * outputs + output + c;
            *to = total;
            if constexpr (C == 1) {
                mine.loss += turn(first + r, to, outputs);
                mine.bias += double(*to);
            }
        }
    }

    /// The tile's part of the gradient onto the block's: a thread has its columns, and each S-th row.
    DESCENT_FN void add(index block, index first, int count, bool fresh, int thread) const {
        if constexpr (Reader::adds) {
            int const lanes = 1 << cut.column_shift, subsets = cut.subsets();
            int const subset = thread >> cut.column_shift;
            T* const slot = slots + (block * subsets + subset) * outputs * features;
            for (index j = thread & (lanes - 1); j < features; j += lanes)
                for (index output = 0; output < outputs; output += C) {
                    T sum[C];
                    for (int c = 0; c < C; ++c)
                        sum[c] = T(0);
                    for (int r = subset; r < count; r += subsets) {
                        T const value = reader.x[(first + r) * features + j];
                        T const* const slope = z + (first + r) * outputs;
                        for (int c = 0; c < C; ++c) {
                            index const at = output + c < outputs ? output + c : outputs - 1;
                            sum[c] = fused_multiply_add(value, slope[at], sum[c]);
                        }
                    }
                    for (int c = 0; c < C && output + c < outputs; ++c) {
                        T& to = slot[(output + c) * features + j];
                        to = fresh ? sum[c] : to + sum[c];
                    }
                }
        }
        if constexpr (C > 1)
            for (index c = thread; c < outputs; c += threads) {
                double total = 0;
                for (int r = 0; r < count; ++r)
                    total += double(z[(first + r) * outputs + c]);
                double& to = sums[block * (1 + outputs) + 1 + c];
                to = fresh ? total : to + total;
            }
    }

    /// The threads' sums joined, in three steps.
    DESCENT_FN void finish(index block, int step, int thread, shared_memory& shared, own const& mine) const {
        constexpr int stretch = 16;
        if (step == 0) {
            shared.loss[thread] = mine.loss;
            shared.bias[thread] = mine.bias;
            if (Reader::adds && slots)
                join_subsets(block, thread);
        } else if (step == 1) {
            if (thread < threads / stretch)
                for (int k = 1; k < stretch; ++k) {
                    shared.loss[thread * stretch] += shared.loss[thread * stretch + k];
                    shared.bias[thread * stretch] += shared.bias[thread * stretch + k];
                }
        } else if (thread == 0) {
            double loss = 0, slope = 0;
            for (int k = 0; k < threads; k += stretch) {
                loss += shared.loss[k];
                slope += shared.bias[k];
            }
            sums[block * (1 + outputs)] = loss;
            if (C == 1)
                sums[block * (1 + outputs) + 1] = slope;
        }
    }

    DESCENT_FN void join_subsets(index block, int thread) const {
        index const numbers = outputs * features;
        int const subsets = cut.subsets();
        T* const slot = slots + block * subsets * numbers;
        for (index i = thread; subsets > 1 && i < numbers; i += threads) {
            T total = slot[i];
            for (int s = 1; s < subsets; ++s)
                total += slot[s * numbers + i];
            slot[i] = total;
        }
    }
};

}  // namespace descent::linear::detail
