// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace descent {

/// Why training or solving ended.
enum class status {
    finished,     ///< all epochs or iterations done
    converged,    ///< the gradient norm, or the duality gap, fell below the tolerance
    stopped,      ///< a callback asked for it (early stopping, your own)
    interrupted,  ///< Ctrl-C or a stop token
    out_of_time,  ///< the time limit
    diverged,     ///< a loss or a weight was not finite; the best weights are put back
    stalled       ///< no lower point was found: rounding, or a gradient that does not belong to the value
};

/// "finished", "converged", ...
constexpr std::string_view to_text(status s) {
    constexpr std::string_view names[] = {"finished",    "converged", "stopped", "interrupted",
                                          "out of time", "diverged",  "stalled"};
    return names[static_cast<int>(s)];
}

/// What a callback may return: go on (the default), or stop, and why.
struct verdict {
    bool stop = false;
    descent::status status = descent::status::stopped;
    std::string reason = {};
};

}  // namespace descent
