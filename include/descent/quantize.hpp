// SPDX-License-Identifier: MIT
#pragma once

// Few bits for many numbers: codebooks, packed model files.

#include <descent/quantize/codebook.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/shared_codebooks.hpp>
