// SPDX-License-Identifier: MIT
#pragma once

// Training: fit and minimize, callbacks, metrics, gradients for functions without one. What only some programs need
// and all would compile stands apart:
// Apart: <descent/train/bagging.hpp>, one model per bootstrap sample
// Apart: <descent/train/checkpoint_file.hpp>, runs that are killed and go on, with its
// Apart: <descent/train/checkpoint_format.hpp>
// Apart: <descent/train/coefficients.hpp>, the table of coefficients with standard errors
// Apart: <descent/train/ensemble.hpp>, models that vote or are averaged
// Apart: <descent/train/explain.hpp>, permutation importance and exact linear SHAP values
// Apart: <descent/train/stacking.hpp>, a model of the predictions of others
// Apart: <descent/train/tensorboard.hpp>, event files for TensorBoard

#include <descent/train/arguments.hpp>
#include <descent/train/bar_text.hpp>
#include <descent/train/callback.hpp>
#include <descent/train/check_gradient.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/confusion_matrix.hpp>
#include <descent/train/differentiate.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/history.hpp>
#include <descent/train/log_loss.hpp>
#include <descent/train/loop.hpp>
#include <descent/train/loss_scaling.hpp>
#include <descent/train/metrics.hpp>
#include <descent/train/minimize.hpp>
#include <descent/train/numeric_gradient.hpp>
#include <descent/train/options.hpp>
#include <descent/train/paired_tests.hpp>
#include <descent/train/progress_bar.hpp>
#include <descent/train/ranking_curves.hpp>
#include <descent/train/ranking_metrics.hpp>
#include <descent/train/refresh_statistics.hpp>
#include <descent/train/regression_metrics.hpp>
#include <descent/train/report.hpp>
#include <descent/train/solving.hpp>
#include <descent/train/stop_on_interrupt.hpp>
#include <descent/train/terminal.hpp>
#include <descent/train/time_limit.hpp>
