// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/exec/cuda_check.cuh>

namespace descent::exec {

/// Work of a stream that was recorded once and is played again as a whole, which costs the host one call (a
/// CUDA graph). It must not allocate, copy from or to the host, or wait. What it reads lies where it lay.
class cuda_recording {
public:
    cuda_recording() = default;
    cuda_recording(cuda_recording&& other) noexcept : graph_(std::exchange(other.graph_, nullptr)) {}
    cuda_recording& operator=(cuda_recording&& other) noexcept {
        std::swap(graph_, other.graph_);
        return *this;
    }
    ~cuda_recording() {
        if (graph_)
            cudaGraphExecDestroy(graph_);
    }

    explicit operator bool() const { return graph_ != nullptr; }

    /// Records what `work` queues on the stream, which must not be the default one; none of it runs. Returns
    /// whether it could be recorded.
    template <class Work>
    bool record(cudaStream_t stream, Work const& work) {
        if (cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess)
            return forget_error();
        bool queued = true;
        try {
            work();
        } catch (descent::error const&) {
            queued = false;
        } catch (...) {
            end(stream);
            throw;
        }
        cudaGraph_t const graph = end(stream);
        if (!graph)
            return false;
        cudaGraphExec_t made = nullptr;
        if (!queued || cudaGraphInstantiateWithFlags(&made, graph, 0) != cudaSuccess) {
            cudaGraphDestroy(graph);
            return forget_error();
        }
        cudaGraphDestroy(graph);
        *this = cuda_recording();
        graph_ = made;
        return true;
    }

    void play(cudaStream_t stream) const { check(cudaGraphLaunch(graph_, stream), "cudaGraphLaunch"); }

private:
    static bool forget_error() {
        cudaGetLastError();
        return false;
    }
    static cudaGraph_t end(cudaStream_t stream) {
        cudaGraph_t graph = nullptr;
        if (cudaStreamEndCapture(stream, &graph) != cudaSuccess) {
            forget_error();
            return nullptr;
        }
        return graph;
    }

    cudaGraphExec_t graph_ = nullptr;
};

}  // namespace descent::exec
