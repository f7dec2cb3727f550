// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/quantize/detail/int8_kernels.hpp>

namespace descent::quantize {

/// A dense layer that computes in 8 bits:
///
///     y = x W^T + b,    W[o][i] = codes[o][i] scale[o],    x[s][i] = codes[s][i] scale[s]
///
/// Weights are rounded once, symmetrically, by output channel; each sample when it comes, symmetrically, by its
/// own largest number (dynamic quantization). Codes are -127 .. 127, products are summed exactly in 32 bits,
/// and quantizing, products and scaling back are one call. A sample with Inf or NaN gives NaN. The result is
/// the same for every number of threads.
///
///     quantize::int8_linear const small{weights, bias};           // [outputs, inputs] as in torch
///     quantize::int8_linear::workspace memory;
///     small(x, y, exec::openmp{}, memory);                        // x [samples, inputs], y [samples, outputs]
class int8_linear {
public:
    /// Memory of a call, kept from one to the next: none is taken once it is large enough.
    class workspace {
        friend int8_linear;
        aligned_buffer<std::int16_t> codes_;
        aligned_buffer<float> scales_;
    };

    /// From weights [outputs, inputs] and `outputs` biases, or none. Throws descent::error for numbers that are
    /// not finite, biases that are not one for each output, and more than 133,000 inputs, whose sums 32 bits
    /// do not hold.
    template <class Weights>
    explicit int8_linear(Weights const& weights, vector<float> const& bias = {}) {
        auto const w = exec::as_block(weights);
        outputs_ = w.rows, inputs_ = w.cols;
        expect(bias.size() == 0 || bias.size() == outputs_, "int8_linear: ", bias.size(), " biases for ",
               outputs_, " outputs");
        expect(inputs_ <= most_inputs, "int8_linear: inputs = ", inputs_, ": must be at most ", most_inputs);
        index const width = panels() * detail::panel_columns;
        codes_ = aligned_buffer<std::int8_t>(std::size_t(width * depth()));
        scales_ = aligned_buffer<float>(std::size_t(width));
        bias_ = aligned_buffer<float>(std::size_t(width));
        for (index o = 0; o < outputs_; ++o) {
            auto const at = [&](index i) { return w.data[o * w.row_step() + i * w.column_step()]; };
            double largest = 0;
            for (index i = 0; i < inputs_; ++i) {
                expect(std::isfinite(at(i)), "int8_linear: weight (", o, ", ", i, ") = ", at(i),
                       ": must be finite");
                largest = std::max(largest, std::abs(double(at(i))));
            }
            scales_[std::size_t(o)] = float(largest / 127);
            if (bias.size() != 0) {
                expect(std::isfinite(bias[o]), "int8_linear: bias ", o, " = ", bias[o], ": must be finite");
                bias_[std::size_t(o)] = bias[o];
            }
            for (index i = 0; i < inputs_; ++i)
                codes_[place(o, i)] =
                    largest > 0 ? std::int8_t(std::nearbyint(double(at(i)) / largest * 127)) : std::int8_t(0);
        }
    }

    index inputs() const { return inputs_; }
    index outputs() const { return outputs_; }

    /// What the codes stand for.
    float weight(index output, index input) const {
        return float(codes_[place(output, input)]) * scales_[std::size_t(output)];
    }

    /// Bytes of codes, scales and biases.
    index bytes() const { return index(codes_.size() + 4 * scales_.size() + 4 * bias_.size()); }

    /// y = x W^T + b for row-major x [samples, inputs] and y [samples, outputs]; y is resized where it is an
    /// Eigen matrix of another shape. Throws descent::error for samples of another width.
    template <class Executor>
    void operator()(matrix<float> const& x, matrix<float>& y, Executor const& executor,
                    workspace& memory) const {
        expect(x.cols() == inputs_, "int8_linear: ", x.cols(), " features: must be ", inputs_);
        if (y.rows() != x.rows() || y.cols() != outputs_)
            y.resize(x.rows(), outputs_);
        (*this)(x.data(), x.rows(), y.data(), executor, memory);
    }

