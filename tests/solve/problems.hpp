// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <descent/core/tensor.hpp>

// Named test problems with known optima. Each is f(x, g): value returned, gradient written; both in double
// inside, so that float tests see the rounding of x and g alone.
namespace problems {

using descent::index;
using descent::vector;

/// Rosenbrock (1960), chained over n: 0 at (1, ..., 1). Start (-1.2, 1, -1.2, 1, ...).
struct rosenbrock {
    std::vector<double> at = {};  // the last x

    template <class V, class O>
    void hessian_product(V const& v, O& out) const {
        using T = typename O::Scalar;
        out.setZero();
        for (index i = 0; i + 1 < v.size(); ++i) {
            double const a = at[std::size_t(i)], b = at[std::size_t(i + 1)];
            out[i] += T((1200 * a * a - 400 * b + 2) * double(v[i]) - 400 * a * double(v[i + 1]));
            out[i + 1] += T(-400 * a * double(v[i]) + 200 * double(v[i + 1]));
        }
    }

    template <class X, class G>
    double operator()(X const& x, G& g) {
        using T = typename G::Scalar;
        at.assign(x.data(), x.data() + x.size());
        g.setZero();
        double value = 0;
        for (index i = 0; i + 1 < x.size(); ++i) {
            double const a = double(x[i]), b = double(x[i + 1]), t = b - a * a;
            value += 100 * t * t + (1 - a) * (1 - a);
            g[i] += T(-400 * a * t - 2 * (1 - a));
            g[i + 1] += T(200 * t);
        }
        return value;
    }
    template <class T = double>
    static vector<T> start(index n) {
        vector<T> x(n);
        for (index i = 0; i < n; ++i)
            x[i] = T(i % 2 ? 1 : -1.2);
        return x;
    }
};

/// Beale (1958): 0 at (3, 1/2). Start (1, 1).
struct beale {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        using T = typename G::Scalar;
        double const a = double(x[0]), b = double(x[1]), y[] = {1.5, 2.25, 2.625};
        double value = 0, ga = 0, gb = 0, power = 1;
        for (int i = 0; i < 3; ++i) {
            double const slope = (i + 1) * power;
            power *= b;
            double const r = y[i] - a * (1 - power);
            value += r * r;
            ga -= 2 * r * (1 - power);
            gb += 2 * r * a * slope;
        }
        g[0] = T(ga);
        g[1] = T(gb);
        return value;
    }
};

/// Powell's singular function (1962): 0 at 0, where the Hessian is singular. Start (3, -1, 0, 1).
struct powell_singular {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        using T = typename G::Scalar;
        double const a = double(x[0]), b = double(x[1]), c = double(x[2]), d = double(x[3]);
        double const p = a + 10 * b, q = c - d, r = b - 2 * c, s = a - d;
        g[0] = T(2 * p + 40 * s * s * s);
        g[1] = T(20 * p + 4 * r * r * r);
        g[2] = T(10 * q - 8 * r * r * r);
        g[3] = T(-10 * q - 40 * s * s * s);
        return p * p + 5 * q * q + r * r * r * r + 10 * s * s * s * s;
    }
};

/// Wood (Colville, 1968): 0 at (1, 1, 1, 1). Start (-3, -1, -3, -1).
struct wood {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        using T = typename G::Scalar;
        double const a = double(x[0]), b = double(x[1]), c = double(x[2]), d = double(x[3]);
        double const p = b - a * a, q = d - c * c;
        g[0] = T(-400 * a * p - 2 * (1 - a));
        g[1] = T(200 * p + 20.2 * (b - 1) + 19.8 * (d - 1));
        g[2] = T(-360 * c * q - 2 * (1 - c));
        g[3] = T(180 * q + 20.2 * (d - 1) + 19.8 * (b - 1));
        return 100 * p * p + (1 - a) * (1 - a) + 90 * q * q + (1 - c) * (1 - c) +
               10.1 * ((b - 1) * (b - 1) + (d - 1) * (d - 1)) + 19.8 * (b - 1) * (d - 1);
    }
};

/// Himmelblau (1972): four minima of value 0, one at (3, 2).
struct himmelblau {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        using T = typename G::Scalar;
        double const a = double(x[0]), b = double(x[1]), p = a * a + b - 11, q = a + b * b - 7;
        g[0] = T(4 * a * p + 2 * q);
        g[1] = T(2 * p + 4 * b * q);
        return p * p + q * q;
    }
};

/// A convex quadratic 1/2 sum c_i (x_i - 1)^2 + offset, c_i from 1 to `condition` in equal factors.
struct quadratic {
    double condition = 100, offset = 0;

    double curvature(index i, index n) const {
        return n > 1 ? std::pow(condition, double(i) / double(n - 1)) : condition;
    }
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        using T = typename G::Scalar;
        double value = offset;
        for (index i = 0; i < x.size(); ++i) {
            double const c = curvature(i, x.size()), t = double(x[i]) - 1;
            value += 0.5 * c * t * t;
            g[i] = T(c * t);
        }
        return value;
    }
    template <class V, class O>
    void hessian_product(V const& v, O& out) const {
        for (index i = 0; i < v.size(); ++i)
            out[i] = typename O::Scalar(curvature(i, v.size()) * double(v[i]));
    }
};

}  // namespace problems
