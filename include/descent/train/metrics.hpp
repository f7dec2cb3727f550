// SPDX-License-Identifier: MIT
#pragma once

// How good predictions are.

#include <descent/train/classification_metrics.hpp>
#include <descent/train/confusion_matrix.hpp>
#include <descent/train/log_loss.hpp>
#include <descent/train/ranking_curves.hpp>
#include <descent/train/ranking_metrics.hpp>
#include <descent/train/regression_metrics.hpp>
