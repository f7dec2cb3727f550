// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/exec/device.hpp>
#include <descent/nn/detail/there.hpp>
#include <descent/nn/sequence_pool.hpp>

// embedding, positions and the pools over steps on a device.
namespace descent::nn::detail {

/// Steps of each sample that are there.
struct device_lengths {
    index const* lengths;  ///< nullptr: all
    index steps;

    DESCENT_FN index operator()(index sample) const {
        return lengths && lengths[sample] < steps ? lengths[sample] : steps;
    }
};
template <class Pass>
device_lengths lengths_there(Pass const& p, index steps) {
    return {p.padded ? p.lengths : nullptr, steps};
}

template <class T>
struct read_ids_body {
    T const* ids;
    index steps, vocabulary;
    index* lengths;
    int* fault;

    DESCENT_FN void operator()(index sample) const {
        index length = 0;
        for (index t = 0; t < steps; ++t) {
            T const id = ids[sample * steps + t];
            if (id < T(0))
                continue;
            if (id < T(vocabulary) && T(index(id)) == id && length == t)
                ++length;
            else
                *fault = 1;
        }
        lengths[sample] = length;
    }
};
template <class T>
struct embedding_body {
    T const *ids, *table;
    index steps, width;
    device_lengths length;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const at = i / width, sample = at / steps;
        y[i] = at % steps < length(sample) ? table[index(ids[at]) * width + i % width] : T(0);
    }
};

/// The lengths of the samples; then their rows. Ids that the host would refuse end a sequence and are told by
/// the engine's fault.
template <class T, class Pass>
void device_embedding(there, Pass const& p, index steps, index vocabulary, index width, T const* ids,
                      T const* table, T* y) {
    p.executor.for_each(p.samples, read_ids_body<T>{ids, steps, vocabulary, p.lengths, p.executor.fault()});
    p.executor.for_each(p.samples * steps * width,
                        embedding_body<T>{ids, table, steps, width, {p.lengths, steps}, y});
}

/// For each step of the batch the next one with the same id, or -1; the number itself plus `count` behind that
/// for the first one.
template <class T>
struct link_ids_body {
    T const* ids;
    index steps, count;
    device_lengths length;
    index *next, *head;

    DESCENT_FN bool live(index at) const { return at % steps < length(at / steps); }
    DESCENT_FN void operator()(index at) const {
        next[at] = -1;
        head[at] = live(at);
        for (index k = 0; k < at && head[at]; ++k)
            head[at] = !(live(k) && ids[k] == ids[at]);
        for (index k = count - 1; k > at && live(at); --k)
            if (live(k) && ids[k] == ids[at])
                next[at] = k;
    }
};
template <class T>
struct add_ids_body {
    T const *ids, *dy;
    index width;
    index const *next, *head;
    T* slope;

    DESCENT_FN void operator()(index i) const {
        index const at = i / width, column = i % width;
        if (!head[at])
            return;
        T sum = 0;
        for (index k = at; k >= 0; k = next[k])
            sum += dy[k * width + column];
        slope[index(ids[at]) * width + column] = sum;
    }
};

/// The table's slopes: steps with one id are chained, and their rows added in the order of the batch.
template <class T, class Pass>
void device_embedding_backward(there, Pass const& p, index steps, index vocabulary, index width, T const* ids,
                               T const* dy, T* slope, T* dx) {
    index const count = p.samples * steps;
    index* const next = p.executor.template scratch<index>(2 * count);
    p.executor.clear(slope, vocabulary * width);
    p.executor.for_each(count, link_ids_body<T>{ids, steps, count, {p.lengths, steps}, next, next + count});
    p.executor.for_each(count * width, add_ids_body<T>{ids, dy, width, next, next + count, slope});
    if (dx)
        p.executor.clear(dx, count);
}

