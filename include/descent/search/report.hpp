// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/bars.hpp>
#include <descent/plot/contour.hpp>
#include <descent/plot/lines.hpp>
#include <descent/plot/scatter.hpp>
#include <descent/search/detail/outcomes.hpp>
#include <descent/search/importance.hpp>

namespace descent::search {

struct report_options {
    std::string title = "Study";
    goal direction = goal::minimize;
    std::size_t best = 10;     ///< trials in the table and in the parallel coordinates
    std::size_t contours = 3;  ///< so many of the most important variables are drawn in pairs
};

namespace detail {

inline bool has_value(record const& r) {
    return std::isfinite(r.value) && r.state != trial_state::failed && r.state != trial_state::running;
}
/// Is its value that of a whole trial, to be compared with others?
inline bool whole(record const& r) { return std::isfinite(r.value) && r.state == trial_state::complete; }

/// The whole ones, the best first.
inline std::vector<record const*> in_order(std::vector<record> const& records, goal direction) {
    std::vector<record const*> order;
    for (record const& r : records)
        if (whole(r))
            order.push_back(&r);
    std::stable_sort(order.begin(), order.end(), [&](record const* a, record const* b) {
        return direction == goal::minimize ? a->value < b->value : a->value > b->value;
    });
    return order;
}

/// Where a variable is drawn: the places of a grid along it, and how it looks there.
struct drawn_variable {
    domain const& of;
    std::vector<double> places = {};

    explicit drawn_variable(domain const& what, std::size_t count) : of(what) {
        if (of.listed()) {  // thing k lies in [k, k + 1], with the same height everywhere
            for (index k = 0; k < of.count(); ++k)
                places.insert(places.end(), {double(k) + (k ? 1e-6 : 0), double(k + 1)});
            return;
        }
        for (std::size_t i = 0; i < count; ++i) {
            double const share = double(i) / double(count - 1);
            places.push_back(of.log ? of.low * std::pow(of.high / of.low, share)
                                    : of.low + share * (of.high - of.low));
        }
    }

