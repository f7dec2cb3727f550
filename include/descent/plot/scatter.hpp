// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/axis.hpp>
#include <descent/plot/detail/canvas.hpp>
#include <descent/plot/detail/curve.hpp>
#include <descent/plot/series.hpp>

namespace descent::plot {

/// Points, with fitted lines or curves over them: `scatter chart{.title = "Line fit"}; chart.add("data", xs,
/// ys); chart.add_line("y = 2x + 1", 2, 1); chart.save("fit.svg");`. Points that cannot be drawn (NaN, Inf, not
/// positive on a logarithmic axis) are left out.
struct scatter {
    /// A straight line y = slope x + intercept over the whole width of the points.
    struct fitted {
        std::string name = {};
        double slope = 0, intercept = 0;
    };

    std::string title = {}, x_label = {}, y_label = {};
    bool log_x = false, log_y = false;
    double radius = 3;                 ///< of a point, in pixels
    double width = 640, height = 400;  ///< pixels
    std::vector<series> points = {};   ///< what add has put in
    std::vector<series> curves = {};   ///< what add_curve has put in
    std::vector<fitted> fits = {};     ///< what add_line has put in

    /// Adds points. Throws descent::error if the sizes differ.
    template <class Xs, class Ys>
    void add(std::string name, Xs const& xs, Ys const& ys) {
        points.push_back(
            detail::make_series("scatter", std::move(name), detail::numbers(xs), detail::numbers(ys)));
    }
    void add(std::string name, std::initializer_list<double> xs, std::initializer_list<double> ys) {
        points.push_back(detail::make_series("scatter", std::move(name), xs, ys));
    }

    /// Adds a curve through the given points. Throws descent::error if the sizes differ.
    template <class Xs, class Ys>
    void add_curve(std::string name, Xs const& xs, Ys const& ys) {
        curves.push_back(
            detail::make_series("scatter", std::move(name), detail::numbers(xs), detail::numbers(ys)));
    }

    /// Adds the straight line y = slope x + intercept.
    void add_line(std::string name, double slope, double intercept) {
        fits.push_back({std::move(name), slope, intercept});
    }

    /// The picture as SVG text. Throws descent::error if no point can be drawn.
    std::string svg() const {
        detail::check_page("scatter", width, height);
        range shown_x, shown_y;
        for (std::vector<series> const* const group : {&points, &curves}) {
            for (series const& each : *group) {
                detail::check_series("scatter", each);
                for (std::size_t i = 0; i < each.xs.size(); ++i) {
                    if (!drawable(each.xs[i], log_x) || !drawable(each.ys[i], log_y))
                        continue;
                    shown_x.add(each.xs[i]);
                    shown_y.add(each.ys[i]);
                }
            }
        }
        detail::check_drawable("scatter", !shown_x.empty(), log_x || log_y);
        std::vector<series> drawn = curves;
        for (fitted const& fit : fits) {
            drawn.push_back(sampled(fit, shown_x));
            for (double const y : drawn.back().ys)
                shown_y.add(y, log_y);
        }

        std::vector<detail::legend_entry> legend;
        for (std::size_t i = 0; i < points.size(); ++i)
            if (!points[i].name.empty())
                legend.push_back({points[i].name, detail::mark::dot, series_color(i), {}});
        for (std::size_t i = 0; i < drawn.size(); ++i)
            if (!drawn[i].name.empty())
                legend.push_back({drawn[i].name, detail::mark::line, series_color(points.size() + i), {}});
        detail::canvas canvas({"scatter", title, x_label, y_label, width, height},
                              axis_for(shown_x, {.log = log_x, .most = int(width / 80)}, "scatter: x"),
                              axis_for(shown_y, {.log = log_y, .most = int(height / 50)}, "scatter: y"),
                              std::move(legend));
        for (std::size_t i = 0; i < points.size(); ++i) {
            canvas.out.open_group("fill-opacity=\"0.65\"");
            for (std::size_t k = 0; k < points[i].xs.size(); ++k)
                if (drawable(points[i].xs[k], log_x) && drawable(points[i].ys[k], log_y))
                    canvas.out.circle(canvas.at(points[i].xs[k], points[i].ys[k]), radius, series_color(i));
            canvas.out.close_group();
        }
        for (std::size_t i = 0; i < drawn.size(); ++i)
            detail::draw_curve(canvas, drawn[i], series_color(points.size() + i), {}, false);
        return canvas.out.finish();
    }

    /// Writes svg() to a file, whole or not at all. Throws descent::error if it cannot be written.
    void save(std::string const& path) const { write_file(path, svg()); }

private:
    /// The ends of the line, and points between where a logarithmic axis bends it.
    series sampled(fitted const& fit, range over) const {
        series line{fit.name, {}, {}};
        int const pieces = log_x || log_y ? 100 : 1;
        for (int i = 0; i <= pieces; ++i) {
            double const share = double(i) / pieces;
            line.xs.push_back(log_x ? over.low * std::pow(over.high / over.low, share)
                                    : over.low + share * (over.high - over.low));
            line.ys.push_back(fit.slope * line.xs.back() + fit.intercept);
        }
        return line;
    }
};

}  // namespace descent::plot
