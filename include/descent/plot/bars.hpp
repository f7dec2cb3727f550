// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/axis.hpp>
#include <descent/plot/detail/canvas.hpp>
#include <descent/plot/series.hpp>

namespace descent::plot {

/// Grouped bars: `bars chart{.title = "Test accuracy", .y_label = "%", .groups = {"GD", "SGD", "Adam"}};
/// chart.add("train", {93, 94, 95}); chart.save("accuracy.svg");`. Bars stand on zero; a NaN or Inf has no bar.
struct bars {
    /// One bar in each group.
    struct bar_series {
        std::string name = {};
        std::vector<double> values = {};
    };

    std::string title = {}, x_label = {}, y_label = {};
    std::vector<std::string> groups = {};
    bool values = false;                  ///< the number above each bar
    double width = 640, height = 400;     ///< pixels
    std::vector<bar_series> series = {};  ///< what add has put in

    /// Adds one bar to each group. Throws descent::error if there are not as many numbers as groups.
    template <class Numbers>
    void add(std::string name, Numbers const& numbers) {
        bar_series made{std::move(name), detail::numbers(numbers)};
        check(made);
        series.push_back(std::move(made));
    }
    void add(std::string name, std::initializer_list<double> numbers) {
        add(std::move(name), std::vector<double>(numbers));
    }

    /// The picture as SVG text. Throws descent::error if there is no bar to draw.
    std::string svg() const {
        detail::check_page("bars", width, height);
        range shown;
        std::vector<detail::legend_entry> legend;
        for (std::size_t i = 0; i < series.size(); ++i) {
            check(series[i]);
            for (double const value : series[i].values)
                shown.add(value);
            if (!series[i].name.empty())
                legend.push_back({series[i].name, detail::mark::box, series_color(i), {}});
        }
        if (!shown.empty())
            shown.add(0);
        // First of the two axes: it throws where there is no group, for which names_axis has no ticks.
        axis const upward =
            axis_for(shown, {.margin = values ? 0.09 : 0.04, .most = int(height / 50)}, "bars: y");
        detail::canvas canvas({"bars", title, x_label, y_label, width, height},
                              detail::names_axis(groups, groups.size(), width / 31), upward, std::move(legend));

        double const each = 0.8 / double(series.size());
        for (std::size_t i = 0; i < series.size(); ++i) {
            for (std::size_t k = 0; k < groups.size(); ++k) {
                double const value = series[i].values[k], from = double(k) + 0.1 + each * double(i);
                if (!drawable(value, false))
                    continue;
                point const foot = canvas.at(from, std::min(value, 0.0)),
                            head = canvas.at(from + each, std::max(value, 0.0));
                double const gap = (head.x - foot.x) * 0.06;
                canvas.out.rect(foot.x + gap, head.y, head.x - foot.x - 2 * gap, foot.y - head.y,
                                series_color(i));
                if (values)
                    canvas.out.text({(foot.x + head.x) / 2, value < 0 ? foot.y + 12 : head.y - 4},
                                    detail::short_number(value), {.size = 10});
            }
        }
        point const zero = canvas.at(0, 0);
        canvas.out.line(zero, {zero.x + canvas.width(), zero.y}, "#444444", 1,
                        "shape-rendering=\"crispEdges\"");
        return canvas.out.finish();
    }

    /// Writes svg() to a file, whole or not at all. Throws descent::error if it cannot be written.
    void save(std::string const& path) const { write_file(path, svg()); }

private:
    void check(bar_series const& each) const {
        expect(each.values.size() == groups.size(), "bars: '", each.name, "': ", each.values.size(),
               " values, ", groups.size(), " groups");
    }
};

}  // namespace descent::plot
