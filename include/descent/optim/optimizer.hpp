// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/optim/detail/device.hpp>
#include <descent/optim/rule.hpp>
#include <descent/optim/slots.hpp>
#include <descent/optim/sweep.hpp>
#include <descent/optim/whole.hpp>

namespace descent {

/// All that an optimizer remembers: put back, training goes on bit for bit.
template <class T>
struct optimizer_state {
    std::int64_t steps = 0;                    ///< updates of the weights so far
    std::int64_t calls = 0;                    ///< calls of step(): more than steps where gradients accumulate
    std::vector<double> memory;                ///< of the rules, group after group
    std::vector<params<T>> slots;              ///< in the order of the chain
    std::vector<std::vector<T>> tensor_state;  ///< of whole-tensor rules, tensor after tensor
};

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
        : weights_(&weights), executor_(std::move(executor)), group_of_(weights.entries().size(), 0) {
        rule_check(recipe);
        recipes_.push_back(std::move(recipe));
        for (int s = 0; s < layout::slots; ++s) {
            std::size_t const n = std::size_t(weights.arena_size());
            if (detail::is_coded<list, Storage>(s)) {
                if constexpr (!Storage::direct)
                    slots_.push_back({{}, code_memory(std::size_t(Storage::bytes(index(n))))});
            } else {
                slots_.push_back({number_memory(n), {}});
            }
        }
        if constexpr (!Executor::host)
            push();
    }

    /// One update from one gradient. Returns false while gradients accumulate: then the weights did not move.
    /// Throws descent::error if the gradients' layout differs from the weights'.
    bool step(params<T> const& gradients) {
        weights_->expect_same_layout(gradients, "optimizer: gradients");
        if constexpr (Executor::host) {
            return advance(gradients.data());
        } else {
            if (!device_.ahead)
                push();
            device_.grow(device_.gradients, gradients.arena_size());
            executor_.upload(gradients.data(), gradients.arena_size(), device_.gradients.data());
            bool const moved = advance(device_.gradients.data());
            if (moved)
                pull();
            return moved;
        }
    }

    /// The same from gradients that lie on the device, without a copy. Throws descent::error unless there are
    /// as many numbers as in the weights' arena.
    bool step(typename Executor::template memory<T> const& gradients) requires(!Executor::host) {
        expect(index(gradients.size()) == weights_->arena_size(), "optimizer: gradients: ", gradients.size(),
               " numbers given, the arena has ", weights_->arena_size());
        return advance(gradients.data());
    }

    /// The weights on the device, with the arena's layout.
    auto& device_weights() requires(!Executor::host) { return device_.weights; }

    /// Weights and masks of the host go to the device.
    void push() requires(!Executor::host) {
        device_.grow(device_.weights, weights_->arena_size());
        executor_.upload(weights_->data(), weights_->arena_size(), device_.weights.data());
        if (weights_->masked()) {
            device_.grow(device_.mask, weights_->arena_size() / 8);
            executor_.upload(weights_->mask_bits(), weights_->arena_size() / 8, device_.mask.data());
        }
        device_.ahead = false;
    }

    /// The device's weights come to the host.
    void pull() requires(!Executor::host) {
        executor_.download(device_.weights.data(), weights_->arena_size(), weights_->data());
        device_.ahead = false;
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
            rule_observe(recipes_[group], metric, memory_of(group));
    }

    /// A slot as numbers: slot 0 is the first state of the first rule that has one.
    params<T> slot(int s) const {
        expect(s >= 0 && s < layout::slots, "optimizer: slot ", s, ": must be in [0, ", layout::slots, ")");
        params<T> out = weights_->like();
        if (!started_)
            return out;
        slot_owner const& slot = slots_[std::size_t(s)];
        if (slot.numbers.size()) {
            detail::get(executor_, slot.numbers.data(), out.arena_size(), out.data());
        } else if constexpr (!Storage::direct) {
            host_codes const codes(executor_, slot.codes);
            for (auto const& entry : weights_->entries())
                for (index first = 0; first < entry.size(); first += slots::tile)
                    Storage::template decode<T>(codes.data(), entry.offset + first,
                                                std::min(slots::tile, entry.size() - first),
                                                out.data() + entry.offset + first);
        }
        return out;
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
            }
        return out;
    }

    /// A copy of all that the optimizer remembers.
    optimizer_state<T> state() const {
        optimizer_state<T> copy{steps_, calls_, rule_memory_, {}, tensor_state_};
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
            return;
        }
        if (!started_)
            start();
        expect(int(saved.slots.size()) == layout::slots, "optimizer: state has ", saved.slots.size(),
               " slots, the recipe has ", layout::slots);
        expect(saved.memory.size() == rule_memory_.size(), "optimizer: state has ", saved.memory.size(),
               " numbers of memory, the recipe has ", rule_memory_.size());
        expect(saved.tensor_state.size() == tensor_state_.size(), "optimizer: state has ",
               saved.tensor_state.size(), " tensor states, the recipe has ", tensor_state_.size());
        for (std::size_t i = 0; i < tensor_state_.size(); ++i)
            expect(saved.tensor_state[i].size() == tensor_state_[i].size(), "optimizer: tensor state ", i,
                   " has ", saved.tensor_state[i].size(), " numbers, the recipe has ", tensor_state_[i].size());
        for (params<T> const& slot : saved.slots)
            weights_->expect_same_layout(slot, "optimizer: state");
        steps_ = saved.steps;
        calls_ = saved.calls;
        rule_memory_ = saved.memory;
        tensor_state_ = saved.tensor_state;
        for (int s = 0; s < layout::slots; ++s)
            put_slot(s, saved.slots[std::size_t(s)]);
    }

