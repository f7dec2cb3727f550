// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/exec/cuda.hpp>
#include <descent/exec/cuda_check.cuh>
#include <descent/exec/cuda_convolution.cuh>
#include <descent/exec/cuda_memory.cuh>
#include <descent/exec/cuda_tuning.cuh>

namespace descent::exec {

template <bool Cudnn>
class basic_cuda_engine;
using cuda_engine = basic_cuda_engine<DESCENT_CUDNN_ENABLED>;

}  // namespace descent::exec

namespace descent::exec::detail {

/// The body for one block of threads, and the sums of its threads, halves added to halves.
template <class Body>
__global__ void __launch_bounds__(cuda_max_threads)
    cuda_block(__grid_constant__ Body const body, double* partial) {
    constexpr int sums = Body::sums;
    int const thread = int(threadIdx.x), threads = int(blockDim.x);
    double own[sums + 1];
    body(index(blockIdx.x), thread, threads, own);
    if constexpr (sums > 0) {
        __shared__ double of_thread[cuda_max_threads * sums];
        for (int k = 0; k < sums; ++k)
            of_thread[thread * sums + k] = own[k];
        for (int half = threads / 2; half > 0; half /= 2) {
            __syncthreads();
            for (int k = 0; thread < half && k < sums; ++k)
                of_thread[thread * sums + k] += of_thread[(thread + half) * sums + k];
        }
        for (int k = 0; thread == 0 && k < sums; ++k)
            partial[index(blockIdx.x) * sums + k] = of_thread[k];
    }
}

template <class Body>
__global__ void __launch_bounds__(Body::threads) cuda_steps(__grid_constant__ Body const body) {
    __shared__ typename Body::shared_memory shared;
    typename Body::own own{};
    int const steps = body.steps(index(blockIdx.x));
    for (int step = 0; step < steps; ++step) {
        body(index(blockIdx.x), step, int(threadIdx.x), shared, own);
        __syncthreads();
    }
}

template <class Body>
__global__ void __launch_bounds__(cuda_max_threads) cuda_each(__grid_constant__ Body const body, index n) {
    index const stride = index(gridDim.x) * index(blockDim.x);
    for (index i = index(blockIdx.x) * index(blockDim.x) + index(threadIdx.x); i < n; i += stride)
        body(i);
}

template <class Body, class R>
struct cuda_writes {
    Body body;
    R* parts;
    __device__ void operator()(index i) const { parts[i] = body(i); }
};

/// What exec::cuda does.
template <class Use>
struct cuda_runtime {
    template <class T>
    using buffer = cuda_buffer<T>;

    static bool available() {
        int devices = 0;
        bool const any = cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
        cudaGetLastError();
        return any;
    }

    // A template, so that the engine may be defined behind this.
    template <class Engine = cuda_engine>
    static Engine engine(cuda const& executor) {
        return Engine(executor);
    }

    static void upload(cudaStream_t stream, void const* from, std::size_t bytes, void* to) {
        if (bytes == 0)
            return;
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync (upload)");
        wait(stream);  // pinned memory is read later
    }
    static void download(cudaStream_t stream, void const* from, std::size_t bytes, void* to) {
        if (bytes == 0)
            return;
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync (download)");
        wait(stream);
    }
    static void clear(cudaStream_t stream, void* to, std::size_t bytes) {
        if (bytes > 0)
            check(cudaMemsetAsync(to, 0, bytes, stream), "cudaMemsetAsync");
    }
    static void wait(cudaStream_t stream) { check(cudaStreamSynchronize(stream), "cudaStreamSynchronize"); }

    static cuda_tuning tuning() {
        int device = 0, major = 0, minor = 0;
        check(cudaGetDevice(&device), "cudaGetDevice");
        check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
              "cudaDeviceGetAttribute");
        check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device),
              "cudaDeviceGetAttribute");
        return cuda_tuning_of(10 * major + minor);
    }

    static index stretch(index n, std::size_t bytes) { return cuda_stretch(tuning(), n, index(bytes)); }

    template <class Body>
    static void launch(cudaStream_t stream, index blocks, Body const& body, double* partial) {
        if (blocks == 0)
            return;
        expect(blocks <= most_blocks, "exec::cuda: blocks = ", blocks, ": must be <= ", most_blocks);
        cuda_block<<<unsigned(blocks), unsigned(tuning().threads), 0, stream>>>(body, partial);
        check(cudaGetLastError(), "exec::cuda: launch of a sweep");
    }

    template <class Body>
    static void launch_steps(cudaStream_t stream, index blocks, Body const& body) {
        if (blocks == 0)
            return;
        expect(blocks <= most_blocks, "exec::cuda: blocks = ", blocks, ": must be <= ", most_blocks);
        cuda_steps<<<unsigned(blocks), unsigned(Body::threads), 0, stream>>>(body);
        check(cudaGetLastError(), "exec::cuda: launch of steps");
    }

    template <class Body>
    static void for_each(cudaStream_t stream, index n, Body const& body) {
        if (n == 0)
            return;
        index const blocks = std::min((n + cuda_max_threads - 1) / cuda_max_threads, most_blocks);
        cuda_each<<<unsigned(blocks), unsigned(cuda_max_threads), 0, stream>>>(body, n);
        check(cudaGetLastError(), "exec::cuda: launch of for_each");
    }

    template <class R, class Body, class Join>
    static R reduce(cuda const& executor, index n, R init, Body const& body, Join join) {
        cuda_buffer<R> parts{std::size_t(n)};
        executor.for_each(n, cuda_writes<Body, R>{body, parts.data()});
        std::vector<R> here(std::size_t(n), init);
        executor.download(parts.data(), n, here.data());
        for (R const& next : here)
            init = join(init, next);
        return init;
    }

private:
    static constexpr index most_blocks = 0x7fffffff;
};

}  // namespace descent::exec::detail
