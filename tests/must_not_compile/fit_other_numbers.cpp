// expects: model and table hold other numbers
// SPDX-License-Identifier: MIT
#include <descent/linear/linear_regression.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/train/fit.hpp>

#ifdef FIXED
using number = float;
#else
using number = double;
#endif

void train(descent::data::dataset<float> const& table);
void train(descent::data::dataset<float> const& table) {
    descent::linear::linear_regression<number> model{table.features()};
    descent::fit(model, table, descent::solve::lbfgs{});
}
