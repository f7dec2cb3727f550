// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/sparse.hpp>

// Rows of a kernel matrix: one sample, or a few, against many. The many are laid out for that: dense ones side
// by side, so that a pack holds one feature of several samples and no sum across lanes is left; sparse ones
// feature by feature, so that only the features of the one sample are looked at.
namespace descent::linear::detail {

/// Samples that dense and sparse rows are padded to, with zeros: whole packs of every width.
inline constexpr index kernel_padding = 64;

inline index padded_rows(index n) { return (n + kernel_padding - 1) / kernel_padding * kernel_padding; }

/// One dense sample and its |x|^2.
template <class T>
struct dense_query {
    T const* x;
    T square;
};

/// out[s] = K(query, sample s) for the packs [begin, begin + n) of samples.
template <class T, class F, class Out>
void apply_kernel(F const& kernel, T square, T const* dots, T const* squares, index n, Out* out) {
    using V = native_pack<T>;
    using O = same_lanes<V, Out>;
    for (index s = 0; s < n; s += lanes_of<V>)
        store_unaligned<O>(out + s, convert<Out>(kernel(load_unaligned<V>(dots + s), V(square),
                                                        load_unaligned<V>(squares + s))));
}

/// Dense samples in panels of `panel` of them, feature after feature.
template <class T>
class dense_rows {
    using V = native_pack<T>;

public:
    using source = data::batch<T>;
    using query = dense_query<T>;
    static constexpr int packs = 4;
    static constexpr index panel = packs * lanes_of<V>;
    static constexpr int together = 3;  ///< queries that share a read of the samples

    /// Takes the rows of `all` whose numbers are listed.
    void assign(source const& all, index const* list, index count) {
        features_ = all.features;
        count_ = count;
        index const size = padded_rows(count);
        if (numbers_.size() < std::size_t(size * features_))
            numbers_ = aligned_buffer<T>(std::size_t(size * features_));
        squares_.assign(std::size_t(size), T(0));
        for (index first = 0; first < size; first += panel) {
            T* const to = numbers_.data() + first * features_;
            for (index s = 0; s < panel; ++s) {
                T const* const from = first + s < count ? all.row(list[first + s]) : nullptr;
                T square = 0;
                for (index j = 0; j < features_; ++j) {
                    T const value = from ? from[j] : T(0);
                    to[j * panel + s] = value;
                    square = fused_multiply_add(value, value, square);  // as the products: |x - x|^2 is then 0
                }
                squares_[std::size_t(first + s)] = square;
            }
        }
    }

    index size() const { return count_; }
    /// Roughly what a kernel value costs, in units of one pass over a number.
    double work() const { return 1 + double(features_) / 24; }
    T square(index s) const { return squares_[std::size_t(s)]; }
    static query ask(source const& all, index row) {
        T const* const x = all.row(row);
        T square = 0;
        for (index j = 0; j < all.features; ++j)
            square = fused_multiply_add(x[j], x[j], square);
        return {x, square};
    }

    /// out[q][s] = K(queries[q], sample s) for all s below padded_rows(size()).
    template <class F, class Out, class Executor>
    void rows(F const& kernel, query const* queries, index count, Out* const* out,
              Executor const& executor) const {
        index const panels = padded_rows(count_) / panel;
        index const each = std::max(index(1), (index(1) << 15) / (panel * std::max(features_, index(8))));
        executor.for_each((panels + each - 1) / each, [=, this](index task) {
            index const end = std::min((task + 1) * each, panels);
            for (index q = 0; q < count; q += together)
                for (index p = task * each; p < end; ++p)
                    some<together>(kernel, queries + q, count - q, out + q, p);
        });
    }

private:
    template <int R, class F, class Out>
    void some(F const& kernel, query const* queries, index count, Out* const* out, index p) const {
        if (count >= R)
            product<R>(kernel, queries, out, p);
        else if constexpr (R > 1)
            some<R - 1>(kernel, queries, count, out, p);
    }

