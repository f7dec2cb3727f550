// SPDX-License-Identifier: MIT
#pragma once

// How good predictions are.

#include <descent/train/classification_metrics.hpp>
#include <descent/train/ranking_metrics.hpp>
#include <descent/train/regression_metrics.hpp>
