// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <descent/exec/cuda_check.cuh>

namespace descent::exec {

/// Owns n numbers on the current CUDA device, zeros at first. Moves, does not copy. Throws descent::error where
/// the device has no memory left.
template <class T>
class cuda_buffer {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    cuda_buffer() = default;
    explicit cuda_buffer(std::size_t n) : size_(n) {
        if (n == 0)
            return;
        expect(n <= static_cast<std::size_t>(-1) / sizeof(T), "cuda_buffer: n = ", n, ": too many numbers");
        void* memory = nullptr;
        check(cudaMalloc(&memory, n * sizeof(T)), "cudaMalloc");
        data_ = static_cast<T*>(memory);
        try {
            // Any stream may be the first to use it.
            check(cudaMemset(data_, 0, n * sizeof(T)), "cudaMemset");
            check(cudaStreamSynchronize(nullptr), "cudaStreamSynchronize");
        } catch (...) {
            cudaFree(data_);
            throw;
        }
    }
    cuda_buffer(cuda_buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    cuda_buffer& operator=(cuda_buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~cuda_buffer() {
        if (data_)
            cudaFree(data_);  // waits for work that uses it
    }

    T* data() { return data_; }
    T const* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Owns a CUDA stream: exec::cuda{stream.get()} queues its work there.
class cuda_stream {
public:
    cuda_stream() { check(cudaStreamCreate(&stream_), "cudaStreamCreate"); }
    cuda_stream(cuda_stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
    cuda_stream& operator=(cuda_stream&& other) noexcept {
        std::swap(stream_, other.stream_);
        return *this;
    }
    ~cuda_stream() {
        if (stream_)
            cudaStreamDestroy(stream_);  // queued work still runs
    }

    cudaStream_t get() const { return stream_; }

private:
    cudaStream_t stream_ = nullptr;
};

}  // namespace descent::exec
