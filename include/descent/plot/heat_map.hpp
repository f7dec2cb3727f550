// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/axis.hpp>
#include <descent/plot/color.hpp>
#include <descent/plot/detail/canvas.hpp>
#include <descent/plot/detail/color_bar.hpp>
#include <descent/plot/series.hpp>

namespace descent::plot {

/// A matrix as colors, row 0 at the top, with a color bar: `heat_map chart{.title = "Confusion", .values =
/// true}; chart.set(matrix); chart.save("confusion.svg");`. NaN and Inf are gray.
struct heat_map {
    std::string title = {}, x_label = {}, y_label = {};
    std::vector<std::string> row_names = {}, column_names = {};  ///< one each, or empty for 0, 1, ...
    bool values = false;                                         ///< the number in each cell
    bool square = true;  ///< square cells, unless the matrix is more than 4 times as long as wide
    double low = std::numeric_limits<double>::quiet_NaN();  ///< number of the darkest color; NaN: the smallest
    double high =
        std::numeric_limits<double>::quiet_NaN();  ///< number of the brightest color; NaN: the largest
    double width = 640, height = 480;              ///< pixels, at most
    std::size_t rows = 0, columns = 0;             ///< what set has put in
    std::vector<double> cells = {};                ///< rows x columns, row-major

    /// Takes the numbers of a matrix: anything with rows(), cols() and (row, column).
    template <class Matrix>
    void set(Matrix const& matrix) {
        rows = std::size_t(matrix.rows());
        columns = std::size_t(matrix.cols());
        cells.clear();
        for (decltype(matrix.rows()) i = 0; i < matrix.rows(); ++i)
            for (decltype(matrix.cols()) k = 0; k < matrix.cols(); ++k)
                cells.push_back(double(matrix(i, k)));
    }

    /// The picture as SVG text. Throws descent::error if no cell holds a finite number, or sizes or limits do
    /// not fit.
    std::string svg() const {
        check();
        range shown;
        for (double const cell : cells)
            shown.add(cell);
        expect(!shown.empty(), "heat_map: nothing to draw: no finite number");
        shown.low = low == low ? low : shown.low;
        shown.high = high == high ? high : shown.high;
        expect(shown.low <= shown.high && drawable(shown.low, false) && drawable(shown.high, false),
               "heat_map: low = ", shown.low, ", high = ", shown.high, ": must be finite and low <= high");
        axis scale = axis_for(shown, {.margin = 0, .most = 7}, "heat_map");

        bool const keep_square = square && rows <= 4 * columns && columns <= 4 * rows;
        detail::canvas canvas({"heat_map", title, x_label, y_label, width, height,
                               keep_square ? double(columns) : 0, double(rows), detail::color_bar_room(scale)},
                              detail::names_axis(column_names, columns, width / 31),
                              flipped(detail::names_axis(row_names, rows, height / 16)), {});
        draw_cells(canvas, scale);
        std::vector<double> steps(65);
        for (std::size_t i = 0; i < steps.size(); ++i)
            steps[i] = double(i) / 64;
        detail::draw_color_bar(canvas, scale, steps);
        return canvas.out.finish();
    }

    /// Writes svg() to a file, whole or not at all. Throws descent::error if it cannot be written.
    void save(std::string const& path) const { write_file(path, svg()); }

private:
    void check() const {
        detail::check_page("heat_map", width, height);
        expect(rows > 0 && columns > 0, "heat_map: nothing to draw: ", rows, " x ", columns, " cells");
        expect(cells.size() == rows * columns, "heat_map: ", cells.size(), " cells: must be ", rows, " x ",
               columns);
        expect(row_names.empty() || row_names.size() == rows, "heat_map: ", row_names.size(), " row names, ",
               rows, " rows");
        expect(column_names.empty() || column_names.size() == columns, "heat_map: ", column_names.size(),
               " column names, ", columns, " columns");
    }

    static axis flipped(axis made) {
        made.reversed = true;
        return made;
    }

    void draw_cells(detail::canvas& canvas, axis const& scale) const {
        // Far more cells than a reader can tell apart: one rectangle for the mean of a block.
        std::size_t const tall = (rows + 199) / 200, wide = (columns + 199) / 200;
        canvas.out.open_group("shape-rendering=\"crispEdges\"");
        for (std::size_t i = 0; i < rows; i += tall) {
            std::string color = block_color(i, 0, tall, wide, scale);
            std::size_t first = 0;  // neighbors of one color share a rectangle: large maps stay small files
            for (std::size_t k = wide; first < columns; k += wide) {
                std::string const next = k < columns ? block_color(i, k, tall, wide, scale) : "";
                if (next == color)
                    continue;
                point const a = canvas.at(double(first), double(i)),
                            b = canvas.at(double(std::min(k, columns)), double(std::min(i + tall, rows)));
                // Half a pixel under the next rectangle, which covers it: rounded edges must not leave white
                // seams.
                double const under_x = k < columns ? 0.5 : 0, under_y = i + tall < rows ? 0.5 : 0;
                canvas.out.rect(a.x, a.y, b.x - a.x + under_x, b.y - a.y + under_y, color);
                color = next;
                first = k;
            }
        }
        canvas.out.close_group();
        double const room = canvas.width() / double(columns);
        for (std::size_t i = 0; values && i < cells.size(); ++i) {
            if (!drawable(cells[i], false))
                continue;
            std::string const written = detail::short_number(cells[i]);
            double const size = std::min(12.0, 12 * 0.9 * room / detail::text_width(written, 12));
            point const middle = canvas.at(double(i % columns) + 0.5, double(i / columns) + 0.5);
            bool const bright = viridis(scale(cells[i])).luminance() > 140;
            canvas.out.text({middle.x, middle.y + 0.35 * size}, written,
                            {.size = size, .color = bright ? "#000000" : "#ffffff"});
        }
    }

    /// The color of the mean of a block's finite numbers, gray if it has none.
    std::string block_color(std::size_t row, std::size_t column, std::size_t tall, std::size_t wide,
                            axis const& scale) const {
        double mean = 0, count = 0;
        for (std::size_t i = row; i < std::min(row + tall, rows); ++i)
            for (std::size_t k = column; k < std::min(column + wide, columns); ++k)
                if (drawable(cells[i * columns + k], false))
                    mean += (cells[i * columns + k] - mean) / ++count;
        return count > 0 ? viridis(scale(mean)).text() : "#cccccc";
    }
};

}  // namespace descent::plot
