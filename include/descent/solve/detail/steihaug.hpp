// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/vector.hpp>

namespace descent::solve::detail {

/// A step s of the trust region: g.s, -(g.s + s.Hs / 2), its length, and whether that is the radius.
struct steihaug_step {
    double slope, predicted, length;
    bool at_edge;
};

/// Minimizes g.s + s.Hs / 2 over |s| <= radius by conjugate gradients that stop at the edge (Steihaug, 1983).
/// Lengths are those of s / scale, where f offers its Hessian's diagonal.
template <class T>
class steihaug {
public:
    explicit steihaug(index n) : n_(n), work_(std::size_t(5 * n)) {}

    T const* s() const { return work_.data(); }

    template <class F>
    void precondition(F& f) {
        vector_view<T> diagonal(scale(), n_);
        if constexpr (requires { f.hessian_diagonal(diagonal); }) {
            f.hessian_diagonal(diagonal);
            for (index i = 0; i < n_; ++i)
                scale()[i] = diagonal[i] > 0 ? T(1 / std::sqrt(0.01 + 0.99 * double(diagonal[i]))) : T(10);
            scaled_ = true;
        }
    }

    double scaled_norm(T const* g) {
        std::copy_n(g, n_, r());
        rescale(r());
        return norm(r(), n_);
    }

    template <class F>
    steihaug_step solve(F& f, T const* g, double radius, double close, int products) {
        T *const step = work_.data(), *const d = r() + n_, *const hd = d + n_;
        std::fill_n(step, n_, T(0));
        scale_to(-1, g, r(), n_);
        rescale(r());
        std::copy_n(r(), n_, d);
        double rr = dot(r(), r(), n_), ss = 0, predicted = 0;
        double const enough = close * close * rr;
        bool at_edge = false;
        for (int k = 0; k < products && rr > enough && !at_edge; ++k) {
            rescale(d);
            vector_view<T const> const v(d, n_);
            vector_view<T> out(hd, n_);
            f.hessian_product(v, out);
            unscale(d);
            rescale(hd);
            double const curvature = dot(d, hd, n_), dd = dot(d, d, n_), sd = dot(step, d, n_);
            double alpha = rr / curvature;
            if (!(curvature > 0) || !(ss + 2 * alpha * sd + alpha * alpha * dd < radius * radius)) {
                // To the edge: the positive root of |s + alpha d| = radius, written without cancellation.
                double const room = std::max(0.0, radius * radius - ss);
                double const root = std::sqrt(sd * sd + dd * room);
                alpha = sd > 0 ? room / (sd + root) : (root - sd) / dd;
                at_edge = true;
            }
            if (!std::isfinite(alpha))
                break;
            // The model falls by alpha r.d - alpha^2 d.Hd / 2 along d; r.d = r.r.
            predicted += alpha * rr - 0.5 * alpha * alpha * curvature;
            add(alpha, d, step, n_);
            add(-alpha, hd, r(), n_);
            ss = dot(step, step, n_);
            double const next = dot(r(), r(), n_);
            scale_to(next / rr, d, d, n_);
            add(1, r(), d, n_);
            rr = next;
        }
        double const length = std::sqrt(ss);
        rescale(step);
        return {dot(g, step, n_), predicted, length, at_edge};
    }

private:
    T* r() { return work_.data() + n_; }
    T* scale() { return work_.data() + 4 * n_; }
    void rescale(T* a) {
        for (index i = 0; scaled_ && i < n_; ++i)
            a[i] *= scale()[i];
    }
    void unscale(T* a) {
        for (index i = 0; scaled_ && i < n_; ++i)
            a[i] /= scale()[i];
    }

    index n_;
    bool scaled_ = false;
    aligned_buffer<T> work_;
};

}  // namespace descent::solve::detail
