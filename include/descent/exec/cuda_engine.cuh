// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <descent/exec/cuda.hpp>
#include <descent/exec/cuda_blas.cuh>
#include <descent/exec/cuda_int8.cuh>
#include <descent/exec/cuda_memory.cuh>
#include <descent/exec/cuda_recording.cuh>
#include <descent/exec/cuda_runtime.cuh>
#include <descent/exec/device.hpp>

namespace descent::exec {

/// What runs the layers of a network on the current CUDA device: exec::cuda, cuBLAS for the products, and
/// memory for what one call needs. See exec::device. Where the executor has no stream, the engine makes one,
/// since the default stream cannot be recorded. It costs milliseconds to make; one engine serves one thread at
/// a time.
template <bool Cudnn>
class basic_cuda_engine {
public:
    static constexpr bool host = false;
    template <class T>
    using memory = cuda_buffer<T>;

    explicit basic_cuda_engine(cuda executor = {}) : executor_(executor) {
        if (!executor_.stream)
            executor_.stream = own_.emplace().get();
        blas_.emplace(executor_);
        // Memory of its own would be made again in each recording.
        blas_room_ = cuda_buffer<std::byte>(std::size_t(32) << 20);
        check(cublasSetWorkspace(blas_->get(), blas_room_.data(), blas_room_.size()), "cublasSetWorkspace");
        fault_ = cuda_buffer<int>(1);
        convolutions_.emplace(executor_);
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
    /// By cuBLASLt, in cuBLAS's room: what is queued here runs in order. See gemm_int8().
    void product(block<std::int8_t const> a, block<std::int8_t const> b, block<std::int32_t> c) const {
        if (!int8_)
            int8_ = std::make_unique<detail::cuda_int8_products>();
        // Every handle of cuBLAS is one of cuBLASLt.
        (*int8_)(reinterpret_cast<cublasLtHandle_t>(blas_->get()), executor_.stream, blas_room_.data(),
                 blas_room_.size(), a, b, c);
    }
    bool rounds_products() const { return executor_.products == precision::bfloat16; }
    bfloat16* rounded(index n) const { return room_for<bfloat16>(n, rounded_); }
    /// Grows to the largest n asked for; what is there may still be read by work that is queued.
    template <class T>
    T* scratch(index n) const {
        return room_for<T>(n, scratch_);
    }
    /// Convolutions by cuDNN; see detail::cuda_convolutions for what they tell.
    template <class T, class Windows>
    bool convolve(Windows const& w, index samples, T const* x, T const* weight, T* y) const requires Cudnn {
        return convolutions_->forward(w, samples, x, weight, y, room_for_convolutions());
    }
    template <class T, class Windows>
    bool convolve_back_input(Windows const& w, index samples, T const* weight, T const* dy,
                             T* dx) const requires Cudnn {
        return convolutions_->backward_input(w, samples, weight, dy, dx, room_for_convolutions());
    }
    template <class T, class Windows>
    bool convolve_back_weight(Windows const& w, index samples, T const* x, T const* dy,
                              T* slope) const requires Cudnn {
        return convolutions_->backward_weight(w, samples, x, dy, slope, room_for_convolutions());
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
    auto room_for_convolutions() const {
        return [this](std::size_t bytes) { return room_for<std::byte>(index(bytes), workspace_); };
    }
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
    mutable cuda_buffer<std::byte> blas_room_;
    std::optional<cuda_blas> blas_;
    mutable std::unique_ptr<detail::cuda_int8_products> int8_;
    mutable std::int64_t moves_ = 0;
    mutable std::optional<detail::cuda_convolutions<Cudnn>> convolutions_;
    mutable cuda_buffer<std::byte> scratch_, rounded_, workspace_;
    mutable cuda_buffer<int> fault_;
};

}  // namespace descent::exec
