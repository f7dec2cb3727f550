// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/data/dataset.hpp>
#include <descent/data/sparse.hpp>

// Models that are trained in closed form, for the tests of ensembles.

inline descent::matrix<double> const& as_dense(descent::matrix<double> const& x) { return x; }
inline descent::matrix<double> as_dense(descent::data::sparse_matrix<double> const& x) { return x.dense(); }

/// Remembers the first feature of each row that it was given, and its seed; says 0.
struct recorder {
    std::vector<double> rows = {};
    std::uint64_t seed = 0;
    descent::vector<double> predict(descent::matrix<double> const& x) const {
        return descent::vector<double>::Zero(x.rows());
    }
};

/// Least squares over the first feature.
struct line {
    double slope = 0, at_zero = 0;
    descent::vector<double> predict(descent::matrix<double> const& x) const {
        return (x.col(0).array() * slope + at_zero).matrix();
    }
};

inline auto const train_line = [](descent::data::dataset<double> const& part, std::uint64_t) {
    double const x = part.x.col(0).mean(), y = part.y.mean();
    double const spread = (part.x.col(0).array() - x).square().sum();
    double const slope = spread > 0 ? ((part.x.col(0).array() - x) * (part.y.array() - y)).sum() / spread : 0;
    return line{slope, y - slope * x};
};

/// Class 1, surely, where the first feature is at least the middle of the classes' means.
struct step_at_middle {
    double middle = 0;

    template <class Table>
    explicit step_at_middle(Table const& part) {
        auto const& x = as_dense(part.x);
        double sum[2] = {}, count[2] = {};
        for (descent::index i = 0; i < x.rows(); ++i) {
            sum[part.y[i] > 0.5] += x(i, 0);
            ++count[part.y[i] > 0.5];
        }
        middle = (sum[0] / count[0] + sum[1] / count[1]) / 2;
    }
    template <class X>
    descent::vector<double> predict_probability(X const& x) const {
        return (as_dense(x).col(0).array() >= middle).template cast<double>();
    }
    template <class X>
    descent::vector<double> predict(X const& x) const {
        return predict_probability(x);
    }
};
