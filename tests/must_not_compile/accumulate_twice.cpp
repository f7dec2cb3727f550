// expects: a recipe accumulates gradients once at most
// SPDX-License-Identifier: MIT
#include <descent/optim/accumulate.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/optimizer.hpp>

#ifdef FIXED
auto const recipe = descent::chain(descent::accumulate{2}, descent::adam{});
#else
auto const recipe = descent::chain(descent::accumulate{2}, descent::accumulate{2}, descent::adam{});
#endif

void step(descent::params<float>& weights);
void step(descent::params<float>& weights) {
    descent::optimizer twice{recipe, weights};
    twice.step(weights);
}
