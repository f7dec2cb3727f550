// SPDX-License-Identifier: MIT
#pragma once

// Few bits for many numbers: evenly spaced codes, codebooks, packed model files.

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
