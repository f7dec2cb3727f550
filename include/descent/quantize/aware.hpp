// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/layer.hpp>
#include <descent/quantize/detail/slices.hpp>
#include <descent/quantize/learned_step.hpp>

namespace descent::quantize {

namespace detail {

/// A pass whose layers read one stretch of the arena from elsewhere.
template <class Pass, class T>
struct rounded_pass : Pass {
    T const* rounded;
    index first;

    T const* weight(nn::parameter const& p) const { return rounded + (p.offset - first); }
};

/// to = the values of n numbers.
template <class T, class Kernel>
void round_numbers(T const* DESCENT_RESTRICT w, index n, Kernel const k, T* DESCENT_RESTRICT to) {
    each_pack<T>(n, [=](index j, auto kind) {
        using V = decltype(kind);
        store_unaligned(to + j, k.value(load_unaligned<V>(w + j)));
    });
}

/// From the slopes by the values to those by the numbers, in place or not; what the slopes by `Learned` numbers
/// sum up.
template <index Learned, class T, class Kernel>
void turn_slopes(T const* w, index n, Kernel const k, T const* slopes, T* to, T* sums) {
    constexpr index room = std::max<index>(Learned, 1);
    native_pack<T> packs[room];
    T rest[room] = {};
    std::fill_n(packs, room, native_pack<T>(T(0)));
    each_pack<T>(n, [&](index j, auto kind) {
        using V = decltype(kind);
        V* at;
        if constexpr (lanes_of < V >> 1)
            at = packs;
        else
            at = rest;
        store_unaligned(to + j, k.slope(load_unaligned<V>(w + j), load_unaligned<V>(slopes + j), at));
    });
    for (index i = 0; i < Learned; ++i)
        sums[i] = sum(packs[i]) + rest[i];
}

}  // namespace detail

/// A layer whose weights are rounded while it is trained (quantization-aware training): forward and backward
/// see the rounded numbers, the optimizer the exact ones, and slopes pass through the rounding ("straight-
/// through": Bengio, Leonard, Courville, 2013), as the rule says. Weights are the tensors of two and more axes,
/// of layers within the layer too; the others (biases, gains) stay exact. Weights that are NaN or Inf have no
/// code: what is computed with them is not finite either, as in other layers. Rules: learned_step, and of
/// <descent/quantize/ternary.hpp> binary, ternary and trained_ternary. Names of tensors are the layer's own;
/// what a rule trains stands beside them, "0.weight_step".
///
///     nn::network net{nn::input<float>{64},
///                     nn::sequential{quantize::aware{nn::dense{64}, {.bits = 4}}, nn::relu{},
///                                    nn::named{"last", quantize::aware{nn::dense{10}, quantize::ternary{}}}}};
///     fit(net, ...);      // exact, as no step was begun; binary and ternary round from the start
///     quantize::begin_steps(net, train.x.topRows(512));
///     fit(net, ...);      // rounded
///
/// Behind it quantize::convert gives the codes. bind throws descent::error for settings that the rule does not
/// have, and for a layer without weights.
template <class L, class Rule = learned_step>
struct aware {
    L layer;
    Rule rule = {};
    static constexpr std::string_view name = "aware";

    template <class T>
    class bound {
        using inner = nn::bound_layer<L, T>;

    public:
        static constexpr nn::aliasing alias = inner::alias;
        static constexpr bool reads_output = inner::reads_output;
        static constexpr bool takes_function = requires { requires inner::takes_function; };
        static constexpr bool checks_input = requires { requires inner::checks_input; };

        bound(aware const& a, shape const& input, nn::builder<T>& b)
            : rule_(a.rule), seen_(b.trained().size()), layer_(a.layer.template bind<T>(input, b)) {
            std::size_t const known = b.trained().size(), front = b.prefix().size();
            for (std::size_t i = 0; i < seen_; ++i)
                first_ += room_of(b.trained()[i].extents);
            for (std::size_t i = seen_; i < known; ++i) {
                shape const extents = b.trained()[i].extents;
                rounded_tensor t{{first_ + room_, extents.size()}};
                room_ += room_of(extents);
                if (extents.rank() >= 2 && extents.size() > 0) {
                    t.slices = rule_.per == per::channel ? extents[0] : 1;
                    t.each = extents.size() / t.slices;
                    t.parts = (t.each + detail::piece - 1) / detail::piece;
                    t.measured = measured_room_, t.sums = sums_room_;
                    measured_room_ += t.slices * Rule::measured;
                    sums_room_ += t.slices * t.parts * Rule::learned;
                    if constexpr (Rule::learned > 0)
                        t.learned = b.add(text(b.trained()[i].name.substr(front), Rule::suffix),
                                          {t.slices * Rule::learned}, nn::zeros);
                    ++weights_;
                }
                tensors_.push_back(t);
            }
            expect(weights_ > 0, b.where(name), ": the layer has no weights");
            rounded_ = b.fix_above(room_);
            measured_ = b.fix(measured_room_);
            sums_ = b.fix(sums_room_);
        }
        shape output() const { return layer_.output(); }
        void check_input(T const* x, index sample) const {
            if constexpr (checks_input)
                layer_.check_input(x, sample);
        }

        /// With the function behind it, where the layer takes one.
        template <class Pass, class... F>
        void forward(Pass& p, T const* x, T* y, F const&... f) const {
            auto inside = round(p);
            layer_.forward(inside, x, y, f...);
            p.padded = inside.padded;
        }
        template <class Pass, class... F>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx, F const&... f) const {
            auto inside = round(p);  // others have used the room since
            layer_.backward(inside, x, y, dy, dx, f...);
            for (auto const& t : tensors_)
                if (t.slices > 0)
                    turn_back(p, t);
        }

