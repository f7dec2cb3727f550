// SPDX-License-Identifier: MIT
// The program of a stranger: the same file in every consumer project.
#include <descent/core/tensor.hpp>
#include <descent/version.hpp>

#include <cstdio>

int main() {
    descent::matrix<float> w = descent::matrix<float>::Ones(3, 2);
    std::printf("descent %d: %g\n", DESCENT_VERSION, double(w.sum()));
    return w.sum() == 6 ? 0 : 1;
}
