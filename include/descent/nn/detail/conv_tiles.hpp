// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/lane_sums.hpp>
#include <descent/exec/unrolled.hpp>

// The inner loops of convolutions, over planes whose rows lie one behind the other with zeros between them:
// then a kernel's tap is one shift for all places of a plane, and packs run across the ends of rows.
namespace descent::nn::detail {

/// Registers of a tile: sums of some outputs at some packs of places, one factor, and the numbers.
template <class T>
struct conv_tiles {
    static constexpr int outputs = DESCENT_REGISTER_BYTES == 64 ? 8 : 4;
    static constexpr int packs = 3;
};

/// A tap of the kernel: how far its numbers lie behind the place, and its weight behind the first one.
struct conv_tap {
    index shift = 0, weight = 0;
};

/// y[o][q] = bias[o] + sum over channels c and taps t of w[o][c][t] x[c][q + shift of t], at any strides.
template <class T>
struct conv_sum {
    T const* x;
    index x_step, channels;
    conv_tap const* taps;
    index count;
    T const* w;
    index w_output, w_channel;
    T const* bias;  ///< or nullptr
    T* y;
    index y_step;
};

using exec::unrolled;

/// O outputs from `output` on at P packs of places from q on.
template <int O, int P, class T>
void conv_tile(conv_sum<T> const& s, index output, index q) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    V sums[O][P];
    unrolled<O>([&](auto o) {
        V const first = V(s.bias ? s.bias[output + o] : T(0));
        unrolled<P>([&](auto p) { sums[o][p] = first; });
    });
    index const step = s.w_output, count = s.count;
    conv_tap const* const DESCENT_RESTRICT taps = s.taps;
    T const* DESCENT_RESTRICT x = s.x + q;
    T const* DESCENT_RESTRICT w = s.w + output * step;
    for (index c = 0; c < s.channels; ++c, x += s.x_step, w += s.w_channel)
        for (index t = 0; t < count; ++t) {
            T const* const from = x + taps[t].shift;
            T const* const weight = w + taps[t].weight;
            V part[P];
            unrolled<P>([&](auto p) { part[p] = load_unaligned<V>(from + p * lanes); });
            unrolled<O>([&](auto o) {
                V const factor(weight[o * step]);
                unrolled<P>([&](auto p) { sums[o][p] = fused_multiply_add(factor, part[p], sums[o][p]); });
            });
        }
    unrolled<O>([&](auto o) {
        T* const to = s.y + (output + o) * s.y_step + q;
        unrolled<P>([&](auto p) { store_unaligned(to + p * lanes, sums[o][p]); });
    });
}

template <int O, class T>
void conv_tiles_of_outputs(conv_sum<T> const& s, index output, index q, index packs) {
    constexpr int lanes = lanes_of<native_pack<T>>;
    static_assert(conv_tiles<T>::packs == 3);
    while (packs > 0) {
        index const now = packs == 4 ? 2 : std::min<index>(packs, 3);  // 2 + 2 are better than 3 + 1
        if (now == 3)
            conv_tile<O, 3>(s, output, q);
        else if (now == 2)
            conv_tile<O, 2>(s, output, q);
        else
            conv_tile<O, 1>(s, output, q);
        packs -= now, q += now * lanes;
    }
}

/// f(constant O, first) for tiles of N, N / 2, ..., 1 that cover [0, count).
template <int N, class F>
void halving_tiles(index first, index count, F const& f) {
    for (; count - first >= N; first += N)
        f(std::integral_constant<int, N>{}, first);
    if constexpr (N > 1)
        if (first < count)
            halving_tiles<N / 2>(first, count, f);
}

/// All `outputs` at the places [q, q + count), and up to the end of the last pack.
template <class T>
void conv_places(conv_sum<T> const& s, index outputs, index q, index count) {
    constexpr int lanes = lanes_of<native_pack<T>>;
    constexpr index tile = conv_tiles<T>::packs;
    // As many places at a time as let the channels' numbers stay in the first cache.
    index const chunk = std::max<index>(1, 4096 / (std::max<index>(1, s.channels) * lanes * tile)) * tile;
    index const packs = (count + lanes - 1) / lanes;
    for (index first = 0; first < packs; first += chunk)
        halving_tiles<conv_tiles<T>::outputs>(0, outputs, [&](auto o, index output) {
            conv_tiles_of_outputs<o>(s, output, q + first * lanes, std::min(chunk, packs - first));
        });
}

