// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/detail/n_of_m_forms.hpp>
#include <descent/prune/detail/n_of_m_product.hpp>
#include <descent/prune/selection.hpp>

namespace descent::prune {

/// A dense layer y = x W^T + b of which each group of M neighboring inputs keeps N weights at most (N:M, or
/// semi-structured, sparsity; Mishra et al.: "Accelerating sparse deep neural networks", 2021): the N values
/// and where in the group they stand, in 2 bits each for M up to 4, else in 4. 2 of 4 floats take 2.125 bytes a
/// weight instead of 4.
///
///     prune::magnitude{.on = {.unit = prune::n_of_m(2, 4)}}(net);         // then trained on, with keep_zeros
///     prune::n_of_m_linear<float> const small{weights, prune::n_of_m(2, 4), bias};   // [outputs, inputs]
///     prune::n_of_m_linear<float>::workspace memory;
///     small(x, y, exec::openmp{}, memory);                // x [samples, inputs], y [samples, outputs]
///
/// Floats have kernels for AVX2 and AVX-512, chosen at run time; all else packs of samples, which save memory
/// and promise no speed. 2 of 4 floats of 1024 x 1024 are faster than the dense layer at 1 to 256 samples: on
/// AVX-512 1.8 times for 1, 1.9 for 16, 1.7 for 64, 1.4 for 256; 1 of 4 2.3 to 4.2 times
/// (`bench/claims/05_structured`). The AVX2 kernels are 1.5 to 1.7 times as fast as dense on AVX2. 8 of 16 and
/// the like gain least.
///
/// Where a group has fewer than N weights, some of its zeros are multiplied, too: where x has Inf or NaN the
/// result may be NaN, but only if the dense product's is. The result is the same for every number of threads
/// and every batch that a sample stands in.
template <class T>
class n_of_m_linear {
public:
    /// Memory of a call, kept from one to the next: none is taken once it is large enough.
    class workspace {
        friend n_of_m_linear;
        aligned_buffer<T> numbers_;
    };

    /// From weights [outputs, inputs] and `outputs` biases, or none. Where the inputs are no multiple of M, the
    /// last few are a group, too. Throws descent::error unless the pattern is n_of_m(N, M) with M <= 16, for
    /// weights that are not finite as T, a group of which more than N are not 0, and biases that are not one
    /// for each output.
    template <class Weights>
    requires requires(Weights const& w) { exec::as_block(w); }
    n_of_m_linear(Weights const& weights, granularity const& pattern, vector<T> const& bias = {})
        : w_{{pattern.first, pattern.second}} {
        auto const w = exec::as_block(weights);
        expect(pattern.of == granularity::kind::n_of_m,
               "n_of_m_linear: the pattern must be prune::n_of_m(N, M)");
        index const kept = pattern.first, of = pattern.second;
        expect(of <= most_of, "n_of_m_linear: ", kept, " of ", of, ": must be of at most ", most_of);
        w_.outputs = w.rows, w_.inputs = w.cols;
        expect(bias.size() == 0 || bias.size() == w.rows, "n_of_m_linear: ", bias.size(), " biases for ",
               w.rows, " outputs");
        auto const at = [&](index o, index i) { return w.data[o * w.row_step() + i * w.column_step()]; };
        for (index o = 0; o < w.rows; ++o)
            for (index i = 0, count = 0; i < w.cols; ++i) {
                expect(std::isfinite(T(at(o, i))), "n_of_m_linear: weight (", o, ", ", i, ") = ", at(o, i),
                       ": must be finite");
                count = (i % of ? count : 0) + (at(o, i) != T(0));
                expect(count <= kept, "n_of_m_linear: output ", o, ", group ", i / of, " (from input ",
                       i / of * of, "): more than ", kept, " of ", of, " weights are not 0");
            }
        w_.values = aligned_buffer<T>(std::size_t(w_.panels() * w_.values_step()));
        w_.codes = aligned_buffer<std::uint32_t>(std::size_t(w_.panels() * w_.codes_step()));
        w_.bias = aligned_buffer<T>(std::size_t(w_.panels() * detail::n_of_m_outputs));
        for (index o = 0; o < w.rows; ++o) {
            w_.bias[std::size_t(o)] = bias.size() ? bias[o] : T(0);
            for (index g = 0; g < w_.groups(); ++g) {
                index slot = g * kept;
                for (bool const zeros : {false, true})
                    for (index k = 0; k < of && slot < (g + 1) * kept; ++k) {
                        T const weight = g * of + k < w.cols ? T(at(o, g * of + k)) : T(0);
                        if ((weight == T(0)) == zeros)
                            put(o, slot++, weight, std::uint32_t(k));
                    }
            }
        }
    }

    index inputs() const { return w_.inputs; }
    index outputs() const { return w_.outputs; }

    /// Bytes of weights, codes and biases.
    index bytes() const {
        return index((w_.values.size() + w_.bias.size()) * sizeof(T) + w_.codes.size() * sizeof(std::uint32_t));
    }

    /// y = x W^T + b for row-major x [samples, inputs] and y [samples, outputs]; y is resized where it has
    /// another shape. Throws descent::error for samples of another width, and where x is y.
    template <exec::host Executor>
    void operator()(matrix<T> const& x, matrix<T>& y, Executor const& executor, workspace& memory) const {
        expect(x.cols() == w_.inputs, "n_of_m_linear: ", x.cols(), " features: must be ", w_.inputs);
        expect(&x != &y, "n_of_m_linear: x is y: must be another matrix");
        if (y.rows() != x.rows() || y.cols() != w_.outputs)
            y.resize(x.rows(), w_.outputs);
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
        run(detail::best_n_of_m_form<T>(w_.pattern.of, samples), x, samples, y, executor, memory);
    }

    /// The same by a form that is named: tests compare them.
    template <exec::host Executor>
    void run(detail::n_of_m_form<T> const& form, T const* x, index samples, T* y, Executor const& executor,
             workspace& memory) const {
        detail::n_of_m_product<T>{w_, form, x, samples, y}(executor, memory.numbers_);
    }

private:
    static constexpr index most_of = 16;

    void put(index output, index slot, T weight, std::uint32_t code) {
        index const panel = output / detail::n_of_m_outputs, lane = output % detail::n_of_m_outputs,
                    word = w_.pattern.word_slots();
        w_.values[std::size_t(panel * w_.values_step() + slot * detail::n_of_m_outputs + lane)] = weight;
        w_.codes[std::size_t(panel * w_.codes_step() + slot / word * detail::n_of_m_outputs + lane)] |=
            code << (slot % word * w_.pattern.bits());
    }

    detail::n_of_m_weights<T> w_;
};

}  // namespace descent::prune
