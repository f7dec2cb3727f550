// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <descent/core/status.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/row_view.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/detail/kernel_rows.hpp>
#include <descent/linear/detail/mixed.hpp>
#include <descent/linear/detail/sparse_layout.hpp>

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
using rows_of = std::conditional_t<data::is_sparse<Table>, sparse_rows<typename Table::scalar>,
                                   dense_rows<typename Table::scalar>>;

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

template <class Table>
double usual_gamma_of(Table const& table) {
    if constexpr (data::is_row_view<Table>)
        return usual_gamma(table.copied_features(0, table.samples()));
    else
        return usual_gamma(table.x);
}

/// y_i alpha_i of every pair of classes, by row of the data, and the pairs' biases.
struct pair_solutions {
    pair_solutions(index classes, index samples) : a(matrix<double>::Zero(classes - 1, samples)) {}

    /// Of the pair (first, second); the first `border` rows of the list are of the first class.
    void add(index first, index second, std::vector<index> const& list, std::size_t border,
             std::vector<double> const& of_pair, double b) {
        bias.push_back(b);
        for (std::size_t i = 0; i < list.size(); ++i)
            a(i < border ? second - 1 : first, list[i]) = of_pair[i];
    }

    matrix<double> a;
    std::vector<double> bias = {};
};

template <class T>
struct kernel_model {
    index features = 0, classes = 0;  ///< classes 0: not trained
    double gamma = 0;
    std::vector<index> support = {};   ///< rows of the training data, class by class
    std::vector<index> start = {};     ///< where each class begins among them, and the end
    matrix<double> coefficients = {};  ///< (classes - 1) x support
    vector<double> bias = {};          ///< one a pair
    dense_rows<T> dense = {};          ///< the support vectors, one of these two
    sparse_rows<T> sparse = {};
    bool is_sparse = false;

    /// Keeps the samples that have a coefficient other than 0, and tells how many.
    template <class Source>
    index assign(pair_solutions const& found, std::vector<std::vector<index>> const& of_class,
                 Source const& all) {
        start = {0};
        for (auto const& rows : of_class) {
            for (index const row : rows)
                if (!found.a.col(row).isZero(0))
                    support.push_back(row);
            start.push_back(index(support.size()));
        }
        coefficients.resize(classes - 1, index(support.size()));
        for (index s = 0; s < coefficients.cols(); ++s)
            coefficients.col(s) = found.a.col(support[std::size_t(s)]);
        bias = vector<double>::Map(found.bias.data(), index(found.bias.size()));
        is_sparse = std::is_same_v<Source, data::sparse_batch<T>>;
        if constexpr (std::is_same_v<Source, data::sparse_batch<T>>)
            sparse.assign(all, support.data(), index(support.size()));
        else
            dense.assign(all, support.data(), index(support.size()));
        return index(support.size());
    }

    template <class F, class Executor>
    matrix<T> decide(F const& kernel, matrix<T> const& x, Executor const& executor) const {
        if (is_sparse)
            return decide(kernel, data::sparse_matrix<T>::of(x), executor);
        return decide(kernel, dense, data::batch<T>{x.data(), nullptr, features, x.rows()}, executor);
    }

    template <class F, class Executor>
    matrix<T> decide(F const& kernel, data::sparse_matrix<T> const& x, Executor const& executor) const {
        check_layout(x, "kernel_svm");
        data::sparse_batch<T> const all{x.offsets.data(), x.columns.data(), x.values.data(),
                                        nullptr,          features,         x.rows()};
        if (is_sparse)
            return decide(kernel, sparse, all, executor);
        matrix<T> decided(x.rows(), bias.size()), part;
        for (index first = 0; first < x.rows(); first += 1024) {
            index const count = std::min(index(1024), x.rows() - first);
            part.setZero(count, features);
            for (index r = 0; r < count; ++r)
                for (auto k = all.begin(first + r); k < all.end(first + r); ++k)
                    part(r, index(x.columns[std::size_t(k)])) = x.values[std::size_t(k)];
            decided.middleRows(first, count) = decide(kernel, part, executor);
        }
        return decided;
    }

private:
    static constexpr index block = 24;  ///< rows of x that a thread answers at a time

    template <class F, class Rows, class Executor>
    matrix<T> decide(F const& kernel, Rows const& vectors, typename Rows::source const& all,
                     Executor const& executor) const {
        matrix<T> decided(all.samples(), bias.size());
        executor.for_each((all.samples() + block - 1) / block, [&](index task) {
            index const first = task * block, count = std::min(block, all.samples() - first);
            index const length = padded_rows(vectors.size());
            aligned_buffer<T> memory(std::size_t(count * length));
            typename Rows::query queries[block] = {};
            T* out[block] = {};
            for (index q = 0; q < count; ++q) {
                queries[q] = Rows::ask(all, first + q);
                out[q] = memory.data() + q * length;
            }
            vectors.rows(kernel, queries, count, out, exec::serial{});
            for (index q = 0; q < count; ++q)
                pairs(out[q], decided.row(first + q).data());
        });
        return decided;
    }

    /// Decision values from the kernel with each support vector.
    void pairs(T const* k, T* out) const {
        index pair = 0;
        for (index a = 0; a < classes; ++a)
            for (index b = a + 1; b < classes; ++b, ++pair) {
                auto const part = [&](index row, index of) {
                    index const begin = start[std::size_t(of)];
                    return dot(coefficients.row(row).data() + begin, k + begin,
                               start[std::size_t(of) + 1] - begin);
                };
                out[pair] = T(part(b - 1, a) + part(a, b) + bias[pair]);
            }
    }
};

}  // namespace descent::linear::detail
