// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/optim/detail/device.hpp>
#include <descent/optim/detail/slot_bank.hpp>
#include <descent/optim/sweep.hpp>
#include <descent/optim/whole.hpp>

namespace descent::detail {

/// Runs the passes of a list of kernels over an arena: owns the slots, the states of whole-tensor kernels and
/// the plan of who sweeps what. It knows no rule and counts no steps; the optimizer hands it the kernels of
/// each step.
template <class List, class T, class Executor, class Storage>
class sweeper {
public:
    using layout = layout_of<List>;
    using bank = slot_bank<List, T, Executor, Storage>;
    static_assert(
        Executor::host || Storage::direct || requires { typename Storage::code; },
        "optimizer: this storage of slots works on the host only; devices have slots::full and bf16");

    sweeper(params<T>& weights, Executor executor)
        : weights_(&weights), executor_(std::move(executor)), slots_(weights) {
        if constexpr (!Executor::host)
            push();
    }

    /// Plans the passes for tensors in groups (-1: frozen) and gives every slot its first value from the
    /// groups' kernels.
    void start(std::vector<int> const& group_of, std::vector<List> const& groups) {
        group_of_ = group_of;
        check_tensors();
        set_kernels(groups);
        pieces_.clear();
        tensor_state_.clear();
        index const stretch = piece_size();
        auto const& entries = weights_->entries();
        index tiles = 0;
        for (std::size_t tensor = 0; tensor < entries.size(); ++tensor) {
            index const before = tiles;
            tiles += slots::tiles_of(entries[tensor].size());
            if (group_of_[tensor] < 0)
                continue;
            index const table = layout::per_tensor ? index(tensor) : index(group_of_[tensor]);
            for (index first = 0; first < entries[tensor].size(); first += stretch)
                pieces_.push_back({entries[tensor].offset + first,
                                   std::min(stretch, entries[tensor].size() - first), table, index(tensor),
                                   before + first / slots::tile});
        }
        share_out();
        for (std::size_t const size : state_sizes(group_of_))
            tensor_state_.emplace_back(size);
        make_scratch();
        slots_.clear(executor_);
        if constexpr (!Executor::host) {
            device_.grow(device_.pieces, index(pieces_.size()));
            executor_.upload(pieces_.data(), index(pieces_.size()), device_.pieces.data());
            if constexpr (layout::initial)
                start_device_slots();
        } else if constexpr (layout::initial) {
            auto const memory = addresses(0);
            for (piece const& piece : pieces_)
                start_piece<Storage>(tables_[std::size_t(piece.table)], memory, piece);
        }
    }

    /// All passes of one call. `gradients` lie in the executor's memory; `key` is of this call, for storages
    /// that round at random. Where the gate is closed the weights do not move.
    void run(std::vector<List> const& groups, T const* gradients, bool open, std::uint64_t key) {
        set_kernels(groups);
        streams<T, layout::slots> memory = addresses(key);
        memory.input = gradients;
        if (open || layout::gate_from(0) == layout::count)
            run_from<0, 0, true>(memory);
        else
            run_from<0, 0, false>(memory);
        if constexpr (!Executor::host)
            device_.ahead |= open;
    }

    /// The same from gradients on the host.
    void run_from_host(std::vector<List> const& groups, params<T> const& gradients, bool open,
                       std::uint64_t key) {
        if constexpr (Executor::host) {
            run(groups, gradients.data(), open, key);
        } else {
            if (!device_.ahead)
                push();
            device_.grow(device_.gradients, gradients.arena_size());
            executor_.upload(gradients.data(), gradients.arena_size(), device_.gradients.data());
            run(groups, device_.gradients.data(), open, key);
            if (open)
                pull();
        }
    }

    params<T> slot(int s) const {
        params<T> out = weights_->like();
        slots_.get(executor_, s, out);
        return out;
    }
    void put_slot(int s, params<T> const& numbers) { slots_.put(executor_, s, numbers); }

    /// Numbers of state of each whole-tensor kernel for each tensor.
    std::vector<std::size_t> state_sizes(std::vector<int> const& group_of) const {
        std::vector<std::size_t> sizes;
        unroll<layout::count>([&](auto k) {
            if constexpr (layout::whole[k])
                for (std::size_t tensor = 0; tensor < group_of.size(); ++tensor)
                    sizes.push_back(group_of[tensor] < 0 ? 0
                                                         : std::size_t(kernel_at<k>::state_size(
                                                               weights_->entries()[tensor].extents)));
        });
        return sizes;
    }

    std::vector<std::vector<T>>& tensor_state() { return tensor_state_; }
    std::vector<std::vector<T>> const& tensor_state() const { return tensor_state_; }

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

private:
    /// The kernels of this call: one table a group, or one a tensor where a sum over a tensor goes into them.
    void set_kernels(std::vector<List> const& groups) {
        tables_.clear();
        if constexpr (layout::per_tensor)
            for (int const group : group_of_)
                tables_.push_back(groups[std::size_t(group < 0 ? 0 : group)]);
        else
            tables_ = groups;
    }

    template <int K>
    using kernel_at = std::remove_cvref_t<decltype(stage<K>(std::declval<List const&>()))>;

    /// Whole-tensor kernels refuse the tensors they cannot take, by name.
    void check_tensors() const {
        unroll<layout::count>([&](auto k) {
            if constexpr (checks_tensors<kernel_at<k>>)
                for (std::size_t tensor = 0; tensor < group_of_.size(); ++tensor)
                    if (group_of_[tensor] >= 0)
                        kernel_at<k>::check_tensor(weights_->entries()[tensor].name,
                                                   weights_->entries()[tensor].extents);
        });
    }

