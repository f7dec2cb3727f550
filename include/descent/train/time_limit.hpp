// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/error.hpp>
#include <descent/train/callback.hpp>

namespace descent {

/// Ends training with status::out_of_time after the first step that finds `seconds` gone since this call of fit
/// or minimize began (a resumed run has them anew). Callback. Throws descent::error from fit unless seconds >
/// 0.
struct time_limit {
    double seconds;

    double start = 0;  ///< state, not a setting

    template <class T>
    void begin(training<T> const& now) {
        expect(seconds > 0, "time_limit: seconds = ", seconds, ": must be > 0");
        start = now.seconds;
    }

    template <class T>
    verdict step_done(training<T> const& now) {
        if (now.seconds - start < seconds)
            return {};
        return {true, status::out_of_time, text("the time limit of ", seconds, " s")};
    }
};

}  // namespace descent
