// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/params.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/dense_tensors.hpp>
#include <descent/quantize/detail/int4_forms.hpp>

namespace descent::quantize {

template <class Executor>
class device_int4_linear;

/// How int4_linear rounds weights that are numbers.
struct int4_options {
    index group = 64;       ///< inputs in turn of an output that share a scale: a multiple of 8
    bool symmetric = true;  ///< codes -7 .. 7 around 0; else 0 .. 15 around a zero of the group's own
    fit_range range = fit_range::min_max;
};

/// A dense layer whose weights alone have 4 bits:
///
///     y = x W^T + b,    W[o][i] = (codes[o][i] - zero[o][i / group]) scale[o][i / group]
///
/// Inputs stay numbers of 32 bits, as do scales and sums; weights are unpacked where they are used, in
/// registers for one sample, so that it costs the reading of half a byte a weight, and once for up to 96
/// samples. Sums differ from those of a product with weight() by rounding alone, up to the largest floats. Inf
/// and NaN of a sample go into its outputs as there. The result is the same for every number of threads.
///
///     quantize::int4_linear const small{weights, bias};           // [outputs, inputs] as in torch
///     quantize::int4_linear::workspace memory;
///     small(x, y, exec::openmp{}, memory);                        // x [samples, inputs], y [samples, outputs]
///
/// Codes that were chosen elsewhere, to_affine with input_moments (GPTQ) or a packed file, are taken as they
/// are:
///
///     auto const codes = quantize::to_affine(model.params()["0.weight"], moments,
///                                            {.bits = 4, .per = quantize::per::group, .group = 64});
///     quantize::int4_linear const tuned{codes, bias};
class int4_linear {
public:
    /// Memory of a call, kept from one to the next: none is taken once it is large enough.
    class workspace {
        friend int4_linear;
        aligned_buffer<float> x_;
    };

    /// From weights [outputs, inputs], each the nearest code's, and `outputs` biases, or none. Throws
    /// descent::error for numbers that are not finite, or whose code's is not, biases that are not one for each
    /// output, and a group that is no multiple of 8.
    template <class Weights>
    requires requires(Weights const& w) { exec::as_block(w); }
    explicit int4_linear(Weights const& weights, vector<float> const& bias = {},
                         int4_options const& options = {}) {
        auto const w = exec::as_block(weights);
        check_group(options.group);
        using T = std::remove_const_t<std::remove_pointer_t<decltype(w.data)>>;
        std::vector<T> numbers;
        numbers.reserve(std::size_t(w.rows * w.cols));
        for (index o = 0; o < w.rows; ++o)
            for (index i = 0; i < w.cols; ++i) {
                numbers.push_back(w.data[o * w.row_step() + i * w.column_step()]);
                expect(std::isfinite(numbers.back()), "int4_linear: weight (", o, ", ", i,
                       ") = ", numbers.back(), ": must be finite");
            }
        affine_options const by{4, options.symmetric, per::group, options.group, options.range};
        take(to_affine(tensor_view<T const>{numbers.data(), {w.rows, w.cols}}, by), bias);
    }

    /// From codes of a matrix [outputs, inputs], 2 to 4 bits each. Throws descent::error for others, for groups
    /// that are no multiple of 8 (and shorter than a row), for codes, scales and zeros that their format does
    /// not have, for weights that are not finite floats, and for biases as above.
    template <class T>
    explicit int4_linear(affine_tensor<T> const& weights, vector<float> const& bias = {}) {
        take(weights, bias);
    }

    index inputs() const { return inputs_; }
    index outputs() const { return outputs_; }

    /// What the codes stand for.
    float weight(index output, index input) const {
        std::uint32_t const code = words_[word(output, input)] >> (4 * (input % detail::int4_inputs)) & 15;
        std::size_t const at = grid(output, input / detail::int4_inputs / group_);
        return (float(code) - (zeros_.size() ? float(zeros_[at]) : 8.0f)) * scales_[at];
    }

    /// Bytes of codes, scales, zeros and biases, of whole panels of 32 outputs by whole groups of 8 inputs.
    index bytes() const {
        return index(4 * words_.size() + 4 * scales_.size() + zeros_.size() + 4 * bias_.size());
    }