    /// As much as the neediest tensor takes.
    void make_scratch() {
        index most = 0;
        unroll<layout::count>([&](auto k) {
            if constexpr (has_scratch<kernel_at<k>>)
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
        streams<T, layout::slots> memory;
        memory.weights = weights_->data();
        for (int s = 0; s < layout::slots; ++s)
            memory.slot[std::size_t(s)].numbers = slots[std::size_t(s)].data();
        for (piece const& piece : pieces_)
            start_piece<slots::full>(tables_[std::size_t(piece.table)], memory, piece);
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

    streams<T, layout::slots> addresses(std::uint64_t key) {
        streams<T, layout::slots> memory;
        if constexpr (Executor::host) {
            memory.weights = weights_->data();
            memory.mask = weights_->mask_bits();
        } else {
            memory.weights = device_.weights.data();
            memory.mask = weights_->masked() ? device_.mask.data() : nullptr;
        }
        memory.key = key;
        memory.slot = slots_.addresses();
        return memory;
    }

    /// The passes of a step: the chain is cut at its barriers, at compile time. Search is where to look for the
    /// next barrier: behind Begin where a stretch without slots is run again rather than kept in memory.
    template <int Begin, int Search, bool Open>
    void run_from(streams<T, layout::slots> memory) {
        using enum ending;
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

    template <int Begin, int End, ending As>
    void sweep(streams<T, layout::slots> const& memory) {
        using pass = pass<List, Begin, End, As>;
        constexpr int sums = pass::sums();
        partial_.resize(pieces_.size() * std::size_t(sums));
        if constexpr (Executor::host)
            sweep_here<pass>(memory);
        else
            sweep_there<pass>(memory);
        if constexpr (sums > 0) {
            using measuring = std::remove_cvref_t<decltype(stage<End>(tables_.front()))>;
            if constexpr (is_per_tensor<measuring>) {
                total_.assign(tables_.size() * std::size_t(sums), 0.0);
                for (std::size_t i = 0; i < pieces_.size(); ++i)
                    for (int k = 0; k < sums; ++k)
                        total_[std::size_t(pieces_[i].table) * sums + std::size_t(k)] +=
                            partial_[i * sums + std::size_t(k)];
                for (std::size_t table = 0; table < tables_.size(); ++table)
                    stage<End>(tables_[table]).settle(total_.data() + table * sums);
            } else {
                double total[sums] = {};
                for (std::size_t i = 0; i < pieces_.size(); ++i)
                    for (int k = 0; k < sums; ++k)
                        total[k] += partial_[i * sums + std::size_t(k)];
                for (List& table : tables_)
                    stage<End>(table).settle(total);
            }
        }
    }

    /// A pass on the host's threads.
    template <class Pass>
    void sweep_here(streams<T, layout::slots> const& memory) {
        constexpr int sums = Pass::sums();
        struct body {
            List const* tables;
            piece const* pieces;
            index const* chunks;
            streams<T, layout::slots> memory;
            double* partial;
            void operator()(index chunk) const {
                for (index i = chunks[chunk]; i < chunks[chunk + 1]; ++i)
                    run_piece<Pass, Storage, native_pack<T>>(tables[pieces[i].table], memory, pieces[i],
                                                             partial + i * sums);
            }
        };
        executor_.for_each(index(chunks_.size()) - 1,
                           body{tables_.data(), pieces_.data(), chunks_.data(), memory, partial_.data()});
    }

    /// A pass on a device: one block of its threads for each piece.
    template <class Pass>
    void sweep_there(streams<T, layout::slots> const& memory) {
        constexpr int sums = Pass::sums();
        if (pieces_.empty())
            return;
        device_.grow(device_.partial, index(partial_.size()));
        List const* many = nullptr;
        if (tables_.size() > 1) {
            device_.grow(device_.tables, index(tables_.size()));
            executor_.upload(tables_.data(), index(tables_.size()), device_.tables.data());
            many = device_.tables.data();
        }
        executor_.launch(index(pieces_.size()),
                         device_sweep<Pass, Storage, List, T, layout::slots>{tables_.front(), many,
                                                                             device_.pieces.data(), memory},
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
            auto const& kernel = stage<K>(tables_[table]);
            if constexpr (!has_scratch<kernel_at<K>>)
                kernel(update, weights, state);
            else if constexpr (Executor::host)
                kernel(update, weights, state, scratch_.data(), executor_);
            else
                kernel(update, weights, state, scratch_.data(), exec::serial{});
        }
    }

    T* spill() {
        if (kept_.size() != std::size_t(weights_->arena_size()))
            kept_ = number_memory(std::size_t(weights_->arena_size()));
        return kept_.data();
    }

    using number_memory = typename Executor::template memory<T>;

    params<T>* weights_;
    Executor executor_;
    bank slots_;
    std::vector<int> group_of_;
    std::vector<std::vector<T>> tensor_state_;
    number_memory kept_;
    aligned_buffer<T> scratch_;  // of whole-tensor kernels
    std::vector<piece> pieces_;
    std::vector<index> chunks_;
    std::vector<List> tables_;
    std::vector<double> partial_, total_;
    [[no_unique_address]] device_side<Executor, T, List> device_;
};

}  // namespace descent::detail
