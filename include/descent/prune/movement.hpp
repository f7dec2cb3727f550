// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <descent/prune/criterion.hpp>
#include <descent/train/callback.hpp>

namespace descent::prune {

/// Weights that training moves toward 0 go, whatever their size: score sum over steps of w (w' - w), from w to
/// w' (Sanh, Wolf, Rush: "Movement pruning", 2020, whose -w g this is for plain steps; other rules count by
/// what they do). A callback that watches a fit before it prunes, or a criterion of prune::gradual.
///
///     prune::movement<float> moved{.sparsity = 0.8};
///     fit(net, train, recipe, {.epochs = 2}, moved);
///     moved(net);
template <class T>
struct movement {
    double sparsity = 0;
    selection on = {};
    params<T> sum = {}, last = {};  ///< the scores so far; the weights when they were last seen
    std::vector<double> recalled = {};

    void begin(training<T> const& now) {
        last = now.weights;
        if (sum.entries().empty())
            sum = now.weights.like();
        now.weights.expect_same_layout(sum, "prune::movement");
        if (recalled.size() == std::size_t(sum.arena_size()))
            std::transform(recalled.begin(), recalled.end(), sum.data(), [](double s) { return T(s); });
        recalled.clear();
    }
    void step_done(training<T> const& now) {
        T const* const w = now.weights.data();
        for (index i = 0; i < sum.arena_size(); ++i) {
            sum.data()[i] += last.data()[i] * (w[i] - last.data()[i]);
            last.data()[i] = w[i];
        }
    }
    /// The weights of every step are looked at: a device's come home each time.
    bool reads(std::int64_t) const { return true; }
    std::vector<double> memory() const { return {sum.data(), sum.data() + sum.arena_size()}; }
    void recall(std::vector<double> const& from) { recalled = from; }

    /// Throws descent::error where no fit of this model was watched.
    template <class M>
    params<T> scores(M& model) const {
        expect(!sum.entries().empty(), "prune::movement: no fit was watched");
        weights_of(model).expect_same_layout(sum, "prune::movement");
        return sum;
    }

    /// Throws descent::error as mask_lowest does, and where no fit was watched.
    template <prunable M>
    void operator()(M& model) const {
        apply(*this, model);
    }
};

}  // namespace descent::prune
