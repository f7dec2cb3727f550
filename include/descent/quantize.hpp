// SPDX-License-Identifier: MIT
#pragma once

// Few bits for many numbers: evenly spaced codes, codebooks, packed model files.
// Apart: <descent/quantize/int8_layers.hpp>, what a network in 8 bits is made of
// Apart: <descent/quantize/int8_network.hpp>, networks that compute in 8 bits
// Apart: <descent/quantize/to_int8.hpp>, trained networks in 8 bits

#include <descent/quantize/activation.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/calibration.hpp>
#include <descent/quantize/codebook.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/fold.hpp>
#include <descent/quantize/int8_linear.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/power_of_two.hpp>
#include <descent/quantize/shared_codebooks.hpp>
