// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <descent/core/math.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/row_math.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// y = weight (x - mean) / sqrt(variance + epsilon) + bias for each channel of [channels, height, width] or
/// [channels, length], or each feature of [features] (Ioffe, Szegedy: "Batch normalization", 2015). Training
/// takes mean and variance over the batch (and the places), and moves the running ones to them by the share
/// `momentum`; evaluation takes the running ones. As in torch.nn.BatchNorm2d the variance is over n, the one
/// that goes into the running variance over n - 1. Tensors: "weight", "bias" [channels]; state "running_mean"
/// (0), "running_var" (1). bind throws descent::error for other shapes, unless epsilon > 0 and 0 <= momentum
/// <= 1; a training batch of one number a channel, from which nothing could be learned, is refused, by fit
/// before the first step.
struct batch_norm {
    double momentum = 0.1;
    double epsilon = 1e-5;
    static constexpr std::string_view name = "batch_norm";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;

        bound(batch_norm const& d, shape const& input, builder<T>& b)
            : where_(b.where(name)),
              shape_(input),
              channels_(input[0]),
              plane_(input.size() / channels_),
              momentum_(d.momentum),
              epsilon_(T(d.epsilon)),
              weight_(b.add("weight", {channels_}, ones)),
              bias_(b.add("bias", {channels_}, zeros)),
              mean_(b.add_state("running_mean", {channels_}, 0)),
              variance_(b.add_state("running_var", {channels_}, 1)),
              seen_(b.keep(2 * channels_)) {
            if (plane_ == 1)
                b.needs_two(name);
        }
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            expect(!p.training || p.samples * plane_ > 1, where_,
                   ": a training batch of 1 sample: must be of 2 or more, for a variance");
            numbers<Pass> const of(*this, p);
            if constexpr (!Pass::host)
                device_batch_norm(detail::there{}, p.executor, of, x, y);
            else if (plane_ > 1)
                p.executor.for_each(channels_, [=](index c) { of.forward_channel(c, x, y); });
            else
                each_strip(p.executor, [=](index c, auto kind) { of.forward_feature(c, kind, x, y); });
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            numbers<Pass> const of(*this, p);
            if constexpr (!Pass::host)
                device_batch_norm_backward(detail::there{}, p.executor, of, x, dy, dx);
            else if (plane_ > 1)
                p.executor.for_each(channels_, [=](index c) { of.backward_channel(c, x, dy, dx); });
            else
                each_strip(p.executor, [=](index c, auto kind) { of.backward_feature(c, kind, x, dy, dx); });
        }

    private:
        /// What a pass works on; V is a pack of features, or a number.
        template <class Pass>
        struct numbers {
            index samples, channels, plane;
            bool training;
            T share, epsilon;
            T const *weight, *bias;
            T *weight_slope, *bias_slope, *running_mean, *running_variance, *mean, *steep;

            numbers(bound const& b, Pass const& p)
                : samples(p.samples),
                  channels(b.channels_),
                  plane(b.plane_),
                  training(p.training),
                  share(T(p.share > 0 ? p.share : b.momentum_)),
                  epsilon(b.epsilon_),
                  weight(p.weight(b.weight_)),
                  bias(p.weight(b.bias_)),
                  weight_slope(p.slopes ? p.slope(b.weight_) : nullptr),
                  bias_slope(p.slopes ? p.slope(b.bias_) : nullptr),
                  running_mean(p.stored(b.mean_)),
                  running_variance(p.stored(b.variance_)),
                  mean(p.at(b.seen_)),
                  steep(mean + b.channels_) {}

            T count() const { return T(samples * plane); }

            /// Mean and 1 / deviation of channels from c on, those of the batch or the running ones; `spread`
            /// is the sum of squares about the mean.
            template <class V>
            void take(index c, V center, V spread) const {
                T const few = std::max(count() - T(1), T(1));
                V const old_mean = load_unaligned<V>(running_mean + c);
                V const old_variance = load_unaligned<V>(running_variance + c);
                store_unaligned(mean + c, center);
                store_unaligned(steep + c, inverse_root(spread / V(count())));
                store_unaligned(running_mean + c, lerp(old_mean, center, V(share)));
                store_unaligned(running_variance + c, lerp(old_variance, spread / V(few), V(share)));
            }
            template <class V>
            V inverse_root(V variance) const {
                return V(T(1)) / sqrt(variance + V(epsilon));
            }

            void forward_channel(index c, T const* x, T* y) const {
                T const* const from = x + c * plane;
                index const step = channels * plane;
                if (training) {
                    T total = 0, spread = 0;
                    for (index s = 0; s < samples; ++s)
                        total += detail::row_sum(from + s * step, plane);
                    total /= count();
                    for (index s = 0; s < samples; ++s)
                        spread += detail::row_spread(from + s * step, plane, total);
                    take(c, total, spread);
                }
                T const center = training ? mean[c] : running_mean[c];
                T const gain = weight[c] * (training ? steep[c] : inverse_root(running_variance[c]));
                for (index s = 0; s < samples; ++s)
                    scale_plane(from + s * step, plane, center, gain, bias[c], y + c * plane + s * step);
            }
            static void scale_plane(T const* DESCENT_RESTRICT x, index n, T center, T gain, T shift,
                                    T* DESCENT_RESTRICT y) {
                detail::each_pack<T>(n, [=](index i, auto kind) {
                    using V = decltype(kind);
                    store_unaligned(
                        y + i, fused_multiply_add(load_unaligned<V>(x + i) - V(center), V(gain), V(shift)));
                });
            }

            template <class V>
            void forward_feature(index c, V, T const* x, T* y) const {
                if (training) {
                    V total = V(T(0)), spread = V(T(0));
                    for (index s = 0; s < samples; ++s)
                        total += load_unaligned<V>(x + s * channels + c);
                    total /= V(count());
                    for (index s = 0; s < samples; ++s)
                        spread += square(load_unaligned<V>(x + s * channels + c) - total);
                    take(c, total, spread);
                }
                V const center = load_unaligned<V>((training ? mean : running_mean) + c);
                V const gain = load_unaligned<V>(weight + c) *
                               (training ? load_unaligned<V>(steep + c)
                                         : inverse_root(load_unaligned<V>(running_variance + c)));
                for (index s = 0; s < samples; ++s) {
                    V const away = load_unaligned<V>(x + s * channels + c) - center;
                    store_unaligned(y + s * channels + c,
                                    fused_multiply_add(away, gain, load_unaligned<V>(bias + c)));
                }
            }

            void backward_channel(index c, T const* x, T const* dy, T* dx) const {
                index const step = channels * plane;
                T total = 0, along = 0;
                for (index s = 0; s < samples; ++s)
                    add_slopes(x + c * plane + s * step, dy + c * plane + s * step, plane, mean[c], total,
                               along);
                weight_slope[c] = along * steep[c];
                bias_slope[c] = total;
                if (!dx)
                    return;
                T const gain = weight[c] * steep[c];
                T const shift = gain * total / count(), tilt = gain * steep[c] * steep[c] * along / count();
                for (index s = 0; s < samples; ++s)
                    turn_plane(x + c * plane + s * step, dy + c * plane + s * step, plane, mean[c], gain, shift,
                               tilt, dx + c * plane + s * step);
            }
            /// total += sum of dy, along += sum of dy (x - center).
            static void add_slopes(T const* DESCENT_RESTRICT x, T const* DESCENT_RESTRICT dy, index n, T center,
                                   T& total, T& along) {
                using V = native_pack<T>;
                V totals = V(T(0)), alongs = V(T(0));
                T rest_total = 0, rest_along = 0;
                detail::each_pack<T>(n, [&](index i, auto kind) {
                    using K = decltype(kind);
                    K const slope = load_unaligned<K>(dy + i), away = load_unaligned<K>(x + i) - K(center);
                    if constexpr (lanes_of<K> == lanes_of<V>) {
                        totals += slope;
                        alongs = fused_multiply_add(slope, away, alongs);
                    } else {
                        rest_total += slope;
                        rest_along = fused_multiply_add(slope, away, rest_along);
                    }
                });
                total += sum(totals) + rest_total;
                along += sum(alongs) + rest_along;
            }
            static void turn_plane(T const* DESCENT_RESTRICT x, T const* DESCENT_RESTRICT dy, index n, T center,
                                   T gain, T shift, T tilt, T* DESCENT_RESTRICT dx) {
                detail::each_pack<T>(n, [=](index i, auto kind) {
                    using V = decltype(kind);
                    V const flat = fused_multiply_add(V(gain), load_unaligned<V>(dy + i), V(-shift));
                    store_unaligned(dx + i,
                                    fused_multiply_add(V(-tilt), load_unaligned<V>(x + i) - V(center), flat));
                });
            }

            template <class V>
            void backward_feature(index c, V, T const* x, T const* dy, T* dx) const {
                V const center = load_unaligned<V>(mean + c), steepness = load_unaligned<V>(steep + c);
                V total = V(T(0)), along = V(T(0));
                for (index s = 0; s < samples; ++s) {
                    V const slope = load_unaligned<V>(dy + s * channels + c);
                    total += slope;
                    along = fused_multiply_add(slope, load_unaligned<V>(x + s * channels + c) - center, along);
                }
                store_unaligned(weight_slope + c, along * steepness);
                store_unaligned(bias_slope + c, total);
                if (!dx)
                    return;
                V const gain = load_unaligned<V>(weight + c) * steepness;
                V const shift = gain * total / V(count());
                V const tilt = gain * steepness * steepness * along / V(count());
                for (index s = 0; s < samples; ++s) {
                    V const flat = gain * load_unaligned<V>(dy + s * channels + c) - shift;
                    V const away = load_unaligned<V>(x + s * channels + c) - center;
                    store_unaligned(dx + s * channels + c, flat - tilt * away);
                }
            }
        };

        /// body(feature, kind) for packs of features, strips of them to a task.
        template <class Executor, class Body>
        void each_strip(Executor const& executor, Body const& body) const {
            constexpr index strip = 64;
            executor.for_each((channels_ + strip - 1) / strip, [=, channels = channels_](index task) {
                index const first = task * strip;
                detail::each_pack<T>(std::min(strip, channels - first),
                                     [&](index c, auto kind) { body(first + c, kind); });
            });
        }

        std::string where_;
        shape shape_;
        index channels_, plane_;
        double momentum_;
        T epsilon_;
        parameter weight_, bias_, mean_, variance_;
        region seen_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(input.rank() >= 1 && input.rank() <= 3 && input.size() > 0, b.where(name), ": input is ",
               input.text(), ": must be [channels, height, width], [channels, length] or [features]");
        expect(epsilon > 0, b.where(name), ": epsilon = ", epsilon, ": must be > 0");
        expect(momentum >= 0 && momentum <= 1, b.where(name), ": momentum = ", momentum, ": must be in [0, 1]");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
