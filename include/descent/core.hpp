// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/crc32.hpp>
#include <descent/core/dual.hpp>
#include <descent/core/error.hpp>
#include <descent/core/file.hpp>
#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/core/status.hpp>
#include <descent/core/tensor.hpp>
