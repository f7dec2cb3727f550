// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/optim/detail/unmasked.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/optim/rule.hpp>
#include <descent/optim/sweep.hpp>

namespace descent {

/// Applies a recipe to those rows of one tensor that a batch touches (embedding tables): weights and slots of
/// all other rows stay as they are, and a step costs what its rows cost. Any rule can be lazy that works
/// weight by weight; steps are counted for the whole table, as in torch.optim.SparseAdam (noise draws by a
/// row's place in the step).
///
///     lazy_optimizer table{chain(lazy_adam{}, rate{1e-3}), model.params(), "embedding"};
///     table.step(rows, gradients);                     // gradients.row(i) belongs to row rows[i]
///
/// Other tensors belong to an optimizer, with this one frozen: rest.freeze("embedding"). What a rule does
/// between two touches of a row, it does not do here: momentum does not decay and averages wait. The weights
/// must outlive the optimizer and keep their layout. Results are the same for every number of threads.
template <update_rule Recipe, class T, class Executor = exec::serial>
class lazy_optimizer {
public:
    using list = decltype(detail::as_kernels(rule_at<T>(std::declval<Recipe const&>(), step_count{}, nullptr)));
    using layout = detail::layout_of<list>;
    static_assert(Executor::host, "a lazy_optimizer works on the host: a table's rows are gathered there");
    static_assert(layout::barrier_from(0) == layout::count,
                  "a lazy_optimizer sees a few rows at a time: norms over tensors (clip_norm, lars, lamb) and "
                  "rules of whole tensors (muon, adafactor) cannot stand in its recipe");
    static_assert(layout::gate_from(0) == layout::count,
                  "a lazy_optimizer forgets which rows a call touched: accumulate cannot stand in its recipe");

    /// For the named tensor; rows are what its first axis counts. Throws descent::error if there is no such
    /// tensor or it is a scalar, and for hyperparameters out of range.
    lazy_optimizer(Recipe recipe, params<T>& weights, std::string_view name, Executor executor = {})
        : weights_(&weights), recipe_(std::move(recipe)), executor_(std::move(executor)) {
        rule_check(recipe_);
        auto const& entry = weights.at(name);
        expect(entry.extents.rank() >= 1, "lazy_optimizer: tensor '", name, "' is a scalar: must have rows");
        table_ = {entry.name, entry.extents, entry.offset};
        rows_ = entry.extents[0];
        columns_ = 1;
        for (int axis = 1; axis < entry.extents.rank(); ++axis)
            columns_ *= entry.extents[axis];
        each_ = std::max(index(1), few / std::max(columns_, index(1)));
        stretch_ = (each_ * columns_ + granule - 1) / granule * granule;
        slots_.assign(std::size_t(layout::slots), params<T>{{entry.name, entry.extents}});
        place_.assign(std::size_t(rows_), -1);
    }

    /// One update of the touched rows. A row may come up several times: its gradients are added, in order.
    /// Throws descent::error, and changes nothing, for a row out of range, another number of gradients, and, at
    /// the first step, where weights are masked and the recipe has no keep_zeros{}.
    void step(std::span<index const> rows, Eigen::Ref<matrix<T> const> const& gradients) {
        expect(gradients.rows() == index(rows.size()) && gradients.cols() == columns_,
               "lazy_optimizer: gradients of '", table_.name, "' are ",
               shape{gradients.rows(), gradients.cols()}.text(), ": must be ",
               shape{index(rows.size()), columns_}.text(), ", one row for each that is touched");
        for (std::size_t i = 0; i < rows.size(); ++i)
            expect(rows[i] >= 0 && rows[i] < rows_, "lazy_optimizer: rows[", i, "] = ", rows[i],
                   ": must be in [0, ", rows_, "), the rows of '", table_.name, "'");
        if (!layout::masks && steps_ == 0)
            detail::expect_unmasked("lazy_optimizer", *weights_, table_.name);
        if (!started_)
            start();
        next_memory_ = memory_;
        constants_.clear();
        constants_.push_back(
            detail::as_kernels(rule_at<T>(recipe_, step_count{steps_ + 1}, next_memory_.data())));
        // Nothing has changed up to here, where a scheduled member out of range throws.
        memory_.swap(next_memory_);
        ++steps_;
        gather(rows);
        sweep(gradients.data(), gradients.outerStride());
        for (index const row : touched_)
            place_[std::size_t(row)] = -1;
    }

