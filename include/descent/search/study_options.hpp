// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace descent::search {

/// How long a study goes on, and how wide.
struct study_options {
    std::int64_t trials = 100;  ///< this many more; <= 0: no limit. Paused ones that go on do not count again
    std::int64_t total =
        0;  ///< no new trial is begun where the study has so many that are complete, stopped or
            ///< at work, here or in other processes; the run ends when they have ended. 0: no limit
    double seconds = 0;  ///< no new trial is begun after these; 0: no limit
    int parallel = 1;    ///< trials at work at once, each on a thread of its own; fewer where the system has no
                         ///< more threads to give
    int batch = 0;  ///< > 0: trials are asked for this many at a time, run on up to `parallel` threads and told
                    ///< in order, so that the study is the same for every number of threads. 0: each thread
                    ///< asks when it is free; with parallel = 1 that is reproducible too.
    std::int64_t failures = 100;  ///< a run without a limit of trials (trials <= 0) ends when so many failed in
                                  ///< a row, since failed ones do not count for `total`; 0: it does not
};

}  // namespace descent::search
