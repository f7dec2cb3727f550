// expects: model and table hold other numbers: make both float or both double
// SPDX-License-Identifier: MIT
#include <descent/nn.hpp>
#include <descent/optim.hpp>
#include <descent/train.hpp>
using namespace descent;

#ifdef FIXED
using number = float;
#else
using number = double;
#endif

void train(data::dataset<number> const& table) {
    nn::network net{nn::input<float>{2}, nn::sequential{nn::dense{2}}};
    fit(net, table, chain(adam{}, rate{1e-3}));
}
