// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/file.hpp>
#include <descent/train/callback.hpp>
#include <descent/train/checkpoint_format.hpp>
#include <descent/train/detail/folder.hpp>

namespace descent {

/// Writes checkpoints of a run to files, so that a run killed at any moment goes on from the last one and ends
/// bit for bit like the run that never stopped. Callback; its place among the others does not matter.
///
///     auto const last = resume_from<float>("runs/a");  // empty where there is none yet
///     fit(net, train, recipe, options, resume{last},
///         checkpoint_file{.folder = "runs/a", .every_seconds = 60});
///
/// Also writes after the last epoch, and where another callback stopped or interrupted the run. Files are
/// "checkpoint-<steps>.safetensors" and "best.safetensors"; each appears whole or not at all, and is on the
/// disk before an older one goes. The folder is made if its parent is there; one folder serves one run. Throws
/// descent::error from fit for members out of range, for a folder that holds checkpoints of another run, and
/// for a file that cannot be written: then the older ones are as they were.
///
/// Each file waits for the disk (fsync, mostly 5 to 50 ms) beside about 3 ms for every MB of weights, slots and
/// best weights: where a hundred steps take less, let every_seconds set the pace in place of every_steps.
struct checkpoint_file {
    std::string folder = {};        ///< where the files go
    std::int64_t every_epochs = 1;  ///< each time so many epochs are done; 0: not at epochs
    std::int64_t every_steps = 0;   ///< as soon as so many updates were done since the last one; 0: never
    double every_seconds = 0;       ///< as soon as so much time has passed since the last one; 0: never
    std::int64_t keep_last = 3;     ///< files to keep beside the best, >= 1
    bool keep_best = true;          ///< keeps the epoch of the lowest validation loss, or loss, as "best"

    std::int64_t steps = 0;  ///< at the last checkpoint: state, not a setting
    double seconds = 0;      ///< at the last checkpoint: state, not a setting

    template <class T>
    void begin(training<T> const& now) {
        expect(!folder.empty(), "checkpoint_file: folder is empty: must name one");
        expect(every_epochs >= 0, "checkpoint_file: every_epochs = ", every_epochs, ": must be >= 0");
        expect(every_steps >= 0, "checkpoint_file: every_steps = ", every_steps, ": must be >= 0");
        expect(every_seconds >= 0, "checkpoint_file: every_seconds = ", every_seconds, ": must be >= 0");
        expect(keep_last >= 1, "checkpoint_file: keep_last = ", keep_last, ": must be >= 1");
        int const reason = detail::make_folder(folder);
        expect(reason == 0, folder, ": cannot make the folder: ", std::string_view(std::strerror(reason)));
        auto const there = detail::checkpoints_in(folder);
        expect(there.empty() || now.report.evaluations > 0, "checkpoint_file: ", folder, " holds '",
               there.empty() ? std::string_view() : std::string_view(there.back()),
               "' of an earlier run: resume from it or name another folder");
        for (std::string const& name : detail::names_in(folder))  // what a killed run left
            if (name.ends_with(".safetensors.tmp"))
                std::remove(text(folder, '/', name).c_str());
        steps = now.steps;
        seconds = now.seconds;
    }

    template <class T>
    void at_rest(training<T> const& now) {
        bool const whole = now.batch == 0;
        bool const due = (whole && every_epochs > 0 && now.epoch % every_epochs == 0) ||
                         (every_steps > 0 && now.steps - steps >= every_steps) ||
                         (every_seconds > 0 && now.seconds - seconds >= every_seconds);
        bool const last = whole && now.epoch == now.epochs;
        bool const best = keep_best && whole && now.improved;
        bool const file = due || last || now.report.status != status::finished;
        if (!best && !file)
            return;
        std::string const bytes = format_checkpoint(now.take());
        if (best)
            write_file(text(folder, "/best.safetensors"), bytes, {.sync = true});
        if (!file)
            return;
        std::string const name = detail::checkpoint_name(now.steps);
        write_file(text(folder, '/', name), bytes, {.sync = true});
        steps = now.steps;
        seconds = now.seconds;
        // Those of later steps are unreadable ones that the run did not resume from; it will write them anew.
        auto const there = detail::checkpoints_in(folder);
        auto const older = std::lower_bound(there.begin(), there.end(), name) - there.begin();
        for (std::ptrdiff_t i = 0; i + keep_last <= older; ++i)
            std::remove(text(folder, '/', there[std::size_t(i)]).c_str());
    }
};

/// The snapshot to go on from: that of a file, or the newest of a folder that checkpoint_file wrote to. A
/// snapshot without weights, from which resume{...} begins anew, where the folder is missing or has none yet. A
/// damaged file of a folder is passed over for the one before it. Throws descent::error where a named file, or
/// each of a folder's, cannot be read.
template <class T>
snapshot<T> resume_from(std::string const& folder_or_file) {
    if (!detail::is_folder(folder_or_file))
        return detail::exists(folder_or_file) || folder_or_file.ends_with(".safetensors")
                   ? read_checkpoint<T>(folder_or_file)
                   : snapshot<T>();
    std::string first_fault;
    auto const there = detail::checkpoints_in(folder_or_file);
    for (std::size_t i = there.size(); i-- > 0;) {
        try {
            return read_checkpoint<T>(text(folder_or_file, '/', there[i]));
        } catch (error const& fault) {
            if (first_fault.empty())
                first_fault = fault.what();
        }
    }
    expect(first_fault.empty(), first_fault);
    return {};
}

}  // namespace descent