    private:
        struct rounded_tensor {
            nn::parameter weight;
            nn::parameter learned = {};
            index slices = 0, each = 0;  ///< 0 slices: stays exact
            index parts = 0;             ///< tasks of a slice
            index measured = 0, sums = 0;
        };

        static index room_of(shape const& extents) { return params<T>::padded(extents.size()); }

        template <class Pass>
        detail::rounded_pass<Pass, T> round(Pass& p) const {
            static_assert(Pass::host, "quantize::aware trains on the host");
            T* const to = p.at(rounded_);
            for (auto const& t : tensors_) {
                index const from = t.weight.offset, end = params<T>::padded(t.weight.size);
                if (t.slices > 0)
                    round(p, t, to + (from - first_));
                else
                    std::copy_n(p.weight(t.weight), t.weight.size, to + (from - first_));
                std::fill(to + (from - first_) + t.weight.size, to + (from - first_) + end, T(0));
            }
            return {p, to, first_};
        }

        template <class Pass>
        void round(Pass& p, rounded_tensor const& t, T* to) const {
            T const* const w = p.weight(t.weight);
            T* const measured = p.at(measured_) + t.measured;
            if constexpr (requires { p.executor.begin_weights(rule_, w, t.slices, t.each, t.learned); })
                p.executor.begin_weights(rule_, w, t.slices, t.each, t.learned);
            if constexpr (Rule::measured > 0)
                each_slice(p, t, [=, rule = rule_, n = t.each](index s) {
                    rule.measure(w + s * n, n, to + s * n, measured + s * Rule::measured);
                });
            T const* const learned = learned_of(p, t);
            each_part(p, t, [=, rule = rule_](index s, index first, index count, index) {
                detail::round_numbers(w + first, count, kernel(rule, learned, measured, s, t.each), to + first);
            });
            if constexpr (requires { p.executor.tell_weights(rule_, t.weight, t.slices, t.each, to, to, to); })
                p.executor.tell_weights(rule_, t.weight, t.slices, t.each, learned,
                                        static_cast<T const*>(measured), static_cast<T const*>(to));
        }

        template <class Pass>
        void turn_back(Pass& p, rounded_tensor const& t) const {
            T const *const w = p.weight(t.weight), *const learned = learned_of(p, t);
            T const* const measured = p.at(measured_) + t.measured;
            T *const slopes = p.slope(t.weight), *const sums = p.at(sums_) + t.sums;
            each_part(p, t, [=, rule = rule_](index s, index first, index count, index part) {
                detail::turn_slopes<Rule::learned>(w + first, count, kernel(rule, learned, measured, s, t.each),
                                                   slopes + first, slopes + first, sums + part * Rule::learned);
            });
            if constexpr (Rule::learned > 0) {
                T* const to = p.slope(t.learned);
                for (index s = 0; s < t.slices; ++s) {
                    T const share = kernel(rule_, learned, measured, s, t.each).share;
                    for (index i = 0; i < Rule::learned; ++i) {
                        T total = 0;
                        for (index part = s * t.parts; part < (s + 1) * t.parts; ++part)
                            total += sums[part * Rule::learned + i];
                        to[s * Rule::learned + i] = share * total;
                    }
                }
            }
        }

        template <class Pass>
        static T const* learned_of(Pass const& p, rounded_tensor const& t) {
            return Rule::learned > 0 ? p.weight(t.learned) : nullptr;
        }
        static auto kernel(Rule const& rule, T const* learned, T const* measured, index s, index count) {
            return rule.template at<T>(learned + s * Rule::learned, measured + s * Rule::measured, count);
        }

        /// f(slice), several of them in a task.
        template <class Pass, class F>
        static void each_slice(Pass const& p, rounded_tensor const& t, F const& f) {
            index const many = std::max<index>(1, detail::piece / t.each);
            p.executor.for_each((t.slices + many - 1) / many, [=, all = t.slices](index task) {
                for (index s = task * many; s < std::min(all, (task + 1) * many); ++s)
                    f(s);
            });
        }
        /// f(slice, first number, count, part) for all parts of all slices.
        template <class Pass, class F>
        static void each_part(Pass const& p, rounded_tensor const& t, F const& f) {
            index const many = t.parts > 1 ? 1 : std::max<index>(1, detail::piece / t.each);
            index const all = t.slices * t.parts;
            p.executor.for_each((all + many - 1) / many, [=, n = t.each, parts = t.parts](index task) {
                for (index part = task * many; part < std::min(all, (task + 1) * many); ++part) {
                    index const s = part / parts, begin = part % parts * detail::piece;
                    f(s, s * n + begin, std::min(detail::piece, n - begin), part);
                }
            });
        }

        Rule rule_;
        std::size_t seen_;
        inner layer_;
        std::vector<rounded_tensor> tensors_;
        index weights_ = 0, first_ = 0, room_ = 0, measured_room_ = 0, sums_room_ = 0;
        nn::region rounded_, measured_, sums_;
    };

    template <class T>
    bound<T> bind(shape const& input, nn::builder<T>& b) const {
        rule.check(b.where(name));
        return {*this, input, b};
    }
};

template <class L>
aware(L) -> aware<L, learned_step>;
template <class L>
aware(L, learned_step) -> aware<L, learned_step>;
template <class L, class Rule>
aware(L, Rule) -> aware<L, Rule>;

}  // namespace descent::quantize
