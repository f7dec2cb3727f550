// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
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
    bool log = true;          ///< logarithmic axis of the loss
    std::string metric = {};  ///< draws this metric in place of the loss
};

/// One line for each epoch under "epoch,steps,seconds,loss,validation,gradient_norm". Numbers are written in
/// the shortest form that reads back exactly; what was not measured is empty. Metrics follow under their names.
inline std::string format_history(std::vector<epoch_record> const& records,
                                  std::vector<std::string> const& metrics = {}) {
    std::string csv = "epoch,steps,seconds,loss,validation,gradient_norm";
    for (std::string const& name : metrics)
        csv += text(',', std::string_view(name));
    csv += '\n';
    auto const cell = [&](double value, char after) {
        csv += (std::isnan(value) ? std::string() : text(value)) + after;
    };
    for (epoch_record const& record : records) {
        csv += text(record.epoch, ',', record.steps, ',');
        cell(record.seconds, ','), cell(record.loss, ',');
        cell(record.validation, ','), cell(record.gradient_norm, metrics.empty() ? '\n' : ',');
        for (std::size_t i = 0; i < metrics.size(); ++i)
            cell(i < record.metrics.size() ? record.metrics[i] : epoch_record::none,
                 i + 1 < metrics.size() ? ',' : '\n');
    }
    return csv;
}

/// Writes format_history to a file, whole or not at all. Throws descent::error if it cannot be written.
inline void write_history_csv(std::string const& path, std::vector<epoch_record> const& records,
                              std::vector<std::string> const& metrics = {}) {
    write_file(path, format_history(records, metrics));
}

/// The loss, and the validation loss where there is one, or one of the metrics, against the epoch, as SVG.
/// Throws descent::error if there is nothing to draw: no epoch, no such metric, or no positive loss on a
/// logarithmic axis.
inline std::string draw_history(std::vector<epoch_record> const& records, history_picture const& look = {},
                                std::vector<std::string> const& metrics = {}) {
    if (!look.metric.empty()) {
        std::size_t const which =
            std::size_t(std::find(metrics.begin(), metrics.end(), look.metric) - metrics.begin());
        expect(which < metrics.size(), "history: there is no metric '", std::string_view(look.metric), "'");
        std::vector<double> epoch, value;
        for (epoch_record const& record : records) {
            epoch.push_back(double(record.epoch));
            value.push_back(which < record.metrics.size() ? record.metrics[which] : epoch_record::none);
        }
        plot::lines chart{.title = look.title, .x_label = "epoch", .y_label = look.metric};
        chart.add(look.metric, epoch, value);
        return chart.svg();
    }
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
                              history_picture const& look = {}, std::vector<std::string> const& metrics = {}) {
    write_file(path, draw_history(records, look, metrics));
}

/// Keeps the history where you can reach it while training runs, or after an exception; a resumed run brings
/// its earlier epochs. Callback: pass it by name. report.history is the same after the run.
///
///     history curve;
///     fit(model, train, recipe, options, curve);
///     curve.write_svg("loss.svg");
struct history {
    std::vector<epoch_record> records = {};
    std::vector<std::string> metrics = {};  ///< their names

    template <class T>
    void begin(training<T> const& now) {
        records = now.report.history;
        metrics = now.report.metric_names;
    }
    template <class T>
    void epoch_done(training<T> const& now) {
        records.push_back(now.report.history.back());
    }

    /// See write_history_csv and write_history_svg.
    void write_csv(std::string const& path) const { write_history_csv(path, records, metrics); }
    void write_svg(std::string const& path, history_picture const& look = {}) const {
        write_history_svg(path, records, look, metrics);
    }
};

}  // namespace descent
