// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <descent/solve/detail/pairs.hpp>
#include <descent/solve/detail/small_matrix.hpp>

namespace descent::solve::detail {

/// The quadratic model of lbfgsb in a box: B = theta I - W M W', W = [Y, theta S] (Byrd, Lu, Nocedal & Zhu,
/// 1995; the numbers below are its equations).
template <class T>
class box_model {
public:
    box_model(index n, int memory, std::vector<T> const& low, std::vector<T> const& high)
        : pairs_(n, memory),
          n_(n),
          memory_(memory),
          low_(low),
          high_(high),
          sy_(memory),
          ss_(memory),
          m_(0),
          time_(std::size_t(n)),
          order_(),
          row_(std::size_t(2 * memory)),
          p_(row_),
          c_(row_),
          work_(row_),
          v_(row_) {
        order_.reserve(std::size_t(n));
    }

    int size() const { return pairs_.size(); }
    void clear() { pairs_.clear(); }

    void push(T const* x_new, T const* x, T const* g_new, T const* g) {
        bool const full = pairs_.size() == memory_;
        if (!pairs_.push(x_new, x, g_new, g))
            return;
        int const k = pairs_.size();
        for (int i = 0; full && i + 1 < k; ++i)
            for (int j = 0; j + 1 < k; ++j) {
                sy_(i, j) = sy_(i + 1, j + 1);
                ss_(i, j) = ss_(i + 1, j + 1);
            }
        for (int i = 0; i < k; ++i) {
            sy_(i, k - 1) = dot(pairs_.s(i), pairs_.y(k - 1), n_);
            sy_(k - 1, i) = dot(pairs_.s(k - 1), pairs_.y(i), n_);
            ss_(i, k - 1) = ss_(k - 1, i) = dot(pairs_.s(i), pairs_.s(k - 1), n_);
        }
    }

    /// Writes to `to` where the model is lowest along the projected gradient and then over the variables that
    /// are free there. False where the model is not convex within rounding: clear() it.
    bool minimize(T const* x, T const* g, T* to) {
        theta_ = pairs_.size() ? 1 / pairs_.gamma() : 1;
        return invert() && cauchy_point(x, g, to) && subspace(x, g, to);
    }

private:
    using count = std::size_t;

    /// M (3.4).
    bool invert() {
        int const k = pairs_.size();
        small_matrix middle(2 * k);
        m_ = small_matrix(2 * k);
        for (int i = 0; i < k; ++i) {
            middle(i, i) = -sy_(i, i);
            for (int j = 0; j < k; ++j) {
                middle(k + i, k + j) = theta_ * ss_(i, j);
                if (i > j)
                    middle(k + i, j) = middle(j, k + i) = sy_(i, j);
            }
            m_(i, i) = m_(k + i, k + i) = 1;
        }
        return k == 0 || middle.solve(m_.a.data(), 2 * k);
    }

    /// Row b of W.
    void row(index b, double* out) const {
        int const k = pairs_.size();
        for (int i = 0; i < k; ++i) {
            out[i] = double(pairs_.y(i)[b]);
            out[k + i] = theta_ * double(pairs_.s(i)[b]);
        }
    }

    /// Algorithm CP: the first minimum along x - t g, bent at the box.
    bool cauchy_point(T const* x, T const* g, T* to) {
        int const k2 = 2 * pairs_.size();
        std::fill(p_.begin(), p_.end(), 0.0);
        std::fill(c_.begin(), c_.end(), 0.0);
        order_.clear();
        double dd = 0;
        for (index i = 0; i < n_; ++i) {
            double const gi = double(g[i]), room = gi < 0 ? double(high_[count(i)]) - double(x[i])
                                                          : double(x[i]) - double(low_[count(i)]);
            double& t = time_[count(i)];
            t = gi == 0 ? std::numeric_limits<double>::infinity() : room / std::fabs(gi);
            to[i] = x[i];
            if (!(t > 0))
                continue;
            dd += gi * gi;
            if (k2) {
                row(i, row_.data());
                for (int j = 0; j < k2; ++j)
                    p_[count(j)] -= gi * row_[count(j)];
            }
            if (t < std::numeric_limits<double>::infinity())
                order_.push_back(i);
        }
        std::sort(order_.begin(), order_.end(), [this](index a, index b) {
            return time_[count(a)] < time_[count(b)] || (time_[count(a)] == time_[count(b)] && a < b);
        });
        double slope = -dd, bend = theta_ * dd - m_.between(p_.data(), p_.data()), now = 0;
        double const least = std::numeric_limits<double>::epsilon() * theta_ * dd;
        if (dd > 0 && !(bend > 0))
            return false;
        double wait = dd > 0 ? -slope / bend : 0;
        for (index const b : order_) {
            double const dt = time_[count(b)] - now;
            if (wait < dt)
                break;
            double const gb = double(g[b]);
            to[b] = gb < 0 ? high_[count(b)] : low_[count(b)];
            double const z = double(to[b]) - double(x[b]);
            for (int j = 0; j < k2; ++j)
                c_[count(j)] += dt * p_[count(j)];
            row(b, row_.data());
            m_.times(row_.data(), work_.data());
            double mc = 0, mp = 0, mw = 0;
            for (int j = 0; j < k2; ++j) {
                mc += work_[count(j)] * c_[count(j)];
                mp += work_[count(j)] * p_[count(j)];
                mw += work_[count(j)] * row_[count(j)];
            }
            slope += dt * bend + gb * gb + theta_ * gb * z - gb * mc;
            bend = std::max(bend - theta_ * gb * gb - 2 * gb * mp - gb * gb * mw, least);
            for (int j = 0; j < k2; ++j)
                p_[count(j)] += gb * row_[count(j)];
            now = time_[count(b)];
            wait = -slope / bend;
        }
        wait = std::max(wait, 0.0);
        if (!std::isfinite(wait))
            wait = 0;  // all variables met the box
        end_ = now + wait;
        for (int j = 0; j < k2; ++j)
            c_[count(j)] += wait * p_[count(j)];
        for (index i = 0; i < n_; ++i)
            if (time_[count(i)] > end_ || (time_[count(i)] > now && time_[count(i)] >= end_))
                to[i] = inside(i, double(x[i]) - end_ * double(g[i]));
        return true;
    }

