// SPDX-License-Identifier: MIT
// nvcc reads the headers as C++20, Eigen keeps its SIMD on the host, and a program with kernels runs without a
// device.
#include <descent/cuda.cuh>
#include <descent/descent.hpp>

#include <cstdio>

#ifndef EIGEN_NO_CUDA
#error "descent::cuda must define EIGEN_NO_CUDA"
#endif
static_assert(__cplusplus >= 202002L);

int main() {
    descent::vector<float> w = descent::vector<float>::Ones(3);
    if (!descent::exec::cuda::available())
        std::puts("skipped: no CUDA device");
    std::printf("descent %d: %g, SIMD: %s\n", DESCENT_VERSION, double(w.sum()),
                Eigen::SimdInstructionSetsInUse());
    return w.sum() == 3 ? 0 : 1;
}
