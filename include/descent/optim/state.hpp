// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/core/params.hpp>

namespace descent {

/// All that an optimizer remembers: put back, training goes on bit for bit.
template <class T>
struct optimizer_state {
    std::int64_t steps = 0;                    ///< updates of the weights so far
    std::int64_t calls = 0;                    ///< calls of step(): more than steps where gradients accumulate
    std::vector<double> memory;                ///< of the rules, group after group
    std::vector<params<T>> slots;              ///< in the order of the chain
    std::vector<std::vector<T>> tensor_state;  ///< of whole-tensor rules, tensor after tensor
};

}  // namespace descent
