// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/device.hpp>
#include <descent/exec/device_int8.hpp>
#include <descent/exec/device_rows.hpp>
#include <descent/quantize/detail/int8_device.hpp>
#include <descent/quantize/int8_linear.hpp>

namespace descent::quantize {

/// An int8_linear where a device runs it: samples are quantized there, each by its own largest number, and its
/// integer units multiply the codes (see exec::gemm_int8).
///
///     quantize::device_int8_linear there{small, exec::cuda{}};
///     there(x, y);                                 // of the host: they go up, and come down
///     there(x_there, samples, y_there);            // of the device, [samples, inputs] and [samples, outputs]
///
/// Sums are exact and scaled as on the host, so that results have the host's bits (a NaN may have others), if
/// the device rounds as IEEE 754 says: nvcc's --use_fast_math does not. Codes and sums of about 32 MiB at a
/// time lie in the engine's scratch memory. One of them serves one thread at a time.
template <class Executor>
class device_int8_linear {
public:
    template <class T>
    using memory = typename Executor::template memory<T>;

    /// Copies the codes to the device, in rows. Throws descent::error as the device does.
    explicit device_int8_linear(int8_linear const& layer, Executor const& executor = {})
        : inputs_(layer.inputs()), outputs_(layer.outputs()), engine_(executor.engine()) {
        static_assert(!Executor::host, "device_int8_linear: the executor is the host's");
        aligned_buffer<std::int8_t> rows(std::size_t(width() * depth()));
        for (index o = 0; o < outputs_; ++o)
            for (index i = 0; i < inputs_; ++i)
                rows[std::size_t(o * depth() + i)] = layer.codes_[layer.place(o, i)];
        send(rows, codes_), send(layer.scales_, scales_), send(layer.bias_, bias_);
    }

    index inputs() const { return inputs_; }
    index outputs() const { return outputs_; }

    /// y = x W^T + b of numbers on the device, row-major; does not wait. x and y must not overlap. Scratch
    /// memory grows to what the largest batch needs. Throws descent::error as exec::gemm_int8.
    void operator()(float const* x, index samples, float* y) const {
        if (outputs_ == 0 || samples == 0)
            return;
        index const rows = whole(std::min(samples, most_rows()), few_rows);
        auto* const room = engine_.template scratch<std::byte>(rows * row_bytes());
        for (index s = 0; s < samples; s += rows) {
            index const count = std::min(rows, samples - s);
            part(x + s * inputs_, count, whole(count, few_rows), y + s * outputs_, room);
        }
    }

    /// The same of the host's numbers: y is there when the call returns, and is resized to its shape. Memory on
    /// the device grows to the largest batch. Throws descent::error for samples of another width, and where x
    /// is y.
    void operator()(matrix<float> const& x, matrix<float>& y) {
        expect(x.cols() == inputs_, "device_int8_linear: ", x.cols(), " features: must be ", inputs_);
        expect(&x != &y, "device_int8_linear: x is y: must be another matrix");
        if (y.rows() != x.rows() || y.cols() != outputs_)
            y.resize(x.rows(), outputs_);
        if (index(x_.size()) < x.size())
            x_ = memory<float>(std::size_t(x.size()));
        if (index(y_.size()) < y.size())
            y_ = memory<float>(std::size_t(y.size()));
        engine_.upload(x.data(), x.size(), x_.data());
        (*this)(x_.data(), x.rows(), y_.data());
        engine_.download(y_.data(), y.size(), y.data());
    }

private:
    /// What the products are filled up to: tiles of the integer units, and so few shapes that an engine
    /// remembers those of batches of any size. Libraries refuse fewer rows.
    static constexpr index few_rows = 32, few_inputs = 32, few_outputs = 16;
    static constexpr index most_bytes = index(1) << 25;  ///< of sums and codes: a second-level cache keeps them

    static index whole(index n, index group) { return (n + group - 1) / group * group; }
    index depth() const { return std::max(whole(inputs_, few_inputs), few_inputs); }
    index width() const { return whole(outputs_, few_outputs); }
    /// A row's sums, codes and scale.
    index row_bytes() const { return 4 * width() + depth() + 4; }
    index most_rows() const { return std::max(most_bytes / row_bytes() / few_rows * few_rows, few_rows); }

    template <class T>
    void send(aligned_buffer<T> const& from, memory<T>& to) {
        to = memory<T>(from.size());
        engine_.upload(from.data(), index(from.size()), to.data());
    }

    /// `count` samples, of which `rows` are multiplied.
    void part(float const* x, index count, index rows, float* y, std::byte* room) const {
        using detail::int8_device_encode, detail::int8_device_scale;
        auto* const sums = reinterpret_cast<std::int32_t*>(room);
        auto* const codes = reinterpret_cast<std::int8_t*>(sums + rows * width());
        auto* const scales = reinterpret_cast<float*>(codes + rows * depth());
        exec::device_rows(engine_, rows, depth() / 4,
                          int8_device_encode{x, count, inputs_, depth() / 4,
                                             reinterpret_cast<int8_device_encode::quad*>(codes), scales});
        exec::block<std::int8_t const> const w{codes_.data(), width(), depth(), depth()};
        exec::gemm_int8(engine_, {codes, rows, depth(), depth()}, exec::transposed(w),
                        {sums, rows, width(), width()});
        index const stretches = whole(outputs_, int8_device_scale::stretch) / int8_device_scale::stretch;
        engine_.launch_steps(count * stretches, int8_device_scale{sums, width(), scales, scales_.data(),
                                                                  bias_.data(), y, outputs_, stretches});
    }

    using engine_type = decltype(std::declval<Executor const&>().engine());

    index inputs_, outputs_;
    engine_type engine_;
    memory<std::int8_t> codes_;
    memory<float> scales_, bias_, x_, y_;
};

}  // namespace descent::quantize
