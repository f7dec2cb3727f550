// SPDX-License-Identifier: MIT
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <descent/core/error.hpp>

namespace descent::exec {

/// Throws descent::error, naming the call, unless the code is success: "cudaMalloc: out of memory".
inline void check(cudaError_t code, char const* call) {
    if (code == cudaSuccess)
        return;
    cudaGetLastError();  // or a later, innocent call would report it again
    fail(call, ": ", cudaGetErrorString(code));
}
inline void check(cublasStatus_t code, char const* call) {
    expect(code == CUBLAS_STATUS_SUCCESS, call, ": ", cublasGetStatusString(code));
}

}  // namespace descent::exec
