// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/train/bar_text.hpp>
#include <descent/train/callback.hpp>
#include <descent/train/terminal.hpp>

namespace descent {

/// Shows how training goes. On a terminal one line that is drawn again: epoch, bar, share done, rate, time left
/// (both smoothed), loss, validation loss, metrics, and * where the last epoch was the best so far. Elsewhere
/// (a file, a pipe, TERM=dumb) plain lines: one for each epoch, in runs of more than 50 epochs at most one
/// every 3 s, the first and the last one always. Characters are ASCII unless the locale (LC_ALL, LC_CTYPE,
/// LANG) is UTF-8; NO_COLOR is respected. The rate counts samples, or steps where a step takes one or is of a
/// plain function. Callback. Throws descent::error from fit unless `every` is finite and >= 0.
struct progress_bar {
    /// `automatic`: a bar on a terminal, else lines.
    enum style_of { automatic, bar, lines, silent };

    std::FILE* stream = stderr;
    double every = 0.1;  ///< seconds between two drawings of the bar
    style_of style = automatic;

    detail::bar_state state = {};  ///< not a setting

    template <class T>
    void begin(training<T> const& now) {
        expect(every >= 0 && every <= 1e9, "progress_bar: every = ", every, ": must be finite and >= 0");
        expect(stream != nullptr, "progress_bar: stream is null: must be open");
        bool const terminal = detail::is_terminal(stream);
        state = {};
        state.shown = style != automatic ? style : terminal ? bar : lines;
        state.utf8 = detail::writes_utf8();
        state.color = terminal && detail::environment("NO_COLOR").empty();
        state.of_samples = now.report.evaluations > now.steps;
        state.speed.start(sample(now));
        if (state.shown == bar)
            draw(now, false);
    }

    template <class T>
    void step_done(training<T> const& now) {
        // Told from the first step: at the end comes an evaluation that is no step's.
        if (now.steps <= 1)
            state.of_samples = now.report.evaluations > now.steps;
        if (state.shown != bar || now.seconds - state.drawn_at < every)
            return;
        state.loss = now.loss;
        draw(now, false);
    }

    template <class T>
    void epoch_done(training<T> const& now) {
        state.loss = now.loss;
        state.validation = now.validation;
        state.improved = now.improved;
        if (!now.report.metric_names.empty()) {
            state.metric_names = now.report.metric_names;
            state.metrics = now.report.history.back().metrics;
        }
        if (state.shown == bar && (now.seconds - state.drawn_at >= every || now.epoch == now.epochs))
            draw(now, false);
        bool const frequent = (now.epochs ? now.epochs : now.epoch) <= 50 || state.lines == 0 ||
                              now.seconds - state.drawn_at >= 3;
        if (state.shown == lines && (frequent || now.epoch == now.epochs))
            line(now);
    }

    template <class T>
    void end(training<T> const& now) {
        if (state.shown == bar)
            draw(now, true);
        if (state.shown == lines && now.epoch > state.last_line)
            line(now);
        if (state.shown != silent && now.report.status != status::finished)
            write(text(to_text(now.report.status), ": ", std::string_view(now.report.reason), '\n'));
        state.shown = silent;
    }

private:
    template <class T>
    detail::bar_sample sample(training<T> const& now) const {
        return {now.seconds, double(now.epoch) * double(now.batches) + double(now.batch),
                double(state.of_samples ? now.report.evaluations : now.steps)};
    }

    template <class T>
    void line(training<T> const& now) {
        state.speed.add(sample(now));
        write(detail::bar_left(now.epoch, now.epochs) +
              detail::bar_right(state, sample(now), work(now), false, 0) + detail::bar_rate(state) + '\n');
        state.drawn_at = now.seconds;
        state.last_line = now.epoch;
        ++state.lines;
    }

    template <class T>
    void draw(training<T> const& now, bool last) {
        state.speed.add(sample(now));
        state.drawn_at = now.seconds;
        std::int64_t const shown_epoch = now.epoch + (now.batch > 0 && now.epoch < now.epochs);
        write(detail::bar_line(state, detail::bar_left(shown_epoch, now.epochs),
                               detail::bar_right(state, sample(now), work(now), last, 6),
                               work(now) > 0 ? sample(now).done / work(now)
                               : now.epochs  ? 1
                                             : -1,
                               detail::terminal_width(stream)) +
              (last ? "\n" : ""));
    }

    /// Batches in all.
    template <class T>
    static double work(training<T> const& now) {
        return double(now.epochs) * double(now.batches);
    }

    void write(std::string const& words) const {
        std::fwrite(words.data(), 1, words.size(), stream);
        std::fflush(stream);
    }
};

}  // namespace descent
