// SPDX-License-Identifier: MIT
#pragma once

#include <descent/data/batch.hpp>

namespace descent::data {

/// Samples with two targets each: the loss of one is share * loss(y) + (1 - share) * loss(other). See mixup.
template <class T>
struct mixed_batch {
    batch<T> rows;              ///< in order: rows.order is nullptr
    T const* others = nullptr;  ///< one a sample
    double share = 1;
};

}  // namespace descent::data
