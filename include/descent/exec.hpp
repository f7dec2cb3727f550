// SPDX-License-Identifier: MIT
#pragma once

// Apart: <descent/exec/device_int8.hpp>, products of 8-bit numbers on a device
// Apart: <descent/exec/device_rows.hpp>, totals of rows, joined in a fixed order, on a device

#include <descent/exec/bfloat16.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/cuda.hpp>
#include <descent/exec/device.hpp>
#include <descent/exec/epilogue.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/gemv.hpp>
#include <descent/exec/lane_sums.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/reduce.hpp>
#include <descent/exec/row.hpp>
#include <descent/exec/serial.hpp>
#include <descent/exec/unrolled.hpp>