    /// y = x W^T + b for row-major x [samples, inputs] and y [samples, outputs] of float, or of double, which
    /// is rounded to float before and widened after; y is resized where it is an Eigen matrix of another shape.
    /// Throws descent::error for samples of another width, and where x is y.
    template <exec::host Executor, std::floating_point T>
    void operator()(matrix<T> const& x, matrix<T>& y, Executor const& executor, workspace& memory) const {
        expect(x.cols() == inputs_, "int4_linear: ", x.cols(), " features: must be ", inputs_);
        expect(&x != &y, "int4_linear: x is y: must be another matrix");
        if (y.rows() != x.rows() || y.cols() != outputs_)
            y.resize(x.rows(), outputs_);
        (*this)(x.data(), x.rows(), y.data(), executor, memory);
    }

    /// The same with memory that each call takes anew.
    template <exec::host Executor = exec::serial, std::floating_point T>
    void operator()(matrix<T> const& x, matrix<T>& y, Executor const& executor = {}) const {
        workspace memory;
        (*this)(x, y, executor, memory);
    }

    /// The same on plain memory; x and y must not overlap.
    template <exec::host Executor, std::floating_point T>
    void operator()(T const* x, index samples, T* y, Executor const& executor, workspace& memory) const {
        run(*detail::int4_forms()[0], x, samples, y, executor, memory);
    }

    /// The same by a form that is named: tests compare them.
    template <exec::host Executor, std::floating_point T>
    void run(detail::int4_form const& form, T const* x, index samples, T* y, Executor const& executor,
             workspace& memory) const {
        if (index(memory.x_.size()) < samples * depth())
            memory.x_ = aligned_buffer<float>(std::size_t(samples * depth()));
        float* const packed = memory.x_.data();
        tiling const tiles{samples, (samples + form.rows - 1) / form.rows};
        executor.for_each(tiles.count,
                          [=, this](index t) { pack(x, tiles.begin(t), tiles.begin(t + 1), packed); });
        if (samples == 1) {
            index const each = panels_a_task(1), tasks = (panels() + each - 1) / each;
            executor.for_each(tasks, [=, this, &form](index task) {
                for (index p = task * each; p < std::min(panels(), (task + 1) * each); ++p) {
                    alignas(alignment) float sums[std::size_t(columns)];
                    // Codes times numbers can leave the floats before the scale brings them back; then weights
                    // are made numbers, as for many samples.
                    if (!form.row(panel(p), packed, sums))
                        one_of_numbers(form, p, packed, sums);
                    keep(sums, 0, 1, p, y);
                }
            });
            return;
        }
        index const a_stripe = stripe_rows / form.rows, stripes = (tiles.count + a_stripe - 1) / a_stripe;
        index const each = panels_a_task(std::min(samples, stripe_rows));
        // All stripes of a panel in turn: threads share panels, which are equal, and not stripes.
        executor.for_each((panels() + each - 1) / each * stripes, [=, this, &form](index task) {
            index const first = task % stripes * tiles.count / stripes,
                        last = (task % stripes + 1) * tiles.count / stripes;
            index const begin = task / stripes * each, end = std::min(panels(), begin + each);
            for (index p = begin; p < end; ++p)
                stripe(form, p, tiles, first, last, packed, y);
        });
    }

private:
    template <class Executor>
    friend class device_int4_linear;

    static constexpr index columns = detail::int4_columns, stripe_rows = 96;
    /// Blocks that are unpacked at once: they stay in the first cache while the samples pass.
    static constexpr index near_blocks = 16;

    /// Samples in tiles of nearly equal numbers of rows.
    struct tiling {
        index samples, count;
        index begin(index tile) const { return tile * samples / count; }
    };

    index panels() const { return (outputs_ + columns - 1) / columns; }
    index blocks() const { return (inputs_ + detail::int4_inputs - 1) / detail::int4_inputs; }
    index groups() const { return (blocks() + group_ - 1) / group_; }
    index depth() const { return blocks() * detail::int4_inputs; }

    std::size_t word(index output, index input) const {
        return std::size_t((output / columns * blocks() + input / detail::int4_inputs) * columns +
                           output % columns);
    }
    std::size_t grid(index output, index group) const {
        return std::size_t((output / columns * groups() + group) * columns + output % columns);
    }
    detail::int4_panel panel(index p) const {
        return {words_.data() + p * blocks() * columns, scales_.data() + p * groups() * columns,
                zeros_.size() ? zeros_.data() + p * groups() * columns : nullptr, blocks(), group_};
    }

