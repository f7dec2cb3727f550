// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/search/record.hpp>

namespace descent::search::detail {

/// How many trials are in which state, those that there are: "29 complete, 3 stopped, 1 failed".
inline std::string states_of(std::vector<record> const& records) {
    std::string all;
    for (auto const& [state, name] :
         {std::pair(trial_state::complete, "complete"), std::pair(trial_state::stopped, "stopped"),
          std::pair(trial_state::failed, "failed"), std::pair(trial_state::paused, "paused"),
          std::pair(trial_state::running, "at work"), std::pair(trial_state::waiting, "waiting")}) {
        std::int64_t count = 0;
        for (record const& r : records)
            count += r.state == state;
        if (count > 0)
            all += text(all.empty() ? "" : ", ", count, ' ', std::string_view(name));
    }
    return all;
}

/// Why there is no best trial: the states, and the reason of the last failure.
inline std::string why_none(std::vector<record> const& records) {
    if (records.empty())
        return "there are no trials";
    std::string why = "no trial is complete: " + states_of(records), last;
    bool paused = false;
    for (record const& r : records) {
        if (r.state == trial_state::failed)
            last = text("; trial ", r.number, ": ", r.reason);
        paused = paused || r.state == trial_state::paused;
    }
    why += last;
    if (paused)
        why += "; the scheduler lets paused ones go on only beside more trials";
    return why;
}

}  // namespace descent::search::detail