    /// Updates so far, those of no row among them.
    std::int64_t steps() const { return steps_; }

    /// Edits count from the next step on.
    Recipe& recipe() { return recipe_; }

    /// Tells the recipe of an evaluation: schedules like plateau lower the rate by it.
    void observe(double metric) {
        if (!started_)
            start();
        rule_observe(recipe_, metric, memory_.data());
    }

    /// A copy of all that the optimizer remembers: each slot is a params with the one tensor.
    optimizer_state<T> state() const {
        return {steps_, steps_, memory_, started_ ? slots_ : std::vector<params<T>>{}, {}};
    }

    /// Puts a state back. Throws descent::error, and changes nothing, if it is not of such an optimizer.
    void restore(optimizer_state<T> const& saved) {
        if (saved.calls == 0 && saved.slots.empty() && saved.memory.empty()) {
            started_ = false;
            steps_ = 0;
            memory_.clear();
            return;
        }
        expect(saved.slots.size() == slots_.size(), "lazy_optimizer: state has ", saved.slots.size(),
               " slots, the recipe has ", slots_.size());
        expect(saved.memory.size() == std::size_t(detail::memory_of<Recipe>), "lazy_optimizer: state has ",
               saved.memory.size(), " numbers of memory, the recipe has ", detail::memory_of<Recipe>);
        for (std::size_t s = 0; s < slots_.size(); ++s)
            slots_[s].expect_same_layout(saved.slots[s], "lazy_optimizer: state");
        if (!started_)
            start();
        steps_ = saved.steps;
        memory_ = saved.memory;
        slots_ = saved.slots;
    }

private:
    using whole_chain = detail::pass<list, 0, layout::count, detail::ending::weights>;
    using memory_map = detail::streams<T, layout::slots>;
    static constexpr index granule = index(alignment / sizeof(T));
    static constexpr index few = 8192;  // numbers that a thread takes at a time

    /// First step.
    void start() {
        memory_.assign(std::size_t(detail::memory_of<Recipe>), 0.0);
        rule_start(recipe_, memory_.data());
        next_memory_ = memory_;  // at() may advance it
        constants_.assign(1, detail::as_kernels(rule_at<T>(recipe_, step_count{}, next_memory_.data())));
        memory_map memory;
        memory.weights = weights_->data() + table_.offset;
        for (std::size_t s = 0; s < slots_.size(); ++s) {
            slots_[s].set_zero();
            memory.slot[s].numbers = slots_[s].data();
        }
        if constexpr (layout::initial)
            detail::start_piece<slots::full>(constants_.front(), memory, {0, rows_ * columns_, 0, 0});
        started_ = true;
        steps_ = 0;
    }

    /// The touched rows once each, in the order of their first appearance, and for each the list of its
    /// gradients.
    void gather(std::span<index const> rows) {
        touched_.clear();
        first_.clear();
        last_.clear();
        next_.assign(rows.size(), -1);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            index& place = place_[std::size_t(rows[i])];
            if (place < 0) {
                place = index(touched_.size());
                touched_.push_back(rows[i]);
                first_.push_back(index(i));
                last_.push_back(index(i));
            } else {
                next_[std::size_t(last_[std::size_t(place)])] = index(i);
                last_[std::size_t(place)] = index(i);
            }
        }
        index const needed = chunks() * stretch_;
        if (plane_ < needed) {
            plane_ = needed;
            work_ = aligned_buffer<T>(std::size_t(plane_) * (2 + slots_.size()));
        }
        if (layout::masks && weights_->masked())
            mask_.resize(std::size_t(plane_ / 8));
    }