    /// Enough of them to be worth a thread's while.
    index panels_a_task(index rows) const {
        constexpr index worthwhile = index(1) << 17;
        return std::max<index>(1, worthwhile / std::max<index>(1, rows * depth() * columns));
    }

    /// A tile's samples beside one another, zeros behind them to whole blocks.
    template <class T>
    void pack(T const* x, index begin, index end, float* packed) const {
        constexpr index near = 64;
        index const rows = end - begin;
        float* const to = packed + begin * depth();
        for (index from = 0; from < depth(); from += near)
            for (index r = 0; r < rows; ++r) {
                T const* const row = x + (begin + r) * inputs_;
                for (index k = from; k < std::min(depth(), from + near); ++k)
                    to[k * rows + r] = k < inputs_ ? float(row[k]) : 0.0f;
            }
    }

    /// Some tiles by one panel.
    template <class T>
    void stripe(detail::int4_form const& form, index p, tiling const& tiles, index first, index last,
                float const* packed, T* y) const {
        alignas(alignment) float numbers[std::size_t(near_blocks * detail::int4_inputs * columns)];
        alignas(alignment) float sums[std::size_t(stripe_rows * columns)];
        index const top = tiles.begin(first), bottom = tiles.begin(last);
        std::fill_n(sums, (bottom - top) * columns, 0.0f);
        for (index b = 0; b < blocks(); b += near_blocks) {
            index const count = std::min(near_blocks, blocks() - b), k = b * detail::int4_inputs;
            form.spread(panel(p), b, count, numbers);
            fetch(panel(p).words + (b + count) * columns, std::min(near_blocks, blocks() - b - count));
            for (index t = first; t < last; ++t) {
                index const row = tiles.begin(t), rows = tiles.begin(t + 1) - row;
                form.tiles[rows](packed + row * depth() + k * rows, numbers, count * detail::int4_inputs,
                                 sums + (row - top) * columns);
            }
        }
        keep(sums, top, bottom, p, y);
    }

    /// A sample's sums by one panel, weights as numbers.
    void one_of_numbers(detail::int4_form const& form, index p, float const* packed, float* sums) const {
        alignas(alignment) float numbers[std::size_t(detail::int4_inputs * columns)];
        std::fill_n(sums, columns, 0.0f);
        for (index b = 0; b < blocks(); ++b, packed += detail::int4_inputs) {
            form.spread(panel(p), b, 1, numbers);
            form.tiles[1](packed, numbers, detail::int4_inputs, sums);
        }
    }

    /// Asks the memory for blocks that are unpacked next, while those that are there are multiplied.
    static void fetch([[maybe_unused]] std::uint32_t const* words, [[maybe_unused]] index count) {
#if defined(__GNUC__)
        for (index i = 0; i < count * columns; i += alignment / sizeof(std::uint32_t))
            __builtin_prefetch(words + i);
#endif
    }

    template <class T>
    void keep(float const* sums, index top, index bottom, index p, T* y) const {
        index const column = p * columns, live = std::min(columns, outputs_ - column);
        for (index row = top; row < bottom; ++row, sums += columns)
            for (index c = 0; c < live; ++c)
                y[row * outputs_ + column + c] = T(sums[c] + bias_[std::size_t(column + c)]);
    }

    static void check_group(index group) {
        expect(group >= 1 && group % detail::int4_inputs == 0, "int4_linear: group = ", group,
               ": must be a multiple of ", detail::int4_inputs);
    }

