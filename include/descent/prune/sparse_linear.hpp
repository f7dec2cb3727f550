// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/detail/sparse_rows.hpp>

namespace descent::prune {

/// A dense layer y = x W^T + b without the zeros of W: compressed sparse rows, six bytes a weight that is left
/// (floats). Against the dense layer of 1024 x 1024 on AVX2, batches are faster from 70 % of zeros (1.3 to 2
/// times) and one sample from 90 % (1.3 times; batches there 3.3 to 5.5): `bench/claims/05_sparse`. Zeros meet
/// nothing: where x has Inf or NaN, a weight that was left out gives no NaN. The result is the same for every
/// number of threads and every batch that a sample stands in.
///
///     prune::sparse_linear<float> const small{weights, bias};     // [outputs, inputs] as in torch
///     prune::sparse_linear<float>::workspace memory;
///     small(x, y, exec::openmp{}, memory);                        // x [samples, inputs], y [samples, outputs]
template <class T>
class sparse_linear {
public:
    /// Memory of a call, kept from one to the next: none is taken once it is large enough.
    class workspace {
        friend sparse_linear;
        aligned_buffer<T> numbers_;
    };

    /// From weights [outputs, inputs] and `outputs` biases, or none. Throws descent::error for weights that are
    /// not finite as T, biases that are not one for each output, and more than 65,536 inputs.
    template <class Weights>
    requires requires(Weights const& w) { exec::as_block(w); }
    explicit sparse_linear(Weights const& weights, vector<T> const& bias = {}) {
        auto const w = exec::as_block(weights);
        outputs_ = w.rows, inputs_ = w.cols;
        expect(bias.size() == 0 || bias.size() == outputs_, "sparse_linear: ", bias.size(), " biases for ",
               outputs_, " outputs");
        expect(inputs_ <= most_inputs, "sparse_linear: inputs = ", inputs_, ": must be at most ", most_inputs);
        auto const at = [&](index o, index i) { return w.data[o * w.row_step() + i * w.column_step()]; };
        starts_ = aligned_buffer<index>(std::size_t(outputs_ + 1));
        bias_ = aligned_buffer<T>(std::size_t(outputs_));
        index left = 0;
        for (index o = 0; o < outputs_; ++o) {
            for (index i = 0; i < inputs_; ++i) {
                expect(std::isfinite(T(at(o, i))), "sparse_linear: weight (", o, ", ", i, ") = ", at(o, i),
                       ": must be finite");
                left += at(o, i) != T(0);
            }
            starts_[std::size_t(o + 1)] = left;
            bias_[std::size_t(o)] = bias.size() ? bias[o] : T(0);
        }
        values_ = aligned_buffer<T>(std::size_t(left));
        columns_ = aligned_buffer<std::uint16_t>(std::size_t(left));
        index place = 0;
        for (index o = 0; o < outputs_; ++o)
            for (index i = 0; i < inputs_; ++i)
                if (at(o, i) != T(0)) {
                    values_[std::size_t(place)] = T(at(o, i));
                    columns_[std::size_t(place++)] = std::uint16_t(i);
                }
    }

    index inputs() const { return inputs_; }
    index outputs() const { return outputs_; }

    /// Weights that are left.
    index kept() const { return index(values_.size()); }

    /// Bytes of weights, positions and biases.
    index bytes() const {
        return kept() * index(sizeof(T) + sizeof(std::uint16_t)) + (outputs_ + 1) * index(sizeof(index)) +
               outputs_ * index(sizeof(T));
    }

    /// y = x W^T + b for row-major x [samples, inputs] and y [samples, outputs]; y is resized where it has
    /// another shape. Throws descent::error for samples of another width, and where x is y.
    template <exec::host Executor>
    void operator()(matrix<T> const& x, matrix<T>& y, Executor const& executor, workspace& memory) const {
        expect(x.cols() == inputs_, "sparse_linear: ", x.cols(), " features: must be ", inputs_);
        expect(&x != &y, "sparse_linear: x is y: must be another matrix");
        if (y.rows() != x.rows() || y.cols() != outputs_)
            y.resize(x.rows(), outputs_);
        (*this)(x.data(), x.rows(), y.data(), executor, memory);
    }

    /// The same with memory that each call takes anew.
    template <exec::host Executor = exec::serial>
    void operator()(matrix<T> const& x, matrix<T>& y, Executor const& executor = {}) const {
        workspace memory;
        (*this)(x, y, executor, memory);
    }

    /// The same on plain memory; x and y must not overlap.
    template <exec::host Executor>
    void operator()(T const* x, index samples, T* y, Executor const& executor, workspace& memory) const {
        detail::sparse_product(*this, x, samples, y, executor, memory.numbers_);
    }

    /// What is left of a row, and its bias.
    detail::sparse_row<T, std::uint16_t> row(index output) const {
        index const first = starts_[std::size_t(output)];
        return {values_.data() + first, columns_.data() + first, starts_[std::size_t(output + 1)] - first};
    }
    T bias(index output) const { return bias_[std::size_t(output)]; }

private:
    static constexpr index most_inputs = 65'536;

    index inputs_ = 0, outputs_ = 0;
    aligned_buffer<index> starts_;
    aligned_buffer<T> values_, bias_;
    aligned_buffer<std::uint16_t> columns_;
};

}  // namespace descent::prune