    /// The same on plain memory.
    template <class Executor>
    void operator()(float const* x, index samples, float* y, Executor const& executor,
                    workspace& memory) const {
        run(detail::best_int8_kernels(), x, samples, y, executor, memory);
    }

    /// The same by kernels that are named: tests compare them.
    template <class Executor>
    void run(detail::int8_kernels const& kernels, float const* x, index samples, float* y,
             Executor const& executor, workspace& memory) const {
        index const room = stride(), stripes = (samples + stripe_rows - 1) / stripe_rows;
        if (index(memory.codes_.size()) < samples * room)
            memory.codes_ = aligned_buffer<std::int16_t>(std::size_t(samples * room));
        if (index(memory.scales_.size()) < samples)
            memory.scales_ = aligned_buffer<float>(std::size_t(samples));
        std::int16_t* const codes = memory.codes_.data();
        float* const scales = memory.scales_.data();
        executor.for_each((samples + encoded_rows - 1) / encoded_rows, [=, this, &kernels](index chunk) {
            for (index s = chunk * encoded_rows; s < std::min(samples, (chunk + 1) * encoded_rows); ++s)
                scales[s] = kernels.encode(x + s * inputs_, inputs_, codes + s * room, room);
        });
        // Rows of a stripe stay in the level-2 cache while panels pass, a panel in the first one.
        index const groups = (panels() + group_panels - 1) / group_panels;
        executor.for_each(stripes * groups, [=, this, &kernels](index task) {
            index const first = task / groups * stripe_rows, last = std::min(samples, first + stripe_rows);
            index const panel = task % groups * group_panels, end = std::min(panels(), panel + group_panels);
            for (index p = panel; p < end; ++p)
                for (index s = first; s < last; s += detail::int8_kernels::rows)
                    tile(kernels, p, s, std::min<index>(detail::int8_kernels::rows, last - s), codes, scales,
                         y);
        });
    }

private:
    static constexpr index most_inputs = 133'000, stripe_rows = 96, group_panels = 4, encoded_rows = 8;

    index panels() const { return (outputs_ + detail::panel_columns - 1) / detail::panel_columns; }

    /// Codes of a row: whole pairs.
    index depth() const { return (inputs_ + 1) / 2 * 2; }

    /// From the codes of one sample to those of the next: an odd number of cache lines, so that samples do not
    /// share the few places of a cache that a power of two leaves them.
    index stride() const { return (inputs_ + 63) / 64 * 64 + 32; }

    std::size_t place(index output, index input) const {
        index const panel = output / detail::panel_columns, column = output % detail::panel_columns;
        return std::size_t(panel * depth() * detail::panel_columns + input / 2 * detail::pair_numbers +
                           2 * column + input % 2);
    }

    /// `rows` samples by one panel.
    void tile(detail::int8_kernels const& kernels, index panel, index sample, index rows,
              std::int16_t const* codes, float const* scales, float* y) const {
        index const column = panel * detail::panel_columns,
                    live = std::min(detail::panel_columns, outputs_ - column);
        float part[detail::int8_kernels::rows * detail::panel_columns];
        bool const whole = live == detail::panel_columns;
        float* const to = y + sample * outputs_ + column;
        kernels.tiles[rows]({codes + sample * stride(), stride(), codes_.data() + column * depth(), depth() / 2,
                             scales + sample, scales_.data() + column, bias_.data() + column, whole ? to : part,
                             whole ? outputs_ : detail::panel_columns});
        for (index r = 0; r < rows && !whole; ++r)
            std::copy_n(part + r * detail::panel_columns, live, to + r * outputs_);
    }

    index outputs_ = 0, inputs_ = 0;
    aligned_buffer<std::int8_t> codes_;
    aligned_buffer<float> scales_, bias_;
};

}  // namespace descent::quantize
