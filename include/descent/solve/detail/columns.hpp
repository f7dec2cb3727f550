// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/solve/detail/rows.hpp>

namespace descent::solve::detail {

/// A copy of the table column by column, each row times the root of its weight (whose mean is made 1):
/// coordinate descent goes along columns.
template <class T>
struct dense_columns {
    index count = 0;
    aligned_buffer<T> values = {};

    dense_row<T> column(index j) const { return {values.data() + j * count, count}; }
    T* write(index j) { return values.data() + j * count; }
};
template <class T>
struct sparse_columns {
    std::vector<std::int64_t> offsets = {};
    std::vector<std::uint32_t> samples = {};
    std::vector<T> values = {};

    sparse_row<T> column(index j) const {
        auto const begin = offsets[std::size_t(j)];
        return {samples.data() + begin, values.data() + begin, index(offsets[std::size_t(j) + 1] - begin)};
    }
};

template <class T>
dense_columns<T> columns_of(data::batch<T> const& rows, std::vector<T> const& root) {
    dense_columns<T> made{rows.samples(), aligned_buffer<T>(std::size_t(rows.samples() * rows.features))};
    constexpr index tile = 32;  // both sides stay in cache
    for (index first = 0; first < rows.samples(); first += tile)
        for (index j = 0; j < rows.features; ++j)
            for (index i = first; i < std::min(first + tile, rows.samples()); ++i)
                made.write(j)[i] = rows.row(i)[j] * root[std::size_t(i)];
    return made;
}

template <class T, class Column>
sparse_columns<T> columns_of(data::sparse_batch<T, Column> const& rows, std::vector<T> const& root) {
    sparse_columns<T> made;
    made.offsets.assign(std::size_t(rows.features) + 1, 0);
    for (index i = 0; i < rows.samples(); ++i)
        for (auto k = rows.begin(i); k < rows.end(i); ++k)
            ++made.offsets[std::size_t(rows.columns[k]) + 1];
    for (std::size_t j = 1; j < made.offsets.size(); ++j)
        made.offsets[j] += made.offsets[j - 1];
    made.samples.resize(std::size_t(made.offsets.back()));
    made.values.resize(made.samples.size());
    auto next = made.offsets;
    for (index i = 0; i < rows.samples(); ++i)
        for (auto k = rows.begin(i); k < rows.end(i); ++k) {
            auto const at = std::size_t(next[std::size_t(rows.columns[k])]++);
            made.samples[at] = std::uint32_t(i);
            made.values[at] = rows.values[k] * root[std::size_t(i)];
        }
    return made;
}

/// The columns x_j of a least squares problem, centered if there is a bias, and the residual r = y - X w. A
/// sparse column is not centered in memory: its mean goes into one number, `shift`, that all residuals share.
/// What is left of residuals and products without it may be small: they are taken in double.
template <class Rows>
class design {
    using T = typename Rows::scalar;
    using table = decltype(columns_of(std::declval<Rows const&>(), std::declval<std::vector<T> const&>()));
    static constexpr bool shifts = std::same_as<table, sparse_columns<T>>;
    using number = std::conditional_t<shifts, double, T>;

public:
    design(Rows const& rows, bool centered) : n_(rows.samples()), root_(std::size_t(n_), T(1)) {
        double total = 0;
        for (index i = 0; i < n_; ++i)
            total += double(rows.weight(i));
        if (rows.weights)
            for (index i = 0; i < n_; ++i)
                root_[std::size_t(i)] = T(std::sqrt(double(rows.weight(i)) * double(n_) / total));
        root_square_ = 0;
        for (T const each : root_)
            root_square_ += double(each) * double(each) / double(n_);
        table_ = columns_of(rows, root_);
        residual_ = aligned_buffer<number>(std::size_t(n_));
        double mean = 0;
        if (centered)
            for (index i = 0; i < n_; ++i)
                mean += double(rows.weight(i)) * double(rows.target(i)) / total;
        target_mean_ = mean;
        for (index i = 0; i < n_; ++i)
            residual_[std::size_t(i)] = number((double(rows.target(i)) - mean) * double(root_[std::size_t(i)]));
        mean_.assign(std::size_t(rows.features), 0.0);
        square_.assign(std::size_t(rows.features), T(0));
        for (index j = 0; j < rows.features; ++j)
            measure(j, centered);
        target_ = residual_;
    }

