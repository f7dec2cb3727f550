// expects: the recipe has two rates
// SPDX-License-Identifier: MIT
#include <descent/linear/linear_regression.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>

#ifdef FIXED
auto const recipe = descent::chain(descent::adam{}, descent::rate{1e-3});
#else
auto const recipe = descent::chain(descent::adam{}, descent::rate{1e-3}, descent::rate{0.1});
#endif

void train(descent::data::dataset<float> const& table);
void train(descent::data::dataset<float> const& table) {
    descent::linear::linear_regression<float> model{table.features()};
    fit(model, table, recipe);
}
