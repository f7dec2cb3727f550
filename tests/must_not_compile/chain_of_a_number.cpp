// expects: update_rule
// SPDX-License-Identifier: MIT
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>

#ifdef FIXED
#include <descent/optim/rate.hpp>
auto const recipe = descent::chain(descent::adam{}, descent::rate{0.001});
#else
auto const recipe = descent::chain(descent::adam{}, 0.001);
#endif
