// SPDX-License-Identifier: MIT
#pragma once

#include <descent/solve/outcome.hpp>
#include <descent/solve/problem.hpp>