/// to[o * K + k] = sum over [0, count) of dy[o][q] x[k][q]; count is a multiple of whole packs.
template <int O, int K, class T>
void conv_slope_tile(T const* dy, index dy_step, T const* const* x, index count, T* to) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    constexpr int packs = (O * K + lanes - 1) / lanes;
    V sums[packs * lanes];
    unrolled<packs * lanes>([&](auto i) { sums[i] = V(T(0)); });
    V tile[O * K];
    unrolled<O * K>([&](auto i) { tile[i] = V(T(0)); });
    T const* at[K];
    unrolled<K>([&](auto k) { at[k] = x[k]; });
    for (index q = 0; q < count; q += lanes) {
        V part[K];
        unrolled<K>([&](auto k) { part[k] = load_unaligned<V>(at[k] + q); });
        unrolled<O>([&](auto o) {
            V const slope = load_unaligned<V>(dy + o * dy_step + q);
            unrolled<K>([&](auto k) { tile[o * K + k] = fused_multiply_add(slope, part[k], tile[o * K + k]); });
        });
    }
    unrolled<O * K>([&](auto i) { sums[i] = tile[i]; });
    unrolled<packs>([&](auto i) { store_unaligned(to + i * lanes, exec::lane_sums(sums + i * lanes)); });
}

/// dw[(o * channels + c) * taps + t] += sum over places of dy[o][q] x[c][q + shift of t]; `count` places, a
/// multiple of whole packs.
template <class T>
void conv_slopes(T const* dy, index dy_step, index outputs, T const* x, index x_step, index channels,
                 conv_tap const* taps, index tap_count, index count, T* dw) {
    constexpr index chunk = 1024;  // a tile's slopes stay in the first cache
    constexpr int K = 3;
    index const columns = channels * tap_count;
    for (index first = 0; first < count; first += chunk)
        halving_tiles<conv_tiles<T>::outputs>(0, outputs, [&](auto o, index output) {
            constexpr int O = o;
            T const* const slopes = dy + output * dy_step + first;
            index const now = std::min(chunk, count - first);
            index c = 0, t = 0;  // of the next column
            auto const next = [&] {
                T const* const from = x + c * x_step + taps[t].shift + first;
                if (++t == tap_count)
                    t = 0, ++c;
                return from;
            };
            alignas(alignment) T sums[std::size_t(O) * K + 2 * std::size_t(lanes_of<native_pack<T>>)];
            T const* at[K];
            index column = 0;
            for (; column + K <= columns; column += K) {
                for (int k = 0; k < K; ++k)
                    at[k] = next();
                conv_slope_tile<O, K>(slopes, dy_step, at, now, sums);
                for (int i = 0; i < O; ++i)
                    for (int k = 0; k < K; ++k)
                        dw[(output + i) * columns + column + k] += sums[i * K + k];
            }
            for (; column < columns; ++column) {
                at[0] = next();
                conv_slope_tile<O, 1>(slopes, dy_step, at, now, sums);
                for (int i = 0; i < O; ++i)
                    dw[(output + i) * columns + column] += sums[i];
            }
        });
}

/// Copies a short row.
template <int N, class T>
DESCENT_FN void copy_row(T const* DESCENT_RESTRICT from, T* DESCENT_RESTRICT to, index count) {
    // Without exec::unrelated() the compiler would call memmove, which takes longer than the copy.
    if constexpr (N < 4) {
        for (index i = 0; i < count; ++i)
            to[i] = *exec::unrelated(from + i);
    } else {
        using V = pack<T, N>;
        if (count < N)
            return copy_row<N / 2>(from, to, count);
        for (index i = 0; i + N <= count; i += N)
            store_unaligned(to + i, load_unaligned<V>(exec::unrelated(from + i)));
        store_unaligned(to + count - N, load_unaligned<V>(from + count - N));
    }
}
template <class T>
DESCENT_FN void copy_row(T const* from, T* to, index count) {
    copy_row<lanes_of<native_pack<T>>>(from, to, count);
}

/// Zeros between rows: a few.
template <class T>
DESCENT_FN void zero_few(T* to, index count) {
    T const zero = 0;
    for (index i = 0; i < count; ++i)
        to[i] = *exec::unrelated(&zero);
}

}  // namespace descent::nn::detail
