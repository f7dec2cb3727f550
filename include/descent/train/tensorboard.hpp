// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/io/event.hpp>
#include <descent/train/callback.hpp>
#include <descent/train/detail/folder.hpp>

namespace descent {

/// Writes the run as a file that `tensorboard --logdir` shows, while it runs: after each epoch loss/training,
/// loss/validation, gradient_norm, metrics/<name> (where there are such) and seconds/epoch, and, if asked,
/// loss/batch every few updates. The horizontal axis counts updates. Callback.
///
///     fit(net, train, recipe, options, tensorboard{.folder = "runs/a", .every_steps = 100});
///
/// The folder is made if its parent is there; each run, a resumed one too, adds a file. Throws descent::error
/// from fit for members out of range and for a file that cannot be written.
struct tensorboard {
    std::string folder = {};
    std::int64_t every_steps = 0;  ///< writes the loss of the batch so often; 0: never

    std::string file = {};     ///< the one being written: state, not a setting
    std::string pending = {};  ///< bytes that are not in the file yet: state, not a setting
    double seconds = 0;        ///< at the last epoch's end: state, not a setting

    template <class T>
    void begin(training<T> const& now) {
        expect(!folder.empty(), "tensorboard: folder is empty: must name one");
        expect(every_steps >= 0, "tensorboard: every_steps = ", every_steps, ": must be >= 0");
        int const reason = detail::make_folder(folder);
        expect(reason == 0, folder, ": cannot make the folder: ", std::string_view(std::strerror(reason)));
        double const start = time();
        // Viewers read files in the order of their names; microseconds tell the runs of one second apart.
        auto const whole = std::int64_t(start);
        std::string const part = text(1'000'000 + std::int64_t((start - double(whole)) * 1e6));
        file = text(folder, "/events.out.tfevents.", whole, '.', std::string_view(part).substr(1), ".descent");
        pending = io::event_head(start);
        if (now.steps > 0)
            pending += io::event_resumed(start, now.steps);
        seconds = now.seconds;
        flush();
    }

    template <class T>
    void step_done(training<T> const& now) {
        if (every_steps > 0 && now.steps % every_steps == 0)
            add(now.steps, "loss/batch", now.loss);
        if (pending.size() >= 1 << 16)
            flush();
    }

    template <class T>
    void epoch_done(training<T> const& now) {
        epoch_record const& last = now.report.history.back();
        add(now.steps, "loss/training", now.loss);
        add(now.steps, "loss/validation", now.validation);
        add(now.steps, "gradient_norm", last.gradient_norm);
        for (std::size_t i = 0; i < last.metrics.size(); ++i)
            add(now.steps, text("metrics/", now.report.metric_names[i]), last.metrics[i]);
        add(now.steps, "seconds/epoch", now.seconds - seconds);
        seconds = now.seconds;
        flush();
    }

    template <class T>
    void end(training<T> const&) {
        if (!file.empty())
            flush();
    }

private:
    static double time() {
        return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    }

    /// A number beyond the largest float becomes infinite; the conversion alone would be undefined.
    static float narrow(double value) {
        constexpr double most = std::numeric_limits<float>::max();
        if (std::fabs(value) <= most)
            return float(value);
        return value > 0 ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity();
    }

    /// NaN stands for "not measured".
    void add(std::int64_t step, std::string_view tag, double value) {
        if (!std::isnan(value))
            pending += io::event_scalar(time(), step, tag, narrow(value));
    }

    void flush() {
        std::FILE* const opened = std::fopen(file.c_str(), "ab");
        expect(opened != nullptr, file, ": cannot write: ", std::string_view(std::strerror(errno)));
        errno = 0;
        bool const written = std::fwrite(pending.data(), 1, pending.size(), opened) == pending.size();
        int const reason = errno;
        bool const closed = std::fclose(opened) == 0;
        expect(written && closed, file,
               ": cannot write: ", std::string_view(std::strerror(written ? errno : reason)));
        pending.clear();
    }
};

}  // namespace descent
