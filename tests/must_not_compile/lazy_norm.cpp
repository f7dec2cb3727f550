// expects: a lazy_optimizer sees a few rows at a time
// SPDX-License-Identifier: MIT
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/clip_norm.hpp>
#include <descent/optim/lazy.hpp>

void train(descent::params<float>& weights) {
#ifdef FIXED
    descent::lazy_optimizer table{descent::chain(descent::adam{}), weights, "table"};
#else
    descent::lazy_optimizer table{descent::chain(descent::clip_norm{}, descent::adam{}), weights, "table"};
#endif
}
