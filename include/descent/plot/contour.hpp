// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/axis.hpp>
#include <descent/plot/color.hpp>
#include <descent/plot/detail/color_bar.hpp>
#include <descent/plot/detail/level_loops.hpp>
#include <descent/plot/series.hpp>

namespace descent::plot {

/// Heights over two axes as bands of color between contour lines, with a color bar, and points on them in the
/// colors of heights of their own: `contour chart{.title = "Loss", .log_x = true}; chart.set(xs, ys, heights);
/// chart.add(trial_xs, trial_ys, trial_heights); chart.save("loss.svg");`. Heights that are NaN or Inf are gray
/// holes.
struct contour {
    std::string title = {}, x_label = {}, y_label = {};
    bool log_x = false, log_y = false;
    std::vector<std::string> x_names = {}, y_names = {};  ///< for an axis of things: thing k lies in [k, k + 1]
    int levels = 12;                                      ///< contour lines wanted at most, at round heights
    double radius = 3.5;                                  ///< of a point, in pixels
    double width = 640, height = 480;                     ///< pixels
    std::vector<double> xs = {}, ys = {};                 ///< where the grid's columns and rows are, rising
    std::vector<double> heights = {};                     ///< ys x xs, row-major
    series points = {};                                   ///< what add has put in, their heights beside them
    std::vector<double> point_heights = {};
    std::vector<point> rings = {};  ///< what mark has put in

    /// Takes a grid. Throws descent::error unless there are as many heights as ys times xs.
    template <class Xs, class Ys, class Heights>
    void set(Xs const& columns, Ys const& rows, Heights const& values) {
        xs = detail::numbers(columns), ys = detail::numbers(rows), heights = detail::numbers(values);
        check_grid();
    }

    /// Adds points. Those that lie outside the grid or cannot be drawn are left out. Throws descent::error if
    /// the sizes differ.
    template <class Xs, class Ys, class Heights>
    void add(Xs const& at_x, Ys const& at_y, Heights const& values) {
        series const more =
            detail::make_series("contour", "points", detail::numbers(at_x), detail::numbers(at_y));
        auto const tall = detail::numbers(values);
        expect(tall.size() == more.xs.size(), "contour: ", more.xs.size(), " points, ", tall.size(),
               " heights");
        points.xs.insert(points.xs.end(), more.xs.begin(), more.xs.end());
        points.ys.insert(points.ys.end(), more.ys.begin(), more.ys.end());
        point_heights.insert(point_heights.end(), tall.begin(), tall.end());
    }

    /// A ring around a point.
    void mark(double x, double y) { rings.push_back({x, y}); }

    /// The picture as SVG text. Throws descent::error if there is no finite height, the grid has fewer than two
    /// columns or rows or does not rise, or sizes do not fit.
    std::string svg() const {
        detail::check_page("contour", width, height);
        check_grid();
        range shown;
        for (double const h : heights)
            shown.add(h);
        expect(!shown.empty(), "contour: nothing to draw: no finite height");
        axis const scale = axis_for(shown, {.margin = 0, .most = levels}, "contour");
        std::vector<double> edges{0};
        for (tick const& each : scale.ticks)
            if (scale(each.at) > edges.back() && scale(each.at) < 1)
                edges.push_back(scale(each.at));
        edges.push_back(1);

        detail::canvas canvas(
            {"contour", title, x_label, y_label, width, height, 0, 0, detail::color_bar_room(scale)},
            side(xs, log_x, x_names, width / 80), side(ys, log_y, y_names, height / 50), {});
        draw_bands(canvas, scale, edges);
        draw_points(canvas, scale);
        detail::draw_color_bar(canvas, scale, edges);
        return canvas.out.finish();
    }

