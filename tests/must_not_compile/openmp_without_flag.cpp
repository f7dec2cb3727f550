// expects: exec::openmp needs -fopenmp
// SPDX-License-Identifier: MIT
#include <descent/exec/openmp.hpp>

int main() {
#ifndef FIXED
    descent::exec::openmp{}.for_each(1, [](descent::index) {});
#endif
}
