// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/math.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/detail/device_sweep.hpp>

// What follows the pass over the rows: the gradient of sparse data, whose columns are read from a copy of the
// data by columns, and the join of all parts of a gradient.
namespace descent::linear::detail {

/// A stretch of the entries of one column; columns are cut so that no thread adds up many more than others.
struct device_piece {
    std::int64_t begin, end;
};

/// part[p * outputs + c] = the sum over the entries of piece p of value times slope c of the row.
template <class T, int C>
struct device_columns {
    static constexpr int threads = device_threads, lanes = 32, pieces = threads / lanes, pairs = C * pieces;

    struct shared_memory {
        T part[lanes * (pairs + 1)];
    };
    struct own {};

    device_piece const* piece;
    index count;
    std::uint32_t const* rows;
    T const* values;
    T const* slopes;
    index outputs;
    T* parts;

    static index blocks_of(index pieces_in_all) { return (pieces_in_all + pieces - 1) / pieces; }
    DESCENT_FN int steps(index) const { return 2 * int((outputs + C - 1) / C); }

    DESCENT_FN void operator()(index block, int step, int thread, shared_memory& shared, own&) const {
        index const first = index(step / 2) * C;
        if (step % 2 == 0)
            add(block * pieces + thread / lanes, first, thread / lanes, thread % lanes, shared);
        else if (thread < pairs)
            gather(block * pieces + thread % pieces, first + thread / pieces, thread, shared);
    }

private:
    DESCENT_FN void add(index at, index first, int here, int lane, shared_memory& shared) const {
        T sum[C];
        for (int c = 0; c < C; ++c)
            sum[c] = T(0);
        std::int64_t const end = at < count ? piece[at].end : 0;
        for (std::int64_t k = at < count ? piece[at].begin + lane : 0; k < end; k += lanes) {
            T const value = values[k];
            T const* const slope = slopes + index(rows[k]) * outputs;
            for (int c = 0; c < C; ++c) {
                index const output = first + c < outputs ? first + c : outputs - 1;
                sum[c] = fused_multiply_add(value, slope[output], sum[c]);
            }
        }
        for (int c = 0; c < C; ++c)
            shared.part[lane * (pairs + 1) + c * pieces + here] = sum[c];
    }

    DESCENT_FN void gather(index at, index output, int pair, shared_memory& shared) const {
        if (at >= count || output >= outputs)
            return;
        T total = T(0);
        for (int lane = 0; lane < lanes; ++lane)
            total += shared.part[lane * (pairs + 1) + pair];
        parts[at * outputs + output] = total;
    }
};

/// The parts of a dense gradient: one of each block.
template <class T>
struct device_slots {
    T const* slots;
    index count, stride;

    DESCENT_FN index begin(index) const { return 0; }
    DESCENT_FN index end(index) const { return count; }
    DESCENT_FN T operator()(index part, index i) const { return slots[part * stride + i]; }
};

/// The parts of a sparse gradient: the pieces [first[j], first[j + 1]) of column j.
template <class T>
struct device_pieces {
    T const* parts;
    std::int64_t const* first;
    index outputs;

    DESCENT_FN index begin(index i) const { return index(first[i / outputs]); }
    DESCENT_FN index end(index i) const { return index(first[i / outputs + 1]); }
    DESCENT_FN T operator()(index part, index i) const { return parts[part * outputs + i % outputs]; }
};

/// to[i] = the sum of the parts of number i, in double; a block has `width` numbers, each of them `lanes`
/// threads.
template <class T, class Parts>
struct device_join {
    static constexpr int threads = device_threads, width = 8, lanes = threads / width;

    struct shared_memory {
        double part[lanes][width];
    };
    struct own {};

    Parts parts;
    index numbers;
    T* to;

    static index blocks_of(index numbers_in_all) { return (numbers_in_all + width - 1) / width; }
    DESCENT_FN int steps(index) const { return 2; }

    DESCENT_FN void operator()(index block, int step, int thread, shared_memory& shared, own&) const {
        int const here = thread % width, lane = thread / width;
        index const i = block * width + here;
        if (i >= numbers || (step == 1 && lane > 0))
            return;
        double total = 0;
        if (step == 0) {
            index const end = parts.end(i);
            for (index part = parts.begin(i) + lane; part < end; part += lanes)
                total += double(parts(part, i));
            shared.part[lane][here] = total;
        } else {
            for (int k = 0; k < lanes; ++k)
                total += shared.part[k][here];
            to[i] = T(total);
        }
    }
};

}  // namespace descent::linear::detail
