// expects: exec::cuda needs nvcc: include <descent/cuda.cuh> in a .cu file \(CMake: link descent::cuda\)
// SPDX-License-Identifier: MIT
#include <descent/exec/cuda.hpp>

#ifndef FIXED
bool const answers = descent::exec::cuda::available();
#endif
