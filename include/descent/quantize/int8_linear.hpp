// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/params.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/dense_tensors.hpp>
#include <descent/quantize/detail/int8_rows_forms.hpp>

namespace descent::quantize {

template <class Executor>
class device_int8_linear;

/// A dense layer that computes in 8 bits:
///
///     y = x W^T + b,    W[o][i] = codes[o][i] scale[o],    x[s][i] = codes[s][i] scale[s]
///
/// Weights are rounded once, symmetrically, by output channel; each sample when it comes, symmetrically, by its
/// own largest number (dynamic quantization). Codes are -127 .. 127, products are summed exactly in 32 bits,
/// and quantizing, products and scaling back are one call. A sample with Inf or NaN gives NaN. Kernels are
/// chosen when the program runs (AVX-512 VNNI, AVX2 or plain C++): each of them, and every number of threads,
/// gives the same bits.
///
///     quantize::int8_linear const small{weights, bias};           // [outputs, inputs] as in torch
///     quantize::int8_linear::workspace memory;
///     small(x, y, exec::openmp{}, memory);                        // x [samples, inputs], y [samples, outputs]
///
/// Codes that were chosen elsewhere, to_affine with input_moments (GPTQ) or a packed file, are taken as they
/// are:
///
///     auto const codes = quantize::to_affine(model.params()["0.weight"], moments);    // 8 bits by channel
///     quantize::int8_linear const tuned{codes, bias};
class int8_linear {
public:
    /// Memory of a call, kept from one to the next: none is taken once it is large enough.
    class workspace {
        friend int8_linear;
        aligned_buffer<unsigned char> codes_;
        aligned_buffer<float> scales_;
    };

    /// From weights [outputs, inputs] and `outputs` biases, or none. Throws descent::error for numbers that are
    /// not finite, biases that are not one for each output, and more than 133,000 inputs, whose sums 32 bits
    /// do not hold.
    template <class Weights>
    requires requires(Weights const& w) { exec::as_block(w); }
    explicit int8_linear(Weights const& weights, vector<float> const& bias = {}) {
        auto const w = exec::as_block(weights);
        make_room(w.rows, w.cols, bias);
        for (index o = 0; o < outputs_; ++o) {
            auto const at = [&](index i) { return w.data[o * w.row_step() + i * w.column_step()]; };
            double largest = 0;
            for (index i = 0; i < inputs_; ++i) {
                expect(std::isfinite(float(at(i))), "int8_linear: weight (", o, ", ", i, ") = ", at(i),
                       ": must be finite");
                largest = std::max(largest, std::abs(double(at(i))));
            }
            scales_[std::size_t(o)] = float(largest / 127);
            for (index i = 0; i < inputs_; ++i)
                codes_[place(o, i)] =
                    largest > 0 ? std::int8_t(std::nearbyint(double(at(i)) / largest * 127)) : std::int8_t(0);
        }
        take_zero();
    }

