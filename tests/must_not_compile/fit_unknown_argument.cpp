// expects: behind the options: an executor, a slot storage
// SPDX-License-Identifier: MIT
#include <descent/linear/linear_regression.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>

#ifdef FIXED
auto const stop_at = [](auto const& now) { return now.loss < 0.1; };
#else
char const stop_at[] = "loss < 0.1";
#endif

void train(descent::data::dataset<float> const& table);
void train(descent::data::dataset<float> const& table) {
    descent::linear::linear_regression<float> model{table.features()};
    fit(model, table, descent::chain(descent::adam{}, descent::rate{1e-2}), {.epochs = 1}, stop_at);
}