    T inside(index i, double value) const {
        return std::min(std::max(T(value), low_[count(i)]), high_[count(i)]);
    }

    bool is_free(index i) const { return time_[count(i)] > end_; }

    /// The direct primal method (5.7 to 5.11), the result projected into the box (Morales & Nocedal, 2011), or
    /// cut off at it where the projection does not lead down.
    bool subspace(T const* x, T const* g, T* to) {
        int const k2 = 2 * pairs_.size();
        small_matrix gram(k2), system(k2);
        m_.times(c_.data(), work_.data());
        std::fill(v_.begin(), v_.end(), 0.0);
        auto const residual = [&](index i) {
            double r = double(g[i]) + theta_ * (double(to[i]) - double(x[i]));
            row(i, row_.data());
            for (int j = 0; j < k2; ++j)
                r -= row_[count(j)] * work_[count(j)];
            return r;
        };
        for (index i = 0; i < n_ && k2; ++i) {
            if (!is_free(i))
                continue;
            double const r = residual(i);
            for (int a = 0; a < k2; ++a) {
                v_[count(a)] += row_[count(a)] * r;
                for (int b = 0; b <= a; ++b)
                    gram(a, b) += row_[count(a)] * row_[count(b)];
            }
        }
        for (int a = 0; a < k2; ++a)
            for (int b = 0; b < a; ++b)
                gram(b, a) = gram(a, b);
        for (int a = 0; a < k2; ++a)
            for (int b = 0; b < k2; ++b) {
                double sum = 0;
                for (int j = 0; j < k2; ++j)
                    sum += m_(a, j) * gram(j, b);
                system(a, b) = (a == b) - sum / theta_;
            }
        m_.times(v_.data(), p_.data());
        if (k2 && !system.solve(p_.data(), 1))
            return false;
        // du = -r / theta - W v / theta^2 over the free variables
        auto const move = [&](index i) {
            double du = -residual(i) / theta_;
            for (int j = 0; j < k2; ++j)
                du -= row_[count(j)] * p_[count(j)] / (theta_ * theta_);
            return du;
        };
        double slope = 0, share = 1;
        for (index i = 0; i < n_; ++i) {
            double const du = is_free(i) ? move(i) : 0, at = double(to[i]);
            if (!std::isfinite(du))
                return false;
            slope += double(g[i]) * (double(inside(i, at + du)) - double(x[i]));
            if (at + du > double(high_[count(i)]))
                share = std::min(share, (double(high_[count(i)]) - at) / du);
            if (at + du < double(low_[count(i)]))
                share = std::min(share, (double(low_[count(i)]) - at) / du);
        }
        double const factor = slope < 0 ? 1 : std::max(share, 0.0);
        for (index i = 0; i < n_; ++i)
            if (is_free(i))
                to[i] = inside(i, double(to[i]) + factor * move(i));
        return true;
    }

    pairs<T> pairs_;
    index n_;
    int memory_;
    std::vector<T> const &low_, &high_;
    small_matrix sy_, ss_, m_;
    std::vector<double> time_;  ///< when each variable meets the box
    std::vector<index> order_;
    std::vector<double> row_, p_, c_, work_, v_;
    double theta_ = 1, end_ = 0;
};

}  // namespace descent::solve::detail
