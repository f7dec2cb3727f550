// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/nn/initializer.hpp>

namespace descent::nn {

/// A stretch of the network's workspace, planned once: its place is `offset` numbers, or samples of a batch
/// times as many, behind the start of its pool.
struct region {
    enum class pool : char {
        kept,     ///< per sample, until backward; layers in evaluation must not touch it
        passing,  ///< per sample, free again when the layer returns
        fixed     ///< the same for every batch, free again when the layer returns
    };
    index offset = 0;
    pool from = pool::kept;
};

/// Where a layer's trainable tensor, or the part of its state that is not trained, lies in the arena.
struct parameter {
    index offset = 0;
    index size = 0;
};

/// A layer where it stands in a network, with what it asked for itself: not its children, which stand behind
/// it.
struct bound_place {
    std::string name;  ///< "0.body": the front of its tensors' names
    std::string kind;  ///< "dense"
    int parent = -1;   ///< of which bound_place it is a child; -1: of none
    shape input, output;
    index parameters = 0;                    ///< numbers that are trained
    index trained_room = 0, state_room = 0;  ///< numbers in the arenas, padded
    index kept_room = 0;                     ///< numbers a sample from forward to backward
    index multiply_adds = -1;                ///< of a sample's forward; -1: not told
};

/// Gathers, layer by layer, the tensors of a network and the plan of its workspace. Layers get it in bind().
template <class T>
class builder {
public:
    /// A trainable tensor `name` of this layer. Fans are counted over `extents` as torch does: extents[0]
    /// outputs, the rest inputs of one unit.
    parameter add(std::string_view name, shape extents, initializer const& how) {
        index const first = extents.rank() > 0 ? extents[0] : 1;
        index const inputs = first > 0 ? extents.size() / first : 0;
        index rest = 1;
        for (int axis = 2; axis < extents.rank(); ++axis)
            rest *= extents[axis];
        return add(name, extents, how, double(inputs), double(first * rest));
    }
    parameter add(std::string_view name, shape extents, initializer const& how, double fan_in, double fan_out) {
        check_size(extents.size(), name);
        index const offset = trained_room_;
        trained_room_ += params<T>::padded(extents.size());
        if (bound_place* const place = here()) {
            place->parameters += extents.size();
            place->trained_room += params<T>::padded(extents.size());
        }
        trained_.push_back({prefix_ + std::string(name), extents});
        starts_.push_back({how, fan_in, fan_out});
        return {offset, extents.size()};
    }

    /// A tensor that training changes without a gradient: running means. Checkpoints keep it.
    parameter add_state(std::string_view name, shape extents, double value) {
        check_size(extents.size(), name);
        index const offset = state_room_;
        state_room_ += params<T>::padded(extents.size());
        if (bound_place* const place = here())
            place->state_room += params<T>::padded(extents.size());
        state_.push_back({prefix_ + std::string(name), extents});
        state_values_.push_back(value);
        return {offset, extents.size()};
    }

    /// `numbers` per sample that live from forward to backward of a training step.
    region keep(index numbers) {
        check_size(numbers, "activations");
        if (bound_place* const place = here())
            place->kept_room += params<T>::padded(numbers);
        return take(kept_, region::pool::kept, numbers);
    }
    /// The same for the output of the child that was bound last, to which tables count it.
    region keep_output(index numbers) {
        if (last_ >= 0)
            places_[std::size_t(last_)].kept_room += params<T>::padded(numbers);
        return take(kept_, region::pool::kept, numbers);
    }
    /// `numbers` per sample for use inside one call of forward or backward of this layer.
    region pass(index numbers) { return take(passing_, region::pool::passing, numbers); }
    /// The same, beside all that the children bound so far use.
    region pass_above(index numbers) {
        passing_.top = passing_.peak;
        return pass(numbers);
    }
    /// The same, whatever the batch.
    region fix(index numbers) { return take(fixed_, region::pool::fixed, numbers); }
    /// The same, beside all that the children bound so far use.
    region fix_above(index numbers) {
        fixed_.top = fixed_.peak;
        return fix(numbers);
    }

    /// A number for random draws that no other layer of the network has.
    std::uint32_t stream() { return ++streams_; }

