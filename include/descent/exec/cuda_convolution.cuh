// SPDX-License-Identifier: MIT
#pragma once

#include <descent/exec/cuda.hpp>

// Convolutions by cuDNN, where CMake's descent::cudnn says that it is linked, by defining DESCENT_CUDNN.
#if defined(DESCENT_CUDNN) && __has_include(<cudnn.h>)
#define DESCENT_CUDNN_ENABLED 1
#else
#define DESCENT_CUDNN_ENABLED 0
#endif

namespace descent::exec::detail {

/// What an engine keeps of cuDNN: nothing where that is not linked.
template <bool Cudnn>
struct cuda_convolutions {
    explicit cuda_convolutions(cuda const&) {}
};

}  // namespace descent::exec::detail

#if DESCENT_CUDNN_ENABLED

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <cudnn.h>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::exec::detail {

inline void check_cudnn(cudnnStatus_t code, char const* call) {
    expect(code == CUDNN_STATUS_SUCCESS, call, ": ", cudnnGetErrorString(code));
}

/// One of cuDNN's descriptors.
template <class D, cudnnStatus_t (*Create)(D*), cudnnStatus_t (*Destroy)(D)>
class cudnn_owner {
public:
    cudnn_owner() { check_cudnn(Create(&made_), "cudnnCreate"); }
    cudnn_owner(cudnn_owner&& other) noexcept : made_(std::exchange(other.made_, nullptr)) {}
    cudnn_owner& operator=(cudnn_owner&& other) noexcept {
        std::swap(made_, other.made_);
        return *this;
    }
    ~cudnn_owner() {
        if (made_)
            Destroy(made_);
    }
    D get() const { return made_; }

private:
    D made_ = nullptr;
};

/// An algorithm that cuDNN recommends, if there is one that repeats bit for bit.
template <class Algorithm>
struct cudnn_choice {
    Algorithm algorithm{};
    std::size_t workspace = 0;
    bool found = false;

    template <class Performance>
    void take(cudnnStatus_t asked, Performance const* list, int count) {
        constexpr std::size_t most = std::size_t(1) << 28;
        for (int i = 0; asked == CUDNN_STATUS_SUCCESS && i < count && !found; ++i)
            if (list[i].status == CUDNN_STATUS_SUCCESS && list[i].determinism == CUDNN_DETERMINISTIC &&
                list[i].memory <= most)
                *this = {list[i].algo, list[i].memory, true};
    }
};

/// Convolutions of [samples, channels, high, wide] in float or double, without TF32. Each function tells
/// whether cuDNN did the work: not where it knows no deterministic way.
template <>
class cuda_convolutions<true> {
public:
    explicit cuda_convolutions(cuda const& executor) : stream_(executor.stream) {}

    template <class T, class Windows, class Room>
    bool forward(Windows const& w, index samples, T const* x, T const* weight, T* y, Room const& room) {
        plan const& p = plan_of<T>(w, samples);
        if (!p.forward.found)
            return false;
        T const one(1), zero(0);
        check_cudnn(cudnnConvolutionForward(handle(), &one, p.x.get(), x, p.weight.get(), weight, p.how.get(),
                                            p.forward.algorithm, room(p.forward.workspace), p.forward.workspace,
                                            &zero, p.y.get(), y),
                    "cudnnConvolutionForward");
        return true;
    }
    template <class T, class Windows, class Room>
    bool backward_input(Windows const& w, index samples, T const* weight, T const* dy, T* dx,
                        Room const& room) {
        plan const& p = plan_of<T>(w, samples);
        if (!p.input.found)
            return false;
        T const one(1), zero(0);
        check_cudnn(cudnnConvolutionBackwardData(handle(), &one, p.weight.get(), weight, p.y.get(), dy,
                                                 p.how.get(), p.input.algorithm, room(p.input.workspace),
                                                 p.input.workspace, &zero, p.x.get(), dx),
                    "cudnnConvolutionBackwardData");
        return true;
    }
    template <class T, class Windows, class Room>
    bool backward_weight(Windows const& w, index samples, T const* x, T const* dy, T* slope, Room const& room) {
        plan const& p = plan_of<T>(w, samples);
        if (!p.filter.found)
            return false;
        T const one(1), zero(0);
        check_cudnn(cudnnConvolutionBackwardFilter(handle(), &one, p.x.get(), x, p.y.get(), dy, p.how.get(),
                                                   p.filter.algorithm, room(p.filter.workspace),
                                                   p.filter.workspace, &zero, p.weight.get(), slope),
                    "cudnnConvolutionBackwardFilter");
        return true;
    }

private:
    using tensor =
        cudnn_owner<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
    using filter =
        cudnn_owner<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
    using description = cudnn_owner<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                                    cudnnDestroyConvolutionDescriptor>;
    using library = cudnn_owner<cudnnHandle_t, cudnnCreate, cudnnDestroy>;
    using extents = std::array<index, 17>;

    struct plan {
        extents key;
        tensor x = {}, y = {};
        cuda_convolutions::filter weight = {};
        description how = {};
        cudnn_choice<cudnnConvolutionFwdAlgo_t> forward = {};
        cudnn_choice<cudnnConvolutionBwdDataAlgo_t> input = {};
        cudnn_choice<cudnnConvolutionBwdFilterAlgo_t> filter = {};
    };

    /// Made with the first convolution: that takes long.
    cudnnHandle_t handle() {
        if (library_.empty()) {
            library_.emplace_back();
            check_cudnn(cudnnSetStream(library_[0].get(), stream_), "cudnnSetStream");
        }
        return library_[0].get();
    }

    template <class T, class Windows>
    plan const& plan_of(Windows const& w, index samples) {
        extents const key{samples,         w.groups,        w.in,          w.out,          w.high.input,
                          w.high.outputs,  w.high.kernel,   w.high.stride, w.high.padding, w.high.dilation,
                          w.wide.input,    w.wide.outputs,  w.wide.kernel, w.wide.stride,  w.wide.padding,
                          w.wide.dilation, index(sizeof(T))};
        for (plan const& known : plans_)
            if (known.key == key)
                return known;
        plans_.push_back({key});
        choose<T>(plans_.back());
        return plans_.back();
    }

    template <class T>
    void choose(plan& p) {
        std::array<int, 16> n{};
        for (std::size_t i = 0; i < n.size(); ++i) {
            if (p.key[i] > 0x7fffffff)
                return;
            n[i] = int(p.key[i]);
        }
        int const samples = n[0], groups = n[1];
        auto const type = sizeof(T) == 4 ? CUDNN_DATA_FLOAT : CUDNN_DATA_DOUBLE;
        auto const fits = [](cudnnStatus_t code) { return code == CUDNN_STATUS_SUCCESS; };
        int seen[4] = {};
        bool const known =
            fits(cudnnSetTensor4dDescriptor(p.x.get(), CUDNN_TENSOR_NCHW, type, samples, groups * n[2], n[4],
                                            n[10])) &&
            fits(cudnnSetTensor4dDescriptor(p.y.get(), CUDNN_TENSOR_NCHW, type, samples, groups * n[3], n[5],
                                            n[11])) &&
            fits(cudnnSetFilter4dDescriptor(p.weight.get(), type, CUDNN_TENSOR_NCHW, groups * n[3], n[2], n[6],
                                            n[12])) &&
            fits(cudnnSetConvolution2dDescriptor(p.how.get(), n[8], n[14], n[7], n[13], n[9], n[15],
                                                 CUDNN_CROSS_CORRELATION, type)) &&
            fits(cudnnSetConvolutionGroupCount(p.how.get(), groups)) &&
            fits(cudnnSetConvolutionMathType(p.how.get(), CUDNN_FMA_MATH)) &&
            fits(cudnnGetConvolution2dForwardOutputDim(p.how.get(), p.x.get(), p.weight.get(), &seen[0],
                                                       &seen[1], &seen[2], &seen[3])) &&
            seen[0] == samples && seen[1] == groups * n[3] && seen[2] == n[5] && seen[3] == n[11];
        if (!known)
            return;
        constexpr int most = 8;
        int count = 0;
        cudnnConvolutionFwdAlgoPerf_t forward[most];
        p.forward.take(cudnnGetConvolutionForwardAlgorithm_v7(handle(), p.x.get(), p.weight.get(), p.how.get(),
                                                              p.y.get(), most, &count, forward),
                       forward, count);
        cudnnConvolutionBwdDataAlgoPerf_t input[most];
        p.input.take(cudnnGetConvolutionBackwardDataAlgorithm_v7(handle(), p.weight.get(), p.y.get(),
                                                                 p.how.get(), p.x.get(), most, &count, input),
                     input, count);
        cudnnConvolutionBwdFilterAlgoPerf_t weight[most];
        p.filter.take(cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle(), p.x.get(), p.y.get(), p.how.get(),
                                                                    p.weight.get(), most, &count, weight),
                      weight, count);
    }

    CUstream_st* stream_;
    std::vector<library> library_;
    std::vector<plan> plans_;
};

}  // namespace descent::exec::detail

#endif
