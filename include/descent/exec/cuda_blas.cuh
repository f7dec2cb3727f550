// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/exec/bfloat16.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/cuda.hpp>
#include <descent/exec/cuda_check.cuh>

namespace descent::exec {

/// An executor for products on the device: cuBLAS's handle, which costs milliseconds and memory to make, bound
/// to the executor's stream. float products are rounded as float (no TF32). Throws descent::error where cuBLAS
/// fails.
///
///     exec::cuda_blas blas{executor};
///     exec::gemm(blas, a, exec::transposed(b), c);           // blocks of device memory
class cuda_blas {
public:
    explicit cuda_blas(cuda executor = {}) {
        check(cublasCreate(&handle_), "cublasCreate");
        cublasStatus_t const bound = cublasSetStream(handle_, executor.stream);
        if (bound != CUBLAS_STATUS_SUCCESS)
            cublasDestroy(handle_);
        check(bound, "cublasSetStream");
    }
    cuda_blas(cuda_blas&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    cuda_blas& operator=(cuda_blas&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~cuda_blas() {
        if (handle_)
            cublasDestroy(handle_);
    }

    cublasHandle_t get() const { return handle_; }

private:
    cublasHandle_t handle_ = nullptr;
};

namespace detail {

inline int blas_size(index n) {
    expect(n <= 0x7fffffff, "cuda_blas: extent ", n, ": must be < 2^31");
    return int(n);
}

inline cublasOperation_t blas_turn(bool turned) { return turned ? CUBLAS_OP_T : CUBLAS_OP_N; }

/// cuBLAS counts by columns: our rows are its columns, so that c = a b becomes c^T = b^T a^T.
template <class T>
void gemm(cuda_blas const& blas, block<T const> a, block<T const> b, block<T> c) {
    if (c.turned)
        return gemm<T>(blas, transposed(b), transposed(a), transposed(c));
    if (c.rows == 0 || c.cols == 0)
        return;
    T const one(1), zero(0);
    int const m = blas_size(c.cols), n = blas_size(c.rows), k = blas_size(a.cols);
    int const ld_b = blas_size(std::max(b.stride, index(1))), ld_a = blas_size(std::max(a.stride, index(1)));
    int const ld_c = blas_size(c.stride);
    auto const op_b = blas_turn(b.turned), op_a = blas_turn(a.turned);
    if constexpr (sizeof(T) == 4)
        check(
            cublasSgemm(blas.get(), op_b, op_a, m, n, k, &one, b.data, ld_b, a.data, ld_a, &zero, c.data, ld_c),
            "cublasSgemm");
    else
        check(
            cublasDgemm(blas.get(), op_b, op_a, m, n, k, &one, b.data, ld_b, a.data, ld_a, &zero, c.data, ld_c),
            "cublasDgemm");
}

/// The same of bfloat16 numbers, summed and written as floats.
inline void gemm(cuda_blas const& blas, block<bfloat16 const> a, block<bfloat16 const> b, block<float> c) {
    if (c.turned)
        return gemm(blas, transposed(b), transposed(a), transposed(c));
    if (c.rows == 0 || c.cols == 0)
        return;
    float const one(1), zero(0);
    check(
        cublasGemmEx(blas.get(), blas_turn(b.turned), blas_turn(a.turned), blas_size(c.cols), blas_size(c.rows),
                     blas_size(a.cols), &one, b.data, CUDA_R_16BF, blas_size(std::max(b.stride, index(1))),
                     a.data, CUDA_R_16BF, blas_size(std::max(a.stride, index(1))), &zero, c.data, CUDA_R_32F,
                     blas_size(c.stride), CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
}

template <class T>
void gemv(cuda_blas const& blas, block<T const> a, T const* x, T* y) {
    if (a.rows == 0)
        return;
    if (a.cols == 0) {  // which cuBLAS leaves as it is
        cudaStream_t stream = nullptr;
        check(cublasGetStream(blas.get(), &stream), "cublasGetStream");
        check(cudaMemsetAsync(y, 0, std::size_t(a.rows) * sizeof(T), stream), "cudaMemsetAsync");
        return;
    }
    T const one(1), zero(0);
    // In memory it is turned ? cols x rows : rows x cols, by rows; cuBLAS sees the transposed.
    int const m = blas_size(a.turned ? a.rows : a.cols), n = blas_size(a.turned ? a.cols : a.rows);
    int const ld = blas_size(a.stride);
    auto const op = blas_turn(!a.turned);
    if constexpr (sizeof(T) == 4)
        check(cublasSgemv(blas.get(), op, m, n, &one, a.data, ld, x, 1, &zero, y, 1), "cublasSgemv");
    else
        check(cublasDgemv(blas.get(), op, m, n, &one, a.data, ld, x, 1, &zero, y, 1), "cublasDgemv");
}

}  // namespace detail

/// c = a b: gemm() of the host, for blocks of device memory. Does not wait.
template <class A, class B, class T>
void gemm(cuda_blas const& blas, block<A> a, block<B> b, block<T> c) {
    detail::expect_product(a, b, c);
    detail::gemm<T>(blas, a, b, c);
}

/// y = a x: gemv() of the host, for a block and vectors of device memory (exec::cuda::memory). Does not wait.
template <class A, class X, class Y>
void gemv(cuda_blas const& blas, block<A> a, X const& x, Y& y) {
    using T = std::remove_const_t<A>;
    detail::gemv<T>(blas, a, detail::numbers_of(x, a.cols, "x"), detail::numbers_of(y, a.rows, "y"));
}

}  // namespace descent::exec
