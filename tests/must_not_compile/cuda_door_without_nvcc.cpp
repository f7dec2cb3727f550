// expects: <descent/cuda.cuh> is for files that nvcc compiles
// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

int main() {}
