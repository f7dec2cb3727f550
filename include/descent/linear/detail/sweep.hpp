// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/detail/sparse_tile.hpp>
#include <descent/linear/detail/tile.hpp>

namespace descent::linear {

/// Memory that passes over data reuse, so that a training step allocates nothing.
template <class T>
struct workspace {
    aligned_buffer<T> numbers = {};
    std::vector<double> losses = {};

    T* reserve(std::size_t n) {
        if (numbers.size() < n)
            numbers = aligned_buffer<T>(n);
        return numbers.data();
    }
};

namespace detail {

/// bias_slope[c] += the slopes of output c; they are 0 behind `count` up to a whole pack.
template <class T>
void add_bias_slopes(T const* z, index count, index outputs, T* bias_slope) {
    using V = native_pack<T>;
    for (index c = 0; c < outputs; ++c) {
        V some = V(T(0));
        for (index r = 0; r < count; r += lanes_of<V>)
            some += load<V>(z + c * tile_rows + r);
        bias_slope[c] += sum(some);
    }
}

/// How a sweep reads dense rows.
template <class T>
struct dense_reader {
    data::batch<T> rows;
    index outputs;

    index weights() const { return outputs * rows.features; }
    double row_bytes() const { return double(rows.features) * sizeof(T); }
    index scores() const { return outputs * tile_rows; }
    static constexpr bool arranges = false;

    /// Rows [first, end): turn and, unless g is nullptr, the gradient onto g and bias_slope. z: a tile of
    /// scores.
    template <class Turn>
    double chunk(index first, index end, T const* w, T const* bias, T* g, T* bias_slope, T* z,
                 Turn const& turn) const {
        using V = native_pack<T>;
        // Found by trial on Zen 3: narrow rows in small tiles, prefetched; wide ones stream by themselves.
        constexpr double narrow = 2048, small_tile = 6500;
        constexpr index distance = 26000 / index(sizeof(T)), packs = lanes_of < V >> 8 ? lanes_of<V> : 8;
        bool const small = row_bytes() <= narrow && (!rows.order || rows.viewed) && outputs == 1;
        bool const prefetches = small && !rows.order;
        index const height =
            small ? std::clamp(index(small_tile / row_bytes()) / packs * packs, packs, tile_rows) : tile_rows;
        data::batch<T> const part = rows.part(0, end);
        T const* x[tile_rows];
        double loss = 0;
        for (index at = first; at < end; at += height) {
            index const count = std::min(height, tile_pointers(part, at, x));
            T const* ahead = prefetches ? x[0] + distance : nullptr;
            score_tile<V>(x, count, w, bias, rows.features, outputs, z, ahead);
            loss += turn(at, count, z, ahead);
            if (!g)
                continue;
            add_bias_slopes(z, count, outputs, bias_slope);
            add_tile<V>(x, count, z, rows.features, outputs, g, ahead);
        }
        return loss;
    }
};

/// How a sweep reads sparse rows.
template <class T, class Column>
struct sparse_reader {
    data::sparse_batch<T, Column> rows;
    index outputs;

    index weights() const { return sparse_stride(outputs) * rows.features; }
    double row_bytes() const {
        if (rows.count == 0)
            return 1;
        std::int64_t entries = 0;
        if (!rows.order)
            entries = rows.end(rows.count - 1) - rows.begin(0);
        for (index i = 0; rows.order && i < rows.count; ++i)
            entries += rows.end(i) - rows.begin(i);
        // Columns count 4 bytes whatever their type, so that the chunks, and so the sums, are the same.
        return double(entries) * (sizeof(T) + 4) / double(rows.count) + 1;
    }
    /// Rows of a tile. Scores need W in the cache, the gradient itself: to change between them often costs more
    /// than to read the rows again from a farther cache, if the hardware foresees where they lie.
    index height() const { return outputs == 1 && (!rows.order || rows.viewed) ? 2048 : tile_rows; }
    index scores() const { return outputs * height(); }
    /// Does W lie in another order while a sweep runs?
    bool arranges = outputs > 1;

    void arrange(T const* w, T* to) const {
        index const stride = sparse_stride(outputs);
        for (index j = 0; j < rows.features; ++j)
            for (index c = 0; c < stride; ++c)
                to[j * stride + c] = c < outputs ? w[c * rows.features + j] : T(0);
    }
    void restore(T const* from, T* g) const {
        index const stride = sparse_stride(outputs);
        for (index c = 0; c < outputs; ++c)
            for (index j = 0; j < rows.features; ++j)
                g[c * rows.features + j] = from[j * stride + c];
    }

    template <class Turn>
    double chunk(index first, index end, T const* w, T const* bias, T* g, T* bias_slope, T* z,
                 Turn const& turn) const {
        double loss = 0;
        for (index at = first; at < end; at += height()) {
            index const count = std::min(height(), end - at);
            score_sparse(rows, at, count, w, bias, outputs, z);
            T const* ahead = nullptr;
            loss += turn(at, count, z, ahead);
            if (!g)
                continue;
            add_bias_slopes(z, count, outputs, bias_slope);
            add_sparse(rows, at, count, z, outputs, g);
        }
        return loss;
    }
};

template <class T>
dense_reader<T> reader_of(data::batch<T> const& rows, index outputs) {
    return {rows, outputs};
}
template <class T, class Column>
sparse_reader<T, Column> reader_of(data::sparse_batch<T, Column> const& rows, index outputs) {
    return {rows, outputs};
}

/// How the rows are cut: by the data alone, never by the number of threads.
struct chunking {
    index rows, count;

