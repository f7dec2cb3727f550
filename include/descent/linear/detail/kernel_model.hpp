// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

#include <descent/core/status.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/detail/kernel_rows.hpp>

// What a trained kernel machine keeps, and how it answers.
namespace descent::linear::detail {

/// For callers that do not want to watch.
struct silent {
    template <class Progress>
    verdict operator()(Progress const&) const {
        return {};
    }
};

template <class Table>
using rows_of = std::conditional_t<std::is_same_v<Table, data::sparse_dataset<typename Table::scalar>>,
                                   sparse_rows<typename Table::scalar>, dense_rows<typename Table::scalar>>;

/// 1 / (features * variance of all numbers), or 1 where they are all equal.
inline double gamma_of(double cells, index features, double mean, double squares) {
    double const variance = squares / cells - mean * mean;
    return variance > 0 ? 1 / (double(features) * variance) : 1;
}
template <class T>
double usual_gamma(matrix<T> const& x) {
    double const cells = double(x.size()), mean = x.template cast<double>().sum() / cells;
    double const squares = (x.template cast<double>().array() - mean).square().sum();
    return gamma_of(cells, x.cols(), 0, squares);
}
template <class T>
double usual_gamma(data::sparse_matrix<T> const& x) {
    double sum = 0, squares = 0;
    for (T const value : x.values) {
        sum += double(value);
        squares += double(value) * double(value);
    }
    double const cells = double(x.rows()) * double(x.cols());
    return gamma_of(cells, x.cols(), sum / cells, squares);
}

template <class T, class Table>
double weighted_accuracy(vector<T> const& predicted, Table const& table) {
    double right = 0, all = 0;
    for (index row = 0; row < predicted.size(); ++row) {
        double const weight = table.weights.size() ? double(table.weights[row]) : 1;
        right += predicted[row] == table.y[row] ? weight : 0;
        all += weight;
    }
    return right / all;
}

/// sum_i a[i] k[i].
template <class T>
double dot(double const* a, T const* k, index n) {
    using V = native_pack<double>;
    using F = same_lanes<V, T>;
    constexpr int lanes = lanes_of<V>;
    V total(0.0);
    index i = 0;
    for (; i + lanes <= n; i += lanes)
        total = fused_multiply_add(load_unaligned<V>(a + i), convert<double>(load_unaligned<F>(k + i)), total);
    double rest = sum(total);
    for (; i < n; ++i)
        rest += a[i] * double(k[i]);
    return rest;
}

/// The coefficients of every pair of classes, by row of the data.
struct pair_solutions {
    pair_solutions(index classes, index samples) : a(std::size_t(classes - 1), std::vector<double>()) {
        for (auto& each : a)
            each.assign(std::size_t(samples), 0.0);
    }

    void add(index first, index second, std::vector<index> const& list, std::vector<double> const& of_pair,
             double b) {
        bias.push_back(b);
        for (std::size_t i = 0; i < list.size(); ++i)
            labelled(first, second, list[i], of_pair[i]);
    }

    std::vector<std::vector<double>> a;
    std::vector<double> bias = {};
};

}  // namespace descent::linear::detail
