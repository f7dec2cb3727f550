// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/detail/popcount_forms.hpp>
#include <descent/quantize/detail/slices.hpp>

namespace descent::quantize {

/// A dense layer whose numbers have one or two bits: y = x W^T + b, the products summed by counting bits,
/// exactly. binary_linear and ternary_linear are its names. The result is the same for every number of threads.
template <class Bits>
class bit_linear {
public:
    /// Memory of a call, kept from one to the next: none is taken once it is large enough.
    class workspace {
        friend bit_linear;
        aligned_buffer<detail::bit_word> bits_;
        aligned_buffer<float> scales_;
    };

    /// From weights [outputs, inputs], in each row w and -w alone, and `outputs` biases, or none. Samples
    /// become their signs (that of 0 is 1) times the mean of their |x|, as in XNOR-Net. Throws descent::error
    /// for other weights, biases that are not one for each output, and numbers that are not finite.
    template <class Weights>
    requires(!Bits::zeros && requires(Weights const& w) {
        exec::as_block(w);
    }) explicit bit_linear(Weights const& weights, vector<float> const& bias = {}) {
        take(weights, bias);
    }
    /// From weights [outputs, inputs], in each row w, 0 and -w alone. Samples become -step where they are below
    /// -step / 2, step above step / 2, 0 between: what learned_activation{.bits = 2, .symmetric = true} gives.
    /// Throws descent::error as above, and unless the step is > 0 and finite.
    template <class Weights>
    requires(Bits::zeros&& requires(Weights const& w) { exec::as_block(w); })
        bit_linear(Weights const& weights, double step, vector<float> const& bias = {}) {
        step_ = float(step);
        expect(step_ >= std::numeric_limits<float>::min() && step_ <= std::numeric_limits<float>::max(), name,
               ": step = ", step, ": must be > 0 and finite");
        take(weights, bias);
    }

    index inputs() const { return inputs_; }
    index outputs() const { return outputs_; }

    /// The weight, from its bits.
    float weight(index output, index input) const {
        detail::bit_word const* const at = bits_.data() + place(output, input / 64);
        bool const there = !Bits::zeros || at[0] >> (input % 64) & 1;
        bool const below = at[(Bits::planes - 1) * detail::bit_columns] >> (input % 64) & 1;
        float const scale = scales_[std::size_t(output)];
        return !there ? 0 : below ? -scale : scale;
    }

    /// Bytes of bits, scales and biases.
    index bytes() const { return index(8 * bits_.size() + 4 * scales_.size() + 4 * bias_.size()); }

    /// y = x W^T + b for row-major x [samples, inputs] and y [samples, outputs]; y is resized where it is an
    /// Eigen matrix of another shape. A sample with NaN gives NaN. Throws descent::error for samples of another
    /// width.
    template <exec::host Executor>
    void operator()(matrix<float> const& x, matrix<float>& y, Executor const& executor,
                    workspace& memory) const {
        expect(x.cols() == inputs_, name, ": ", x.cols(), " features: must be ", inputs_);
        if (y.rows() != x.rows() || y.cols() != outputs_)
            y.resize(x.rows(), outputs_);
        (*this)(x.data(), x.rows(), y.data(), executor, memory);
    }

    /// The same with memory that each call takes anew.
    template <exec::host Executor = exec::serial>
    void operator()(matrix<float> const& x, matrix<float>& y, Executor const& executor = {}) const {
        workspace memory;
        (*this)(x, y, executor, memory);
    }

    /// The same on plain memory.
    template <exec::host Executor>
    void operator()(float const* x, index samples, float* y, Executor const& executor,
                    workspace& memory) const {
        run(detail::all_popcount_kernels<Bits>().front(), x, samples, y, executor, memory);
    }

