// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/detail/device_columns.hpp>
#include <descent/linear/detail/device_sweep.hpp>
#include <descent/linear/device_rows.hpp>

namespace descent::linear::detail {

/// Passes over rows on a device, and the memory that they reuse.
template <class Batch, class Executor>
class device_pass {
public:
    using T = typename Batch::scalar;

    /// sweep() of the host, with the turn of one sample; Several: more scores than one a sample.
    template <bool Several, class Turn>
    double run(device_rows<Batch, Executor> const& rows, Turn const& turn, T const* w, T const* bias,
               index outputs, T* g, T* g_bias, Executor const& executor) {
        index const features = rows.features(), numbers = outputs * features;
        if (g)
            std::fill_n(g, numbers, T(0));
        if (g_bias)
            std::fill_n(g_bias, outputs, T(0));
        if (rows.samples() == 0)
            return 0;
        auto const reader = rows.device().reader();
        using reader_type = std::remove_const_t<decltype(reader)>;
        // Scores that a thread has in registers: rows side by side, or outputs.
        constexpr int several_rows = reader_type::adds ? 4 : 1, one_row = reader_type::adds ? 8 : 4;
        constexpr int Q = Several ? several_rows : one_row, C = Several ? 4 : 1;
        device_cut const cut = rows.device().cut(rows.samples(), outputs, Q);

        put_weights<reader_type>(w, bias, outputs, features, executor);
        reserve(z_, rows.samples() * outputs);
        index const sums = cut.blocks * (1 + outputs);
        reserve(sums_, sums);
        if (g && reader_type::adds)
            reserve(parts_, cut.blocks * cut.subsets() * numbers);
        reserve(result_, numbers + 1);
        executor.launch_steps(cut.blocks, device_sweep<reader_type, Turn, Q, C>{
                                              reader, turn, cut, outputs, features, weights_.data(),
                                              bias ? weights_.data() + numbers : nullptr, z_.data(),
                                              g ? slots() : nullptr, sums_.data()});
        if (g) {
            if constexpr (reader_type::adds)
                join(device_slots<T>{parts_.data(), cut.blocks, cut.subsets() * numbers}, numbers, executor);
            else
                add_columns<C>(rows.device(), outputs, numbers, executor);
            get_gradient<reader_type>(outputs, features, g, executor);
        }
        return join_sums(cut.blocks, outputs, g_bias, executor);
    }

private:
    template <class U>
    using memory = typename Executor::template memory<U>;

    template <class Buffer>
    static void reserve(Buffer& buffer, index n) {
        if (index(buffer.size()) < n)
            buffer = Buffer(std::size_t(n));
    }

    /// Not nullptr where a gradient is wanted, though sparse rows write none there.
    T* slots() { return parts_.data() ? parts_.data() : result_.data(); }

    template <class Reader>
    void put_weights(T const* w, T const* bias, index outputs, index features, Executor const& executor) {
        index const numbers = outputs * features, all = numbers + (bias ? outputs : 0);
        reserve(weights_, all);
        reserve(here_, all);
        for (index c = 0; c < outputs; ++c)
            for (index j = 0; j < features; ++j)
                here_[std::size_t(Reader::place(c, j, outputs, features))] = w[c * features + j];
        if (bias)
            std::copy_n(bias, outputs, here_.data() + numbers);
        executor.upload(here_.data(), all, weights_.data());
    }

    template <class Reader>
    void get_gradient(index outputs, index features, T* g, Executor const& executor) {
        executor.download(result_.data(), outputs * features, here_.data());
        for (index c = 0; c < outputs; ++c)
            for (index j = 0; j < features; ++j)
                g[c * features + j] = here_[std::size_t(Reader::place(c, j, outputs, features))];
    }

    template <class Parts>
    void join(Parts const& parts, index numbers, Executor const& executor) {
        using body = device_join<T, Parts>;
        executor.launch_steps(body::blocks_of(numbers), body{parts, numbers, result_.data()});
    }

    template <int C, class Rows>
    void add_columns(Rows const& rows, index outputs, index numbers, Executor const& executor) {
        using body = device_columns<T, C>;
        index const pieces = rows.piece_count();
        reserve(parts_, pieces * outputs);
        executor.launch_steps(body::blocks_of(pieces),
                              body{rows.pieces(), pieces, rows.entry_rows(), rows.entry_values(), z_.data(),
                                   outputs, parts_.data()});
        join(device_pieces<T>{parts_.data(), rows.first_pieces(), outputs}, numbers, executor);
    }

    double join_sums(index blocks, index outputs, T* g_bias, Executor const& executor) {
        totals_.resize(std::size_t(blocks * (1 + outputs)));
        executor.download(sums_.data(), blocks * (1 + outputs), totals_.data());
        double loss = 0;
        for (index b = 0; b < blocks; ++b)
            loss += totals_[std::size_t(b * (1 + outputs))];
        for (index c = 0; g_bias && c < outputs; ++c) {
            double slope = 0;
            for (index b = 0; b < blocks; ++b)
                slope += totals_[std::size_t(b * (1 + outputs) + 1 + c)];
            g_bias[c] = T(slope);
        }
        return loss;
    }

    memory<T> weights_, z_, parts_, result_;
    memory<double> sums_;
    aligned_buffer<T> here_;
    std::vector<double> totals_;
};

}  // namespace descent::linear::detail
