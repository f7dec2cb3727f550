// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <descent/exec/gemm.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/detail/row_math.hpp>
#include <descent/nn/detail/rows.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

namespace detail {

/// What a device is told of the middle of the layer, between its products with weights.
template <class T>
struct attention_middle {
    index steps, features, heads;
    double dropout;
    std::uint32_t stream;
    T const* in;  ///< queries, keys, values
    T* shares;    ///< softmax of the scores
    T* dropped;   ///< room for what is left of them, where some are dropped
    T* mixed;
};

}  // namespace detail

/// Multi-head self-attention over [steps, features] (Vaswani et al.: "Attention is all you need", 2017): each
/// of `heads` stretches of the features asks every step of its sequence and takes the mean of their values,
/// weighed by softmax(query . key / sqrt(features / heads)); in training a weight is dropped with probability
/// `dropout`. Steps behind a sample's length are not asked, and their rows of y are zero. Tensors and numbers
/// are those of torch.nn.MultiheadAttention: "in_proj_weight" [3 features, features], "in_proj_bias"
/// [3 features], "out_proj.weight" [features, features], "out_proj.bias" [features]. bind throws descent::error
/// unless heads divide the features of [steps, features] and 0 <= dropout < 1.
struct attention {
    index heads = 1;
    double dropout = 0;
    static constexpr std::string_view name = "attention";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;

        bound(attention const& d, shape const& input, builder<T>& b)
            : steps_(input[0]),
              features_(input[1]),
              heads_(d.heads),
              width_(features_ / heads_),
              dropout_(d.dropout),
              stream_(b.stream()),
              in_weight_(b.add("in_proj_weight", {3 * features_, features_}, glorot_uniform)),
              in_bias_(b.add("in_proj_bias", {3 * features_}, zeros)),
              out_weight_(b.add("out_proj.weight", {features_, features_}, torch_uniform)),
              out_bias_(b.add("out_proj.bias", {features_}, zeros)),
              kept_in_(b.keep(steps_ * 3 * features_)),
              kept_shares_(b.keep(heads_ * steps_ * steps_)),
              kept_mixed_(b.keep(steps_ * features_)),
              in_(b.pass(steps_ * 3 * features_)),
              shares_(b.pass(heads_ * steps_ * steps_)),
              dropped_(b.pass(dropout_ > 0 ? heads_ * steps_ * steps_ : 0)),
              mixed_(b.pass(steps_ * features_)) {
            b.work(steps_ * features_ * (4 * features_ + 2 * steps_));
        }
        shape output() const { return {steps_, features_}; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            index const rows = p.samples * steps_;
            T* const in = p.at(p.training ? kept_in_ : in_);
            T* const shares = p.at(p.training ? kept_shares_ : shares_);
            T* const mixed = p.at(p.training ? kept_mixed_ : mixed_);
            exec::gemm(p.executor, at(x, rows, features_),
                       exec::transposed(at(p.weight(in_weight_), 3 * features_, features_)),
                       at(in, rows, 3 * features_));
            detail::add_to_rows(p.executor, p.weight(in_bias_), in, rows, 3 * features_);
            bool const drops = p.training && dropout_ > 0;
            if constexpr (Pass::host)
                p.executor.for_each(p.samples * heads_, [=, this, &p](index task) {
                    head const h(*this, p, task);
                    auto const weights = h.square(shares);
                    exec::gemm(exec::serial{}, h.part(in, 0), exec::transposed(h.part(in, 1)), weights);
                    for (index r = 0; r < h.length; ++r)
                        detail::softmax_row(weights.data + r * steps_, h.length, h.scale,
                                            weights.data + r * steps_);
                    auto used = weights;
                    if (drops) {
                        used = h.square(p.at(dropped_));
                        h.drop(p, weights.data, used.data);
                    }
                    exec::gemm(exec::serial{}, used, h.part(in, 2), h.columns(mixed));
                    h.clear(mixed, features_);
                });
            else
                device_attention(detail::there{}, p, middle(p, in, shares, mixed), drops);
            exec::gemm(p.executor, at(mixed, rows, features_),
                       exec::transposed(at(p.weight(out_weight_), features_, features_)),
                       at(y, rows, features_));
            detail::add_to_rows(p.executor, p.weight(out_bias_), y, rows, features_);
            clear_padding(p, y);
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            index const rows = p.samples * steps_;
            clear_padding(p, dy);
            exec::gemm(p.executor, exec::transposed(at(dy, rows, features_)),
                       at(p.at(kept_mixed_), rows, features_), at(p.slope(out_weight_), features_, features_));
            detail::sum_rows(p.executor, dy, rows, features_, p.slope(out_bias_));
            T* const of_mixed = p.at(mixed_);
            exec::gemm(p.executor, at(dy, rows, features_), at(p.weight(out_weight_), features_, features_),
                       at(of_mixed, rows, features_));
            T *const of_in = p.at(in_), *const of_shares = p.at(shares_);
            if constexpr (Pass::host)
                p.executor.for_each(p.samples * heads_, [=, this, &p](index task) {
                    head const h(*this, p, task);
                    auto const in = p.at(kept_in_);
                    auto const weights = h.square(p.at(kept_shares_)), slopes = h.square(of_shares);
                    auto used = weights;
                    if (dropout_ > 0) {
                        used = h.square(p.at(dropped_));
                        h.drop(p, weights.data, used.data);
                    }
                    exec::gemm(exec::serial{}, exec::transposed(used), h.columns(of_mixed), h.part(of_in, 2));
                    exec::gemm(exec::serial{}, h.columns(of_mixed), exec::transposed(h.part(in, 2)), slopes);
                    if (dropout_ > 0)
                        h.drop(p, slopes.data, slopes.data);
                    for (index r = 0; r < h.length; ++r)
                        detail::softmax_row_backward(weights.data + r * steps_, slopes.data + r * steps_,
                                                     h.length, h.scale, slopes.data + r * steps_);
                    exec::gemm(exec::serial{}, slopes, h.part(in, 1), h.part(of_in, 0));
                    exec::gemm(exec::serial{}, exec::transposed(slopes), h.part(in, 0), h.part(of_in, 1));
                    for (index part = 0; part < 3; ++part)
                        h.clear(of_in + part * features_, 3 * features_);
                });
            else
                device_attention_backward(detail::there{}, p,
                                          middle(p, p.at(kept_in_), p.at(kept_shares_), nullptr),
                                          static_cast<T const*>(of_mixed), of_shares, of_in);
            exec::gemm(p.executor, exec::transposed(at(of_in, rows, 3 * features_)), at(x, rows, features_),
                       at(p.slope(in_weight_), 3 * features_, features_));
            detail::sum_rows(p.executor, of_in, rows, 3 * features_, p.slope(in_bias_));
            if (dx)
                exec::gemm(p.executor, at(of_in, rows, 3 * features_),
                           at(p.weight(in_weight_), 3 * features_, features_), at(dx, rows, features_));
        }

