// expects: fit without a recipe trains linear models
// SPDX-License-Identifier: MIT
#include <descent/nn.hpp>
#include <descent/train.hpp>
using namespace descent;

void train(data::dataset<float> const& table) {
    nn::network net{nn::input<float>{2}, nn::sequential{nn::dense{2}}};
    fit(net, table);
}
