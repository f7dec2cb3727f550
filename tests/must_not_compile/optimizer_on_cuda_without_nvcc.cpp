// expects: exec::cuda needs nvcc: include <descent/cuda.cuh> in a .cu file
// SPDX-License-Identifier: MIT
#include <descent/exec/cuda.hpp>
#include <descent/exec/serial.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/optim/sgd.hpp>

int main() {
    descent::params<float> weights{{"w", {3}}};
#ifdef FIXED
    descent::optimizer optimizer{descent::sgd{}, weights, descent::exec::serial{}};
#else
    descent::optimizer optimizer{descent::sgd{}, weights, descent::exec::cuda{}};
#endif
}
