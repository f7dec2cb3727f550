// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include <descent/plot/detail/canvas.hpp>
#include <descent/plot/series.hpp>

namespace descent::plot::detail {

/// A run of points in pixels, thinned: of the points within half a pixel of x only the first, the lowest, the
/// highest and the last stay, in their order. The picture is the same, and a million points make a small file.
class thinned {
public:
    void add(point p) {
        if (points_.empty() || std::fabs(p.x - points_[first_].x) >= 0.5) {
            reduce();
            first_ = points_.size();
        }
        points_.push_back(p);
        if (points_.size() - first_ >= 4096)
            reduce();
    }
    std::vector<point> take() {
        reduce();
        first_ = 0;
        return std::move(points_);
    }

private:
    void reduce() {
        if (points_.size() - first_ <= 4)
            return;
        std::size_t low = first_, high = first_, last = points_.size() - 1;
        for (std::size_t i = first_; i <= last; ++i) {
            low = points_[i].y < points_[low].y ? i : low;
            high = points_[i].y > points_[high].y ? i : high;
        }
        point const kept[] = {points_[first_], points_[low < high ? low : high],
                              points_[low < high ? high : low], points_[last]};
        points_.resize(first_);
        points_.insert(points_.end(), kept, kept + 4);
    }

    std::vector<point> points_;
    std::size_t first_ = 0;
};

/// Draws one curve with gaps where a point cannot be drawn; a point between two gaps becomes a dot.
inline void draw_curve(canvas& on, series const& curve, std::string_view color, std::string_view dash,
                       bool markers) {
    thinned run;
    auto const finish = [&] {
        std::vector<point> const points = run.take();
        if (points.size() > 1)
            on.out.polyline(points, color, 2, dash);
        if (points.size() == 1 || markers)
            for (point const p : points)
                on.out.circle(p, 3, color);
    };
    for (std::size_t i = 0; i < curve.xs.size(); ++i) {
        if (drawable(curve.xs[i], on.x.log) && drawable(curve.ys[i], on.y.log))
            run.add(on.at(curve.xs[i], curve.ys[i]));
        else
            finish();
    }
    finish();
}

}  // namespace descent::plot::detail
