// expects: this method trains linear models: see fit
// SPDX-License-Identifier: MIT
#include <descent/solve/hogwild.hpp>
#include <descent/solve/svrg.hpp>
#include <descent/train/minimize.hpp>

#ifdef FIXED
using method = descent::solve::svrg;
#else
using method = descent::solve::hogwild<>;
#endif

void solve(descent::vector<double>& x);
void solve(descent::vector<double>& x) {
    descent::sum_over const f{3, [](descent::index i, auto const& at, auto& g) {
                                  g += at;
                                  return 0.5 * at.squaredNorm() + double(i);
                              }};
    descent::minimize(f, x, method{});
}