    template <class T>
    void take(affine_tensor<T> const& w, vector<float> const& bias) {
        expect(w.extents.rank() == 2, "int4_linear: codes ", w.extents.text(), ": must be [outputs, inputs]");
        outputs_ = w.extents[0], inputs_ = w.extents[1];
        w.format.check("int4_linear");
        expect(w.format.bits <= 4, "int4_linear: bits = ", w.format.bits, ": must be at most 4");
        expect(bias.size() == 0 || bias.size() == outputs_, "int4_linear: ", bias.size(), " biases for ",
               outputs_, " outputs");
        index const size = outputs_ * inputs_;
        expect(index(w.codes.size()) == size, "int4_linear: ", w.codes.size(), " codes for ", w.extents.text());
        group_ = std::max<index>(1, blocks());
        if (size > 0) {
            expect(w.share >= 1, "int4_linear: share = ", w.share, ": must be >= 1");
            if (w.share < inputs_) {
                check_group(w.share);
                group_ = w.share / detail::int4_inputs;
            }
            index const grids = w.rows() * ((w.columns() + w.share - 1) / w.share);
            expect(index(w.grids.size()) == grids, "int4_linear: ", w.grids.size(), " grids: must be ", grids);
        }
        words_ = aligned_buffer<std::uint32_t>(std::size_t(panels() * blocks() * columns));
        scales_ = aligned_buffer<float>(std::size_t(panels() * groups() * columns));
        bias_ = aligned_buffer<float>(std::size_t(panels() * columns));
        for (index o = 0; o < bias.size(); ++o) {
            expect(std::isfinite(bias[o]), "int4_linear: bias ", o, " = ", bias[o], ": must be finite");
            bias_[std::size_t(o)] = bias[o];
        }
        // Padding, too, stands for 0.
        int const shift = w.format.symmetric ? 8 : 0;
        std::fill(words_.begin(), words_.end(), 0x88888888u);
        aligned_buffer<std::uint8_t> zeros(scales_.size());
        std::fill(zeros.begin(), zeros.end(), std::uint8_t(8));
        bool apart = false;
        for (index o = 0; o < outputs_; ++o)
            for (index i = 0; i < inputs_; ++i) {
                auto const& grid_of = w.grid_of(o * inputs_ + i);
                int const code = w.codes[std::size_t(o * inputs_ + i)], zero = grid_of.zero + shift;
                std::size_t const at = grid(o, i / detail::int4_inputs / group_);
                float const scale = float(grid_of.scale);
                expect(code >= w.format.lowest() && code <= w.format.highest(), "int4_linear: code (", o, ", ",
                       i, ") = ", code, ": must be in [", w.format.lowest(), ", ", w.format.highest(), "]");
                expect(std::isfinite(scale), "int4_linear: scale of (", o, ", ", i, ") = ", scale,
                       ": must be finite");
                expect(zero >= 0 && zero <= 15, "int4_linear: zero of (", o, ", ", i, ") = ", grid_of.zero,
                       ": must be in [", -shift, ", ", 15 - shift, "]");
                expect(std::isfinite(float(code - grid_of.zero) * scale), "int4_linear: weight (", o, ", ", i,
                       ") = ", float(code - grid_of.zero) * scale, ": must be finite");
                scales_[at] = scale, zeros[at] = std::uint8_t(zero);
                apart = apart || zero != 8;
                int const place = 4 * int(i % detail::int4_inputs);
                words_[word(o, i)] = (words_[word(o, i)] & ~(15u << place)) | unsigned(code + shift) << place;
            }
        if (apart) {
            // The last word's padding in rows whose zero is another one.
            for (index o = 0; o < outputs_; ++o)
                for (index i = inputs_; i < depth(); ++i) {
                    int const place = 4 * int(i % detail::int4_inputs);
                    unsigned const zero = zeros[grid(o, i / detail::int4_inputs / group_)];
                    words_[word(o, i)] = (words_[word(o, i)] & ~(15u << place)) | zero << place;
                }
            zeros_ = std::move(zeros);
        }
    }

    index outputs_ = 0, inputs_ = 0, group_ = 1;
    aligned_buffer<std::uint32_t> words_;
    aligned_buffer<float> scales_, bias_;
    aligned_buffer<std::uint8_t> zeros_;
};

/// The dense layer of that name in a network's or a linear model's parameters, "<layer>.weight" [outputs,
/// inputs] and "<layer>.bias" where there is one, in 4 bits. Throws descent::error where there is no such
/// matrix, and as int4_linear does.
///
///     auto const head = quantize::to_int4(net.params(), "4", {.group = 32});
template <class T>
int4_linear to_int4(params<T> const& from, std::string_view layer, int4_options const& options = {}) {
    auto const [weights, bias] = detail::dense_tensors_of("to_int4", from, layer);
    return int4_linear(weights, bias, options);
}

}  // namespace descent::quantize
