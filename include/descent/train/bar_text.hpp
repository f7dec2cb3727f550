// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/train/report.hpp>

// How progress is told on one line: of training, of studies.
namespace descent::detail {

/// A moment of a run: batches done, and what the rate counts.
struct bar_sample {
    double seconds = 0, done = 0, counted = 0;
};

/// Batches and counts per second, averaged with weights that fall by e every `memory` seconds.
class bar_speed {
public:
    void start(bar_sample const& now) { last_ = now; }

    void add(bar_sample const& now) {
        double const passed = now.seconds - last_.seconds;
        if (passed <= 0 || now.done <= last_.done)
            return;
        double const fading = std::exp(-passed / memory);
        weight_ = fading * weight_ + 1 - fading;
        done_ += (1 - fading) * ((now.done - last_.done) / passed - done_) / weight_;
        counted_ += (1 - fading) * ((now.counted - last_.counted) / passed - counted_) / weight_;
        last_ = now;
    }

    bool known() const { return done_ > 0; }
    double batches() const { return done_; }
    double counts() const { return counted_; }

private:
    static constexpr double memory = 10;
    bar_sample last_ = {};
    double weight_ = 0, done_ = 0, counted_ = 0;
};

struct bar_state {
    int shown = 3;  // progress_bar::silent until begin
    bool utf8 = false, color = false;
    bar_speed speed = {};
    double drawn_at = 0, loss = epoch_record::none, validation = epoch_record::none;
    bool improved = false, of_samples = false;
    int columns = 40;  // of the bar: never grows, so that it does not flicker
    std::int64_t lines = 0, last_line = 0;
    std::vector<std::string> metric_names = {};
    std::vector<double> metrics = {};
};

/// 4 significant digits, whatever the locale.
inline std::string short_number(double value) {
    char buffer[64];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 4);
    return {buffer, end.ptr};
}

/// "1.23k", "45.6M": 3 significant digits.
inline std::string metric_number(double value) {
    std::string_view const units = " kMGT";
    std::size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < units.size(); ++unit)
        value /= 1000;
    char buffer[64];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 3);
    return std::string(buffer, end.ptr) + (unit ? std::string(1, units[unit]) : "");
}

/// "1:02:03"; "-:--:--" where it is not known.
inline std::string clock_text(double seconds) {
    if (!(seconds >= 0 && seconds < 1e9))
        return "-:--:--";
    auto const whole = std::int64_t(seconds);
    auto const two = [](std::int64_t n) { return text(n < 10 ? "0" : "", n); };
    return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
}

/// "epoch  7/20"; "epoch 7" where nobody knows how many there will be.
inline std::string bar_left(std::int64_t epoch, std::int64_t epochs) {
    if (epochs == 0)
        return text("epoch ", epoch);
    std::string const all = std::to_string(epochs), done = std::to_string(epoch);
    return text("epoch ", std::string(all.size() > done.size() ? all.size() - done.size() : 0, ' '), done, "/",
                all);
}

/// What stands right of the bar: loss, validation, metrics, best mark, time left or, at the end, taken. `width`
/// pads numbers, so that a line that is drawn again does not jump.
inline std::string bar_right(bar_state const& state, bar_sample const& now, double work, bool over,
                             std::size_t width) {
    std::string words;
    auto const number = [&](std::string_view name, double value) {
        std::string const digits = short_number(value);
        words +=
            text("  ", name, ' ', digits, std::string(width > digits.size() ? width - digits.size() : 0, ' '));
    };
    if (!std::isnan(state.loss))
        number("loss", state.loss);
    if (!std::isnan(state.validation))
        number("validation", state.validation);
    for (std::size_t i = 0; i < state.metrics.size(); ++i)
        number(state.metric_names[i], state.metrics[i]);
    words += state.improved ? " *" : width ? "  " : "";
    if (over || now.done >= work)
        words += text("  ", clock_text(now.seconds));
    else
        words += text("  ", clock_text(state.speed.known() ? (work - now.done) / state.speed.batches() : -1.0),
                      " left");
    return words;
}

/// "  1.23k samples/s", empty where nothing was done yet.
inline std::string bar_rate(bar_state const& state) {
    if (!state.speed.known())
        return "";
    return text("  ", metric_number(state.speed.counts()), state.of_samples ? " samples/s" : " steps/s");
}

/// `share` of `columns` filled.
inline std::string bar_drawing(bar_state const& state, double share, int columns) {
    share = std::clamp(share, 0.0, 1.0);
    if (!state.utf8) {
        int const filled = int(share * (columns - 2));
        std::string drawn = text("[", std::string(std::size_t(filled), '='));
        if (filled < columns - 2)
            drawn += text(">", std::string(std::size_t(columns - 3 - filled), ' '));
        return drawn + "]";
    }
    int const filled = int(share * columns);
    std::string drawn = state.color ? "\033[36m" : "";
    for (int i = 0; i < columns; ++i) {
        if (i == filled && state.color)
            drawn += "\033[2m";
        drawn += i < filled ? "\u2501" : "\u2500";  // heavy, light
    }
    return drawn + (state.color ? "\033[0m" : "");
}

/// One line of the terminal, never longer than it, over the one before. Where not all has room, the rate goes
/// first, then the bar. share < 0: nobody knows it, there is no bar.
inline std::string bar_line(bar_state& state, std::string const& left, std::string const& right, double share,
                            int width) {
    constexpr int narrowest = 10, rate_room = 17;
    if (share < 0)
        return "\r" + (left + right).substr(0, std::size_t(std::max(width - 1, 0))) + "\033[K";
    std::string const percent = std::to_string(int(100 * std::clamp(share, 0.0, 1.0)));
    std::string const words =
        text(" ", std::string(percent.size() < 3 ? 3 - percent.size() : 0, ' '), percent, " %", right);
    // The last column stays free: some terminals wrap when it is written.
    int const room = width - 1 - int(left.size()) - 1 - int(words.size());
    bool const with_rate = room >= narrowest + rate_room;
    state.columns = std::min(state.columns, with_rate ? room - rate_room : room);
    std::string const drawn = state.columns < narrowest
                                  ? (left + words).substr(0, std::size_t(std::max(width - 1, 0)))
                                  : left + " " + bar_drawing(state, share, state.columns) + words +
                                        (with_rate ? bar_rate(state) : "");
    return "\r" + drawn + "\033[K";
}

}  // namespace descent::detail
