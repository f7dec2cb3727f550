// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/bars.hpp>
#include <descent/plot/lines.hpp>
#include <descent/plot/scatter.hpp>
#include <descent/search/importance.hpp>

namespace descent::search {

struct report_options {
    std::string title = "Study";
    goal direction = goal::minimize;
    std::size_t best = 10;  ///< trials in the table and in the parallel coordinates
};

namespace detail {

inline bool has_value(record const& r) {
    return std::isfinite(r.value) && r.state != trial_state::failed && r.state != trial_state::running;
}

inline std::string html_text(std::string const& plain) {
    std::string made;
    for (char const c : plain)
        made += c == '&'   ? "&amp;"
                : c == '<' ? "&lt;"
                : c == '>' ? "&gt;"
                : c == '"' ? "&quot;"
                           : std::string(1, c);
    return made;
}

}  // namespace detail

/// Each trial's objective and the best so far, as SVG.
inline std::string plot_best_so_far(std::vector<record> const& records, report_options const& options = {}) {
    std::vector<double> x, y, best;
    for (record const& r : records)
        if (detail::has_value(r)) {
            x.push_back(double(r.number));
            y.push_back(r.value);
            bool const minimum = options.direction == goal::minimize;
            best.push_back(best.empty() ? r.value
                           : minimum    ? std::min(best.back(), r.value)
                                        : std::max(best.back(), r.value));
        }
    plot::scatter chart{.title = "Best so far", .x_label = "trial", .y_label = "objective"};
    chart.add("trial", x, y);
    chart.add_curve("best so far", x, best);
    return chart.svg();
}

/// The objective against one variable, as SVG. Lists stand by position. Throws descent::error for a name that
/// no trial has.
inline std::string plot_slice(std::vector<record> const& records, std::string const& name) {
    std::vector<double> x, y;
    bool log = false;
    for (record const& r : records)
        if (detail::has_value(r) && r.has(name)) {
            index const k = r.space->find(name);
            log = (*r.space)[k].log;
            x.push_back(r[name]);
            y.push_back(r.value);
        }
    expect(!x.empty(), "report: no trial has '", name, "'");
    plot::scatter chart{
        .title = name, .x_label = name, .y_label = "objective", .log_x = log, .width = 420, .height = 300};
    chart.add("trial", x, y);
    return chart.svg();
}

/// The importance of the variables, as SVG bars.
inline std::string plot_importance(std::vector<record> const& records, report_options const& options = {}) {
    plot::bars chart{.title = "Importance", .y_label = "share of the variance"};
    std::vector<double> shares;
    for (auto const& [name, total] : importance(records, {.direction = options.direction})) {
        chart.groups.push_back(name);
        shares.push_back(total);
    }
    chart.add("total effect", shares);
    return chart.svg();
}

/// One line a trial over all variables, each from its low end to its high one: the best, as SVG.
inline std::string plot_parallel(std::vector<record> const& records, report_options const& options = {}) {
    std::vector<record const*> order;
    for (record const& r : records)
        if (detail::has_value(r))
            order.push_back(&r);
    std::stable_sort(order.begin(), order.end(), [&](record const* a, record const* b) {
        return options.direction == goal::minimize ? a->value < b->value : a->value > b->value;
    });
    order.resize(std::min(order.size(), options.best));
    std::string names;
    plot::lines chart{.title = "The best trials", .y_label = "low end to high end"};
    for (record const* r : order) {
        std::vector<double> x, y;
        names.clear();
        for (index k = 0; k < r->space->size(); ++k) {
            names += text(k ? ", " : "", r->space->name(k));
            double const at = history::coordinate(*r, k, record::none);
            x.push_back(double(k));
            y.push_back((*r->space)[k].nominal() ? (at + 0.5) / double((*r->space)[k].count()) : at);
        }
        chart.add(text(r->number), x, y);
    }
    chart.x_label = names;
    return chart.svg();
}

/// One page that needs nothing else: the best trials as a table and the pictures above. Throws
/// descent::error for fewer than 4 trials with a value.
///
///     write_file("study.html", search::report(study.records(), {.title = "Rates"}));
inline std::string report(std::vector<record> const& records, report_options const& options = {}) {
    std::vector<record const*> order;
    for (record const& r : records)
        if (detail::has_value(r))
            order.push_back(&r);
    expect(order.size() >= 4, "report: trials with a value = ", order.size(), ": must be >= 4");
    std::stable_sort(order.begin(), order.end(), [&](record const* a, record const* b) {
        return options.direction == goal::minimize ? a->value < b->value : a->value > b->value;
    });
    search::space const& space = *order.front()->space;
    std::string html =
        text("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>",
             detail::html_text(options.title),
             "</title><style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
             "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:right}</style></head><body>\n<h1>",
             detail::html_text(options.title), "</h1>\n<p>", records.size(), " trials, ", order.size(),
             " with a value.</p>\n<table><tr><th>trial</th><th>objective</th>");
    for (index k = 0; k < space.size(); ++k)
        html += text("<th>", detail::html_text(space.name(k)), "</th>");
    html += "</tr>\n";
    for (std::size_t i = 0; i < std::min(order.size(), options.best); ++i) {
        record const& r = *order[i];
        html += text("<tr><td>", r.number, "</td><td>", r.value, "</td>");
        for (index k = 0; k < space.size(); ++k) {
            std::string const& name = space.name(k);
            html += text("<td>",
                         !r.has(name)              ? std::string()
                         : space[k].labels.empty() ? text(r[name])
                                                   : detail::html_text(r.label(name)),
                         "</td>");
        }
        html += "</tr>\n";
    }
    html += "</table>\n" + plot_best_so_far(records, options) + plot_importance(records, options) +
            plot_parallel(records, options) + "\n<h2>Slices</h2>\n";
    for (index k = 0; k < space.size(); ++k)
        if (std::any_of(order.begin(), order.end(), [&](record const* r) { return r->has(space.name(k)); }))
            html += plot_slice(records, space.name(k));
    return html + "\n</body></html>\n";
}

}  // namespace descent::search