    bool flat() const { return !of.listed() && of.low == of.high; }
    std::vector<std::string> names() const {
        std::vector<std::string> made = of.labels;
        for (double const level : of.levels)
            made.push_back(text(level));
        return made;
    }
    /// The coordinate at a place: between the steps of a grid too.
    double coordinate(double place) const {
        if (of.listed()) {
            double const k = std::min(std::floor(place), double(of.count() - 1));
            return of.coordinate(place == k && k > 0 ? k - 1 : k);
        }
        if (of.step > 0 && !of.log)
            return ((place - of.low) / of.step + 0.5) / double(of.count());
        return of.coordinate(place);
    }
    /// The place of a trial's value.
    double place(double value) const { return of.listed() ? value + 0.5 : value; }
};

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

/// Each trial's objective, of those that were stopped or paused the last that they reported, and the best
/// complete one so far, as SVG.
inline std::string plot_best_so_far(std::vector<record> const& records, report_options const& options = {}) {
    std::vector<double> x, y, best, stopped_x, stopped_y;
    for (record const& r : records)
        if (detail::has_value(r) && !detail::whole(r)) {
            stopped_x.push_back(double(r.number));
            stopped_y.push_back(r.value);
        } else if (detail::whole(r)) {
            x.push_back(double(r.number));
            y.push_back(r.value);
            bool const minimum = options.direction == goal::minimize;
            best.push_back(best.empty() ? r.value
                           : minimum    ? std::min(best.back(), r.value)
                                        : std::max(best.back(), r.value));
        }
    plot::scatter chart{.title = "Best so far", .x_label = "trial", .y_label = "objective"};
    chart.add("trial", x, y);
    if (!stopped_x.empty())
        chart.add("stopped", stopped_x, stopped_y);
    chart.add_curve("best so far", x, best);
    return chart.svg();
}

/// The objective of complete trials against one variable, as SVG. Lists stand by position. Throws
/// descent::error for a name that none of them has.
inline std::string plot_slice(std::vector<record> const& records, std::string const& name) {
    std::vector<double> x, y;
    bool log = false;
    for (record const& r : records)
        if (detail::whole(r) && r.has(name)) {
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

namespace detail {

inline std::string plot_contour(told_objective const& told, index x, index y, goal direction) {
    search::space const& space = told.space();
    drawn_variable const along(space[x], 49), up(space[y], 49);
    expect(!along.flat() && !up.flat(), "report: '", space.name(along.flat() ? x : y),
           "' has one value alone: no contour");
    auto const value = [&](record const& r, index k) {
        return k < index(r.chosen.size()) ? r.chosen[std::size_t(k)] : record::none;
    };
    record const* best = nullptr;
    plot::contour chart{
        .x_label = space.name(x), .y_label = space.name(y), .log_x = along.of.log, .log_y = up.of.log};
    std::vector<double> xs, ys, heights;
    for (record const& r : told.complete) {
        if (whole(r) &&
            (!best || (direction == goal::minimize ? r.value < best->value : r.value > best->value)))
            best = &r;
        xs.push_back(along.place(value(r, x)));
        ys.push_back(up.place(value(r, y)));
        heights.push_back(r.value);
    }
    expect(best != nullptr, "report: no trial is complete");
    chart.add(xs, ys, heights);
    chart.mark(along.place(value(*best, x)), up.place(value(*best, y)));
    chart.title = text(space.name(x), " and ", space.name(y));
    if (space.size() > 2)
        chart.title += text(", the rest as in trial ", best->number);
    chart.x_names = along.names(), chart.y_names = up.names();

    std::vector<double> at, grid;
    for (index k = 0; k < space.size(); ++k)
        at.push_back(history::coordinate(*best, k, space[k].nominal() ? -1 : 0.5));
    for (double const v : up.places)
        for (double const h : along.places) {
            at[std::size_t(x)] = along.coordinate(h);
            at[std::size_t(y)] = up.coordinate(v);
            double const loss = told.model.loss_of(told.model.model().predict_mean(at.data()));
            grid.push_back(direction == goal::minimize ? loss : -loss);
        }
    chart.set(along.places, up.places, grid);
    return chart.svg();
}

}  // namespace detail

/// The objective over two variables, as SVG: a contour map of the sampler gaussian_process's model of the
/// trials, the other variables as in the best one, and the trials in the colors of what they gave; a ring marks
/// the best complete one. Throws descent::error for fewer than 4 complete trials, a name
/// that they do not have, and a variable of one value.
inline std::string plot_contour(std::vector<record> const& records, std::string const& x, std::string const& y,
                                report_options const& options = {}) {
    detail::told_objective const told(records, options.direction, "report");
    for (std::string const* const name : {&x, &y})
        expect(told.space().find(*name) >= 0, "report: no trial has '", *name, "'");
    expect(x != y, "report: a contour of '", x, "' and itself");
    return detail::plot_contour(told, told.space().find(x), told.space().find(y), options.direction);
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

/// One line a trial over all variables, each from its low end to its high one: the best complete ones, as SVG.
inline std::string plot_parallel(std::vector<record> const& records, report_options const& options = {}) {
    std::vector<record const*> order = detail::in_order(records, options.direction);
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

/// One page that needs nothing else: how many trials ended how, the best complete ones, by options.direction,
/// as a table, and the pictures above. Throws descent::error for fewer than 4 complete trials.
inline std::string report(std::vector<record> const& records, report_options const& options = {}) {
    std::vector<record const*> const order = detail::in_order(records, options.direction);
    expect(order.size() >= 4, "report: complete trials = ", order.size(), ": must be >= 4");
    search::space const& space = *order.front()->space;
    std::string html =
        text("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>",
             detail::html_text(options.title),
             "</title><style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
             "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:right}</style></head><body>\n<h1>",
             detail::html_text(options.title), "</h1>\n<p>", records.size(),
             " trials: ", detail::states_of(records), ".</p>\n<table><tr><th>trial</th><th>objective</th>");
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

    detail::told_objective const told(records, options.direction, "report");
    std::vector<index> leading;
    for (auto const& variable : importance(records, {.direction = options.direction}))
        if (index const k = space.find(variable.name);
            leading.size() < options.contours && space[k].count() != 1)
            leading.push_back(k);
    if (leading.size() > 1)
        html += "\n<h2>Pairs</h2>\n";
    for (std::size_t i = 0; i < leading.size(); ++i)
        for (std::size_t j = i + 1; j < leading.size(); ++j)
            html += detail::plot_contour(told, leading[i], leading[j], options.direction);
    return html + "\n</body></html>\n";
}

/// The page of a study, whose first goal is the direction.
///
///     write_file("study.html", search::report(study, {.title = "Rates"}));
template <class Study>
requires requires(Study const& study) { study.records(), study.goals(); }
std::string report(Study const& study, report_options options = {}) {
    options.direction = study.goals().front();
    return report(study.records(), options);
}

}  // namespace descent::search
