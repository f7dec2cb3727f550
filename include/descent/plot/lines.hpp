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

/// Curves: `lines chart{.title = "Training loss", .x_label = "epoch", .y_label = "loss", .log_y = true};
/// chart.add("adam", xs, ys); chart.save("loss.svg");`. A point that cannot be drawn (NaN, Inf, not positive on
/// a logarithmic axis) is a gap in its curve.
struct lines {
    /// From lows to highs over xs, in the color of a curve.
    struct band {
        std::vector<double> xs = {}, lows = {}, highs = {};
        std::size_t curve = 0;
    };

    std::string title = {}, x_label = {}, y_label = {};
    bool log_x = false, log_y = false;
    bool markers = false;              ///< a dot on each point
    double width = 640, height = 400;  ///< pixels
    std::vector<series> curves = {};   ///< what add has put in, in the order of drawing
    std::vector<band> bands = {};      ///< what add_band has put in

    /// Adds a curve. Throws descent::error if the sizes differ.
    template <class Xs, class Ys>
    void add(std::string name, Xs const& xs, Ys const& ys) {
        curves.push_back(
            detail::make_series("lines", std::move(name), detail::numbers(xs), detail::numbers(ys)));
    }
    void add(std::string name, std::initializer_list<double> xs, std::initializer_list<double> ys) {
        curves.push_back(detail::make_series("lines", std::move(name), xs, ys));
    }

    /// Adds a curve over 0, 1, 2, ...
    template <class Ys>
    void add(std::string name, Ys const& ys) {
        std::vector<double> xs(std::size_t(ys.size()));
        for (std::size_t i = 0; i < xs.size(); ++i)
            xs[i] = double(i);
        add(std::move(name), xs, ys);
    }

    /// A band behind the curves, in the color of the one that was added last: a deviation, an interval. Where
    /// it reaches below a logarithmic axis it goes down to its edge. Throws descent::error if the sizes differ
    /// or there is no curve yet.
    template <class Xs, class Lows, class Highs>
    void add_band(Xs const& xs, Lows const& lows, Highs const& highs) {
        expect(!curves.empty(), "lines: a band needs a curve before it");
        band made{detail::numbers(xs), detail::numbers(lows), detail::numbers(highs), curves.size() - 1};
        expect(made.xs.size() == made.lows.size() && made.xs.size() == made.highs.size(), "lines: a band of ",
               made.xs.size(), " xs, ", made.lows.size(), " lows, ", made.highs.size(), " highs");
        bands.push_back(std::move(made));
    }

    /// The picture as SVG text. Throws descent::error if no point can be drawn.
    std::string svg() const {
        detail::check_page("lines", width, height);
        range shown_x, shown_y;
        for (series const& curve : curves) {
            detail::check_series("lines", curve);
            for (std::size_t i = 0; i < curve.xs.size(); ++i) {
                if (!drawable(curve.xs[i], log_x) || !drawable(curve.ys[i], log_y))
                    continue;
                shown_x.add(curve.xs[i]);
                shown_y.add(curve.ys[i]);
            }
        }
        detail::check_drawable("lines", !shown_x.empty(), log_x || log_y);
        for (band const& each : bands)
            for (std::size_t i = 0; i < each.xs.size(); ++i)
                if (drawable(each.xs[i], log_x)) {
                    shown_y.add(each.lows[i], log_y);
                    shown_y.add(each.highs[i], log_y);
                }
        bool const counts = detail::whole_numbers(curves);
        std::vector<detail::legend_entry> legend;
        for (std::size_t i = 0; i < curves.size(); ++i)
            if (!curves[i].name.empty())
                legend.push_back({curves[i].name, detail::mark::line, series_color(i), series_dash(i)});
        detail::canvas canvas(
            {"lines", title, x_label, y_label, width, height},
            axis_for(shown_x, {.log = log_x, .counts = counts, .margin = 0.02, .most = int(width / 80)},
                     "lines: x"),
            axis_for(shown_y, {.log = log_y, .most = int(height / 50)}, "lines: y"), std::move(legend));
        for (band const& each : bands)
            draw_band(canvas, each);
        for (std::size_t i = 0; i < curves.size(); ++i)
            detail::draw_curve(canvas, curves[i], series_color(i), series_dash(i), markers);
        return canvas.out.finish();
    }

    /// Writes svg() to a file, whole or not at all. Throws descent::error if it cannot be written.
    void save(std::string const& path) const { write_file(path, svg()); }

private:
    void draw_band(detail::canvas& canvas, band const& each) const {
        std::vector<point> above, below;
        auto const finish = [&] {
            above.insert(above.end(), below.rbegin(), below.rend());
            if (above.size() > 2)
                canvas.out.area({above}, series_color(each.curve), "fill-opacity=\"0.18\"");
            above.clear(), below.clear();
        };
        for (std::size_t i = 0; i < each.xs.size(); ++i) {
            double const low = log_y && each.lows[i] <= 0 ? canvas.y.low : each.lows[i];
            if (!drawable(each.xs[i], log_x) || !drawable(each.highs[i], log_y) || !drawable(low, log_y)) {
                finish();
                continue;
            }
            above.push_back(canvas.at(each.xs[i], each.highs[i]));
            below.push_back(canvas.at(each.xs[i], std::max(low, canvas.y.low)));
        }
        finish();
    }
};

}  // namespace descent::plot
