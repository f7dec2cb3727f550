// SPDX-License-Identifier: MIT
#pragma once

#include <descent/data/batch.hpp>
#include <descent/data/sparse.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/device_objective.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

// Objectives on an emulated device in device_objective_test.cpp and on a GPU in device_objective_test.cu: the
// executor is a parameter, the answer is exec::serial's in double.
namespace descent::test {

struct table_kind {
    bool weights = false, intercept = true, listed = false;
};

/// Rows of numbers that a float holds exactly, some of them empty, one column full and one empty; targets that
/// every loss takes: labels below `classes`.
struct device_table {
    matrix<double> x;
    vector<double> y, weights;
    std::vector<index> list;
    index classes;

    device_table(index rows, index features, index classes_of_y, table_kind kind)
        : x(rows, features), y(rows), weights(kind.weights ? rows : 0), classes(classes_of_y) {
        std::uint32_t state = std::uint32_t(rows * 131 + features);
        auto const draw = [&] { return (state = state * 1664525u + 1013904223u) >> 16; };
        for (index i = 0; i < rows; ++i) {
            bool const empty = i % 5 == 3;
            for (index j = 0; j < features; ++j) {
                bool const kept = j == 0 || (!empty && j != 2 && (j + i) % 3 != 0);
                x(i, j) = kept ? double(draw() % 513) / 256 - 1 : 0;
            }
            y[i] = double(draw() % std::uint32_t(classes));
            if (kind.weights)
                weights[i] = double(draw() % 4) / 2;
            if (kind.listed)
                list.push_back(index(draw() % std::uint32_t(rows)));
        }
    }

    template <class T>
    data::dataset<T> dense() const {
        return {x.cast<T>(), y.cast<T>(), {}, {}, {}, weights.cast<T>()};
    }
    template <class T>
    data::sparse_dataset<T> sparse() const {
        return {data::sparse_matrix<T>::of(x.cast<T>()), y.cast<T>(), {}, {}, {}, weights.cast<T>()};
    }
    template <class Table>
    auto rows_of(Table const& table) const {
        auto rows = data::all_of(table);
        rows.order = list.empty() ? nullptr : list.data();
        return rows;
    }
};

/// Weights and biases for a table, in one vector.
template <class T>
vector<T> some_point(index n, int salt) {
    vector<T> w(n);
    for (index i = 0; i < n; ++i)
        w[i] = T(std::floor(64 * std::sin(1.7 * double(i) + salt)) / 128);
    return w;
}

/// What an objective says at a point: value, value alone, gradient, Hessian times a vector.
template <class T>
struct answers {
    double value = 0, alone = 0;
    vector<T> gradient, product;
};

template <class Objective>
auto ask(Objective&& f) {
    using T = typename std::remove_cvref_t<Objective>::T;
    index const n = f.dimension();
    vector<T> const x = some_point<T>(n, 1), v = some_point<T>(n, 2);
    vector_view<T const> const at(x.data(), n), along(v.data(), n);
    answers<T> out{0, 0, vector<T>::Constant(n, T(1e30)), vector<T>::Constant(n, T(1e30))};
    out.value = f(at, vector_view<T>(out.gradient.data(), n));
    if constexpr (requires(vector_view<T> to) { f.hessian_product(along, to); }) {
        f.hessian_product(along, vector_view<T>(out.product.data(), n));
        f.hessian_product(along, vector_view<T>(out.product.data(), n));  // what the first has kept
    }
    out.alone = f.value(at);
    return out;
}

template <class T>
bool same_answers(answers<T> const& a, answers<T> const& b) {
    auto const same = [](vector<T> const& p, vector<T> const& q) {
        return p.size() == q.size() && std::memcmp(p.data(), q.data(), std::size_t(p.size()) * sizeof(T)) == 0;
    };
    return a.value == b.value && a.alone == b.alone && same(a.gradient, b.gradient) &&
           same(a.product, b.product);
}

/// The largest difference to the answers of double precision, in parts of max(1, |answer|); NaN counts as
/// infinite.
template <class T>
double distance(answers<T> const& a, answers<double> const& b) {
    double worst = 0;
    auto const see = [&](double p, double q) {
        double const off = std::abs(p - q) / std::fmax(1.0, std::abs(q));
        worst = off <= 1e300 ? std::fmax(worst, off) : INFINITY;
    };
    see(a.value, b.value);
    see(a.alone, b.alone);
    for (index i = 0; i < b.gradient.size(); ++i) {
        see(double(a.gradient[i]), b.gradient[i]);
        if (b.product[i] != 1e30)
            see(double(a.product[i]), b.product[i]);
    }
    return worst;
}

/// W and b somewhere in the arena, with padding around them.
inline linear::objective_layout layout_of(index features, index outputs, bool intercept) {
    index const at = 3, behind = at + outputs * features + 2;
    return {behind + outputs + 1, outputs, at, intercept ? behind : linear::objective_layout::none, 0.01};
}

struct judgement {
    double far = 0;    ///< from the host, in double
    bool same = true;  ///< the bits of a second device
};

/// The objective over dense rows (and sparse ones) on a device against the host's.
template <class T, bool Sparse = true, class Loss, class Device>
judgement judge(Loss const& loss, Device const& device, Device const& other, index rows, index features,
                table_kind kind) {
    constexpr index outputs = linear::detail::of_one_score<Loss, double> ? 1 : 6;
    device_table const table(rows, features, outputs == 1 ? 2 : outputs, kind);
    auto const where = layout_of(features, outputs, kind.intercept);
    judgement seen;
    auto const compare = [&](auto const& exact, auto const& numbers) {
        auto const expected = ask(linear::objective{loss, table.rows_of(exact), where});
        auto const batch = table.rows_of(numbers);
        linear::device_rows const one{batch, device}, two{batch, other};
        auto const first = ask(linear::objective{loss, one, where});
        auto const second = ask(linear::objective{loss, two, where});
        seen.far = std::fmax(seen.far, distance(first, expected));
        seen.same = seen.same && same_answers(first, second);
    };
    compare(table.dense<double>(), table.dense<T>());
    if constexpr (Sparse)
        compare(table.sparse<double>(), table.sparse<T>());
    return seen;
}

/// Rows beside the edges of a tile, whose height depends on the features; the worst of all of them.
template <class T, class Device, class... Loss>
judgement judge_edges(Device const& device, Device const& other, Loss const&... losses) {
    struct extent {
        index features;
        std::vector<index> rows;
    };
    judgement seen;
    auto const add = [&](judgement const& one) {
        seen.far = std::fmax(seen.far, one.far);
        seen.same = seen.same && one.same;
    };
    int turn = 0;
    for (auto const& [features, sizes] :
         {extent{1, {0, 1, 2047, 2049}}, extent{9, {0, 1, 127, 128, 129, 700}}, extent{100, {31, 33, 64, 65}},
          extent{300, {1, 15, 16, 17, 40}}, extent{1100, {1, 7, 8, 9}}})
        for (index const rows : sizes) {
            table_kind const kind{turn % 2 == 1, turn % 3 != 1, turn % 5 == 4};
            ++turn;
            (add(judge<T, sizeof(T) == 8>(losses, device, other, rows, features, kind)), ...);
        }
    return seen;
}

}  // namespace descent::test
