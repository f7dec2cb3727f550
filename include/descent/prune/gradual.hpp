// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <descent/prune/criterion.hpp>
#include <descent/train/callback.hpp>

namespace descent::prune {

/// When gradual prunes: at steps first, first + every, ..., and at last.
struct gradual_steps {
    std::int64_t first = 0;  ///< steps of training before the first pruning
    std::int64_t last = 0;   ///< from there on the sparsity is the criterion's
    std::int64_t every = 100;
    double start = 0;  ///< sparsity at `first`
    double power = 3;  ///< 1: linear
};

/// Prunes while fit trains: the sparsity goes from s0 = start to the criterion's s by s_t = s + (s0 - s) (1 -
/// (t - first) / (last - first))^3 (Zhu & Gupta: "To prune, or not to prune", 2017). The weights that went stay
/// away by keep_zeros{} in the recipe. A callback, resumed with its run. Up to `last` early_stopping waits, and
/// report.best are the latest weights; a run that ends before it says so in report.reason.
///
///     auto const steps = (train.samples() + 63) / 64;  // of an epoch
///     fit(net, train, chain(adam{}, rate{1e-3}, keep_zeros{}), {.epochs = 10, .batch = 64},
///         prune::gradual{net, prune::magnitude{.sparsity = 0.9}, {.last = 6 * steps}});
///
/// Throws descent::error for settings out of range, a `last` that fit does not reach (where no gradients are
/// accumulated, which makes fewer steps), and a method of solve/ in place of the recipe; at a pruning, for a
/// recipe without keep_zeros{}, and if weights that were masked have moved or nothing would be left of a
/// tensor.
template <class M, class C>
struct gradual {
    M& model;
    C by;
    gradual_steps when;

    /// The sparsity after so many steps.
    double at(std::int64_t step) const {
        if (step >= when.last)
            return by.sparsity;
        if (step < when.first)
            return 0;
        double const rest = 1 - double(step - when.first) / double(when.last - when.first);
        return when.start + (by.sparsity - when.start) * (1 - std::pow(rest, when.power));
    }

    template <class T>
    void begin(training<T> const& now) {
        by.on.check(by.sparsity);
        expect(when.start >= 0 && when.start <= by.sparsity, "prune::gradual: start = ", when.start,
               ": must be in [0, sparsity = ", by.sparsity, "]");
        expect(when.first >= 0 && when.first <= when.last, "prune::gradual: steps ", when.first, " to ",
               when.last, ": must be 0 <= first <= last");
        expect(when.every >= 1, "prune::gradual: every = ", when.every, ": must be >= 1");
        expect(when.power > 0, "prune::gradual: power = ", when.power, ": must be > 0");
        expect(static_cast<void const*>(&weights_of(model)) == &now.weights,
               "prune::gradual: fit trains other weights than the model's");
        expect(now.batches > 0,
               "prune::gradual: a method of solve/ would train what is masked: train by a recipe "
               "with keep_zeros{}");
        // No product of more than `last`, which could overflow.
        std::int64_t const steps = now.epochs > when.last / now.batches ? when.last : now.epochs * now.batches;
        expect(steps >= when.last, "prune::gradual: last = ", when.last, ", but fit makes ", steps,
               " steps: they would end at sparsity ", at(last_of(steps)), " of ", by.sparsity);
        if constexpr (requires { by.begin(now); })
            by.begin(now);
        if (now.report.evaluations == 0)  // else recall() has set it
            pruned_at = -1;
        if (now.steps == 0 && when.first == 0)
            prune(0);
    }

    template <class T>
    void step_done(training<T> const& now) {
        if constexpr (requires { by.step_done(now); })
            by.step_done(now);
        if (changes(now.steps))
            prune(now.steps);
    }
    /// Is behind this step a pruning due?
    bool changes(std::int64_t step) const {
        // A recipe that accumulates gives one count to several calls.
        return step != pruned_at && step >= when.first && step <= when.last &&
               (step == when.last || (step - when.first) % when.every == 0);
    }

    /// Does the criterion look at the weights behind this step?
    bool reads(std::int64_t step) const requires requires(C const& c) { c.reads(step); }
    { return by.reads(step); }

    std::vector<double> memory() const {
        std::vector<double> all{double(pruned_at)};
        if constexpr (requires { by.memory(); }) {
            auto const more = by.memory();
            all.insert(all.end(), more.begin(), more.end());
        }
        return all;
    }
    void recall(std::vector<double> const& from) {
        pruned_at = from.empty() ? -1 : std::int64_t(from[0]);
        if constexpr (requires { by.recall(from); })
            by.recall({from.begin() + !from.empty(), from.end()});
    }

    /// Is a model of this step pruned as far as the criterion says?
    bool settled(std::int64_t step) const { return step >= when.last; }
    /// The sparsity that a run of so many steps left, where that is not the criterion's; empty where it is.
    std::string unfinished(std::int64_t steps) const {
        if (settled(steps))
            return {};
        return text("prune::gradual: step ", steps, " of ", when.last, ", sparsity ", at(last_of(steps)),
                    " of ", by.sparsity);
    }

    std::int64_t pruned_at = -1;  ///< the last step that pruned

private:
    /// The last pruning of so many steps, fewer than `last`.
    std::int64_t last_of(std::int64_t steps) const {
        return steps < when.first ? steps : when.first + (steps - when.first) / when.every * when.every;
    }

    void prune(std::int64_t step) {
        auto& w = weights_of(model);
        if (w.masked())
            for (auto const& entry : w.entries()) {
                auto const keep = w.mask(entry.name);
                for (index i = 0; i < entry.size(); ++i)
                    expect(keep[std::size_t(i)] || w.data()[entry.offset + i] == 0, "prune::gradual: step ",
                           step, ": masked weights of '", entry.name,
                           "' have moved: the recipe needs keep_zeros{}");
            }
        mask_lowest(w, by.scores(model), at(step), selection_of(by));
        pruned_at = step;
    }
};

template <class M, class C>
gradual(M&, C, gradual_steps) -> gradual<M, C>;

}  // namespace descent::prune
