// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <type_traits>

#include <Eigen/Core>

#include <descent/core/config.hpp>

namespace descent {

/// A number and its slopes along N directions (dual numbers: Clifford, 1873; forward-mode differentiation:
/// Wengert, 1964). What is computed with it carries the exact derivative along. Comparisons look at the value
/// alone. Functions: sqrt, cbrt, exp, expm1, log, log1p, log2, log10, sin, cos, tan, asin, acos, atan, sinh,
/// cosh, tanh, erf, abs, pow, atan2, hypot. Works as scalar of Eigen vectors and matrices.
template <class T, int N>
struct dual {
    T value = 0;
    T slope[N] = {};

    dual() = default;
    dual(T constant) : value(constant) {}

    /// g(x) with g' known: the chain rule.
    dual chained(T of_value, T derivative) const {
        dual out(of_value);
        for (int i = 0; i < N; ++i)
            out.slope[i] = derivative * slope[i];
        return out;
    }

    dual operator-() const { return chained(-value, T(-1)); }
    dual const& operator+() const { return *this; }

    dual& operator+=(dual const& b) {
        value += b.value;
        for (int i = 0; i < N; ++i)
            slope[i] += b.slope[i];
        return *this;
    }
    dual& operator-=(dual const& b) {
        value -= b.value;
        for (int i = 0; i < N; ++i)
            slope[i] -= b.slope[i];
        return *this;
    }
    dual& operator*=(dual const& b) { return *this = joined(*this, b, value * b.value, b.value, value); }
    dual& operator/=(dual const& b) {
        T const quotient = value / b.value;
        return *this = joined(*this, b, quotient, T(1) / b.value, -quotient / b.value);
    }

    friend dual operator+(dual a, dual const& b) { return a += b; }
    friend dual operator-(dual a, dual const& b) { return a -= b; }
    friend dual operator*(dual a, dual const& b) { return a *= b; }
    friend dual operator/(dual a, dual const& b) { return a /= b; }

    friend bool operator==(dual const& a, dual const& b) { return a.value == b.value; }
    friend bool operator!=(dual const& a, dual const& b) { return a.value != b.value; }
    friend bool operator<(dual const& a, dual const& b) { return a.value < b.value; }
    friend bool operator<=(dual const& a, dual const& b) { return a.value <= b.value; }
    friend bool operator>(dual const& a, dual const& b) { return a.value > b.value; }
    friend bool operator>=(dual const& a, dual const& b) { return a.value >= b.value; }

