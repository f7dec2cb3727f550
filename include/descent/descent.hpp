// SPDX-License-Identifier: MIT
#pragma once

// Everything of descent that needs only Eigen. Narrower and faster to compile: the umbrella of one area. CUDA
// is behind <descent/cuda.cuh>, for nvcc.
// Apart: <descent/distill.hpp>, compression: small models that learn from large ones
// Apart: <descent/io.hpp>, byte formats; what reads and writes models and runs includes what it needs
// Apart: <descent/prune.hpp>, compression: fewer weights
// Apart: <descent/quantize.hpp>, compression: fewer bits for trained weights
// Apart: <descent/search.hpp>, hyperparameter search
#include <descent/core.hpp>
#include <descent/data.hpp>
#include <descent/exec.hpp>
#include <descent/linear.hpp>
#include <descent/loss.hpp>
#include <descent/nn.hpp>
#include <descent/optim.hpp>
#include <descent/plot.hpp>
#include <descent/regularize.hpp>
#include <descent/schedule.hpp>
#include <descent/solve.hpp>
#include <descent/train.hpp>
#include <descent/version.hpp>
