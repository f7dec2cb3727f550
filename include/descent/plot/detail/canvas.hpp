// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/plot/axis.hpp>
#include <descent/plot/color.hpp>
#include <descent/plot/detail/text_width.hpp>
#include <descent/plot/svg.hpp>

namespace descent::plot::detail {

/// What the legend draws before a name.
enum class mark { line, dot, box };

struct legend_entry {
    std::string name;
    mark shape;
    std::string_view color, dash;
};

/// What a chart says about its page.
struct page {
    std::string_view who, title, x_label, y_label;
    double width, height;
    double cell = 0;  ///< where cells are to be square: the numbers of columns and rows, else 0
    double cell_rows = 0;
    double right_room = 0;  ///< kept free on the right, for a color bar
};

/// Throws descent::error unless a page of this size has room for a chart and is no mistake.
inline void check_page(std::string_view who, double width, double height) {
    expect(width >= 200 && width <= 10000, who, ": width = ", width, ": must be in [200, 10000]");
    expect(height >= 150 && height <= 10000, who, ": height = ", height, ": must be in [150, 10000]");
}

/// A page with title, axes, grid and legend around an area for the data. The legend stands right of the area,
/// or below it where it would take too much of the width; then the page grows downward.
class canvas {
public:
    canvas(page const& about, axis x_axis, axis y_axis, std::vector<legend_entry> entries)
        : x(std::move(x_axis)),
          y(std::move(y_axis)),
          entries_(std::move(entries)),
          page_height_(lay_out(about)),
          out(page_width_, page_height_, about.title) {
        draw_title(about);
        draw_grid_and_axes(about);
        draw_legend();
    }

    double left() const { return left_; }
    double top() const { return top_; }
    double width() const { return width_; }
    double height() const { return height_; }
    point at(double horizontal, double vertical) const {
        return {left_ + width_ * x(horizontal), top_ + height_ * (1 - y(vertical))};
    }

    axis x, y;

private:
    static constexpr double label_size = 11.5, name_size = 13, title_size = 15, legend_size = 12;
    static constexpr double swatch = 24, row = 19, slope = 35;

    static double widest(std::vector<tick> const& ticks) {
        double most = 0;
        for (tick const& each : ticks)
            most =
                std::max(most, text_width(each.label, label_size) + text_width(each.power, 0.75 * label_size));
        return most;
    }

    /// Fills the members that say where things are; returns the height of the page. The first pass shows how
    /// much room the title has, since it stands over the area and not over the page.
    double lay_out(page const& about) {
        measure(about, about.width);
        double const center = left_ + width_ / 2;
        return measure(about, 2 * std::min(center, page_width_ - center) - 12);
    }

    double measure(page const& about, double title_room) {
        page_width_ = about.width;
        title_ = wrapped(about.title, title_size, title_room);
        top_ = 14 + 20 * double(title_.size());
        left_ = 16 + widest(y.ticks) + (about.y_label.empty() ? 0 : 22);
        double right = 20 + about.right_room;
        double names = 0;
        for (legend_entry const& entry : entries_)
            names = std::max(names, text_width(entry.name, legend_size));
        legend_right_ = swatch + 6 + names + 14 < 0.34 * about.width &&
                        row * double(entries_.size()) < 0.8 * about.height - top_;
        if (!entries_.empty() && legend_right_)
            right += swatch + 6 + names + 14;
        width_ = std::max(about.width - left_ - right, 40.0);

        double const slot = x.ticks.empty() ? width_ : width_ / double(x.ticks.size());
        double const label = widest(x.ticks);
        slanted_ = !x.grid && label > slot - 4;
        double const radians = slope * 3.14159265358979 / 180;
        if (slanted_) {  // the first slanted name may reach further left than the labels of y
            double const overhang = label * std::cos(radians) - slot / 2 + 6;
            if (overhang > left_) {
                width_ -= overhang - left_;
                left_ = overhang;
            }
        }
        bottom_ = slanted_ ? 14 + label * std::sin(radians) : 24;
        double below = bottom_ + (about.x_label.empty() ? 6 : 26);
        if (!entries_.empty() && !legend_right_)
            below += 6 + row * place_below();
        height_ = std::max(about.height - top_ - below, 0.45 * about.height);
        if (about.cell > 0 && about.cell_rows > 0) {
            double const side = std::min(width_ / about.cell, height_ / about.cell_rows);
            page_width_ -= width_ - side * about.cell;
            width_ = side * about.cell;
            height_ = side * about.cell_rows;
        }
        return top_ + height_ + below;
    }

