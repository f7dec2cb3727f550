// SPDX-License-Identifier: MIT
#pragma once

// Byte formats: of files that others read too. Codes that make bytes few stand apart; quantize/packed.hpp brings them:
// Apart: <descent/io/bit_mixer.hpp>, one forecast of the next bit out of several
// Apart: <descent/io/bitmap.hpp>, run lengths and LZW
// Apart: <descent/io/bits.hpp>, bits in bytes
// Apart: <descent/io/huffman.hpp>, canonical Huffman codes
// Apart: <descent/io/range_coder.hpp>, an adaptive range coder

#include <descent/io/dtype.hpp>
#include <descent/io/event.hpp>
#include <descent/io/json.hpp>
#include <descent/io/onnx.hpp>
#include <descent/io/protobuf.hpp>
#include <descent/io/safetensors.hpp>