private:
    using number_memory = typename Executor::template memory<T>;
    using code_memory = typename Executor::template memory<unsigned char>;
    struct slot_owner {
        number_memory numbers;
        code_memory codes;
    };

    /// A slot's codes, readable here.
    class host_codes {
    public:
        host_codes(Executor const& executor, code_memory const& codes) : codes_(&codes) {
            if constexpr (!Executor::host) {
                copy_ = aligned_buffer<unsigned char>(codes.size());
                executor.download(codes.data(), index(codes.size()), copy_.data());
            }
        }
        unsigned char const* data() const { return Executor::host ? codes_->data() : copy_.data(); }

    private:
        code_memory const* codes_;
        aligned_buffer<unsigned char> copy_;
    };

    /// step(), from gradients in the executor's memory.
    bool advance(T const* gradients) {
        if (!started_)
            start();
        bool const open = (calls_ + 1) % rule_every(recipes_.front()) == 0;
        step_count const now{steps_ + 1, open};
        next_memory_ = rule_memory_;
        tables_.clear();
        for (std::size_t group = 0; group < recipes_.size(); ++group)
            tables_.push_back(
                detail::as_kernels(rule_at<T>(recipes_[group], now, next_memory_.data() + offset_of(group))));
        // Nothing has changed up to here, where a scheduled member out of range throws.
        ++calls_;
        if (open)
            rule_memory_.swap(next_memory_);
        if constexpr (layout::per_tensor) {
            std::vector<list> each;
            for (int const group : group_of_)
                each.push_back(tables_[std::size_t(group < 0 ? 0 : group)]);
            tables_ = std::move(each);
        }

        detail::streams<T, layout::slots> memory = addresses();
        memory.input = gradients;
        if (open || layout::gate_from(0) == layout::count)
            run_from<0, 0, true>(memory);
        else
            run_from<0, 0, false>(memory);
        steps_ += open;
        if constexpr (!Executor::host)
            device_.ahead |= open;
        return open;
    }

    /// First step: by now all groups are known.
    void start() {
        check_tensors();
        started_ = true;
        steps_ = calls_ = 0;
        rule_memory_.assign(std::size_t(detail::memory_of<Recipe>) * recipes_.size(), 0.0);
        tables_.clear();
        for (std::size_t group = 0; group < recipes_.size(); ++group) {
            rule_start(recipes_[group], memory_of(group));
            next_memory_ = rule_memory_;  // at() may advance it
            tables_.push_back(detail::as_kernels(
                rule_at<T>(recipes_[group], step_count{}, next_memory_.data() + offset_of(group))));
        }
        pieces_.clear();
        tensor_state_.clear();
        index const stretch = piece_size();
        auto const& entries = weights_->entries();
        for (std::size_t tensor = 0; tensor < entries.size(); ++tensor) {
            if (group_of_[tensor] < 0)
                continue;
            index const table = layout::per_tensor ? index(tensor) : index(group_of_[tensor]);
            for (index first = 0; first < entries[tensor].size(); first += stretch)
                pieces_.push_back({entries[tensor].offset + first,
                                   std::min(stretch, entries[tensor].size() - first), table, index(tensor)});
        }
        share_out();
        detail::unroll<layout::count>([&](auto k) {
            if constexpr (layout::whole[k])
                for (std::size_t tensor = 0; tensor < entries.size(); ++tensor)
                    tensor_state_.emplace_back(
                        group_of_[tensor] < 0
                            ? 0
                            : std::size_t(
                                  detail::stage<k>(tables_.front()).state_size(entries[tensor].extents)));
        });
        make_scratch();
        for (slot_owner& slot : slots_) {
            detail::clear(executor_, slot.numbers.data(), index(slot.numbers.size()));
            detail::clear(executor_, slot.codes.data(), index(slot.codes.size()));
        }
        if constexpr (!Executor::host) {
            device_.grow(device_.pieces, index(pieces_.size()));
            executor_.upload(pieces_.data(), index(pieces_.size()), device_.pieces.data());
            if constexpr (layout::initial)
                start_device_slots();
        } else if constexpr (layout::initial) {
            auto const memory = addresses();
            for (detail::piece const& piece : pieces_)
                detail::start_piece<Storage>(tables_[std::size_t(group_of_[std::size_t(piece.tensor)])], memory,
                                             piece);
        }
    }

    template <int K>
    using kernel_at = std::remove_cvref_t<decltype(detail::stage<K>(std::declval<list const&>()))>;

    /// Whole-tensor kernels refuse the tensors they cannot take, by name.
    void check_tensors() const {
        detail::unroll<layout::count>([&](auto k) {
            if constexpr (detail::checks_tensors<kernel_at<k>>)
                for (std::size_t tensor = 0; tensor < group_of_.size(); ++tensor)
                    if (group_of_[tensor] >= 0)
                        kernel_at<k>::check_tensor(weights_->entries()[tensor].name,
                                                   weights_->entries()[tensor].extents);
        });
    }

    /// As much as the neediest tensor takes.
    void make_scratch() {
        index most = 0;
        detail::unroll<layout::count>([&](auto k) {
            if constexpr (detail::has_scratch<kernel_at<k>>)
                for (std::size_t tensor = 0; tensor < group_of_.size(); ++tensor)
                    if (group_of_[tensor] >= 0)
                        most = std::max(most, kernel_at<k>::scratch_size(weights_->entries()[tensor].extents));
        });
        scratch_ = aligned_buffer<T>(std::size_t(most));
    }

    /// Numbers that a thread, or a block of a device's threads, takes at a time.
    index piece_size() const {
        if constexpr (Executor::host)
            return detail::piece_size;
        else
            return executor_.stretch(weights_->arena_size(), sizeof(T));
    }

    /// The slots' first values, made on the host: once, from the weights, in the storage's own codes.
    void start_device_slots() {
        if (device_.ahead)
            pull();
        std::vector<params<T>> slots(std::size_t(layout::slots), weights_->like());
        detail::streams<T, layout::slots> memory;
        memory.weights = weights_->data();
        for (int s = 0; s < layout::slots; ++s)
            memory.slot[std::size_t(s)].numbers = slots[std::size_t(s)].data();
        for (detail::piece const& piece : pieces_)
            detail::start_piece<slots::full>(tables_[std::size_t(group_of_[std::size_t(piece.tensor)])], memory,
                                             piece);
        for (int s = 0; s < layout::slots; ++s)
            put_slot(s, slots[std::size_t(s)]);
    }

    /// Neighbouring pieces until a chunk has piece_size numbers: chunks depend on the layout alone.
    void share_out() {
        chunks_.assign(1, 0);
        index gathered = 0;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            gathered += pieces_[i].count;
            if (gathered >= detail::piece_size || i + 1 == pieces_.size()) {
                chunks_.push_back(index(i + 1));
                gathered = 0;
            }
        }
    }

    detail::streams<T, layout::slots> addresses() {
        detail::streams<T, layout::slots> memory;
        if constexpr (Executor::host) {
            memory.weights = weights_->data();
            memory.mask = weights_->mask_bits();
        } else {
            memory.weights = device_.weights.data();
            memory.mask = weights_->masked() ? device_.mask.data() : nullptr;
        }
        memory.key = 0x9e3779b97f4a7c15u * std::uint64_t(calls_);
        for (int s = 0; s < layout::slots; ++s)
            memory.slot[std::size_t(s)] = {slots_[std::size_t(s)].numbers.data(),
                                           slots_[std::size_t(s)].codes.data()};
        return memory;
    }

    /// The passes of a step: the chain is cut at its barriers, at compile time. Search is where to look for the
    /// next barrier: behind Begin where a stretch without slots is run again rather than kept in memory.
    template <int Begin, int Search, bool Open>
    void run_from(detail::streams<T, layout::slots> memory) {
        using enum detail::ending;
        constexpr int barrier = layout::barrier_from(Search);
        constexpr int gate = Open ? layout::count : layout::gate_from(Begin);
        if constexpr (gate < barrier) {
            sweep<Begin, gate + 1, dropped>(memory);
        } else if constexpr (barrier == layout::count) {
            sweep<Begin, layout::count, weights>(memory);
        } else if constexpr (layout::whole[barrier]) {
            memory.kept = spill();
            sweep<Begin, barrier, kept>(memory);
            transform<barrier>(memory.kept);
            memory.input = memory.kept;
            run_from<barrier + 1, barrier + 1, Open>(memory);
        } else if constexpr (layout::slot_begin(Begin) == layout::slot_begin(barrier)) {
            sweep<Begin, barrier, measured>(memory);
            run_from<Begin, barrier + 1, Open>(memory);
        } else {
            memory.kept = spill();
            sweep<Begin, barrier, both>(memory);
            memory.input = memory.kept;
            run_from<barrier, barrier + 1, Open>(memory);
        }
    }

    template <int Begin, int End, detail::ending As>
    void sweep(detail::streams<T, layout::slots> const& memory) {
        using pass = detail::pass<list, Begin, End, As>;
        constexpr int sums = pass::sums();
        partial_.resize(pieces_.size() * std::size_t(sums));
        if constexpr (Executor::host)
            sweep_here<pass>(memory);
        else
            sweep_there<pass>(memory);
        if constexpr (sums > 0) {
            using measuring = std::remove_cvref_t<decltype(detail::stage<End>(tables_.front()))>;
            if constexpr (detail::is_per_tensor<measuring>) {
                std::vector<double> total(tables_.size() * std::size_t(sums), 0.0);
                for (std::size_t i = 0; i < pieces_.size(); ++i)
                    for (int k = 0; k < sums; ++k)
                        total[std::size_t(pieces_[i].table) * sums + std::size_t(k)] +=
                            partial_[i * sums + std::size_t(k)];
                for (std::size_t table = 0; table < tables_.size(); ++table)
                    detail::stage<End>(tables_[table]).settle(total.data() + table * sums);
            } else {
                double total[sums] = {};
                for (std::size_t i = 0; i < pieces_.size(); ++i)
                    for (int k = 0; k < sums; ++k)
                        total[k] += partial_[i * sums + std::size_t(k)];
                for (list& table : tables_)
                    detail::stage<End>(table).settle(total);
            }
        }
    }

    /// A pass on the host's threads.
    template <class Pass>
    void sweep_here(detail::streams<T, layout::slots> const& memory) {
        constexpr int sums = Pass::sums();
        struct body {
            list const* tables;
            detail::piece const* pieces;
            index const* chunks;
            detail::streams<T, layout::slots> memory;
            double* partial;
            void operator()(index chunk) const {
                for (index i = chunks[chunk]; i < chunks[chunk + 1]; ++i)
                    detail::run_piece<Pass, Storage, native_pack<T>>(tables[pieces[i].table], memory, pieces[i],
                                                                     partial + i * sums);
            }
        };
        executor_.for_each(index(chunks_.size()) - 1,
                           body{tables_.data(), pieces_.data(), chunks_.data(), memory, partial_.data()});
    }

    /// A pass on a device: one block of its threads for each piece.
    template <class Pass>
    void sweep_there(detail::streams<T, layout::slots> const& memory) {
        constexpr int sums = Pass::sums();
        if (pieces_.empty())
            return;
        device_.grow(device_.partial, index(partial_.size()));
        list const* many = nullptr;
        if (tables_.size() > 1) {
            device_.grow(device_.tables, index(tables_.size()));
            executor_.upload(tables_.data(), index(tables_.size()), device_.tables.data());
            many = device_.tables.data();
        }
        executor_.launch(index(pieces_.size()),
                         detail::device_sweep<Pass, Storage, list, T, layout::slots>{
                             tables_.front(), many, device_.pieces.data(), memory},
                         device_.partial.data());
        if constexpr (sums > 0)
            executor_.download(device_.partial.data(), index(partial_.size()), partial_.data());
    }

    /// Hands each tensor's kept update to a whole-tensor kernel.
    template <int K>
    void transform(T* kept) {
        if constexpr (Executor::host) {
            transform_here<K>(kept);
        } else {
            pull();
            aligned_buffer<T> copy(std::size_t(weights_->arena_size()));
            executor_.download(kept, index(copy.size()), copy.data());
            transform_here<K>(copy.data());
            executor_.upload(copy.data(), index(copy.size()), kept);
        }
    }

    template <int K>
    void transform_here(T* kept) {
        auto const& entries = weights_->entries();
        std::size_t before = 0;
        for (int k = 0; k < K; ++k)
            before += layout::whole[std::size_t(k)] ? entries.size() : 0;
        for (std::size_t tensor = 0; tensor < entries.size(); ++tensor) {
            if (group_of_[tensor] < 0)
                continue;
            auto const& entry = entries[tensor];
            std::size_t const table = layout::per_tensor ? tensor : std::size_t(group_of_[tensor]);
            tensor_view<T> const update{kept + entry.offset, entry.extents};
            tensor_view<T const> const weights{weights_->data() + entry.offset, entry.extents};
            T* const state = tensor_state_[before + tensor].data();
            auto const& kernel = detail::stage<K>(tables_[table]);
            if constexpr (!detail::has_scratch<kernel_at<K>>)
                kernel(update, weights, state);
            else if constexpr (Executor::host)
                kernel(update, weights, state, scratch_.data(), executor_);
            else
                kernel(update, weights, state, scratch_.data(), exec::serial{});
        }
    }

    void put_slot(int s, params<T> const& numbers) {
        slot_owner& slot = slots_[std::size_t(s)];
        if (slot.numbers.size()) {
            detail::put(executor_, numbers.data(), numbers.arena_size(), slot.numbers.data());
        } else if constexpr (!Storage::direct) {
            aligned_buffer<unsigned char> copy(Executor::host ? 0 : slot.codes.size());
            unsigned char* const codes = Executor::host ? slot.codes.data() : copy.data();
            for (auto const& entry : weights_->entries())
                for (index first = 0; first < entry.size(); first += slots::tile)
                    Storage::template encode<T>(codes, entry.offset + first,
                                                std::min(slots::tile, entry.size() - first),
                                                numbers.data() + entry.offset + first, 0);
            if constexpr (!Executor::host)
                executor_.upload(copy.data(), index(copy.size()), slot.codes.data());
        }
    }

    void assign(std::string_view pattern, int group) {
        expect(!started_, "optimizer: group '", pattern, "': must be named before the first step");
        bool any = false;
        for (std::size_t i = 0; i < group_of_.size(); ++i)
            if (matches(weights_->entries()[i].name, pattern)) {
                group_of_[i] = group;
                any = true;
            }
        expect(any, "optimizer: group '", pattern, "' matches no tensor");
    }

    static bool matches(std::string_view name, std::string_view pattern) {
        auto const star = pattern.find('*');
        if (star == std::string_view::npos)
            return name == pattern;
        auto const head = pattern.substr(0, star), tail = pattern.substr(star + 1);
        return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
    }

    T* spill() {
        if (kept_.size() != std::size_t(weights_->arena_size()))
            kept_ = number_memory(std::size_t(weights_->arena_size()));
        return kept_.data();
    }

    static std::size_t offset_of(std::size_t group) { return group * std::size_t(detail::memory_of<Recipe>); }
    double* memory_of(std::size_t group) { return rule_memory_.data() + offset_of(group); }

    params<T>* weights_;
    Executor executor_;
    std::vector<Recipe> recipes_;
    std::vector<int> group_of_;  // of each tensor; -1 frozen
    std::vector<slot_owner> slots_;
    number_memory kept_;
    std::vector<double> rule_memory_, next_memory_;
    std::vector<std::vector<T>> tensor_state_;
    aligned_buffer<T> scratch_;  // of whole-tensor kernels
    std::vector<detail::piece> pieces_;
    std::vector<index> chunks_;
    std::vector<list> tables_;
    std::vector<double> partial_;
    [[no_unique_address]] detail::device_side<Executor, T, list> device_;
    std::int64_t steps_ = 0, calls_ = 0;
    bool started_ = false;
};

template <class R, class T>
optimizer(R, params<T>&) -> optimizer<R, T>;
template <class R, class T, class E>
optimizer(R, params<T>&, E) -> optimizer<R, T, E>;
template <class R, class T, class E, class S>
optimizer(R, params<T>&, E, S) -> optimizer<R, T, E, S>;

/// Sweeps over memory that one step of the recipe takes: 1, and 1 more for each barrier.
template <class Recipe>
inline constexpr int passes = [] {
    using layout = detail::layout_of<decltype(detail::as_kernels(
        rule_at<float>(std::declval<Recipe const&>(), step_count{}, nullptr)))>;
    int count = 1;
    for (int k = layout::barrier_from(0); k < layout::count; k = layout::barrier_from(k + 1))
        ++count;
    return count;
}();

}  // namespace descent
