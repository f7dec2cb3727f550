// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <descent/core/error.hpp>
#include <descent/search/study.hpp>
#include <descent/train/bar_text.hpp>
#include <descent/train/terminal.hpp>

namespace descent::search {

/// Shows how a study goes: how many trials are done, the last objective, the best with its trial's number (from
/// 0 on), how many failed or were stopped, time left. On a terminal one line that is drawn again; elsewhere (a
/// file, a pipe, TERM=dumb) a line a trial, in runs of more than 50 at most one every 3 s. Characters are ASCII
/// unless the locale is UTF-8; NO_COLOR is respected. A callback of run, minimize and maximize. Throws
/// descent::error from them where the stream is null.
///
///     study.minimize({.trials = 60}, objective, search::progress_bar{});
struct progress_bar {
    std::FILE* stream = stderr;

    descent::detail::bar_state state = {};  ///< not a setting
    bool drawn = false;                     ///< not a setting

    void operator()(study_progress const& now) {
        expect(stream != nullptr, "progress_bar: stream is null: must be open");
        bool const terminal = descent::detail::is_terminal(stream);
        state.utf8 = descent::detail::writes_utf8();
        state.color = terminal && descent::detail::environment("NO_COLOR").empty();
        bool const done = now.trials == now.limit;
        if (!terminal && now.trials > 1 && !done && now.trials > 50 && now.seconds - state.drawn_at < 3)
            return;
        state.drawn_at = now.seconds;
        using descent::detail::short_number;
        std::string words = text(
            "  last ", now.last.value == now.last.value ? short_number(now.last.value) : std::string("none"));
        if (now.best.number >= 0)
            words += text("  best ", short_number(now.best.value), " (trial ", now.best.number, ')');
        if (now.failed > 0)
            words += text("  ", now.failed, " failed");
        if (now.stopped > 0)
            words += text("  ", now.stopped, " stopped");
        double const share = now.limit > 0 ? double(now.trials) / double(now.limit) : -1;
        if (done || now.limit <= 0)
            words += text("  ", descent::detail::clock_text(now.seconds));
        else
            words += text("  ", descent::detail::clock_text(now.seconds * (1 - share) / share), " left");
        std::string const left =
            now.limit > 0 ? text(now.trials, '/', now.limit, " trials") : text(now.trials, " trials");
        write(terminal ? descent::detail::bar_line(state, left, words, share,
                                                   descent::detail::terminal_width(stream))
                       : left + words + '\n');
        drawn = terminal;
    }

    /// The line of a terminal ends.
    void end(study_result const&) {
        if (drawn)
            write("\n");
        drawn = false;
    }

private:
    void write(std::string const& words) const {
        std::fwrite(words.data(), 1, words.size(), stream);
        std::fflush(stream);
    }
};

}  // namespace descent::search
