// SPDX-License-Identifier: MIT
#pragma once

// Few bits for many numbers: codebooks.

#include <descent/quantize/codebook.hpp>