    /// Writes svg() to a file, whole or not at all. Throws descent::error if it cannot be written.
    void save(std::string const& path) const { write_file(path, svg()); }

private:
    void check_grid() const {
        expect(heights.size() == xs.size() * ys.size(), "contour: ", heights.size(), " heights: must be ",
               ys.size(), " x ", xs.size());
        auto const check = [](std::vector<double> const& places, bool log, std::string_view name) {
            expect(places.size() >= 2, "contour: ", places.size(), ' ', name, ": must be >= 2");
            for (std::size_t i = 0; i < places.size(); ++i)
                expect(drawable(places[i], log) && (i == 0 || places[i] > places[i - 1]), "contour: ", name,
                       '[', i, "] = ", places[i], ": must be finite", std::string_view(log ? ", positive" : ""),
                       " and rise");
        };
        check(xs, log_x, "xs"), check(ys, log_y, "ys");
    }

    static axis side(std::vector<double> const& places, bool log, std::vector<std::string> const& names,
                     double most) {
        if (!names.empty())
            return detail::names_axis(names, names.size(), std::max(most * 3, 1.0));
        axis made{places.front(), places.back(), log};
        made.ticks =
            log ? log_ticks(made.low, made.high, int(most)) : linear_ticks(made.low, made.high, int(most));
        return made;
    }

    void draw_bands(detail::canvas& canvas, axis const& scale, std::vector<double> const& edges) const {
        canvas.out.rect(canvas.left(), canvas.top(), canvas.width(), canvas.height(), "#cccccc");
        std::vector<double> known = heights;
        for (double& h : known)
            h = drawable(h, false) ? h : std::numeric_limits<double>::quiet_NaN();
        for (std::size_t band = 0; band + 1 < edges.size(); ++band) {
            double const level = band == 0 ? -std::numeric_limits<double>::infinity()
                                           : scale.low + edges[band] * (scale.high - scale.low);
            auto loops = detail::level_loops(known, xs.size(), ys.size(), level).find();
            for (auto& loop : loops)
                on_page(canvas, loop);
            canvas.out.area(loops, viridis((edges[band] + edges[band + 1]) / 2).text(),
                            band == 0 ? "" : "stroke=\"#ffffff\" stroke-opacity=\"0.45\" stroke-width=\"0.7\"");
        }
    }

    /// From columns and rows to pixels; points that are less than a pixel from the last one are left out.
    void on_page(detail::canvas const& canvas, std::vector<point>& loop) const {
        auto const place = [](std::vector<double> const& places, axis const& along, double at) {
            auto const left = std::min(std::size_t(at), places.size() - 2);
            double const from = along(places[left]), to = along(places[left + 1]);
            return from + (at - double(left)) * (to - from);
        };
        std::size_t kept = 0;
        for (point const& each : loop) {
            point const p{canvas.left() + canvas.width() * place(xs, canvas.x, each.x),
                          canvas.top() + canvas.height() * (1 - place(ys, canvas.y, each.y))};
            if (kept == 0 || std::fabs(p.x - loop[kept - 1].x) + std::fabs(p.y - loop[kept - 1].y) >= 1)
                loop[kept++] = p;
        }
        loop.resize(kept);
    }

    void draw_points(detail::canvas& canvas, axis const& scale) const {
        auto const inside = [](double at, bool log, axis const& along) {
            return drawable(at, log) && at >= along.low && at <= along.high;
        };
        for (std::size_t i = 0; i < points.xs.size(); ++i) {
            if (!inside(points.xs[i], log_x, canvas.x) || !inside(points.ys[i], log_y, canvas.y))
                continue;
            rgb const color =
                drawable(point_heights[i], false) ? viridis(scale(point_heights[i])) : rgb{204, 204, 204};
            canvas.out.circle(canvas.at(points.xs[i], points.ys[i]), radius, color.text(),
                              color.luminance() > 140 ? "stroke=\"#222222\"" : "stroke=\"#ffffff\"");
        }
        for (point const& ring : rings)
            if (inside(ring.x, log_x, canvas.x) && inside(ring.y, log_y, canvas.y))
                canvas.out.circle(canvas.at(ring.x, ring.y), 2 * radius, "none",
                                  "stroke=\"#d55e00\" stroke-width=\"2.2\"");
    }
};

}  // namespace descent::plot
