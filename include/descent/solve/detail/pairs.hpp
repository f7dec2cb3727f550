// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/vector.hpp>

namespace descent::solve::detail {

/// The last `memory` pairs s = x' - x, y = g' - g of a quasi-Newton method, in a ring of one block.
template <class T>
class pairs {
public:
    pairs(index n, int memory)
        : n_(n),
          memory_(memory),
          block_(std::size_t(2 * n * memory)),
          rho_(std::size_t(memory)),
          alpha_(rho_) {}

    int size() const { return count_; }
    void clear() { count_ = next_ = 0; }

    /// s and y of pair k; 0 is the oldest.
    T const* s(int k) const { return block_.data() + 2 * n_ * slot(k); }
    T const* y(int k) const { return s(k) + n_; }

    /// The scale of the inverse Hessian's start: s.y / y.y of the newest pair.
    double gamma() const { return gamma_; }

    /// Takes a pair; not one whose curvature s.y is not positive beyond rounding.
    bool push(T const* x_new, T const* x, T const* g_new, T const* g) {
        T* const s = block_.data() + 2 * n_ * next_;
        T* const y = s + n_;
        subtract(x_new, x, s, n_);
        subtract(g_new, g, y, n_);
        double const sy = dot(s, y, n_), yy = dot(y, y, n_), ss = dot(s, s, n_);
        if (!(sy > double(std::numeric_limits<T>::epsilon()) * std::sqrt(ss * yy)) || !std::isfinite(yy))
            return false;
        rho_[std::size_t(next_)] = 1 / sy;
        gamma_ = sy / yy;
        next_ = next_ + 1 == memory_ ? 0 : next_ + 1;
        count_ = count_ < memory_ ? count_ + 1 : memory_;
        return true;
    }

    /// d = -H g by the two-loop recursion (Nocedal, 1980); -g without pairs.
    void direction(T const* g, T* d) {
        scale_to(-1, g, d, n_);
        for (int k = count_; k-- > 0;) {
            auto const i = std::size_t(slot(k));
            alpha_[i] = rho_[i] * dot(s(k), d, n_);
            add(-alpha_[i], y(k), d, n_);
        }
        if (count_ == 0)
            return;
        scale_to(gamma_, d, d, n_);
        for (int k = 0; k < count_; ++k) {
            auto const i = std::size_t(slot(k));
            add(alpha_[i] - rho_[i] * dot(y(k), d, n_), s(k), d, n_);
        }
    }

private:
    int slot(int k) const { return (next_ - count_ + k + memory_) % memory_; }

    index n_;
    int memory_, count_ = 0, next_ = 0;
    double gamma_ = 1;
    aligned_buffer<T> block_;
    std::vector<double> rho_, alpha_;
};

}  // namespace descent::solve::detail
