// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/detail/units.hpp>
#include <descent/prune/selection.hpp>

namespace descent::prune {

/// A model that learns which of its weights it needs: beside its weights fit trains a gate a unit,
/// hard_concrete (L0) or variational (dropout), under the model's objective plus what the gates cost.
///
///     prune::sparsifying gated{net, prune::hard_concrete{.l0 = 1.0 / double(train.samples())}};
///     fit(gated, train, chain(adam{}, rate{1e-2}), {.epochs = 60, .batch = 64}, exec::openmp{});
///     gated.put();                                 // weights at rest, those that went masked
///     fit(net, train, chain(adam{}, rate{1e-4}, keep_zeros{}), {.epochs = 5, .batch = 64});
///
/// params() are the model's tensors and behind them those of the gates, "<tensor>.log_alpha" of each unit or
/// "<tensor>.log_sigma2" of each weight. Weights that were masked stay masked, by keep_zeros{} in the recipe.
/// In evaluation gates are at rest. Draws depend on the seed, the step and the place alone. The model must
/// outlive this. Throws descent::error for settings out of range and where `on` takes no tensor, before it
/// changes anything.
template <class Model, class Gates>
class sparsifying {
public:
    using scalar = typename Model::scalar;

    sparsifying(Model& model, Gates const& gates, std::uint64_t seed = 1)
        : model_(model), gates_(gates), seed_(seed), slopes_(model.params().like()) {
        gates.check();
        gates.on.check_tensors();
        auto const& weights = model.params();
        std::vector<tensor_spec> specs;
        for (auto const& entry : weights.entries())
            specs.push_back({entry.name, entry.extents});
        for (std::size_t t = 0; t < weights.entries().size(); ++t) {
            auto const& entry = weights.entries()[t];
            if (entry.size() == 0 || !gates.on.takes(entry.name, entry.extents))
                continue;
            detail::units const cut(gates.on.unit, entry.extents);
            gated each{.tensor = t, .gate = specs.size(), .units = cut.count()};
            if (each.units != entry.size())
                for (index i = 0; i < entry.size(); ++i)
                    each.unit.push_back(std::uint32_t(cut.unit_of(i)));
            for (bool const keep : weights.mask(entry.name))
                each.keep.push_back(scalar(keep));
            gated_.push_back(std::move(each));
            specs.push_back({text(entry.name, ".", Gates::gate), {cut.count()}});
        }
        expect(!gated_.empty(), "sparsifying: '", gates.on.tensors, "' takes no tensor, only ", weights.names(),
               " are there");
        all_ = descent::params<scalar>(specs);
        for (std::size_t t = 0; t < weights.entries().size(); ++t) {
            auto const& entry = weights.entries()[t];
            std::copy_n(weights.data() + entry.offset, entry.size(), all_.data() + all_.entries()[t].offset);
            all_.set_mask(entry.name, weights.mask(entry.name));
        }
        for (gated const& each : gated_)
            std::fill_n(all_.data() + all_.entries()[each.gate].offset, each.units, scalar(gates.initial()));
    }

    /// Weights and gates: what fit trains.
    descent::params<scalar>& params() { return all_; }
    descent::params<scalar> const& params() const { return all_; }
    auto& state() requires requires(Model& m) { m.state(); }
    { return model_.state(); }
    std::uint64_t& steps() { return steps_; }
    decltype(auto) needs_two() const requires requires(Model const& m) { m.needs_two(); }
    { return model_.needs_two(); }

    /// The settings, which may change between steps: a callback warms up the costs.
    Gates& gates() { return gates_; }

    template <class Table>
    void check(Table const& table) const {
        model_.check(table);
    }
    template <class Table>
    void prepare(Table const& table) {
        if constexpr (requires { model_.prepare(table); })
            model_.prepare(table);
        else
            model_.check(table);
    }

    /// The model's objective over a batch with drawn gates plus what they cost, and its gradient.
    template <class Batch, class Executor = exec::serial>
    double gradient(Batch const& samples, descent::params<scalar>& g, Executor const& executor = {}) {
        std::uint64_t const step = steps_;
        if constexpr (requires { model_.steps(); })
            model_.steps() = step;
        ++steps_;
        copy_plain();
        for (std::size_t k = 0; k < gated_.size(); ++k)
            draw(gated_[k], {.seed = seed_, .stream = std::uint32_t(k)}, step);
        double total = model_.gradient(samples, slopes_, executor);
        for (std::size_t t = 0; t < slopes_.entries().size(); ++t)
            std::copy_n(slopes_.data() + slopes_.entries()[t].offset, slopes_.entries()[t].size(),
                        g.data() + g.entries()[t].offset);
        for (gated& each : gated_)
            total += add_cost(each, &g);
        return total;
    }
    template <class Batch, class Executor = exec::serial>
    double loss(Batch const& samples, Executor const& executor = {}) {
        rest();
        double total = model_.loss(samples, executor);
        for (gated& each : gated_)
            total += add_cost(each, nullptr);
        return total;
    }

