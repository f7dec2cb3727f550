// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/plot/color.hpp>
#include <descent/plot/detail/canvas.hpp>

namespace descent::plot::detail {

/// What a color bar needs on the right of the area.
inline double color_bar_room(axis const& scale) {
    double widest = 0;
    for (tick const& each : scale.ticks)
        widest = std::max(widest, text_width(each.label, 11.5) + text_width(each.power, 9));
    return 44 + widest;
}

/// A bar with the color of the middle between each two of the edges, which are shares of the scale and rise.
inline void draw_color_bar(canvas& on, axis const& scale, std::vector<double> const& edges) {
    double const left = on.left() + on.width() + 18, bar = 14;
    double const top = on.top(), height = on.height();
    on.out.open_group("shape-rendering=\"crispEdges\"");
    for (std::size_t i = 0; i + 1 < edges.size(); ++i)
        on.out.rect(left, top + height * (1 - edges[i + 1]), bar,
                    height * (edges[i + 1] - edges[i]) + (i > 0 ? 0.5 : 0),
                    viridis((edges[i] + edges[i + 1]) / 2).text());
    for (tick const& each : scale.ticks)
        on.out.line({left + bar, top + height * (1 - scale(each.at))},
                    {left + bar + 4, top + height * (1 - scale(each.at))}, "#444444");
    on.out.close_group();
    for (tick const& each : scale.ticks)
        on.out.text({left + bar + 7, top + height * (1 - scale(each.at)) + 4}, each.label,
                    {.size = 11.5, .anchor = "start"}, each.power);
}

}  // namespace descent::plot::detail
