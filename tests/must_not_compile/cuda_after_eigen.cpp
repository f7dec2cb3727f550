// expects: include <descent/cuda.cuh> before Eigen, or define EIGEN_NO_CUDA
// SPDX-License-Identifier: MIT
// As nvcc sees it; what stands behind the #error needs nvcc itself and does not matter.
#include <Eigen/Core>
#define __CUDACC__ 1
#include <descent/cuda.cuh>

int main() {}
