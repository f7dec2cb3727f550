// SPDX-License-Identifier: MIT
#pragma once

inline void fill(float* x) {
#pragma omp parallel for
    for (int i = 0; i < 4; ++i)
        cudaMalloc(x + i, 1);
}
