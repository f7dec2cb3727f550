// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/optim/detail/sweeper.hpp>
#include <descent/optim/detail/unmasked.hpp>
#include <descent/optim/passes.hpp>
#include <descent/optim/rule.hpp>
#include <descent/optim/slots.hpp>
#include <descent/optim/state.hpp>

namespace descent {

/// Applies a recipe to parameters: owns its slots, counts steps, sweeps memory on the executor.
///
///     optimizer opt{chain(adam{}, rate{1e-3}), model.params()};
///     opt.step(gradients);                             // gradients = model.params().like(), filled by you
///
/// The weights must outlive the optimizer and keep their layout. One optimizer serves one thread at a time.
///
/// On a device (exec::cuda) the optimizer holds a copy of the weights there. step(params) takes weights and
/// gradients up and brings the new weights back. step(device memory) moves nothing: gradients lie in the device
/// memory with the arena's layout, the new weights stay in device_weights() until pull() brings them home, and
/// push() takes up what was changed at home. Whole-tensor rules (muon) visit the host in between.
template <update_rule Recipe, class T, class Executor = exec::serial, class Storage = slots::full>
class optimizer {
public:
    using list = decltype(detail::as_kernels(rule_at<T>(std::declval<Recipe const&>(), step_count{}, nullptr)));
    using layout = detail::layout_of<list>;
    static_assert(layout::gate_from(layout::gate_from(0) + 1) >= layout::count,
                  "a recipe accumulates gradients once at most");

    /// Throws descent::error for hyperparameters out of range.
    optimizer(Recipe recipe, params<T>& weights, Executor executor = {}, Storage = {})
        : weights_(&weights), group_of_(weights.entries().size(), 0), sweeper_(weights, std::move(executor)) {
        rule_check(recipe);
        recipes_.push_back(std::move(recipe));
    }

    /// One update from one gradient. Returns false while gradients accumulate: then the weights did not move.
    /// Throws descent::error if the gradients' layout differs from the weights', a scheduled hyperparameter is
    /// out of range, or, at the first step, weights are masked and no rule keeps zeros; then nothing has
    /// changed.
    bool step(params<T> const& gradients) {
        weights_->expect_same_layout(gradients, "optimizer: gradients");
        return advance(
            [&](bool open, std::uint64_t key) { sweeper_.run_from_host(kernels_, gradients, open, key); });
    }

    /// The same from gradients that lie on the device, without a copy. Throws descent::error unless there are
    /// as many numbers as in the weights' arena.
    bool step(typename Executor::template memory<T> const& gradients) requires(!Executor::host) {
        expect(index(gradients.size()) == weights_->arena_size(), "optimizer: gradients: ", gradients.size(),
               " numbers given, the arena has ", weights_->arena_size());
        return advance(
            [&](bool open, std::uint64_t key) { sweeper_.run(kernels_, gradients.data(), open, key); });
    }

    /// The weights on the device, with the arena's layout.
    auto& device_weights() requires(!Executor::host) { return sweeper_.device_weights(); }

    /// Weights and masks of the host go to the device.
    void push() requires(!Executor::host) { sweeper_.push(); }

    /// The device's weights come to the host.
    void pull() requires(!Executor::host) { sweeper_.pull(); }

    /// Throws descent::error where the recipe has no keep_zeros{} but would train weights that `masks`, of the
    /// weights' layout, mask: they would not stay 0. The first step and fit ask it of the weights themselves.
    void check_masks(params<T> const& masks) const {
        for (std::size_t tensor = 0; tensor < group_of_.size() && !layout::masks; ++tensor)
            if (group_of_[tensor] >= 0)
                detail::expect_unmasked("optimizer", masks, masks.entries()[tensor].name);
    }

    /// Updates of the weights so far.
    std::int64_t steps() const { return steps_; }

    /// The recipe of all tensors that no group took; edits count from the next step on.
    Recipe& recipe() { return recipes_.front(); }

    /// Another recipe of the same type (other rate, other decay) for the tensors whose name matches: the whole
    /// name, or with one '*' for any stretch of it ("*.bias"). Throws descent::error if none matches or
    /// training has begun.
    optimizer& group(std::string_view pattern, Recipe recipe) {
        rule_check(recipe);
        expect(rule_every(recipe) == rule_every(recipes_.front()), "optimizer: group '", pattern,
               "': accumulates ", rule_every(recipe), " calls, the recipe ", rule_every(recipes_.front()));
        assign(pattern, int(recipes_.size()));
        recipes_.push_back(std::move(recipe));
        return *this;
    }

    /// Leaves the matching tensors as they are.
    optimizer& freeze(std::string_view pattern) {
        assign(pattern, -1);
        return *this;
    }

    /// Tells the recipe of an evaluation: schedules like plateau lower the rate by it.
    void observe(double metric) {
        if (!started_)
            start();
        for (std::size_t group = 0; group < recipes_.size(); ++group)
            rule_observe(recipes_[group], metric, memory_of(rule_memory_, group));
    }

    /// A slot as numbers: slot 0 is the first state of the first rule that has one.
    params<T> slot(int s) const {
        expect(s >= 0 && s < layout::slots, "optimizer: slot ", s, ": must be in [0, ", layout::slots, ")");
        return started_ ? sweeper_.slot(s) : weights_->like();
    }

