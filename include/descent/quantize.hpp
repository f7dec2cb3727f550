// SPDX-License-Identifier: MIT
#pragma once

// Few bits for many numbers: evenly spaced codes, codebooks, packed model files. What only some programs need and
// all would compile stands apart:
// Apart: <descent/quantize/adaround.hpp>, rounding up or down as a layer's outputs need it
// Apart: <descent/quantize/adaround_layers.hpp>, the same for all layers of a network
// Apart: <descent/quantize/aware.hpp>, any layer with its weights rounded while it is trained
// Apart: <descent/quantize/bias_correction.hpp>, mean errors of rounding out of the biases
// Apart: <descent/quantize/binary_activation.hpp>, signs of what passes, as a layer to train with
// Apart: <descent/quantize/bit_linear.hpp>, dense layers of one and two bits
// Apart: <descent/quantize/channel_moments.hpp>, means and deviations of what layers give
// Apart: <descent/quantize/compare_zlib.hpp>, what zlib makes of what a packed file codes
// Apart: <descent/quantize/convert.hpp>, into training rounded, and out of it
// Apart: <descent/quantize/device_int4_linear.hpp>, layers of 4-bit weights where a device runs them
// Apart: <descent/quantize/device_int8_linear.hpp>, layers that compute in 8 bits where a device runs them
// Apart: <descent/quantize/equalization.hpp>, the same ranges for the channels of two layers
// Apart: <descent/quantize/error_feedback_layers.hpp>, GPTQ for all layers of a network
// Apart: <descent/quantize/fold_batch_norms.hpp>, a network without its batch norms
// Apart: <descent/quantize/int8_file.hpp>, files of networks that compute in 8 bits
// Apart: <descent/quantize/int8_layers.hpp>, what a network in 8 bits is made of
// Apart: <descent/quantize/int8_network.hpp>, networks that compute in 8 bits
// Apart: <descent/quantize/layer_inputs.hpp>, what a layer reads, for rounding or pruning by it
// Apart: <descent/quantize/layer_pairs.hpp>, which layers stand one behind another through relu
// Apart: <descent/quantize/learned_activation.hpp>, rounding of what passes, as a layer that trains its step
// Apart: <descent/quantize/learned_step.hpp>, the rule of aware for 2 to 8 bits, which trains the step
// Apart: <descent/quantize/mixed_precision.hpp>, bits by layer within a budget of bytes
// Apart: <descent/quantize/ternary.hpp>, the rules of aware for weights of two and three values
// Apart: <descent/quantize/to_int8.hpp>, trained networks in 8 bits

#include <descent/quantize/activation.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/calibration.hpp>
#include <descent/quantize/codebook.hpp>
#include <descent/quantize/coordinate_descent.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/fold.hpp>
#include <descent/quantize/int4_linear.hpp>
#include <descent/quantize/int8_linear.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/packed_table.hpp>
#include <descent/quantize/power_of_two.hpp>
#include <descent/quantize/shared_codebooks.hpp>
