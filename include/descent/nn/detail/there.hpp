// SPDX-License-Identifier: MIT
#pragma once

namespace descent::nn::detail {

/// The first argument of all that layers ask of a device. By it the functions of nn/device/ are found where a
/// layer runs on one; <descent/cuda.cuh> brings them, and no layer includes them.
struct there {};

}  // namespace descent::nn::detail
