// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>

namespace descent {

/// When a rule is asked for its constants: `step` counts updates of the weights from 1; `open` is false in a
/// call of step() that only accumulates.
struct step_count {
    std::int64_t step = 1;
    bool open = true;
};

/// A compile-time list of kernels, run in order inside one sweep: what a chain becomes.
template <class... Kernel>
struct kernels;
template <>
struct kernels<> {
    static constexpr int size = 0;
};
template <class First, class... Rest>
struct kernels<First, Rest...> {
    static constexpr int size = 1 + int(sizeof...(Rest));
    First first;
    kernels<Rest...> rest;
};

// A rule is an aggregate of hyperparameters with
//
//     kernel<T> at<T>(step_count now) const        constants of this step, folded on the host in double
//     void check() const                           throws descent::error for bad members           (optional)
//
// and a kernel is a trivially copyable struct with
//
//     static constexpr int slots                   numbers of state per weight, 0 at the start
//     V operator()(V u, V w, V* slot) const        update in, update out; V is a number or a pack
//
// The update that leaves the last kernel is subtracted from the weight. What a kernel may add:
//
//     V operator()(V u, V w, V* slot, std::uint64_t element) const
//                                              instead, where a draw depends on the element (noise)
//     V init(int slot, V w) const              the first value of slots that do not start at 0 (rprop, ema)
//     V after(V w_new, V* slot) const          sees the new weight and may replace it (ema, lookahead)
//     static constexpr int sums
//     void measure(V u, V w, V* sum) const
//     void settle(double const* sum)           a barrier: sums over all weights, which settle() folds into
//                                              the kernel before the chain goes on (clip_norm)
//     static constexpr bool per_tensor = true  the sums are taken of each tensor by itself (trust_ratio)
//     static constexpr bool exact = true       slots that a low-precision store would spoil stay in T
//     static constexpr int average             which of its slots optimizer.averaged() reads
//     static constexpr bool keeps_zeros = true the sweep applies the masks of the parameters
//     static constexpr bool gate = true        later kernels and the step count wait while now.open is false
//     static constexpr bool whole = true       works on whole tensors (muon, adafactor); see whole.hpp
//
// and a rule:
//
//     at<T>(now) that returns kernels<...>     a rule made of others (adamw, lamb); see join_kernels
//     static constexpr int memory
//     void start(double* memory) const
//     at<T>(now, double* memory) const         numbers that the optimizer owns and a checkpoint keeps; at()
//                                              is called once a step and may advance them (nadam)
//     void observe(double metric, double* memory) const     told of each evaluation (plateau)
//     std::int64_t every() const               calls of step() for one update, of a rule with a gate
//     static constexpr bool sets_rate = true   its update has the length of a step (rate, rprop): fit and
//                                              minimize refuse a recipe in which no rule does
//     static constexpr bool forgets_rate = true    the length of its update does not follow from that of the
//                                              one it takes (adam, sign_sgd): a rate in front of it is lost

namespace detail {

/// What the concepts try a rule with.
using probe = float;

template <class R>
inline constexpr int memory_of = 0;
template <class R>
requires requires { R::memory; }
inline constexpr int memory_of<R> = R::memory;

/// Does the update that leaves the rule have the length of a step?
template <class R>
inline constexpr bool sets_rate = false;
template <class R>
requires requires { requires R::sets_rate; }
inline constexpr bool sets_rate<R> = true;

/// Is the length that the update had before the rule lost?
template <class R>
inline constexpr bool forgets_rate = false;
template <class R>
requires requires { requires R::forgets_rate; }
inline constexpr bool forgets_rate<R> = true;

template <class K>
inline constexpr bool is_kernels = false;
template <class... K>
inline constexpr bool is_kernels<kernels<K...>> = true;

template <class K>
auto as_kernels(K const& kernel) {
    if constexpr (is_kernels<K>)
        return kernel;
    else
        return kernels<K>{kernel, {}};
}

template <class K>
inline constexpr bool has_after = requires(K const k, float* slot) {
    k.after(float(), slot);
};
template <class K>
inline constexpr bool has_init = requires(K const k) {
    k.init(0, float());
};
template <class K>
inline constexpr bool takes_element = requires(K const k, float* slot) {
    k(float(), float(), slot, std::uint64_t());
};
template <class K>
inline constexpr bool takes_update = requires(K const k, float* slot) {
    k(float(), float(), slot);
};
template <class K>
inline constexpr bool measures = requires {
    K::sums;
};
template <class K>
inline constexpr bool is_gate = requires {
    K::gate;
};
template <class K>
inline constexpr bool is_whole = requires {
    K::whole;
};
template <class K>
inline constexpr bool keeps_zeros = requires {
    K::keeps_zeros;
};
template <class K>
inline constexpr bool exact_slots = requires {
    K::exact;
};
template <class K>
inline constexpr bool has_average = requires {
    K::average;
};
template <class K>
inline constexpr bool is_per_tensor = requires {
    requires K::per_tensor;
};

}  // namespace detail

/// One kernel: state size, and arithmetic on a number and on a pack alike.
template <class K>
concept update_kernel = std::is_trivially_copyable_v<K> && requires {
    { K::slots } -> std::convertible_to<int>;
} &&(detail::takes_update<K> || detail::takes_element<K> || detail::is_whole<K>);

/// The constants of rule r at this step, for numbers of type T. `memory` is the rule's own stretch of doubles.
template <class T, class R>
requires std::is_class_v<R> && (requires(R const& rule, step_count step) { rule.template at<T>(step); } ||
                                requires(R const& rule, step_count step, double* m) { rule.template at<T>(step, m); })
auto rule_at(R const& r, step_count now, double* memory) {
    if constexpr (detail::memory_of < R >> 0)
        return r.template at<T>(now, memory);
    else
        return r.template at<T>(now);
}

namespace detail {

template <class L>
inline constexpr bool all_kernels = update_kernel<L>;
template <class... K>
inline constexpr bool all_kernels<kernels<K...>> = (update_kernel<K> && ...);

}  // namespace detail

/// An update rule: hyperparameters that give a kernel (or a list of them) for each step.
template <class R>
concept update_rule = std::copy_constructible<R> && requires(R const r, double* memory) {
    rule_at<float>(r, step_count{}, memory);
    requires detail::all_kernels<decltype(rule_at<float>(r, step_count{}, memory))>;
};

/// Throws descent::error if a member of the rule is out of range.
template <class R>
void rule_check(R const& r) {
    if constexpr (requires { r.check(); })
        r.check();
}

/// Writes the rule's initial memory.
template <class R>
void rule_start(R const& r, double* memory) {
    if constexpr (detail::memory_of < R >> 0)
        r.start(memory);
}

/// Tells the rule of an evaluation.
template <class R>
void rule_observe(R const& r, double metric, double* memory) {
    if constexpr (requires { r.observe(metric, memory); })
        r.observe(metric, memory);
}

/// Calls of step() for one update of the weights: 1 unless the rule accumulates.
template <class R>
std::int64_t rule_every(R const& r) {
    if constexpr (requires { r.every(); })
        return r.every();
    else
        return 1;
}

}  // namespace descent
