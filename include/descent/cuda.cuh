// SPDX-License-Identifier: MIT
#pragma once

// The door to nvcc: include it first in a .cu file that uses exec::cuda. Everything else of the library is the
// same header as in a .cpp file.

#if !defined(__CUDACC__)
#error "<descent/cuda.cuh> is for files that nvcc compiles (.cu)"
#endif

// Without it Eigen loses all SIMD in this file, and the linker may spread its slow functions to others.
#if defined(EIGEN_WORLD_VERSION) && !defined(EIGEN_NO_CUDA)
#error "include <descent/cuda.cuh> before Eigen, or define EIGEN_NO_CUDA (CMake: link descent::cuda)"
#elif !defined(EIGEN_NO_CUDA)
#define EIGEN_NO_CUDA
#endif

#include <descent/exec/cuda_blas.cuh>
#include <descent/exec/cuda_engine.cuh>
#include <descent/exec/cuda_memory.cuh>
#include <descent/exec/cuda_runtime.cuh>
#include <descent/linear/device_objective.hpp>
#include <descent/nn/device/layers.hpp>
#include <descent/nn/device_network.hpp>
