// SPDX-License-Identifier: MIT
#pragma once

// Linear models. What only some programs need and all would compile stands apart:
// Apart: <descent/linear/device_objective.hpp>, data on a device; <descent/cuda.cuh> includes it
// Apart: <descent/linear/device_rows.hpp>, the same data for several objectives
// Apart: <descent/linear/kernel_svm.hpp>, support vectors under the kernels of its <descent/linear/kernel.hpp>
// Apart: <descent/linear/kernel.hpp>, radial and polynomial kernels

#include <descent/linear/curvature.hpp>
#include <descent/linear/elastic_net.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/linear/linear_svm.hpp>
#include <descent/linear/logistic_regression.hpp>
#include <descent/linear/model.hpp>
#include <descent/linear/objective.hpp>
#include <descent/linear/one_vs_rest.hpp>
#include <descent/linear/online_svm.hpp>
#include <descent/linear/poisson_regression.hpp>
#include <descent/linear/softmax_regression.hpp>