    /// Rows side by side in aligned memory, so that a row of any length fills whole packs; there the same loop
    /// runs as over dense tensors.
    void sweep(T const* gradients, index stride) {
        struct body {
            lazy_optimizer* self;
            T const* gradients;
            index stride;
            void operator()(index chunk) const { self->run(chunk, gradients, stride); }
        };
        if (columns_ > 0)
            executor_.for_each(chunks(), body{this, gradients, stride});
    }

    index chunks() const { return (index(touched_.size()) + each_ - 1) / each_; }

    void run(index chunk, T const* gradients, index stride) {
        index const begin = chunk * each_, end = std::min(begin + each_, index(touched_.size()));
        index const base = chunk * stretch_;
        T* const table = weights_->data() + table_.offset;
        memory_map memory;
        memory.weights = work_.data();
        T* const update = memory.weights + plane_;
        memory.input = update;
        for (std::size_t s = 0; s < slots_.size(); ++s)
            memory.slot[s].numbers = update + (1 + index(s)) * plane_;
        if (layout::masks && weights_->masked())
            memory.mask = mask_.data();

        for (index p = begin; p < end; ++p) {
            index const from = touched_[std::size_t(p)] * columns_, to = base + (p - begin) * columns_;
            std::copy_n(table + from, columns_, memory.weights + to);
            index i = first_[std::size_t(p)];
            std::copy_n(gradients + i * stride, columns_, update + to);
            while ((i = next_[std::size_t(i)]) >= 0)
                for (index k = 0; k < columns_; ++k)
                    update[to + k] += gradients[i * stride + k];
            for (std::size_t s = 0; s < slots_.size(); ++s)
                std::copy_n(slots_[s].data() + from, columns_, memory.slot[s].numbers + to);
            if (layout::masks && memory.mask)
                for (index k = 0; k < columns_; ++k)
                    copy_bit(weights_->mask_bits(), table_.offset + from + k, mask_.data(), to + k);
        }
        double unused[1];
        detail::run_piece<whole_chain, slots::full, native_pack<T>>(
            constants_.front(), memory, detail::piece{base, (end - begin) * columns_, 0, 0, 0}, unused);
        for (index p = begin; p < end; ++p) {
            index const to = touched_[std::size_t(p)] * columns_, from = base + (p - begin) * columns_;
            std::copy_n(memory.weights + from, columns_, table + to);
            for (std::size_t s = 0; s < slots_.size(); ++s)
                std::copy_n(memory.slot[s].numbers + from, columns_, slots_[s].data() + to);
        }
    }

    static void copy_bit(std::uint8_t const* from, index source, std::uint8_t* to, index target) {
        auto const flag = std::uint8_t(1u << (target % 8));
        auto& byte = to[target / 8];
        bool const kept = from[source / 8] >> (source % 8) & 1;
        byte = std::uint8_t(kept ? byte | flag : byte & ~flag);
    }

    params<T>* weights_;
    Recipe recipe_;
    Executor executor_;
    typename params<T>::entry table_;
    index rows_ = 0, columns_ = 0, each_ = 1, stretch_ = 0, plane_ = 0;
    std::vector<params<T>> slots_;  // of the whole table
    std::vector<double> memory_, next_memory_;
    std::vector<list> constants_;
    std::vector<index> place_, touched_, first_, last_, next_;
    aligned_buffer<T> work_;  // weights, updates and slots of the touched rows
    std::vector<std::uint8_t> mask_;
    std::int64_t steps_ = 0;
    bool started_ = false;
};

template <class R, class T>
lazy_optimizer(R, params<T>&, std::string_view) -> lazy_optimizer<R, T>;
template <class R, class T, class E>
lazy_optimizer(R, params<T>&, std::string_view, E) -> lazy_optimizer<R, T, E>;

}  // namespace descent