    /// Puts the entries below the area, in one line if they fit and else in columns; returns the number of
    /// lines.
    double place_below() {
        places_.clear();
        double total = 0, pitch = 0;
        for (legend_entry const& entry : entries_) {
            double const length = swatch + 6 + text_width(entry.name, legend_size) + 16;
            places_.push_back({total, 0});
            total += length;
            pitch = std::max(pitch, length);
        }
        if (total <= width_ + 16)
            return 1;
        auto const columns = std::size_t(std::max(1.0, std::floor((width_ + 16) / pitch)));
        for (std::size_t i = 0; i < places_.size(); ++i)
            places_[i] = {pitch * double(i % columns), row * double(i / columns)};
        return double((places_.size() - 1) / columns + 1);
    }

    void draw_title(page const& about) {
        for (std::size_t i = 0; i < title_.size(); ++i)
            out.text({left_ + width_ / 2, 24 + 20 * double(i)}, title_[i], {.size = title_size, .bold = true});
        if (!about.x_label.empty())
            out.text({left_ + width_ / 2, top_ + height_ + bottom_ + 16}, about.x_label, {.size = name_size});
        if (!about.y_label.empty())
            out.text({left_ - widest(y.ticks) - 19, top_ + height_ / 2}, about.y_label,
                     {.size = name_size, .rotate = -90});
    }

    void draw_grid_and_axes(page const& about) {
        double const bottom = top_ + height_, right = left_ + width_;
        out.open_group("shape-rendering=\"crispEdges\"");
        for (bool const major : {false, true}) {
            std::string_view const color = major ? "#dddddd" : "#f0f0f0";
            for (tick const& each : x.ticks)
                if (x.grid && each.label.empty() != major)
                    out.line({at_x(each.at), top_}, {at_x(each.at), bottom}, color);
            for (tick const& each : y.ticks)
                if (y.grid && each.label.empty() != major)
                    out.line({left_, at_y(each.at)}, {right, at_y(each.at)}, color);
        }
        if (about.cell == 0) {
            out.line({left_, top_}, {left_, bottom}, "#444444");
            out.line({left_, bottom}, {right, bottom}, "#444444");
        }
        for (tick const& each : x.ticks)
            if (x.grid)
                out.line({at_x(each.at), bottom}, {at_x(each.at), bottom + (each.label.empty() ? 2.5 : 5)},
                         "#444444");
        for (tick const& each : y.ticks)
            if (y.grid)
                out.line({left_ - (each.label.empty() ? 2.5 : 5), at_y(each.at)}, {left_, at_y(each.at)},
                         "#444444");
        out.close_group();

        for (tick const& each : x.ticks) {
            if (slanted_)
                out.text({at_x(each.at) + 4, bottom + 14}, each.label,
                         {.size = label_size, .anchor = "end", .rotate = -slope});
            else if (!each.label.empty())
                out.text({at_x(each.at), bottom + 19}, each.label, {.size = label_size}, each.power);
        }
        for (tick const& each : y.ticks)
            if (!each.label.empty())
                out.text({left_ - 8, at_y(each.at) + 0.35 * label_size}, each.label,
                         {.size = label_size, .anchor = "end"}, each.power);
    }

    void draw_legend() {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            legend_entry const& entry = entries_[i];
            point const corner =
                legend_right_ ? point{left_ + width_ + 16, top_ + 10 + row * double(i)}
                              : point{left_ + places_[i].x,
                                      page_height_ - row * (places_.back().y / row + 1) + places_[i].y + 4};
            point const middle{corner.x + swatch / 2, corner.y};
            if (entry.shape == mark::line)
                out.polyline({corner, {corner.x + swatch, corner.y}}, entry.color, 2, entry.dash);
            else if (entry.shape == mark::dot)
                out.circle(middle, 4, entry.color);
            else
                out.rect(middle.x - 6, middle.y - 6, 12, 12, entry.color);
            out.text({corner.x + swatch + 6, corner.y + 0.35 * legend_size}, entry.name,
                     {.size = legend_size, .anchor = "start"});
        }
    }

    double at_x(double value) const { return left_ + width_ * x(value); }
    double at_y(double value) const { return top_ + height_ * (1 - y(value)); }

    // lay_out fills what stands before page_height_, and page_height_ stands before out: the order matters.
    std::vector<legend_entry> entries_;
    std::vector<std::string> title_;
    std::vector<point> places_;
    double page_width_ = 0, left_ = 0, top_ = 0, width_ = 0, height_ = 0, bottom_ = 0;
    bool legend_right_ = true, slanted_ = false;
    double page_height_;

public:
    svg_writer out;
};

}  // namespace descent::plot::detail
