// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/plot/detail/canvas.hpp>
#include <descent/plot/detail/png.hpp>
#include <descent/plot/svg.hpp>

namespace descent::plot {

/// Images of a data set, row by row, with a caption under each:
///
///     plot::image_grid chart{.title = "What the network sees", .high = 255};
///     for (index i = 0; i < 40; ++i)
///         chart.add(test.x.row(i).data(), shape{3, 32, 32}, test.class_names[std::size_t(test.y[i])]);
///     chart.save("images.svg");
struct image_grid {
    std::string title = {};
    std::size_t columns = 8;
    double low = 0, high = 1;  ///< numbers of a dark and of a bright pixel; what lies outside is cut off
    double width = 640;        ///< pixels

    struct cell {
        std::string picture;  ///< a PNG file
        std::size_t height = 0, width = 0;
        std::string caption, color;
    };
    std::vector<cell> cells = {};  ///< what add has put in

    /// One image more: gray or red, green, blue planes, `extents` = [1 or 3, height, width], with its caption
    /// in this color. Long captions take several lines. Throws descent::error for other extents, and unless low
    /// < high.
    template <class T, class Extents>
    void add(T const* pixels, Extents const& extents, std::string caption = {}, std::string color = "#222222") {
        expect(extents.rank() == 3 && (extents[0] == 1 || extents[0] == 3) && extents[1] > 0 &&
                   extents[2] > 0 && extents[1] <= 4096 && extents[2] <= 4096,
               "image_grid: the image is ", extents.text(),
               ": must be [1 or 3, height, width], at most 4096 each");
        expect(low < high && std::isfinite(high - low), "image_grid: low = ", low, ", high = ", high,
               ": must be finite and low < high");
        auto const channels = std::size_t(extents[0]), tall = std::size_t(extents[1]),
                   wide = std::size_t(extents[2]);
        std::string bytes;
        for (std::size_t i = 0; i < tall * wide; ++i)
            for (std::size_t c = 0; c < channels; ++c) {
                double const share = (double(pixels[c * tall * wide + i]) - low) / (high - low);
                double const shown = share > 0 ? std::min(share, 1.0) : 0;  // NaN is dark
                bytes += static_cast<char>(std::lround(255 * shown));
            }
        cells.push_back(
            {detail::png(bytes, tall, wide, channels == 3), tall, wide, std::move(caption), std::move(color)});
    }

    /// The picture as SVG text; the images are in it. Throws descent::error if there are none, or for a width
    /// outside [200, 10000] or columns that have no room in it.
    std::string svg() const {
        double const gap = 12, line = 13, size = 11;
        detail::check_page("image_grid", width, 480);
        expect(!cells.empty(), "image_grid: nothing to draw: no image");
        expect(columns >= 1 && double(columns) * (gap + 8) <= width - gap, "image_grid: columns = ", columns,
               ": must be >= 1 and have room in the width");
        double const side = (width - gap) / double(columns) - gap;
        auto const heading = detail::wrapped(title, 15, width - 2 * gap);

        struct place {
            double x, y, width, height;
            std::vector<std::string> caption;
        };
        std::vector<place> places;
        double top = heading.empty() ? gap : 14 + 20 * double(heading.size());
        for (std::size_t first = 0; first < cells.size(); first += columns) {
            double tallest = 0;
            for (std::size_t i = first; i < std::min(first + columns, cells.size()); ++i) {
                cell const& each = cells[i];
                double const scale = side / double(std::max(each.height, each.width));
                double const wide = scale * double(each.width), tall = scale * double(each.height);
                places.push_back({gap + double(i - first) * (side + gap) + (side - wide) / 2, top, wide, tall,
                                  detail::wrapped(each.caption, size, side + gap - 2)});
                tallest = std::max(tallest, tall + line * double(places.back().caption.size()));
            }
            top += tallest + gap;
        }

        svg_writer out(width, top, title);
        for (std::size_t i = 0; i < heading.size(); ++i)
            out.text({width / 2, 24 + 20 * double(i)}, heading[i], {.size = 15, .bold = true});
        for (std::size_t i = 0; i < cells.size(); ++i) {
            place const& at = places[i];
            out.image(at.x, at.y, at.width, at.height,
                      "data:image/png;base64," + detail::base64(cells[i].picture));
            for (std::size_t k = 0; k < at.caption.size(); ++k) {
                double const needed = detail::text_width(at.caption[k], size);
                out.text({at.x + at.width / 2, at.y + at.height + line * double(k + 1) - 2}, at.caption[k],
                         {.size = size * std::min(1.0, (side + gap - 2) / needed), .color = cells[i].color});
            }
        }
        return out.finish();
    }

    /// Writes svg() to a file, whole or not at all. Throws descent::error if it cannot be written.
    void save(std::string const& path) const { write_file(path, svg()); }
};

}  // namespace descent::plot
