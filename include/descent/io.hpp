// SPDX-License-Identifier: MIT
#pragma once

// Byte formats: of files that others read too, and codes that make bytes few.

#include <descent/io/bit_mixer.hpp>
#include <descent/io/bitmap.hpp>
#include <descent/io/bits.hpp>
#include <descent/io/dtype.hpp>
#include <descent/io/event.hpp>
#include <descent/io/huffman.hpp>
#include <descent/io/json.hpp>
#include <descent/io/onnx.hpp>
#include <descent/io/protobuf.hpp>
#include <descent/io/range_coder.hpp>
#include <descent/io/safetensors.hpp>