    template <class Reader>
    static chunking of(Reader const& reader) {
        // A chunk has a gradient of its own to be cleared and joined: its rows should outweigh that.
        constexpr double most = 64, least_rows = 256, outweigh = 16;
        using T = typename decltype(reader.rows)::scalar;
        double const samples = double(reader.rows.count);
        double const bytes = double(reader.weights()) * sizeof(T);
        double const heavy = std::min(outweigh * bytes / reader.row_bytes(), samples / 4 + 1);
        auto const each = index(std::max({least_rows, samples / most + 1, heavy}));
        index const whole = (each + tile_rows - 1) / tile_rows * tile_rows;
        return {whole, (reader.rows.count + whole - 1) / whole};
    }
};

/// One pass over the rows: scores, turn(first, count, scores, ahead) -> sum of losses, which leaves slopes in
/// place of the scores (0 behind count up to a whole pack) and may prefetch from `ahead` on, and the
/// slopes times the rows into g and g_bias (overwritten; g nullptr: neither). Each chunk of rows has its own
/// sums, and the chunks are joined in order: every executor gives the same bits.
template <class Reader, class T, class Turn, class Executor>
double sweep(Reader const& reader, T const* w, T const* bias, T* g, T* g_bias, Turn const& turn,
             Executor const& executor, workspace<T>& work) {
    chunking const cut = chunking::of(reader);
    index const weights = g ? reader.weights() : 0, outputs = reader.outputs;
    auto const padded = [](index n) {  // no two threads share a line
        index const line = index(alignment / sizeof(T));
        return (n + line - 1) / line * line;
    };
    bool const alone = executor.width() == 1;
    // A slot: the chunk's gradient, its bias slopes, the scores of a tile.
    index const bias_at = padded(weights), scores_at = bias_at + padded(outputs);
    index const stride = scores_at + padded(reader.scores());
    index const arranged = reader.arranges ? padded(reader.weights()) : 0;
    index const slots = alone ? 1 : cut.count;
    T* const memory = work.reserve(std::size_t(2 * arranged + stride * slots));
    work.losses.assign(std::size_t(cut.count), 0.0);
    T* total = g;
    if constexpr (requires { reader.arrange(w, memory); })
        if (arranged) {
            reader.arrange(w, memory);
            w = memory;
            total = g ? memory + arranged : nullptr;
        }
    if (g)
        std::fill_n(total, weights, T(0));
    if (g_bias)
        std::fill_n(g_bias, outputs, T(0));

    struct body {
        Reader reader;
        Turn turn;
        T const *w, *bias;
        chunking cut;
        index stride, bias_at, scores_at;
        bool wants_gradient, alone;
        T* memory;
        double* losses;

        T* slot(index chunk) const { return memory + (alone ? 0 : chunk) * stride; }
        void operator()(index chunk) const {
            T *const own = slot(chunk), *const z = own + scores_at, *const bias_slope = own + bias_at;
            std::fill_n(own, scores_at, T(0));
            losses[chunk] = reader.chunk(chunk * cut.rows, std::min((chunk + 1) * cut.rows, reader.rows.count),
                                         w, bias, wants_gradient ? own : nullptr, bias_slope, z, turn);
        }
    };
    body const each{reader,
                    turn,
                    w,
                    bias,
                    cut,
                    stride,
                    bias_at,
                    scores_at,
                    g != nullptr,
                    alone,
                    memory + 2 * arranged,
                    work.losses.data()};
    auto const join = [&](index chunk, index from, index to) {
        T const* const own = each.slot(chunk);
        for (index i = from; i < to; ++i)
            total[i] += own[i];
    };
    auto const join_bias = [&](index chunk) {
        for (index c = 0; g_bias && c < outputs; ++c)
            g_bias[c] += each.slot(chunk)[bias_at + c];
    };
    if (alone) {
        for (index chunk = 0; chunk < cut.count; ++chunk) {
            each(chunk);
            join(chunk, 0, weights);
            join_bias(chunk);
        }
    } else {
        executor.for_each(cut.count, each);
        constexpr index stretch = 4096;
        executor.for_each((weights + stretch - 1) / stretch, [&](index part) {
            for (index chunk = 0; chunk < cut.count; ++chunk)
                join(chunk, part * stretch, std::min((part + 1) * stretch, weights));
        });
        for (index chunk = 0; chunk < cut.count; ++chunk)
            join_bias(chunk);
    }
    if constexpr (requires { reader.restore(w, g); })
        if (arranged && g)
            reader.restore(total, g);
    double loss = 0;
    for (double const each_loss : work.losses)
        loss += each_loss;
    return loss;
}

}  // namespace detail

}  // namespace descent::linear
