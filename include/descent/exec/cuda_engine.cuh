// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <descent/exec/cuda.hpp>
#include <descent/exec/cuda_blas.cuh>
#include <descent/exec/cuda_memory.cuh>
#include <descent/exec/cuda_recording.cuh>
#include <descent/exec/cuda_runtime.cuh>
#include <descent/exec/device.hpp>

namespace descent::exec {

/// What runs the layers of a network on the current CUDA device: exec::cuda, cuBLAS for the products, and
/// memory for what one call needs. See exec::device. Where the executor has no stream, the engine makes one,
/// since the default stream cannot be recorded. It costs milliseconds to make; one engine serves one thread at
/// a time.
class cuda_engine {
public:
    static constexpr bool host = false;
    template <class T>
    using memory = cuda_buffer<T>;

    explicit cuda_engine(cuda executor = {}) : executor_(executor) {
        if (!executor_.stream)
            executor_.stream = own_.emplace().get();
        blas_.emplace(executor_);
        fault_ = cuda_buffer<int>(1);
    }

    cuda const& executor() const { return executor_; }

    template <class T>
    void upload(T const* from, index n, T* to) const {
        executor_.upload(from, n, to);
    }
    template <class T>
    void download(T const* from, index n, T* to) const {
        executor_.download(from, n, to);
    }
    template <class T>
    void clear(T* to, index n) const {
        executor_.clear(to, n);
    }
    template <class Body>
    void for_each(index n, Body const& body) const {
        executor_.for_each(n, body);
    }
    template <class Body>
    void launch_steps(index blocks, Body const& body) const {
        executor_.launch_steps(blocks, body);
    }
    template <class T>
    void product(block<T const> a, block<T const> b, block<T> c) const {
        gemm(*blas_, a, b, c);
    }
    void product(block<bfloat16 const> a, block<bfloat16 const> b, block<float> c) const {
        detail::gemm(*blas_, a, b, c);
    }
    bool rounds_products() const { return executor_.products == precision::bfloat16; }
    bfloat16* rounded(index n) const { return room_for<bfloat16>(n, rounded_); }
    /// Grows to the largest n asked for; what is there may still be read by work that is queued.
    template <class T>
    T* scratch(index n) const {
        return room_for<T>(n, scratch_);
    }
    using recording = cuda_recording;
    /// Records what `work` queues here; none of it runs. Returns whether it could be recorded.
    template <class Work>
    bool record(recording& to, Work const& work) const {
        return to.record(executor_.stream, work);
    }
    void play(recording const& from) const { from.play(executor_.stream); }
    /// Another number once scratch() or rounded() have moved: recordings are void then.
    std::int64_t moves() const { return moves_; }
    int* fault() const { return fault_.data(); }

private:
    template <class T>
    T* room_for(index n, cuda_buffer<std::byte>& room) const {
        std::size_t const bytes = std::size_t(n) * sizeof(T);
        if (room.size() < bytes) {
            ++moves_;
            executor_.wait();
            room = cuda_buffer<std::byte>(bytes);
        }
        return reinterpret_cast<T*>(room.data());
    }

    std::optional<cuda_stream> own_;
    cuda executor_;
    std::optional<cuda_blas> blas_;
    mutable std::int64_t moves_ = 0;
    mutable cuda_buffer<std::byte> scratch_, rounded_;
    mutable cuda_buffer<int> fault_;
};

}  // namespace descent::exec