    /// g(a, b) with both partial derivatives known.
    static dual joined(dual const& a, dual const& b, T of_values, T by_a, T by_b) {
        dual out(of_values);
        for (int i = 0; i < N; ++i)
            out.slope[i] = by_a * a.slope[i] + by_b * b.slope[i];
        return out;
    }
};

template <class T, int N>
dual<T, N> sqrt(dual<T, N> const& x) {
    T const root = std::sqrt(x.value);
    return x.chained(root, T(0.5) / root);
}
template <class T, int N>
dual<T, N> cbrt(dual<T, N> const& x) {
    T const root = std::cbrt(x.value);
    return x.chained(root, T(1) / (T(3) * root * root));
}
template <class T, int N>
dual<T, N> exp(dual<T, N> const& x) {
    T const power = std::exp(x.value);
    return x.chained(power, power);
}
template <class T, int N>
dual<T, N> expm1(dual<T, N> const& x) {
    return x.chained(std::expm1(x.value), std::exp(x.value));
}
template <class T, int N>
dual<T, N> log(dual<T, N> const& x) {
    return x.chained(std::log(x.value), T(1) / x.value);
}
template <class T, int N>
dual<T, N> log1p(dual<T, N> const& x) {
    return x.chained(std::log1p(x.value), T(1) / (T(1) + x.value));
}
template <class T, int N>
dual<T, N> log2(dual<T, N> const& x) {
    return x.chained(std::log2(x.value), T(1.4426950408889634) / x.value);
}
template <class T, int N>
dual<T, N> log10(dual<T, N> const& x) {
    return x.chained(std::log10(x.value), T(0.4342944819032518) / x.value);
}
template <class T, int N>
dual<T, N> sin(dual<T, N> const& x) {
    return x.chained(std::sin(x.value), std::cos(x.value));
}
template <class T, int N>
dual<T, N> cos(dual<T, N> const& x) {
    return x.chained(std::cos(x.value), -std::sin(x.value));
}
template <class T, int N>
dual<T, N> tan(dual<T, N> const& x) {
    T const t = std::tan(x.value);
    return x.chained(t, T(1) + t * t);
}
template <class T, int N>
dual<T, N> asin(dual<T, N> const& x) {
    return x.chained(std::asin(x.value), T(1) / std::sqrt((T(1) - x.value) * (T(1) + x.value)));
}
template <class T, int N>
dual<T, N> acos(dual<T, N> const& x) {
    return x.chained(std::acos(x.value), T(-1) / std::sqrt((T(1) - x.value) * (T(1) + x.value)));
}
template <class T, int N>
dual<T, N> atan(dual<T, N> const& x) {
    return x.chained(std::atan(x.value), T(1) / (T(1) + x.value * x.value));
}
template <class T, int N>
dual<T, N> sinh(dual<T, N> const& x) {
    return x.chained(std::sinh(x.value), std::cosh(x.value));
}
template <class T, int N>
dual<T, N> cosh(dual<T, N> const& x) {
    return x.chained(std::cosh(x.value), std::sinh(x.value));
}
template <class T, int N>
dual<T, N> tanh(dual<T, N> const& x) {
    T const t = std::tanh(x.value);
    return x.chained(t, (T(1) - t) * (T(1) + t));
}
template <class T, int N>
dual<T, N> erf(dual<T, N> const& x) {
    return x.chained(std::erf(x.value), T(1.1283791670955126) * std::exp(-x.value * x.value));
}

/// |x|, with slope 0 at 0.
template <class T, int N>
dual<T, N> abs(dual<T, N> const& x) {
    return x.chained(std::abs(x.value), T((x.value > 0) - (x.value < 0)));
}

/// x^p for a constant p.
template <class T, int N>
dual<T, N> pow(dual<T, N> const& x, std::type_identity_t<T> p) {
    return x.chained(std::pow(x.value, p), p == T(0) ? T(0) : p * std::pow(x.value, p - T(1)));
}
template <class T, int N>
dual<T, N> pow(std::type_identity_t<T> base, dual<T, N> const& p) {
    T const power = std::pow(base, p.value);
    return p.chained(power, power == T(0) ? T(0) : power * std::log(base));
}
template <class T, int N>
dual<T, N> pow(dual<T, N> const& x, dual<T, N> const& p) {
    bool constant = true;  // then a base below 0 has a slope too
    for (T const each : p.slope)
        constant = constant && each == T(0);
    if (constant)
        return pow(x, p.value);
    T const power = std::pow(x.value, p.value);
    return dual<T, N>::joined(x, p, power, p.value == T(0) ? T(0) : p.value * std::pow(x.value, p.value - T(1)),
                              power == T(0) ? T(0) : power * std::log(x.value));
}

template <class T, int N>
dual<T, N> atan2(dual<T, N> const& y, dual<T, N> const& x) {
    T const square = x.value * x.value + y.value * y.value;
    return dual<T, N>::joined(y, x, std::atan2(y.value, x.value), x.value / square, -y.value / square);
}
template <class T, int N>
dual<T, N> hypot(dual<T, N> const& x, dual<T, N> const& y) {
    T const length = std::hypot(x.value, y.value);
    return dual<T, N>::joined(x, y, length, x.value / length, y.value / length);
}

}  // namespace descent

// What Eigen wants to know of a scalar.
template <class T, int N>
struct Eigen::NumTraits<descent::dual<T, N>> : Eigen::NumTraits<T> {
    using Real = descent::dual<T, N>;
    using NonInteger = descent::dual<T, N>;
    using Nested = descent::dual<T, N>;
    using Literal = T;
    enum {
        RequireInitialization = 1,
        ReadCost = N + 1,
        AddCost = N + 1,
        MulCost = 3 * N + 1,
    };
};
template <class T, int N, class Operation>
struct Eigen::ScalarBinaryOpTraits<descent::dual<T, N>, T, Operation> {
    using ReturnType = descent::dual<T, N>;
};
template <class T, int N, class Operation>
struct Eigen::ScalarBinaryOpTraits<T, descent::dual<T, N>, Operation> {
    using ReturnType = descent::dual<T, N>;
};
