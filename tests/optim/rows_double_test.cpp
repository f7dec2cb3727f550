// SPDX-License-Identifier: MIT
#include "optim/rows_of.hpp"

template <>
std::vector<rows::row<double>> rows::all<double>() {
    return list<double>();
}