    /// The averaged weights of the last rule in the chain that keeps some (ema, swa, asgd; the slow weights of
    /// lookahead). Frozen tensors, and all of them before the first step, are as they are.
    params<T> averaged() const requires(layout::average_slot >= 0) {
        params<T> out = *weights_;
        if (!started_)
            return out;
        params<T> const average = slot(layout::average_slot);
        for (std::size_t tensor = 0; tensor < group_of_.size(); ++tensor)
            if (group_of_[tensor] >= 0) {
                auto const& entry = weights_->entries()[tensor];
                std::copy_n(average.data() + entry.offset, entry.size(), out.data() + entry.offset);
                if (layout::masks && weights_->masked()) {
                    std::vector<bool> const kept = weights_->mask(entry.name);
                    for (index i = 0; i < entry.size(); ++i)
                        if (!kept[std::size_t(i)])
                            out.data()[entry.offset + i] = T(0);
                }
            }
        return out;
    }

    /// A copy of all that the optimizer remembers.
    optimizer_state<T> state() const {
        optimizer_state<T> copy{steps_, calls_, rule_memory_, {}, sweeper_.tensor_state()};
        if (started_)
            for (int s = 0; s < layout::slots; ++s)
                copy.slots.push_back(slot(s));
        return copy;
    }

    /// Puts a state back. Throws descent::error, and changes nothing, if it is not of such an optimizer.
    void restore(optimizer_state<T> const& saved) {
        if (saved.calls == 0 && saved.slots.empty() && saved.memory.empty()) {
            started_ = false;
            steps_ = calls_ = 0;
            rule_memory_.clear();
            sweeper_.tensor_state().clear();
            return;
        }
        expect(int(saved.slots.size()) == layout::slots, "optimizer: state has ", saved.slots.size(),
               " slots, the recipe has ", layout::slots);
        std::size_t const remembered = std::size_t(detail::memory_of<Recipe>) * recipes_.size();
        expect(saved.memory.size() == remembered, "optimizer: state has ", saved.memory.size(),
               " numbers of memory, the recipe has ", remembered);
        std::vector<std::size_t> const sizes = sweeper_.state_sizes(group_of_);
        expect(saved.tensor_state.size() == sizes.size(), "optimizer: state has ", saved.tensor_state.size(),
               " tensor states, the recipe has ", sizes.size());
        for (std::size_t i = 0; i < sizes.size(); ++i)
            expect(saved.tensor_state[i].size() == sizes[i], "optimizer: tensor state ", i, " has ",
                   saved.tensor_state[i].size(), " numbers, the recipe has ", sizes[i]);
        for (params<T> const& slot : saved.slots)
            weights_->expect_same_layout(slot, "optimizer: state");
        if (!started_)
            start();
        steps_ = saved.steps;
        calls_ = saved.calls;
        rule_memory_ = saved.memory;
        sweeper_.tensor_state() = saved.tensor_state;
        for (int s = 0; s < layout::slots; ++s)
            sweeper_.put_slot(s, saved.slots[std::size_t(s)]);
    }

private:
    /// The kernels of every group for the next call; rules may advance `memory`.
    void make_kernels(step_count now, std::vector<double>& memory) {
        kernels_.clear();
        for (std::size_t group = 0; group < recipes_.size(); ++group)
            kernels_.push_back(detail::as_kernels(rule_at<T>(recipes_[group], now, memory_of(memory, group))));
    }

    template <class Run>
    bool advance(Run const& run) {
        for (Recipe const& recipe : recipes_)
            rule_check(recipe);  // recipe() lets users edit it
        if (calls_ == 0)
            check_masks(*weights_);
        if (!started_)
            start();
        bool const open = (calls_ + 1) % rule_every(recipes_.front()) == 0;
        next_memory_ = rule_memory_;
        make_kernels({steps_ + 1, open}, next_memory_);
        // Nothing has changed up to here, where a scheduled member out of range throws.
        ++calls_;
        if (open)
            rule_memory_.swap(next_memory_);
        run(open, 0x9e3779b97f4a7c15u * std::uint64_t(calls_));
        steps_ += open;
        return open;
    }

    /// First step: by now all groups are known.
    void start() {
        rule_memory_.assign(std::size_t(detail::memory_of<Recipe>) * recipes_.size(), 0.0);
        for (std::size_t group = 0; group < recipes_.size(); ++group)
            rule_start(recipes_[group], memory_of(rule_memory_, group));
        next_memory_ = rule_memory_;
        make_kernels({}, next_memory_);
        sweeper_.start(group_of_, kernels_);
        steps_ = calls_ = 0;
        started_ = true;
    }

    void assign(std::string_view pattern, int group) {
        expect(!started_, "optimizer: group '", pattern, "': must be named before the first step");
        bool any = false;
        for (std::size_t i = 0; i < group_of_.size(); ++i)
            if (matches(weights_->entries()[i].name, pattern)) {
                group_of_[i] = group;
                any = true;
            }
        expect(any, "optimizer: group '", pattern, "' matches no tensor, only ", weights_->names(),
               " are there");
    }

    static bool matches(std::string_view name, std::string_view pattern) {
        auto const star = pattern.find('*');
        if (star == std::string_view::npos)
            return name == pattern;
        auto const head = pattern.substr(0, star), tail = pattern.substr(star + 1);
        return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
    }

    static double* memory_of(std::vector<double>& memory, std::size_t group) {
        return memory.data() + group * std::size_t(detail::memory_of<Recipe>);
    }

    params<T>* weights_;
    std::vector<Recipe> recipes_;
    std::vector<int> group_of_;  // of each tensor; -1 frozen
    std::vector<double> rule_memory_, next_memory_;
    std::vector<list> kernels_;  // of each group, for this call
    detail::sweeper<list, T, Executor, Storage> sweeper_;
    std::int64_t steps_ = 0, calls_ = 0;
    bool started_ = false;
};

template <class R, class T>
optimizer(R, params<T>&) -> optimizer<R, T>;
template <class R, class T, class E>
optimizer(R, params<T>&, E) -> optimizer<R, T, E>;
template <class R, class T, class E, class S>
optimizer(R, params<T>&, E, S) -> optimizer<R, T, E, S>;

}  // namespace descent
