// SPDX-License-Identifier: MIT
#pragma once

// Pictures: lines, points, bars, matrices and images as SVG.

#include <descent/plot/axis.hpp>
#include <descent/plot/bars.hpp>
#include <descent/plot/color.hpp>
#include <descent/plot/contour.hpp>
#include <descent/plot/heat_map.hpp>
#include <descent/plot/image_grid.hpp>
#include <descent/plot/lines.hpp>
#include <descent/plot/scatter.hpp>
#include <descent/plot/series.hpp>
#include <descent/plot/svg.hpp>
#include <descent/plot/ticks.hpp>
