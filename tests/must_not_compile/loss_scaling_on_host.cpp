// expects: loss_scaling.. is for networks that a device trains
// SPDX-License-Identifier: MIT
#include <descent/linear/linear_regression.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>

void train(descent::data::dataset<float> const& table);
void train(descent::data::dataset<float> const& table) {
    descent::linear::linear_regression<float> model{table.features()};
#ifdef FIXED
    fit(model, table, descent::chain(descent::adam{}, descent::rate{1e-3}), {});
#else
    fit(model, table, descent::chain(descent::adam{}, descent::rate{1e-3}), {}, descent::loss_scaling{});
#endif
}
