// expects: exec::openmp needs -fopenmp \(CMake: link descent::openmp\)
// SPDX-License-Identifier: MIT
#include <descent/exec/openmp.hpp>

#ifdef FIXED
#include <descent/exec/serial.hpp>
using executor = descent::exec::serial;
#else
using executor = descent::exec::openmp;
#endif

void clear(float* x, descent::index n);
void clear(float* x, descent::index n) {
    executor{}.for_each(n, [x](descent::index i) { x[i] = 0; });
}