    index samples() const { return n_; }
    index features() const { return index(square_.size()); }
    /// |x_j|^2 / n.
    T square(index j) const { return square_[std::size_t(j)]; }
    /// x_j . r / n.
    T correlation(index j) const {
        if constexpr (shifts)
            return T(exact_dot(table_.column(j), residual_.data()) / double(n_) +
                     shift_ * mean_[std::size_t(j)] * root_square_);
        else
            return dot(table_.column(j), residual_.data()) / T(n_);
    }
    /// r -= change x_j.
    void move(index j, T change) {
        if constexpr (shifts) {
            add_exactly(table_.column(j), -double(change), residual_.data());
            shift_ += double(change) * mean_[std::size_t(j)];
        } else {
            add(table_.column(j), -change, residual_.data());
        }
    }
    /// x_j . x_k / n for all k.
    void products(index j, T* out) const {
        std::vector<T> full(std::size_t(n_), T(0));
        add(table_.column(j), T(1), full.data());
        for (index k = 0; k < features(); ++k)
            if constexpr (shifts)
                out[k] = T(exact_dot(table_.column(k), full.data()) / double(n_) -
                           mean_[std::size_t(j)] * mean_[std::size_t(k)] * root_square_);
            else
                out[k] = dot(table_.column(k), full.data()) / T(n_);
    }
    /// The residual of w afresh, without what rounding left in it.
    void restart(T const* w) {
        std::copy_n(target_.data(), target_.size(), residual_.data());
        shift_ = 0;
        for (index j = 0; j < features(); ++j)
            if (w[j] != T(0))
                move(j, w[j]);
    }
    /// |r|^2 / n, r . y / n and |y|^2 / n.
    struct squares {
        double residual, with_target, target;
    };
    squares measure() const {
        squares seen{0, 0, 0};
        for (std::size_t i = 0; i < target_.size(); ++i) {
            double const r = double(residual_[i]) + shift_ * double(root_[i]), y = double(target_[i]);
            seen.residual += r * r / double(n_);
            seen.with_target += r * y / double(n_);
            seen.target += y * y / double(n_);
        }
        return seen;
    }
    /// The best bias for w.
    double bias(T const* w) const {
        double b = target_mean_;
        for (index j = 0; j < features(); ++j)
            b -= mean_[std::size_t(j)] * double(w[j]);
        return b;
    }

private:
    void measure(index j, bool centered) {
        auto const x = table_.column(j);
        double const mean = centered ? exact_dot(x, root_.data()) / double(n_) / root_square_ : 0;
        mean_[std::size_t(j)] = mean;
        if constexpr (!shifts) {
            T* const own = table_.write(j);
            for (index i = 0; centered && i < n_; ++i)
                own[i] -= T(mean) * root_[std::size_t(i)];
        }
        double square = 0;
        for (index k = 0; k < x.count; ++k)
            square += double(x.values[k]) * double(x.values[k]) / double(n_);
        double const left = shifts ? square - mean * mean * root_square_ : square;
        // What rounding leaves of a constant column is no information.
        double const noise = 16 * double(std::numeric_limits<T>::epsilon());
        double const lost = std::max(noise * noise * mean * mean, shifts ? 1e-14 * square : 0.0);
        square_[std::size_t(j)] = left <= lost ? T(0) : T(left);
    }

    index n_;
    std::vector<T> root_;
    table table_;
    aligned_buffer<number> residual_, target_;
    std::vector<double> mean_;
    std::vector<T> square_;
    double target_mean_ = 0, shift_ = 0;
    double root_square_ = 1;  ///< mean square of root_: 1 but for its rounding
};

}  // namespace descent::solve::detail
