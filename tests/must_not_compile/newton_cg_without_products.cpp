// expects: newton_cg: f needs a member hessian_product\(v, out\)
// SPDX-License-Identifier: MIT
#include <descent/solve/newton_cg.hpp>
#include <descent/train/minimize.hpp>

struct bowl {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        g = x;
        return 0.5 * x.squaredNorm();
    }
#ifdef FIXED
    template <class V, class O>
    void hessian_product(V const& v, O& out) const {
        out = v;
    }
#endif
};

void solve(descent::vector<double>& x);
void solve(descent::vector<double>& x) { descent::minimize(bowl{}, x, descent::solve::newton_cg{}); }