    /// Multiplications with an addition that this layer's forward does for a sample, for tables.
    void work(index multiply_adds) {
        if (bound_place* const place = here())
            place->multiply_adds = std::max<index>(place->multiply_adds, 0) + multiply_adds;
    }
    /// What tables call this layer, where it is one of several under the name of its own.
    void called(std::string_view kind) {
        if (bound_place* const place = here())
            place->kind = kind;
    }

    /// Binds a child with ".name" behind the names so far; what it passes on is free for the next one.
    template <class L>
    auto inside(std::string_view name, L const& layer, shape const& input) {
        std::size_t const length = prefix_.size();
        if (!name.empty())
            prefix_.append(name).push_back('.');
        stack const passing = passing_, fixed = fixed_;
        passing_.peak = passing_.top, fixed_.peak = fixed_.top;
        int const parent = here_;
        here_ = int(places_.size());
        places_.push_back(
            {prefix_.substr(0, prefix_.size() - !prefix_.empty()), std::string(L::name), parent, input, {}});
        auto child = layer.template bind<T>(input, *this);
        here()->output = child.output();
        last_ = here_;
        here_ = parent;
        passing_ = {passing.top, std::max(passing.peak, passing_.peak)};
        fixed_ = {fixed.top, std::max(fixed.peak, fixed_.peak)};
        prefix_.resize(length);
        return child;
    }

    /// "encoder.0 (dense)": for messages.
    std::string where(std::string_view layer) const {
        return prefix_.empty()
                   ? std::string(layer)
                   : text(std::string_view(prefix_).substr(0, prefix_.size() - 1), " (", layer, ")");
    }

    /// "encoder.0.": the front of the names of this layer's tensors.
    std::string const& prefix() const { return prefix_; }

    /// A training batch must have two samples, or this layer throws: then fit can tell before it begins.
    void needs_two(std::string_view layer) {
        if (needs_two_.empty())
            needs_two_ = where(layer);
    }
    /// The first layer that called needs_two, or nothing.
    std::string const& needs_two() const { return needs_two_; }

    /// The layers that were bound, each before its children.
    std::vector<bound_place> const& places() const { return places_; }
    std::vector<tensor_spec> const& trained() const { return trained_; }
    std::vector<tensor_spec> const& state() const { return state_; }
    index kept_room() const { return kept_.peak; }
    index passing_room() const { return passing_.peak; }
    index fixed_room() const { return fixed_.peak; }

    /// Sets the first values of tensors made from trained() and state().
    void start(params<T>& weights, params<T>& state, std::uint64_t seed) const {
        for (std::size_t i = 0; i < starts_.size(); ++i) {
            auto const& entry = weights.entries()[i];
            index const rows = entry.extents.rank() > 0 ? entry.extents[0] : 1;
            detail::initialize(starts_[i].how, weights.data() + entry.offset, rows,
                               rows > 0 ? entry.size() / rows : 0, starts_[i].fan_in, starts_[i].fan_out,
                               generator{seed, std::uint32_t(i) | 0x80000000u});
        }
        for (std::size_t i = 0; i < state_values_.size(); ++i) {
            auto const& entry = state.entries()[i];
            std::fill_n(state.data() + entry.offset, entry.size(), T(state_values_[i]));
        }
    }

private:
    struct stack {
        index top = 0, peak = 0;
    };
    struct beginning {
        initializer how;
        double fan_in, fan_out;
    };

    static region take(stack& from, region::pool pool, index numbers) {
        index const offset = from.top;
        from.top += params<T>::padded(numbers);
        from.peak = std::max(from.peak, from.top);
        return {offset, pool};
    }

    /// Sums of sizes must not overflow.
    void check_size(index numbers, std::string_view of) const {
        constexpr index most = index(1) << 48;
        expect(numbers <= most, prefix_, of, ": ", numbers, " numbers: must be <= ", most);
    }

    bound_place* here() { return here_ < 0 ? nullptr : &places_[std::size_t(here_)]; }

    std::string prefix_, needs_two_;
    std::vector<bound_place> places_;
    int here_ = -1, last_ = -1;
    std::vector<tensor_spec> trained_, state_;
    std::vector<beginning> starts_;
    std::vector<double> state_values_;
    stack kept_, passing_, fixed_;
    index trained_room_ = 0, state_room_ = 0;
    std::uint32_t streams_ = 0;
};

}  // namespace descent::nn
