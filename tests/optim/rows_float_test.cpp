// SPDX-License-Identifier: MIT
#include "optim/rows_of.hpp"

template <>
std::vector<rows::row<float>> rows::all<float>() {
    return list<float>();
}
