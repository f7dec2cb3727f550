// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <descent/plot/svg.hpp>

namespace descent::plot::detail {

/// Closed loops around where a grid of heights is at least `level` (marching squares): points as (column, row),
/// on the lines of the grid. Outside the grid, and where a height is NaN, all is below; a loop runs along such
/// a border.
class level_loops {
public:
    level_loops(std::vector<double> const& heights, std::size_t columns, std::size_t rows, double level)
        : heights_(heights),
          columns_(columns),
          rows_(rows),
          level_(level),
          links_(2 * cells(), std::pair(none, none)) {
        for (std::size_t r = 0; r <= rows_; ++r)
            for (std::size_t c = 0; c <= columns_; ++c)
                join(c, r);
    }

    std::vector<std::vector<point>> find() const {
        std::vector<std::vector<point>> loops;
        std::vector<char> seen(links_.size());
        for (std::size_t start = 0; start < links_.size(); ++start) {
            std::vector<point> loop;
            for (std::size_t at = start; at != none && links_[at].first != none && !seen[at];) {
                seen[at] = 1;
                loop.push_back(crossing(at));
                auto const [one, other] = links_[at];
                at = !seen[one] ? one : !seen[other] ? other : none;
            }
            if (loop.size() > 2)
                loops.push_back(std::move(loop));
        }
        return loops;
    }

private:
    static constexpr std::size_t none = ~std::size_t(0);
    static constexpr double below = -std::numeric_limits<double>::infinity();

    // A border of nodes that are below lies around the grid: node (c, r) of it is (c - 1, r - 1) of the
    // heights.
    std::size_t wide() const { return columns_ + 2; }
    std::size_t cells() const { return wide() * (rows_ + 2); }
    double height(std::size_t c, std::size_t r) const {
        if (c < 1 || r < 1 || c > columns_ || r > rows_)
            return below;
        double const found = heights_[(r - 1) * columns_ + c - 1];
        return found == found ? found : below;
    }
    bool high(std::size_t c, std::size_t r) const { return height(c, r) > below && height(c, r) >= level_; }

    /// The edge from (c, r) to the right, and the one down.
    std::size_t across(std::size_t c, std::size_t r) const { return 2 * (r * wide() + c); }
    std::size_t down(std::size_t c, std::size_t r) const { return across(c, r) + 1; }

    void link(std::size_t a, std::size_t b) {
        auto const add = [&](std::size_t from, std::size_t to) {
            auto& [one, other] = links_[from];
            (one == none ? one : other) = to;
        };
        add(a, b), add(b, a);
    }

    /// What the loops do in the cell with the corners (c, r) and (c + 1, r + 1).
    void join(std::size_t c, std::size_t r) {
        std::size_t const top = across(c, r), left = down(c, r), bottom = across(c, r + 1),
                          right = down(c + 1, r);
        int const shape = high(c, r) + 2 * high(c + 1, r) + 4 * high(c + 1, r + 1) + 8 * high(c, r + 1);
        switch (shape > 7 && shape != 10 ? 15 - shape : shape) {
            case 1:
                return link(top, left);
            case 2:
                return link(top, right);
            case 3:
                return link(left, right);
            case 4:
                return link(right, bottom);
            case 6:
                return link(top, bottom);
            case 7:
                return link(left, bottom);
            case 5:
            case 10: {  // a saddle: the mean tells which corners hang together
                double const mean =
                    (height(c, r) + height(c + 1, r) + height(c + 1, r + 1) + height(c, r + 1)) / 4;
                if ((shape == 5) == (mean >= level_))
                    return link(top, right), link(left, bottom);
                return link(top, left), link(right, bottom);
            }
            default:
                return;
        }
    }

    point crossing(std::size_t edge) const {
        std::size_t const c = edge / 2 % wide(), r = edge / 2 / wide();
        bool const vertical = edge % 2;
        double const a = height(c, r), b = vertical ? height(c, r + 1) : height(c + 1, r);
        double const share = a == below ? 1 : b == below ? 0 : (level_ - a) / (b - a);
        return {double(c) - 1 + (vertical ? 0 : share), double(r) - 1 + (vertical ? share : 0)};
    }

    std::vector<double> const& heights_;
    std::size_t columns_, rows_;
    double level_;
    std::vector<std::pair<std::size_t, std::size_t>> links_;
};

}  // namespace descent::plot::detail
