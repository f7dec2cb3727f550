// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include <descent/core/random.hpp>
#include <descent/data/sparse.hpp>
#include <descent/solve/linear_problem.hpp>

#include "message.hpp"

// What the tests of the methods share that go sample by sample.
namespace descent::linear_table {

/// A table with labels 0 and 1 from a noisy linear rule, half of its entries 0, row 3 all 0, rows 4 and 5
/// alike.
template <class T>
data::dataset<T> labelled(index samples, index features, std::uint64_t seed = 1) {
    generator const draws{seed};
    data::dataset<T> table;
    table.x.resize(samples, features);
    table.y.resize(samples);
    for (index i = 0; i < samples; ++i) {
        double score = 0.3;
        for (index j = 0; j < features; ++j) {
            auto const at = std::uint64_t(i * features + j);
            double const drawn = i == 3 || draws.bits(at + 1000000) % 2 ? 0 : draws.normal<double>(at);
            table.x(i, j) = T(i == 5 ? double(table.x(4, j)) : drawn);
            score += double(table.x(i, j)) * (double(j % 3) - 0.8);
        }
        table.y[i] = score + draws.normal<double>(std::uint64_t(i) + 5000000) > 0 ? T(1) : T(0);
    }
    return table;
}

template <class T>
data::sparse_dataset<T> sparse(data::dataset<T> const& full) {
    data::sparse_dataset<T> table;
    table.x = data::sparse_matrix<T>::of(full.x);
    table.y = full.y;
    table.weights = full.weights;
    return table;
}

/// Solves and returns (w, b) as one vector of features + 1 numbers, b = 0 without a bias.
template <class T>
struct solved {
    vector<T> w;
    T b = 0;
    solve::outcome end = {};
    double value = 0;
};
template <class Method, class Rows, class Loss, class Watch = solve::unwatched>
auto run(Method const& method, solve::linear_problem<Rows, Loss> const& p, bool with_bias,
         Watch const& watch = {}) {
    using T = typename Rows::scalar;
    solved<T> made{vector<T>::Zero(p.features())};
    vector_view<T> w(made.w.data(), made.w.size()), b(&made.b, with_bias);
    made.end = method.run(p, w, b, watch);
    made.value = p.value({made.w.data(), made.w.size()}, {&made.b, index(with_bias)});
    return made;
}

/// The norm of the objective's gradient, computed here and in double from the definition.
template <class Rows, class Loss, class T>
double gradient_norm(solve::linear_problem<Rows, Loss> const& p, data::dataset<T> const& table,
                     solved<T> const& at, bool with_bias) {
    vector<double> g = p.l2 * at.w.template cast<double>();
    double slope_b = 0, total = 0;
    for (index i = 0; i < table.samples(); ++i)
        total += table.weights.size() ? double(table.weights[i]) : 1.0;
    for (index i = 0; i < table.samples(); ++i) {
        vector<double> const x = table.x.row(i).template cast<double>();
        double const share = (table.weights.size() ? double(table.weights[i]) : 1.0) / total;
        double const s =
            share * p.loss.slope(x.dot(at.w.template cast<double>()) + double(at.b), double(table.y[i]));
        g += s * x;
        slope_b += s;
    }
    return std::sqrt(g.squaredNorm() + (with_bias ? slope_b * slope_b : 0.0));
}

/// A file of LIBSVM lines with labels -1 and 1, from DESCENT_DATA; empty where there is none.
inline data::sparse_dataset<double> libsvm(char const* name, index width) {
    data::sparse_dataset<double> table;
    char const* const folder = std::getenv("DESCENT_DATA");
    std::ifstream file(folder ? std::string(folder) + "/libsvm/" + name : std::string());
    std::vector<double> labels;
    std::string line;
    while (std::getline(file, line)) {
        char* at = line.data();
        labels.push_back(std::strtod(at, &at) > 0 ? 1 : 0);
        while (*at == ' ' && at[1]) {
            table.x.columns.push_back(std::uint32_t(std::strtol(at, &at, 10) - 1));
            table.x.values.push_back(std::strtod(at + 1, &at));
        }
        table.x.offsets.push_back(std::int64_t(table.x.values.size()));
    }
    table.x.width = width;
    table.y = Eigen::Map<vector<double>>(labels.data(), index(labels.size()));
    return table;
}

}  // namespace descent::linear_table
