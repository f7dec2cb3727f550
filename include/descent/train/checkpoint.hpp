// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/train/callback.hpp>

namespace descent {

/// When a checkpoint is due.
struct checkpoint_plan {
    std::int64_t epochs = 1;  ///< each time so many epochs are done; 0: not at epochs
    std::int64_t steps = 0;   ///< each time so many batches of an epoch are done; 0: not inside epochs
};

/// Hands a snapshot of the run to save(snapshot<T> const&) every few epochs or steps, after the last epoch, and
/// where another callback stopped or interrupted the run: resume{snapshot} goes on from there, bit for bit.
/// Callback; its place among the others does not matter.
///
///     snapshot<float> last;
///     fit(model, train, recipe, options, stop_on_interrupt{},
///         checkpoint{[&](auto const& now) { last = now; }, {.epochs = 5}});
///
/// Throws descent::error from fit for a plan with negative numbers.
template <class F>
struct checkpoint {
    F save;
    checkpoint_plan plan = {};

    template <class T>
    void begin(training<T> const&) {
        expect(plan.epochs >= 0, "checkpoint: epochs = ", plan.epochs, ": must be >= 0");
        expect(plan.steps >= 0, "checkpoint: steps = ", plan.steps, ": must be >= 0");
    }

    template <class T>
    void at_rest(training<T> const& now) {
        bool const whole = now.batch == 0;
        bool const due = whole ? plan.epochs > 0 && now.epoch % plan.epochs == 0
                               : plan.steps > 0 && now.batch % plan.steps == 0;
        bool const last = whole && now.epoch == now.epochs;
        if (due || last || now.report.status != status::finished)
            save(now.take());
    }
};
template <class F>
checkpoint(F) -> checkpoint<F>;
template <class F>
checkpoint(F, checkpoint_plan) -> checkpoint<F>;

}  // namespace descent
