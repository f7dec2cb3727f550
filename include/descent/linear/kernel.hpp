// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/error.hpp>
#include <descent/core/math.hpp>

// Kernels K(x, z): inner products in a space of features that nobody writes down. Each is a function of x . z,
// |x|^2 and |z|^2 alone, so that whole rows of them come from one product of matrices.
//
//     struct mine {
//         double gamma;
//         double width() const;            // its gamma, for kernel_svm to fill in where it is 0
//         template <class T> auto at(double width) const;   // what computes it: V operator()(V dot, V xx, V
//         zz)
//     };
namespace descent::linear::kernel {

namespace detail {

inline void check_gamma(double gamma) {
    expect(gamma >= 0 && gamma <= 1e300, "kernel: gamma = ", gamma, ": must be finite and >= 0");
}

/// v^n for n >= 0 by repeated squaring.
template <class V>
V power(V v, int n) {
    V result(number_of<V>(1));
    for (; n > 0; n /= 2, v = v * v)
        if (n % 2)
            result = result * v;
    return result;
}

}  // namespace detail

/// x . z.
struct linear {
    template <class T>
    struct function {
        template <class V>
        V operator()(V dot, V /*xx*/, V /*zz*/) const {
            return dot;
        }
    };

    double width() const { return 1; }
    void check() const {}
    template <class T>
    function<T> at(double /*gamma*/) const {
        return {};
    }
};

/// exp(-gamma |x - z|^2), Gauss's bell (Boser, Guyon & Vapnik, 1992). gamma = 0: 1 / (features * variance of
/// all numbers of x), which scikit-learn calls "scale".
struct rbf {
    double gamma = 0;

    template <class T>
    struct function {
        T gamma;
        template <class V>
        V operator()(V dot, V xx, V zz) const {
            V const distance = max((xx - dot) + (zz - dot), V(T(0)));
            return exp(V(-gamma) * distance);
        }
    };

    double width() const { return gamma; }
    void check() const { detail::check_gamma(gamma); }
    template <class T>
    function<T> at(double width) const {
        return {T(width)};
    }
};

/// (gamma x . z + offset)^degree. gamma as in rbf; offset is scikit-learn's coef0.
struct polynomial {
    int degree = 3;
    double gamma = 0, offset = 0;

    template <class T>
    struct function {
        int degree;
        T gamma, offset;
        template <class V>
        V operator()(V dot, V /*xx*/, V /*zz*/) const {
            return detail::power(fused_multiply_add(V(gamma), dot, V(offset)), degree);
        }
    };

    double width() const { return gamma; }
    void check() const {
        expect(degree >= 1 && degree <= 100, "kernel: degree = ", degree, ": must be in [1, 100]");
        expect(std::isfinite(offset), "kernel: offset = ", offset, ": must be finite");
        detail::check_gamma(gamma);
    }
    template <class T>
    function<T> at(double width) const {
        return {degree, T(width), T(offset)};
    }
};

/// tanh(gamma x . z + offset): no inner product for every gamma and offset, and then the dual is not convex.
struct sigmoid {
    double gamma = 0, offset = 0;

    template <class T>
    struct function {
        T gamma, offset;
        template <class V>
        V operator()(V dot, V /*xx*/, V /*zz*/) const {
            return tanh(fused_multiply_add(V(gamma), dot, V(offset)));
        }
    };

    double width() const { return gamma; }
    void check() const {
        expect(std::isfinite(offset), "kernel: offset = ", offset, ": must be finite");
        detail::check_gamma(gamma);
    }
    template <class T>
    function<T> at(double width) const {
        return {T(width), T(offset)};
    }
};

}  // namespace descent::linear::kernel
