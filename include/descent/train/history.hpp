// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/lines.hpp>
#include <descent/train/callback.hpp>

namespace descent {

/// How the picture of a history looks.
struct history_picture {
    std::string title = "Training";
    bool log = true;  ///< logarithmic axis of the loss
};

/// One line for each epoch under "epoch,steps,seconds,loss,validation,gradient_norm". Numbers are written in
/// the shortest form that reads back exactly; what was not measured is empty.
inline std::string format_history(std::vector<epoch_record> const& records) {
    std::string csv = "epoch,steps,seconds,loss,validation,gradient_norm\n";
    auto const cell = [&](double value, char after) {
        csv += (std::isnan(value) ? std::string() : text(value)) + after;
    };
    for (epoch_record const& record : records) {
        csv += text(record.epoch, ',', record.steps, ',');
        cell(record.seconds, ','), cell(record.loss, ',');
        cell(record.validation, ','), cell(record.gradient_norm, '\n');
    }
    return csv;
}

/// Writes format_history to a file, whole or not at all. Throws descent::error if it cannot be written.
inline void write_history_csv(std::string const& path, std::vector<epoch_record> const& records) {
    write_file(path, format_history(records));
}

/// The loss, and the validation loss where there is one, against the epoch, as SVG. Throws descent::error if
/// there is nothing to draw: no epoch, or no positive loss on a logarithmic axis.
inline std::string draw_history(std::vector<epoch_record> const& records, history_picture const& look = {}) {
    std::vector<double> epoch, loss, validation;
    bool validated = false;
    for (epoch_record const& record : records) {
        epoch.push_back(double(record.epoch));
        loss.push_back(record.loss);
        validation.push_back(record.validation);
        validated |= !std::isnan(record.validation);
    }
    plot::lines chart{.title = look.title, .x_label = "epoch", .y_label = "loss", .log_y = look.log};
    chart.add("training", epoch, loss);
    if (validated)
        chart.add("validation", epoch, validation);
    return chart.svg();
}

/// Writes draw_history to a file, whole or not at all. Throws descent::error if it cannot be written.
inline void write_history_svg(std::string const& path, std::vector<epoch_record> const& records,
                              history_picture const& look = {}) {
    write_file(path, draw_history(records, look));
}

/// Keeps the history where you can reach it while training runs, or after an exception; a resumed run brings
/// its earlier epochs. Callback: pass it by name. report.history is the same after the run.
///
///     history curve;
///     fit(model, train, recipe, options, curve);
///     curve.write_svg("loss.svg");
struct history {
    std::vector<epoch_record> records = {};

    template <class T>
    void begin(training<T> const& now) {
        records = now.report.history;
    }
    template <class T>
    void epoch_done(training<T> const& now) {
        records.push_back(now.report.history.back());
    }

    /// See write_history_csv and write_history_svg.
    void write_csv(std::string const& path) const { write_history_csv(path, records); }
    void write_svg(std::string const& path, history_picture const& look = {}) const {
        write_history_svg(path, records, look);
    }
};

}  // namespace descent
