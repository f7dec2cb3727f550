// SPDX-License-Identifier: MIT
#pragma once

// All that layers ask of a device. <descent/cuda.cuh> brings it.
#include <descent/nn/device/attention.hpp>
#include <descent/nn/device/convolution.hpp>
#include <descent/nn/device/draws.hpp>
#include <descent/nn/device/elementwise.hpp>
#include <descent/nn/device/norm.hpp>
#include <descent/nn/device/pools.hpp>
#include <descent/nn/device/recurrent.hpp>
#include <descent/nn/device/sequence.hpp>
#include <descent/nn/device/softmax.hpp>