    /// The same by kernels that are named: tests compare them.
    template <class Executor>
    void run(detail::popcount_kernels const& kernels, float const* x, index samples, float* y,
             Executor const& executor, workspace& memory) const {
        index const room = words() * Bits::planes;
        if (index(memory.bits_.size()) < samples * room)
            memory.bits_ = aligned_buffer<detail::bit_word>(std::size_t(samples * room));
        if (index(memory.scales_.size()) < samples)
            memory.scales_ = aligned_buffer<float>(std::size_t(samples));
        detail::bit_word* const bits = memory.bits_.data();
        float* const scales = memory.scales_.data();
        index const some = std::max<index>(1, detail::piece / std::max<index>(1, inputs_));
        executor.for_each((samples + some - 1) / some, [=, this, &kernels](index task) {
            for (index s = task * some; s < std::min(samples, (task + 1) * some); ++s)
                scales[s] = kernels.encode(x + s * inputs_, inputs_, step_ / 2, bits + s * room, words());
        });
        // Few samples are cut by outputs, into tasks that are worth a thread's while.
        constexpr index stripe_rows = 32, worthwhile = index(1) << 15;
        index const stripes = (samples + stripe_rows - 1) / stripe_rows;
        index const of_panel = std::min(samples, stripe_rows) * detail::bit_columns * std::max<index>(room, 1);
        index const many =
            std::clamp<index>(worthwhile / std::max<index>(of_panel, 1), 1, std::max<index>(panels(), 1));
        index const groups = (panels() + many - 1) / many;
        executor.for_each(stripes * groups, [=, this, &kernels](index task) {
            index const first = task / groups * stripe_rows, last = std::min(samples, first + stripe_rows);
            index const panel = task % groups * many, end = std::min(panels(), panel + many);
            index const column = panel * detail::bit_columns;
            kernels.multiply({bits + first * room, room, last - first, scales + first,
                              bits_.data() + place(column, 0), end - panel, words(), inputs_,
                              scales_.data() + column, bias_.data() + column, y + first * outputs_ + column,
                              outputs_, outputs_ - column});
        });
    }

private:
    static constexpr std::string_view name = Bits::zeros ? "ternary_linear" : "binary_linear";

    index panels() const { return (outputs_ + detail::bit_columns - 1) / detail::bit_columns; }
    index words() const { return (inputs_ + 63) / 64; }
    /// Of the first plane of a column's word.
    std::size_t place(index output, index word) const {
        index const panel = output / detail::bit_columns, column = output % detail::bit_columns;
        return std::size_t((panel * words() + word) * Bits::planes * detail::bit_columns + column);
    }

    template <class Weights>
    void take(Weights const& weights, vector<float> const& bias) {
        auto const w = exec::as_block(weights);
        outputs_ = w.rows, inputs_ = w.cols;
        constexpr index most = index(1) << 30;
        expect(inputs_ <= most, name, ": inputs = ", inputs_, ": must be <= ", most);
        expect(bias.size() == 0 || bias.size() == outputs_, name, ": ", bias.size(), " biases for ", outputs_,
               " outputs");
        bits_ = aligned_buffer<detail::bit_word>(place(panels() * detail::bit_columns, 0));
        scales_ = aligned_buffer<float>(std::size_t(panels() * detail::bit_columns));
        bias_ = scales_;
        for (index o = 0; o < outputs_; ++o) {
            auto const at = [&](index i) { return float(w.data[o * w.row_step() + i * w.column_step()]); };
            float scale = 0;
            for (index i = 0; i < inputs_; ++i) {
                expect(std::isfinite(at(i)), name, ": weight (", o, ", ", i, ") = ", at(i), ": must be finite");
                scale = std::max(scale, std::abs(at(i)));
            }
            for (index i = 0; i < inputs_; ++i) {
                expect(std::abs(at(i)) == scale || (Bits::zeros && at(i) == 0), name, ": weight (", o, ", ", i,
                       ") = ", at(i), ": must be ", Bits::zeros ? "0, " : "", scale, " or ", -scale,
                       ", as the others of its row");
                detail::bit_word* const to = bits_.data() + place(o, i / 64);
                if constexpr (Bits::zeros)
                    to[0] |= detail::bit_word(at(i) != 0) << (i % 64);
                to[(Bits::planes - 1) * detail::bit_columns] |= detail::bit_word(at(i) < 0) << (i % 64);
            }
            scales_[std::size_t(o)] = scale;
            if (bias.size() != 0) {
                expect(std::isfinite(bias[o]), name, ": bias ", o, " = ", bias[o], ": must be finite");
                bias_[std::size_t(o)] = bias[o];
            }
        }
    }

    index outputs_ = 0, inputs_ = 0;
    float step_ = 0;
    aligned_buffer<detail::bit_word> bits_;
    aligned_buffer<float> scales_, bias_;
};

/// Weights and inputs of two values: a bit each.
///
///     quantize::binary_linear const small{weights, bias};          // behind binary and binary_activation
///     quantize::binary_linear::workspace memory;
///     small(x, y, exec::openmp{}, memory);
using binary_linear = bit_linear<detail::one_bit>;
/// Weights and inputs of three values: two bits each.
using ternary_linear = bit_linear<detail::two_bits>;

}  // namespace descent::quantize
