// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <descent/solve/detail/journal.hpp>
#include <descent/solve/detail/vector.hpp>
#include <descent/solve/problem.hpp>
#include <descent/solve/vector_function.hpp>

namespace descent::solve::detail {

/// A dense least-squares problem min |A s + b| by Householder reflections, column by column, in double.
struct reflected {
    index m = 0, n = 0;
    std::vector<double> a = {}, b = {};  ///< columns of A, the upper triangle R after reflect(); then Q' b

    double& at(index i, index j) { return a[std::size_t(j * m + i)]; }
    double at(index i, index j) const { return a[std::size_t(j * m + i)]; }

    void resize(index rows, index columns) {
        m = rows;
        n = columns;
        a.assign(std::size_t(m * n), 0);
        b.assign(std::size_t(m), 0);
    }

    /// A = Q R in place, b = Q' b.
    void reflect() {
        for (index k = 0; k < std::min(m, n); ++k) {
            double* const v = &at(0, k);
            double const length = norm(v + k, m - k);
            if (!(length > 0))
                continue;
            double const head = v[k] > 0 ? -length : length;
            v[k] -= head;
            double const vv = dot(v + k, v + k, m - k);
            for (index j = k + 1; j < n; ++j)
                add(-2 * dot(v + k, &at(k, j), m - k) / vv, v + k, &at(k, j), m - k);
            add(-2 * dot(v + k, b.data() + k, m - k) / vv, v + k, b.data() + k, m - k);
            v[k] = head;
            std::fill(v + k + 1, v + m, 0.0);
        }
    }

    /// s = -R^-1 Q' b; false where R is singular within rounding, or has more columns than rows.
    bool solve(double* s) const {
        if (m < n)
            return false;
        double most = 0;
        for (index j = 0; j < n; ++j)
            most = std::max(most, std::fabs(at(j, j)));
        for (index i = n; i-- > 0;) {
            double sum = -b[std::size_t(i)];
            for (index j = i + 1; j < n; ++j)
                sum -= at(i, j) * s[j];
            if (!(std::fabs(at(i, i)) > 1e-14 * most))
                return false;
            s[i] = sum / at(i, i);
        }
        return true;
    }
};

/// Residuals, their Jacobian and the sum of squares of a run.
template <class F, class T>
class least_squares {
public:
    least_squares(F& f, index n) : f_(f), m_(index(f.size)), n_(n), values_(std::size_t(m_)), jacobian_() {
        jacobian_.resize(std::size_t(m_ * n_));
    }

    /// |r|^2 / 2 at x alone.
    double value(T const* x, std::int64_t& evaluations) { return call(x, nullptr, evaluations); }

    /// |r|^2 / 2 at x, with the gradient J' r and the triangle of J.
    double expand(T const* x, std::int64_t& evaluations) {
        matrix_view<T> J(jacobian_.data(), m_, n_);
        double const half = call(x, &J, evaluations);
        triangle.resize(m_, n_);
        gradient.assign(std::size_t(n_), 0);
        columns.assign(std::size_t(n_), 0);
        for (index i = 0; i < m_; ++i) {
            triangle.b[std::size_t(i)] = double(values_[std::size_t(i)]);
            for (index j = 0; j < n_; ++j)
                triangle.at(i, j) = double(jacobian_[std::size_t(i * n_ + j)]);
        }
        for (index j = 0; j < n_; ++j) {
            gradient[std::size_t(j)] = dot(&triangle.at(0, j), triangle.b.data(), m_);
            columns[std::size_t(j)] = norm(&triangle.at(0, j), m_);
        }
        gradient_norm = norm(gradient.data(), n_);
        if (std::isfinite(half) && std::isfinite(gradient_norm))
            triangle.reflect();
        return half;
    }

    /// The s of min |J s + r|^2 + |diagonal s|^2.
    bool damped(std::vector<double> const& diagonal, double* s) {
        index const rows = std::min(m_, n_);
        stacked_.resize(rows + n_, n_);
        for (index j = 0; j < n_; ++j) {
            for (index i = 0; i < std::min(rows, j + 1); ++i)
                stacked_.at(i, j) = triangle.at(i, j);
            stacked_.at(rows + j, j) = diagonal[std::size_t(j)];
        }
        std::copy_n(triangle.b.data(), rows, stacked_.b.data());
        stacked_.reflect();
        return stacked_.solve(s);
    }

    reflected triangle = {};
    std::vector<double> gradient = {}, columns = {};  ///< columns: their norms
    double gradient_norm = 0;

private:
    double call(T const* x, matrix_view<T>* J, std::int64_t& evaluations) {
        ++evaluations;
        vector_view<T const> const at(x, n_);
        vector_view<T> values(values_.data(), m_);
        f_(at, values, J);
        double const length = norm(values_.data(), m_);
        return 0.5 * length * length;
    }

    F& f_;
    index m_, n_;
    std::vector<T> values_, jacobian_;
    reflected stacked_ = {};
};

}  // namespace descent::solve::detail