    /// From symmetric codes of a matrix [outputs, inputs], 2 to 8 bits each, with a scale for each output or
    /// one for all. Throws descent::error for others, for codes, scales and zeros that their format does not
    /// have, for weights that are not finite floats, and as above.
    template <class T>
    explicit int8_linear(affine_tensor<T> const& weights, vector<float> const& bias = {}) {
        auto const& extents = weights.extents;
        expect(extents.rank() == 2, "int8_linear: codes ", extents.text(), ": must be [outputs, inputs]");
        weights.format.check("int8_linear");
        expect(weights.format.symmetric, "int8_linear: codes with zeros: must be symmetric");
        index const size = extents.size();
        expect(index(weights.codes.size()) == size, "int8_linear: ", weights.codes.size(), " codes for ",
               extents.text());
        index const grids = weights.share >= size ? 1 : extents[0];
        expect(size == 0 || weights.share >= extents[1], "int8_linear: share = ", weights.share, ": must be ",
               extents[1], ", a scale for each output, or ", size, ", one for all");
        expect(size == 0 || index(weights.grids.size()) == grids, "int8_linear: ", weights.grids.size(),
               " grids: must be ", grids);
        make_room(extents[0], extents[1], bias);
        for (index o = 0; o < outputs_ && inputs_ > 0; ++o) {
            auto const& grid = weights.grid_of(o * inputs_);
            float const scale = scales_[std::size_t(o)] = float(grid.scale);
            expect(std::isfinite(scale), "int8_linear: scale of output ", o, " = ", grid.scale,
                   ": must be finite");
            expect(grid.zero == 0, "int8_linear: zero of output ", o, " = ", grid.zero, ": must be 0");
            for (index i = 0; i < inputs_; ++i) {
                int const code = weights.codes[std::size_t(o * inputs_ + i)];
                expect(code >= weights.format.lowest() && code <= weights.format.highest(),
                       "int8_linear: code (", o, ", ", i, ") = ", code, ": must be in [",
                       weights.format.lowest(), ", ", weights.format.highest(), "]");
                expect(std::isfinite(float(code) * scale), "int8_linear: weight (", o, ", ", i,
                       ") = ", float(code) * scale, ": must be finite");
                codes_[place(o, i)] = std::int8_t(code);
            }
        }
        take_zero();
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
    /// Eigen matrix of another shape. Throws descent::error for samples of another width, and where x is y.
    template <exec::host Executor>
    void operator()(matrix<float> const& x, matrix<float>& y, Executor const& executor,
                    workspace& memory) const {
        expect(x.cols() == inputs_, "int8_linear: ", x.cols(), " features: must be ", inputs_);
        expect(&x != &y, "int8_linear: x is y: must be another matrix");
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
        index const room = stride(), bytes = kernels_->code_bytes;
        if (index(memory.codes_.size()) < samples * room * bytes)
            memory.codes_ = aligned_buffer<unsigned char>(std::size_t(samples * room * bytes));
        if (index(memory.scales_.size()) < samples)
            memory.scales_ = aligned_buffer<float>(std::size_t(samples));
        unsigned char* const codes = memory.codes_.data();
        float* const scales = memory.scales_.data();
        index const encoded = std::max<index>(1, encoded_numbers / std::max<index>(inputs_, 1));
        executor.for_each((samples + encoded - 1) / encoded, [=, this](index chunk) {
            for (index s = chunk * encoded; s < std::min(samples, (chunk + 1) * encoded); ++s)
                scales[s] = kernels_->encode(x + s * inputs_, inputs_, codes + s * room * bytes, padded());
        });
        // Rows of a stripe stay in the level-2 cache while panels pass, two panels in the first one.
        index const quads = (panels() + 3) / 4,
                    tasks = std::clamp<index>(samples * outputs_ * inputs_ / task_products, 1, most_tasks),
                    groups = std::clamp<index>(quads, 1, tasks),
                    stripe = std::max<index>(least_rows, stripe_bytes / (room * bytes)),
                    stripes = std::max((samples + stripe - 1) / stripe,
                                       std::min(tasks / groups, samples / least_rows));
        executor.for_each(stripes * groups, [=, this](index task) {
            index const part = task / groups, first = part * samples / stripes,
                        last = (part + 1) * samples / stripes;
            index const group = task % groups, panel = group * quads / groups * 4,
                        end = std::min(panels(), (group + 1) * quads / groups * 4);
            index const column = panel * detail::panel_columns;
            kernels_->multiply({codes + first * room * bytes, room, last - first, scales + first,
                                codes_.data() + column * depth(), depth(), end - panel, start_.data() + column,
                                scales_.data() + column, bias_.data() + column, y + first * outputs_ + column,
                                outputs_, outputs_ - column});
        });
    }

    /// Computes by other kernels, whose order the weights take: tests compare them.
    void use(detail::int8_kernels const& kernels) {
        int8_linear const before = *this;
        kernels_ = &kernels;
        codes_ = aligned_buffer<std::int8_t>(std::size_t(panels() * detail::panel_columns * depth()));
        for (index o = 0; o < outputs_; ++o)
            for (index i = 0; i < inputs_; ++i)
                codes_[place(o, i)] = before.codes_[before.place(o, i)];
        take_zero();
    }

private:
    template <class Executor>
    friend class device_int8_linear;

    static constexpr index most_inputs = 133'000, encoded_numbers = 1 << 16, task_products = 1 << 18,
                           most_tasks = 16, stripe_bytes = 320 << 10, least_rows = 24;

    index panels() const { return (outputs_ + detail::panel_columns - 1) / detail::panel_columns; }

    /// For so many weights, without them.
    void make_room(index outputs, index inputs, vector<float> const& bias) {
        outputs_ = outputs, inputs_ = inputs;
        expect(bias.size() == 0 || bias.size() == outputs_, "int8_linear: ", bias.size(), " biases for ",
               outputs_, " outputs");
        expect(inputs_ <= most_inputs, "int8_linear: inputs = ", inputs_, ": must be at most ", most_inputs);
        index const width = panels() * detail::panel_columns;
        start_ = aligned_buffer<std::int32_t>(std::size_t(width));
        codes_ = aligned_buffer<std::int8_t>(std::size_t(width * depth()));
        scales_ = aligned_buffer<float>(std::size_t(width));
        bias_ = aligned_buffer<float>(std::size_t(width));
        for (index o = 0; o < bias.size(); ++o) {
            expect(std::isfinite(bias[o]), "int8_linear: bias ", o, " = ", bias[o], ": must be finite");
            bias_[std::size_t(o)] = bias[o];
        }
    }

    /// Codes of an output: whole groups.
    index depth() const { return (inputs_ + kernels_->group - 1) / kernels_->group * kernels_->group; }

    /// Codes of a sample that are written.
    index padded() const { return (inputs_ + 63) / 64 * 64; }

    /// From the codes of one sample to those of the next: an odd number of cache lines, so that samples do not
    /// share the few places of a cache that a power of two leaves them.
    index stride() const {
        index const line = 64 / kernels_->code_bytes;
        return (padded() / line | 1) * line;
    }

    std::size_t place(index output, index input) const {
        index const panel = output / detail::panel_columns, column = output % detail::panel_columns,
                    group = kernels_->group;
        return std::size_t((panel * depth() + input / group * group) * detail::panel_columns + column * group +
                           input % group);
    }

    /// Sums begin with what the zero of the samples' codes adds to them, taken off; modulo 2^32, as they are.
    void take_zero() {
        for (index o = 0; o < outputs_; ++o) {
            std::int64_t all = 0;
            for (index i = 0; i < inputs_; ++i)
                all += codes_[place(o, i)];
            start_[std::size_t(o)] = std::int32_t(-all * kernels_->zero);
        }
    }

    detail::int8_kernels const* kernels_ = detail::all_int8_kernels().front();
    index outputs_ = 0, inputs_ = 0;
    aligned_buffer<std::int8_t> codes_;
    aligned_buffer<std::int32_t> start_;
    aligned_buffer<float> scales_, bias_;
};

/// The dense layer of that name in a network's or a linear model's parameters, "<layer>.weight" [outputs,
/// inputs] and "<layer>.bias" where there is one, in 8 bits. Throws descent::error where there is no such
/// matrix, and as int8_linear does.
///
///     auto const head = quantize::to_int8_linear(net.params(), "4");
template <class T>
int8_linear to_int8_linear(params<T> const& from, std::string_view layer) {
    auto const [weights, bias] = detail::dense_tensors_of("to_int8_linear", from, layer);
    return int8_linear(weights, bias);
}

}  // namespace descent::quantize