    template <int R, class F, class Out>
    void product(F const& kernel, query const* queries, Out* const* out, index p) const {
        constexpr int lanes = lanes_of<V>;
        V total[R][packs];
        for (auto& row : total)
            for (V& each : row)
                each = V(T(0));
        T const* from = numbers_.data() + p * panel * features_;
        for (index j = 0; j < features_; ++j, from += panel)
            for (int k = 0; k < packs; ++k) {
                V const value = load<V>(from + k * lanes);
                for (int r = 0; r < R; ++r)
                    total[r][k] = fused_multiply_add(V(queries[r].x[j]), value, total[r][k]);
            }
        alignas(alignment) T dots[panel];
        for (int r = 0; r < R; ++r) {
            for (int k = 0; k < packs; ++k)
                store(dots + k * lanes, total[r][k]);
            apply_kernel(kernel, queries[r].square, dots, squares_.data() + p * panel, panel,
                         out[r] + p * panel);
        }
    }

    index features_ = 0, count_ = 0;
    aligned_buffer<T> numbers_ = {};
    std::vector<T> squares_ = {};
};

/// One sparse sample and its |x|^2.
template <class T>
struct sparse_query {
    std::uint32_t const* columns;
    T const* values;
    std::int64_t count;
    T square;
};

/// Sparse samples in blocks, each an inverted index: feature -> samples that have it.
template <class T>
class sparse_rows {
public:
    using source = data::sparse_batch<T>;
    using query = sparse_query<T>;
    static constexpr int together = 1;
    static constexpr index block = 4096;  ///< sums of a block stay in the first cache

    void assign(source const& all, index const* list, index count) {
        features_ = all.features;
        count_ = count;
        index const blocks = (count + block - 1) / block, stride = features_ + 1;
        starts_.assign(std::size_t(blocks * stride), 0);
        squares_.assign(std::size_t(padded_rows(count)), T(0));
        for (index s = 0; s < count; ++s)
            for (auto k = all.begin(list[s]); k < all.end(list[s]); ++k)
                ++starts_[std::size_t(s / block * stride + index(all.columns[k]) + 1)];
        std::int64_t total = 0;
        for (std::int64_t& each : starts_)
            each = total += each;
        samples_.resize(std::size_t(total));
        values_.resize(std::size_t(total));
        std::vector<std::int64_t> next = starts_;
        for (index s = 0; s < count; ++s)
            for (auto k = all.begin(list[s]); k < all.end(list[s]); ++k) {
                auto const at = std::size_t(next[std::size_t(s / block * stride + index(all.columns[k]))]++);
                samples_[at] = std::uint16_t(s % block);
                values_[at] = all.values[k];
                T& square = squares_[std::size_t(s)];
                square = fused_multiply_add(all.values[k], all.values[k], square);
            }
    }

    index size() const { return count_; }
    double work() const { return 1 + double(values_.size()) / double(3 * std::max(count_, index(1))); }
    T square(index s) const { return squares_[std::size_t(s)]; }
    static query ask(source const& all, index row) {
        auto const begin = all.begin(row), end = all.end(row);
        T square = 0;
        for (auto k = begin; k < end; ++k)
            square = fused_multiply_add(all.values[k], all.values[k], square);
        return {all.columns + begin, all.values + begin, end - begin, square};
    }

    template <class F, class Out, class Executor>
    void rows(F const& kernel, query const* queries, index count, Out* const* out,
              Executor const& executor) const {
        index const size = padded_rows(count_);
        executor.for_each((size + block - 1) / block, [=, this](index b) {
            alignas(alignment) T dots[block];
            index const n = std::min(block, size - b * block);
            std::int64_t const* const starts = starts_.data() + b * (features_ + 1);
            for (index q = 0; q < count; ++q) {
                std::fill_n(dots, n, T(0));
                for (std::int64_t i = 0; i < queries[q].count; ++i) {
                    T const factor = queries[q].values[i];
                    auto const column = queries[q].columns[i];
                    for (auto k = std::size_t(starts[column]); k < std::size_t(starts[column + 1]); ++k)
                        dots[samples_[k]] = fused_multiply_add(factor, values_[k], dots[samples_[k]]);
                }
                apply_kernel(kernel, queries[q].square, dots, squares_.data() + b * block, n,
                             out[q] + b * block);
            }
        });
    }

private:
    index features_ = 0, count_ = 0;
    std::vector<std::int64_t> starts_ = {};    ///< blocks x (features + 1)
    std::vector<std::uint16_t> samples_ = {};  ///< within their block
    std::vector<T> values_ = {};
    std::vector<T> squares_ = {};
};

}  // namespace descent::linear::detail
