// SPDX-License-Identifier: MIT
// The program of a stranger: the same file in every consumer project.
#include <descent/descent.hpp>

#include <cstdio>

int main() {
    descent::vector<double> x = descent::vector<double>::Constant(3, 4.0);
    auto const bowl = [](auto const& w, auto& gradient) {
        gradient = 2 * w;
        return w.squaredNorm();
    };
    descent::minimize(bowl, x, descent::chain(descent::momentum{0.9}, descent::rate{0.05}), {.epochs = 300});
    std::printf("descent %d: |x| = %g\n", DESCENT_VERSION, x.norm());
    return x.norm() < 1e-3 ? 0 : 1;
}