    private:
        /// Rows that lie one behind the other; read only where a product only reads.
        template <class U>
        static exec::block<U> at(U* data, index rows, index columns) {
            return {data, rows, columns, columns};
        }

        /// One head of one sample.
        struct head {
            bound const& of;
            index sample, number, length;
            T scale;

            template <class Pass>
            head(bound const& layer, Pass const& p, index task)
                : of(layer),
                  sample(task / layer.heads_),
                  number(task % layer.heads_),
                  length(detail::live_steps(p, sample, layer.steps_)),
                  scale(T(1 / std::sqrt(double(layer.width_)))) {}

            /// Queries (0), keys (1) or values (2).
            exec::block<T> part(T* in, index which) const {
                index const row = 3 * of.features_;
                return {in + sample * of.steps_ * row + which * of.features_ + number * of.width_, length,
                        of.width_, row};
            }
            exec::block<T> columns(T* rows) const {
                return {rows + sample * of.steps_ * of.features_ + number * of.width_, length, of.width_,
                        of.features_};
            }
            /// Steps by steps.
            exec::block<T> square(T* all) const {
                return {all + (sample * of.heads_ + number) * of.steps_ * of.steps_, length, length, of.steps_};
            }
            /// This head's columns of the rows behind the length become zero.
            void clear(T* rows, index row) const {
                for (index t = length; t < of.steps_; ++t)
                    std::fill_n(rows + (sample * of.steps_ + t) * row + number * of.width_, of.width_, T(0));
            }
            /// Draw i of the step decides over weight i of the batch, as in nn::dropout.
            template <class Pass>
            void drop(Pass const& p, T const* from, T* to) const {
                generator const draws = p.draws(of.stream_);
                auto const least = std::uint32_t(of.dropout_ * 0x1p32);
                T const kept = T(1 / (1 - of.dropout_));
                index const first = (sample * of.heads_ + number) * of.steps_ * of.steps_;
                for (index r = 0; r < length; ++r)
                    for (index k = r * of.steps_; k < r * of.steps_ + length; ++k)
                        to[k] = draws.bits(std::uint64_t(first + k)) < least ? T(0) : kept * from[k];
            }
        };

        template <class Pass>
        void clear_padding(Pass& p, T* rows) const {
            if constexpr (Pass::host) {
                for (index s = 0; p.padded && s < p.samples; ++s) {
                    index const length = detail::live_steps(p, s, steps_);
                    std::fill_n(rows + (s * steps_ + length) * features_, (steps_ - length) * features_, T(0));
                }
            } else {
                device_clear_padding(detail::there{}, p, steps_, features_, rows);
            }
        }

        /// What a device is told of the work between the dense layers.
        template <class Pass>
        auto middle(Pass const& p, T const* in, T* shares, T* mixed) const {
            return detail::attention_middle<T>{steps_, features_, heads_,         dropout_, stream_,
                                               in,     shares,    p.at(dropped_), mixed};
        }

        index steps_, features_, heads_, width_;
        double dropout_;
        std::uint32_t stream_;
        parameter in_weight_, in_bias_, out_weight_, out_bias_;
        region kept_in_, kept_shares_, kept_mixed_, in_, shares_, dropped_, mixed_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(input.rank() == 2 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must be [steps, features]");
        expect(heads >= 1 && input[1] % heads == 0, b.where(name), ": heads = ", heads, ": must divide the ",
               input[1], " features");
        expect(dropout >= 0 && dropout < 1, b.where(name), ": dropout = ", dropout, ": must be in [0, 1)");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
