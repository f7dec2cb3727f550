// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/device.hpp>
#include <descent/quantize/detail/int4_device.hpp>
#include <descent/quantize/int4_linear.hpp>

namespace descent::quantize {

/// An int4_linear where a device runs it: the same codes in the same order, so that nothing is packed again.
///
///     quantize::device_int4_linear there{small, exec::cuda{}};
///     there(x, y);                                 // of the host: they go up, and come down
///     there(x_there, samples, y_there);            // of the device, [samples, inputs] and [samples, outputs]
///
/// Up to 16 samples are multiplied by codes as they are read; for more, weights are made numbers, some outputs
/// at a time, for the engine's product (which may round to bfloat16: see exec::cuda). Results agree with the
/// host's within rounding and repeat bit for bit. One of them serves one thread at a time.
template <class Executor>
class device_int4_linear {
public:
    template <class T>
    using memory = typename Executor::template memory<T>;

    /// Copies the codes to the device. Throws descent::error for 2^31 inputs and more, and as the device does.
    explicit device_int4_linear(int4_linear const& layer, Executor const& executor = {})
        : inputs_(layer.inputs()), outputs_(layer.outputs()), group_(layer.group_), engine_(executor.engine()) {
        static_assert(!Executor::host, "device_int4_linear: the executor is the host's");
        expect(inputs_ <= std::numeric_limits<int>::max() - 8, "device_int4_linear: inputs = ", inputs_,
               ": must be < 2^31 - 8");
        send(layer.words_, words_), send(layer.scales_, scales_), send(layer.zeros_, zeros_);
        send(layer.bias_, bias_);
    }

    index inputs() const { return inputs_; }
    index outputs() const { return outputs_; }

    /// y = x W^T + b of numbers on the device, row-major; does not wait. x and y must not overlap.
    void operator()(float const* x, index samples, float* y) const {
        if (samples == 1)
            rows<1>(x, samples, y);
        else if (samples <= few_samples)
            rows<8>(x, samples, y);
        else
            product(x, samples, y);
    }

    /// The same of the host's numbers: y is there when the call returns, and is resized to its shape. Memory on
    /// the device grows to the largest batch. Throws descent::error for samples of another width.
    void operator()(matrix<float> const& x, matrix<float>& y) {
        expect(x.cols() == inputs_, "device_int4_linear: ", x.cols(), " features: must be ", inputs_);
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
    static constexpr index few_samples = 16, most_numbers = index(1) << 24;  ///< that are spread at once

    template <class T>
    void send(aligned_buffer<T> const& from, memory<T>& to) {
        to = memory<T>(from.size());
        engine_.upload(from.data(), index(from.size()), to.data());
    }

    index blocks() const { return (inputs_ + detail::int4_inputs - 1) / detail::int4_inputs; }
    index panels() const { return (outputs_ + detail::int4_columns - 1) / detail::int4_columns; }
    detail::int4_device_panels codes() const {
        return {words_.data(), scales_.data(), zeros_.size() ? zeros_.data() : nullptr,
                int(blocks()), int(group_),    int((blocks() + group_ - 1) / group_)};
    }

    template <int R>
    void rows(float const* x, index samples, float* y) const {
        index const chunks = (samples + R - 1) / R;
        engine_.launch_steps(panels() * chunks, detail::int4_device_rows<R>{codes(), bias_.data(), inputs_,
                                                                            outputs_, samples, chunks, x, y});
    }

    void product(float const* x, index samples, float* y) const {
        index const width = blocks() * detail::int4_inputs, of_panel = width * detail::int4_columns;
        index const each =
            std::clamp<index>(most_numbers / std::max<index>(of_panel, 1), 1, std::max<index>(panels(), 1));
        float* const numbers = engine_.template scratch<float>(each * of_panel);
        for (index p = 0; p < panels(); p += each) {
            index const count = std::min(each, panels() - p), column = p * detail::int4_columns,
                        columns = std::min(count * detail::int4_columns, outputs_ - column);
            engine_.for_each(count * blocks() * detail::int4_columns,
                             detail::int4_device_spread{codes(), p, numbers});
            exec::block<float const> const w{numbers, columns, inputs_, width};
            exec::gemm(engine_, exec::block<float const>{x, samples, inputs_, inputs_}, exec::transposed(w),
                       exec::block<float>{y + column, samples, columns, outputs_},
                       detail::int4_device_bias{bias_.data() + column});
        }
    }

    using engine_type = decltype(std::declval<Executor const&>().engine());

    index inputs_, outputs_, group_;
    engine_type engine_;
    memory<std::uint32_t> words_;
    memory<float> scales_, bias_, x_, y_;
    memory<std::uint8_t> zeros_;
};

}  // namespace descent::quantize
