// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <descent/core/tensor.hpp>
#include <descent/exec/bfloat16.hpp>

struct CUstream_st;  // what cudaStream_t points to

namespace descent::exec {

namespace detail {

/// What exec::cuda does; <descent/cuda.cuh> defines it. A template, so that it may be missing until it is used.
template <class Use>
struct cuda_runtime;

template <class Use>
struct cuda_or_reason {
    static_assert(
        requires { sizeof(cuda_runtime<Use>); },
        "exec::cuda needs nvcc: include <descent/cuda.cuh> in a .cu file (CMake: link descent::cuda)");
    using type = cuda_runtime<Use>;
};
template <class Use>
using cuda_here = typename cuda_or_reason<Use>::type;

}  // namespace detail

/// The current CUDA device. Sums are added in a fixed order, so that a run repeats bit for bit on one kind of
/// device; the results agree with exec::serial within rounding (a device fuses multiplications and additions).
/// Every failure of CUDA throws descent::error with the name of the call.
///
///     optimizer opt{recipe, weights, exec::cuda{}};
///     exec::cuda_stream stream;
///     optimizer other{recipe, weights, exec::cuda{stream.get()}};
struct cuda {
    /// The bodies run where the host's memory is not.
    static constexpr bool host = false;

    /// Where work is queued, in order; nullptr: the default stream. Must outlive the work.
    CUstream_st* stream = nullptr;

    /// What products of the layers of a network of floats read. bfloat16 is mixed precision: weights, activations,
    /// slopes and sums stay floats.
    precision products = precision::full;

    /// Owns n zeroed numbers on the device: data(), size(); moves, does not copy.
    template <class T>
    using memory = typename detail::cuda_here<T>::template buffer<T>;

    /// Does a device answer? Any error means no, and is cleared.
    template <class Use = void>
    static bool available() {
        return detail::cuda_here<Use>::available();
    }

    /// What runs the layers of a network on this stream: see exec::cuda_engine.
    template <class Use = void>
    auto engine() const {
        return detail::cuda_here<Use>::engine(*this);
    }

    /// Copies n numbers to the device, to the host, and zeros. `from` may be changed when upload() returns,
    /// `to` read when download() returns.
    template <class T>
    void upload(T const* from, index n, T* to) const {
        detail::cuda_here<T>::upload(stream, from, std::size_t(n) * sizeof(T), to);
    }
    template <class T>
    void download(T const* from, index n, T* to) const {
        detail::cuda_here<T>::download(stream, from, std::size_t(n) * sizeof(T), to);
    }
    template <class T>
    void clear(T* to, index n) const {
        detail::cuda_here<T>::clear(stream, to, std::size_t(n) * sizeof(T));
    }

    /// Waits until all queued work is done; throws descent::error if any of it failed.
    template <class Use = void>
    void wait() const {
        detail::cuda_here<Use>::wait(stream);
    }

    /// body(i) for i in [0, n), each on its own thread: a __device__ lambda or a struct with a DESCENT_FN
    /// operator(). Does not wait.
    template <class Body>
    void for_each(index n, Body const& body) const {
        detail::cuda_here<Body>::for_each(stream, n, body);
    }

    /// Numbers of `bytes` bytes that one block of launch() should take, out of n.
    template <class Use = void>
    index stretch(index n, std::size_t bytes) const {
        return detail::cuda_here<Use>::stretch(n, bytes);
    }

    /// body(block, thread, threads, sums) for every thread of `blocks` blocks. The Body::sums numbers of a
    /// block's threads are added, halves to halves, and written to partial[block * Body::sums ...] on the
    /// device.
    template <class Body>
    void launch(index blocks, Body const& body, double* partial) const {
        detail::cuda_here<Body>::launch(stream, blocks, body, partial);
    }

    /// Blocks of Body::threads threads that work in steps: body(block, step, thread, shared, own) for the steps
    /// [0, body.steps(block)), each of which all threads of a block have ended before one begins the next.
    /// `shared` is a Body::shared_memory that the block's threads see, undefined at first; `own` a Body::own
    /// that each thread keeps, initialized as {}. Does not wait.
    template <class Body>
    void launch_steps(index blocks, Body const& body) const {
        detail::cuda_here<Body>::launch_steps(stream, blocks, body);
    }
};

/// exec::reduce() on the device: the bodies run there, the joins here in the order of exec::serial.
template <class R, class Body, class Join>
R reduce(cuda const& executor, index n, R init, Body const& body, Join join) {
    return detail::cuda_here<Body>::reduce(executor, n, init, body, join);
}

}  // namespace descent::exec
