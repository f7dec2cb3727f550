// expects: exec::cuda needs nvcc: include <descent/cuda.cuh> in a .cu file
// SPDX-License-Identifier: MIT
#include <descent/exec/cuda.hpp>

int main() {
#ifndef FIXED
    return descent::exec::cuda::available();
#endif
}
