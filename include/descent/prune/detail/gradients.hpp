// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/loading.hpp>
#include <descent/prune/criterion.hpp>

namespace descent::prune::detail {

/// The mean of f(w, g) over gradients of batches of the table, for each weight. What training changes beside
/// the weights (running means, the count of steps) is put back.
template <class M, class Table, class Executor, class F>
auto mean_over_gradients(std::string_view who, M& model, Table const& table, index batch, index samples,
                         Executor const& executor, F const& f) {
    using T = scalar_of<M>;
    expect(batch >= 1, who, ": batch = ", batch, ": must be >= 1");
    expect(samples >= 1, who, ": samples = ", samples, ": must be >= 1");
    model.check(table);
    auto const all = data::all_of(data::source_of(table));
    index const count = std::min(samples, all.samples());
    expect(count > 0, who, ": there are no samples");
    auto& w = model.params();
    auto g = w.like(), sum = w.like();
    auto const learn = [&] {
        index batches = 0;
        for (index first = 0; first < count; first += batch, ++batches) {
            model.gradient(all.part(first, std::min(batch, count - first)), g, executor);
            for (index i = 0; i < w.arena_size(); ++i)
                sum.data()[i] += f(w.data()[i], g.data()[i]);
        }
        for (index i = 0; i < w.arena_size(); ++i)
            sum.data()[i] /= T(batches);
    };
    if constexpr (requires {
                      model.state();
                      model.steps();
                  }) {
        auto const state = model.state();
        auto const steps = model.steps();
        learn();
        model.state() = state;
        model.steps() = steps;
    } else {
        learn();
    }
    return sum;
}

}  // namespace descent::prune::detail
