// SPDX-License-Identifier: MIT
#pragma once

#include <descent/solve/dual_coordinate_descent.hpp>
#include <descent/solve/linear_problem.hpp>
#include <descent/solve/outcome.hpp>
#include <descent/solve/problem.hpp>
