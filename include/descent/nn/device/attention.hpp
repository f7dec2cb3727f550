// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/core/math.hpp>
#include <descent/nn/attention.hpp>
#include <descent/nn/device/draws.hpp>
#include <descent/nn/device/elementwise.hpp>
#include <descent/nn/device/sequence.hpp>
#include <descent/nn/device/softmax.hpp>

// The middle of attention on a device, between its dense layers: each score and each mixed number is one sum.
namespace descent::nn::detail {

/// Rows [samples, steps, 3 features] of queries, keys, values; shares [samples, heads, steps, steps].
struct heads_layout {
    index steps, features, heads;
    device_lengths length;

    DESCENT_FN index width() const { return features / heads; }
    /// Where query (0), key (1), value (2) or output (which = 0 and row = features) of a step begins.
    DESCENT_FN index at(index sample, index head, index step, index which, index row) const {
        return (sample * steps + step) * row + which * features + head * width();
    }
};
/// The length of the sample whose share row it is: 0 for rows of steps that are not there.
struct share_length {
    heads_layout l;
    DESCENT_FN index operator()(index row) const {
        index const length = l.length(row / l.steps / l.heads);
        return row % l.steps < length ? length : 0;
    }
};

/// product[s, h, i, j] = part a of step i . part b of step j: scores, or slopes of the used shares.
template <class T>
struct scores_body {
    heads_layout l;
    T const* a;
    index a_part, a_row;
    T const* b;
    index b_part, b_row;
    T* product;

    DESCENT_FN void operator()(index i) const {
        index const j = i % l.steps, r = i / l.steps, step = r % l.steps, h = r / l.steps;
        index const head = h % l.heads, sample = h / l.heads, length = l.length(sample);
        T sum = 0;
        if (step < length && j < length) {
            T const* const left = a + l.at(sample, head, step, a_part, a_row);
            T const* const right = b + l.at(sample, head, j, b_part, b_row);
            for (index k = 0; k < l.width(); ++k)
                sum = fused_multiply_add(left[k], right[k], sum);
        }
        product[i] = sum;
    }
};

/// mixed(step i) = sum over j of shares[i, j] (or shares[j, i]) times part of step j.
template <class T>
struct mix_body {
    heads_layout l;
    T const* shares;
    bool turned;
    T const* from;
    index from_part, from_row;
    T* to;
    index to_part, to_row;

    DESCENT_FN void operator()(index i) const {
        index const column = i % l.features, at = i / l.features, step = at % l.steps, sample = at / l.steps;
        index const head = column / l.width(), length = l.length(sample);
        T const* const square = shares + (sample * l.heads + head) * l.steps * l.steps;
        T sum = 0;
        for (index j = 0; j < length && step < length; ++j)
            sum = fused_multiply_add(square[turned ? j * l.steps + step : step * l.steps + j],
                                     from[(sample * l.steps + j) * from_row + from_part * l.features + column],
                                     sum);
        to[at * to_row + to_part * l.features + column] = sum;
    }
};

/// Draw i of the step decides over share i.
template <class T>
struct drop_shares_body {
    device_draws draws;
    std::uint32_t least;
    T kept;
    T const* from;
    T* to;

    DESCENT_FN void operator()(index i) const {
        to[i] = draws.get().bits(std::uint64_t(i)) < least ? T(0) : kept * from[i];
    }
};

template <class T>
struct clear_rows_body {
    index features;
    device_lengths length;
    T* rows;
    DESCENT_FN void operator()(index i) const {
        index const at = i / features;
        if (at % length.steps >= length(at / length.steps))
            rows[i] = T(0);
    }
};

/// Rows of steps that are not there become zero.
template <class T, class Pass>
void device_clear_padding(there, Pass const& p, index steps, index features, T* rows) {
    if (p.padded)
        p.executor.for_each(p.samples * steps * features,
                            clear_rows_body<T>{features, lengths_there(p, steps), rows});
}

template <class T, class Pass>
T const* device_drop_shares(Pass const& p, attention_middle<T> const& m, T const* from) {
    p.executor.for_each(p.samples * m.heads * m.steps * m.steps,
                        drop_shares_body<T>{{p.seed_there, m.stream},
                                            std::uint32_t(m.dropout * 0x1p32),
                                            T(1 / (1 - m.dropout)),
                                            from,
                                            m.dropped});
    return m.dropped;
}

template <class T, class Pass>
void device_attention(there, Pass const& p, attention_middle<T> const& m, bool drops) {
    heads_layout const l{m.steps, m.features, m.heads, lengths_there(p, m.steps)};
    index const row = 3 * m.features, shares = p.samples * m.heads * m.steps;
    T const scale = T(1 / std::sqrt(double(m.features / m.heads)));
    p.executor.for_each(shares * m.steps, scores_body<T>{l, m.in, 0, row, m.in, 1, row, m.shares});
    exec::device_rows(p.executor, shares, m.steps,
                      softmax_body<T, share_length>{m.shares, m.shares, scale, m.steps, {l}});
    T const* const used = drops ? device_drop_shares<T>(p, m, m.shares) : m.shares;
    p.executor.for_each(p.samples * m.steps * m.features,
                        mix_body<T>{l, used, false, m.in, 2, row, m.mixed, 0, m.features});
}

/// From the slopes of `mixed` to those of `in`; `slopes` has room for the shares' own.
template <class T, class Pass>
void device_attention_backward(there, Pass const& p, attention_middle<T> const& m, T const* of_mixed, T* slopes,
                               T* of_in) {
    heads_layout const l{m.steps, m.features, m.heads, lengths_there(p, m.steps)};
    index const row = 3 * m.features, shares = p.samples * m.heads * m.steps;
    index const numbers = p.samples * m.steps * m.features;
    T const scale = T(1 / std::sqrt(double(m.features / m.heads)));
    bool const drops = m.dropout > 0;
    T const* const used = drops ? device_drop_shares<T>(p, m, m.shares) : m.shares;
    p.executor.for_each(numbers, mix_body<T>{l, used, true, of_mixed, 0, m.features, of_in, 2, row});
    p.executor.for_each(shares * m.steps, scores_body<T>{l, of_mixed, 0, m.features, m.in, 2, row, slopes});
    T const* const of_shares = drops ? device_drop_shares<T>(p, m, slopes) : slopes;
    exec::device_rows(p.executor, shares, m.steps,
                      softmax_back_body<T, share_length>{m.shares, of_shares, slopes, scale, m.steps, {l}});
    p.executor.for_each(numbers, mix_body<T>{l, slopes, false, m.in, 1, row, of_in, 0, row});
    p.executor.for_each(numbers, mix_body<T>{l, slopes, true, m.in, 0, row, of_in, 1, row});
}

}  // namespace descent::nn::detail
