// SPDX-License-Identifier: MIT
#pragma once

#include <descent/loss/absolute.hpp>
#include <descent/loss/concepts.hpp>
#include <descent/loss/hinge.hpp>
#include <descent/loss/huber.hpp>
#include <descent/loss/label_smoothing.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/multiclass_hinge.hpp>
#include <descent/loss/poisson.hpp>
#include <descent/loss/quantile.hpp>
#include <descent/loss/smooth_hinge.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/loss/squared.hpp>
#include <descent/loss/squared_hinge.hpp>