    /// The model's weights become what they are at rest, and those whose gate is shut are masked. Throws
    /// descent::error, and changes nothing, where nothing would be left of a tensor.
    void put() {
        std::vector<std::vector<bool>> keeps;
        for (gated const& each : gated_) {
            scalar const *const w = weights_of(each), *const a = gates_of(each);
            std::vector<bool> keep(each.keep.size());
            for (std::size_t i = 0; i < keep.size(); ++i)
                keep[i] = each.keep[i] != 0 && gates_.keeps(w[i], a[each.place(i)]);
            expect(std::find(keep.begin(), keep.end(), true) != keep.end(),
                   "sparsifying: nothing would be left of '", model_.params().entries()[each.tensor].name, "'");
            keeps.push_back(std::move(keep));
        }
        rest();
        for (std::size_t k = 0; k < gated_.size(); ++k)
            model_.params().set_mask(model_.params().entries()[gated_[k].tensor].name, keeps[k]);
    }

private:
    /// A tensor with gates: its number and that of its gates among the tensors, each weight's unit (none: its
    /// own number), 1 and 0 by the mask, and of the last step the noise and the slopes by weights and gates.
    struct gated {
        std::size_t tensor, gate;
        index units;
        std::vector<std::uint32_t> unit = {};
        std::vector<scalar> keep = {}, noise = {}, by_weight = {}, by_gate = {};

        std::size_t place(std::size_t i) const { return unit.empty() ? i : unit[i]; }
    };

    scalar const* weights_of(gated const& each) const {
        return all_.data() + all_.entries()[each.tensor].offset;
    }
    scalar const* gates_of(gated const& each) const { return all_.data() + all_.entries()[each.gate].offset; }

    void copy_plain() {
        auto& weights = model_.params();
        for (std::size_t t = 0; t < weights.entries().size(); ++t)
            std::copy_n(all_.data() + all_.entries()[t].offset, weights.entries()[t].size(),
                        weights.data() + weights.entries()[t].offset);
    }

    /// f(i, V) for packs of numbers [i, i + lanes), then for single ones.
    template <class F>
    static void each_place(index n, F const& f) {
        using V = native_pack<scalar>;
        index i = 0;
        for (; i + lanes_of<V> <= n; i += lanes_of<V>)
            f(i, V(scalar(0)));
        for (; i < n; ++i)
            f(i, scalar(0));
    }

    /// Numbers i, i + 1, ... of what there is one of for each unit.
    template <class V>
    static V gathered(gated const& each, scalar const* from, index i) {
        if (each.unit.empty())
            return load_unaligned<V>(from + i);
        scalar lanes[lanes_of<V>];
        for (int l = 0; l < lanes_of<V>; ++l)
            lanes[l] = from[each.unit[std::size_t(i + l)]];
        return load_unaligned<V>(lanes);
    }

    void draw(gated& each, generator const& random, std::uint64_t step) {
        index const n = index(each.keep.size());
        scalar const *const w = weights_of(each), *const a = gates_of(each);
        scalar* const used = model_.params().data() + model_.params().entries()[each.tensor].offset;
        each.noise.resize(std::size_t(each.units));
        each.by_weight.resize(std::size_t(n));
        each.by_gate.resize(std::size_t(n));
        each_place(each.units, [&]<class V>(index u, V) {
            store_unaligned(
                each.noise.data() + u,
                gates_.template noise<V>(random, step * std::uint64_t(each.units) + std::uint64_t(u)));
        });
        each_place(n, [&]<class V>(index i, V) {
            auto const now = gates_.draw(load_unaligned<V>(w + i), gathered<V>(each, a, i),
                                         gathered<V>(each, each.noise.data(), i));
            V const keep = load_unaligned<V>(each.keep.data() + i);
            store_unaligned(used + i, keep * now.used);
            store_unaligned(each.by_weight.data() + i, keep * now.by_weight);
            store_unaligned(each.by_gate.data() + i, keep * now.by_gate);
        });
    }

    /// What the gates of a tensor cost; with g, which holds the model's slopes, its gradient.
    double add_cost(gated& each, descent::params<scalar>* g) {
        index const n = index(each.keep.size());
        scalar const *const w = weights_of(each), *const a = gates_of(each);
        double total = 0;
        scalar* const slopes = g ? g->data() + g->entries()[each.tensor].offset : nullptr;
        each_place(n, [&]<class V>(index i, V) {
            auto const cost = gates_.penalty(load_unaligned<V>(w + i), gathered<V>(each, a, i));
            V const keep = load_unaligned<V>(each.keep.data() + i);
            total += double(sum(keep * cost.value));
            if (!g)
                return;
            V const slope = load_unaligned<V>(slopes + i);
            store_unaligned(
                each.by_gate.data() + i,
                fused_multiply_add(slope, load_unaligned<V>(each.by_gate.data() + i), keep * cost.by_gate));
            store_unaligned(slopes + i, fused_multiply_add(slope, load_unaligned<V>(each.by_weight.data() + i),
                                                           keep * cost.by_weight));
        });
        if (g) {
            scalar* const to = g->data() + g->entries()[each.gate].offset;
            sums_.assign(std::size_t(each.units), 0.0);
            for (std::size_t i = 0; i < std::size_t(n); ++i)
                sums_[each.place(i)] += double(each.by_gate[i]);
            for (std::size_t u = 0; u < sums_.size(); ++u)
                to[u] = scalar(sums_[u]);
        }
        return total;
    }

    void rest() {
        copy_plain();
        for (gated const& each : gated_) {
            scalar const *const w = weights_of(each), *const a = gates_of(each);
            scalar* const to = model_.params().data() + model_.params().entries()[each.tensor].offset;
            each_place(index(each.keep.size()), [&]<class V>(index i, V) {
                store_unaligned(to + i, load_unaligned<V>(each.keep.data() + i) *
                                            gates_.at_rest(load_unaligned<V>(w + i), gathered<V>(each, a, i)));
            });
        }
    }

    Model& model_;
    Gates gates_;
    std::uint64_t seed_, steps_ = 0;
    descent::params<scalar> all_, slopes_;
    std::vector<gated> gated_;
    std::vector<double> sums_;
};

}  // namespace descent::prune