template <class T>
struct wave_body {
    index features, samples;
    device_lengths length;
    T const* x;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const t = i / features, j = i % features;
        double const angle = double(t) / std::pow(10000.0, double(j / 2 * 2) / double(features));
        T const wave = T(j % 2 ? std::cos(angle) : std::sin(angle));
        for (index s = 0; s < samples; ++s) {
            index const at = s * length.steps * features + i;
            y[at] = t < length(s) ? x[at] + wave : x[at];
        }
    }
};
template <class T>
struct table_body {
    index features;
    device_lengths length;
    T const *x, *table;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const at = i / features, t = at % length.steps;
        y[i] = t < length(at / length.steps) ? x[i] + table[t * features + i % features] : x[i];
    }
};
template <class T>
struct table_back_body {
    index features, samples;
    device_lengths length;
    T const* dy;
    T* slope;

    DESCENT_FN void operator()(index i) const {
        T sum = 0;
        for (index s = 0; s < samples; ++s)
            if (i / features < length(s))
                sum += dy[s * length.steps * features + i];
        slope[i] = sum;
    }
};

/// y = x + sinusoids, y = x + table.
template <class T, class Pass>
void device_waves(there, Pass const& p, index steps, index features, T const* x, T* y) {
    p.executor.for_each(steps * features, wave_body<T>{features, p.samples, lengths_there(p, steps), x, y});
}
template <class T, class Pass>
void device_positions(there, Pass const& p, index steps, index features, T const* x, T const* table, T* y) {
    p.executor.for_each(p.samples * steps * features,
                        table_body<T>{features, lengths_there(p, steps), x, table, y});
}
template <class T, class Pass>
void device_positions_backward(there, Pass const& p, index steps, index features, index most, T const* dy,
                               T* slope) {
    // Rows behind the input's steps are above every length.
    p.executor.for_each(most * features,
                        table_back_body<T>{features, p.samples, lengths_there(p, steps), dy, slope});
}

/// sequence_mean, sequence_last and sequence_max: one thread for each feature of each sample.
template <class F, class T>
struct sequence_pool_body {
    index features;
    device_lengths length;
    T const* x;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const sample = i / features, count = length(sample);
        T const* const from = x + sample * length.steps * features + i % features;
        T result = 0;
        if constexpr (std::is_same_v<F, sequence_mean>) {
            for (index t = 0; t < count; ++t)
                result = fused_multiply_add(T(1) / T(count), from[t * features], result);
        } else if (count > 0) {
            result = from[std::is_same_v<F, sequence_last> ? (count - 1) * features : 0];
            for (index t = 1; std::is_same_v<F, sequence_max> && t < count; ++t)
                result = max(result, from[t * features]);
        }
        y[i] = result;
    }
};
template <class F, class T>
struct sequence_pool_back_body {
    index features;
    device_lengths length;
    T const *x, *dy;
    T* dx;

    DESCENT_FN void operator()(index i) const {
        index const sample = i / features, count = length(sample);
        index const first = sample * length.steps * features + i % features;
        index chosen = count - 1;
        if constexpr (std::is_same_v<F, sequence_max>) {
            chosen = count > 0 ? 0 : -1;
            for (index t = 1; t < count; ++t)
                if (x[first + t * features] > x[first + chosen * features])
                    chosen = t;
        }
        for (index t = 0; t < length.steps; ++t) {
            T slope = t == chosen ? dy[i] : T(0);
            if constexpr (std::is_same_v<F, sequence_mean>)
                slope = t < count ? T(1) / T(count) * dy[i] : T(0);
            dx[first + t * features] = slope;
        }
    }
};
template <class F, class T, class Pass>
void device_sequence_pool(there, Pass const& p, F const&, index steps, index features, T const* x, T* y) {
    p.executor.for_each(p.samples * features,
                        sequence_pool_body<F, T>{features, lengths_there(p, steps), x, y});
}
template <class F, class T, class Pass>
void device_sequence_pool_backward(there, Pass const& p, F const&, index steps, index features, T const* x,
                                   T const* dy, T* dx) {
    p.executor.for_each(p.samples * features,
                        sequence_pool_back_body<F, T>{features, lengths_there(p, steps), x, dy, dx});
}

}  // namespace descent::nn::detail
