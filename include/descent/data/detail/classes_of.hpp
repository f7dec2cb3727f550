// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/tensor.hpp>

namespace descent::data::detail {

/// Number of classes: that of their names if there are any, else the largest label + 1. 0 if y holds anything but
/// labels (a fraction, a negative or non-finite number, or 2^31 and above).
template <class T>
index classes_of(vector<T> const& y, index names) {
    if (names > 0)
        return names;
    index most = 0;
    for (T const label : y) {
        if (!(label >= 0) || !(label < T(2147483648.0)) || label != std::floor(label))
            return 0;
        most = index(label) + 1 > most ? index(label) + 1 : most;
    }
    return most;
}

}  // namespace descent::data::detail
