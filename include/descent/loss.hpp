// SPDX-License-Identifier: MIT
#pragma once

#include <descent/loss/logistic.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/loss/squared.hpp>
