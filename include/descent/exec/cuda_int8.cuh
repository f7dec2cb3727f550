// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <cublasLt.h>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/cuda_check.cuh>

namespace descent::exec::detail {

/// Products of 8-bit numbers by cuBLASLt, whose integer tensor cores want weights and samples along the sums
/// ("TN" in regular order: cuBLAS 13 documentation, cublasLtMatmul). Keeps what cuBLASLt recommended for the
/// latest shapes, and takes no memory when it runs.
class cuda_int8_products {
public:
    cuda_int8_products() {
        check(cublasLtMatmulDescInit(&how_, CUBLAS_COMPUTE_32I, CUDA_R_32I), "cublasLtMatmulDescInit");
        cublasOperation_t const turned = CUBLAS_OP_T;
        check(cublasLtMatmulDescSetAttribute(&how_, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof turned),
              "cublasLtMatmulDescSetAttribute");
    }
    cuda_int8_products(cuda_int8_products const&) = delete;
    cuda_int8_products& operator=(cuda_int8_products const&) = delete;

    /// c = a b for blocks as gemm_int8() wants them; `room` are bytes for the library, free when it runs.
    /// Throws descent::error where the library knows no way on this device.
    void operator()(cublasLtHandle_t library, cudaStream_t stream, void* room, std::size_t bytes,
                    block<std::int8_t const> const& a, block<std::int8_t const> const& b,
                    block<std::int32_t> const& c) {
        plan& p = plan_of(library, bytes, a, b, c);
        std::int32_t const one = 1, zero = 0;
        check(cublasLtMatmul(library, &how_, &one, b.data, &p.b, a.data, &p.a, &zero, c.data, &p.c, c.data,
                             &p.c, &p.algorithm, room, bytes, stream),
              "cublasLtMatmul");
    }

private:
    using extents_of = std::array<index, 7>;

    struct plan {
        extents_of key{};  ///< no product's at first
        cublasLtMatrixLayoutOpaque_t a, b, c;
        cublasLtMatmulAlgo_t algorithm;
    };

    static void describe(cublasLtMatrixLayoutOpaque_t& to, cudaDataType type, index high, index wide,
                         index stride) {
        check(cublasLtMatrixLayoutInit(&to, type, std::uint64_t(high), std::uint64_t(wide), stride),
              "cublasLtMatrixLayoutInit");
    }

    plan& plan_of(cublasLtHandle_t library, std::size_t bytes, block<std::int8_t const> const& a,
                  block<std::int8_t const> const& b, block<std::int32_t> const& c) {
        extents_of const key{c.rows, c.cols, a.cols, a.stride, b.stride, c.stride, index(bytes)};
        for (plan& known : plans_)
            if (known.key == key)
                return known;
        plan& p = plans_[oldest_];
        p.key = {};
        // cuBLAS counts by columns: our rows are its columns, so that c = a b becomes c^T = b^T a^T.
        describe(p.a, CUDA_R_8I, a.cols, a.rows, a.stride);
        describe(p.b, CUDA_R_8I, b.rows, b.cols, b.stride);
        describe(p.c, CUDA_R_32I, c.cols, c.rows, c.stride);
        choose(library, bytes, p, a, b);
        p.key = key;
        oldest_ = (oldest_ + 1) % plans_.size();
        return p;
    }

    void choose(cublasLtHandle_t library, std::size_t bytes, plan& p, block<std::int8_t const> const& a,
                block<std::int8_t const> const& b) {
        cublasLtMatmulPreferenceOpaque_t wanted;
        check(cublasLtMatmulPreferenceInit(&wanted), "cublasLtMatmulPreferenceInit");
        auto const want = [&](cublasLtMatmulPreferenceAttributes_t what, auto value) {
            check(cublasLtMatmulPreferenceSetAttribute(&wanted, what, &value, sizeof value),
                  "cublasLtMatmulPreferenceSetAttribute");
        };
        want(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t(bytes));
        for (auto const of :
             {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
            want(of, std::uint32_t(16));
        cublasLtMatmulHeuristicResult_t found{};
        int count = 0;
        cublasStatus_t const asked =
            cublasLtMatmulAlgoGetHeuristic(library, &how_, &p.b, &p.a, &p.c, &p.c, &wanted, 1, &found, &count);
        if (asked != CUBLAS_STATUS_NOT_SUPPORTED)
            check(asked, "cublasLtMatmulAlgoGetHeuristic");
        if (asked != CUBLAS_STATUS_SUCCESS || count == 0 || found.state != CUBLAS_STATUS_SUCCESS)
            fail("gemm_int8: a is ", extents(a), ", b is ", extents(b),
                 ": cuBLASLt has no such product on this device");
        p.algorithm = found.algo;
    }

    cublasLtMatmulDescOpaque_t how_;
    std::array<plan, 64> plans_;
    std::size_t oldest_ = 0;
};

}  // namespace descent::exec::detail
