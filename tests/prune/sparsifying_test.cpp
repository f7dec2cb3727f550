// SPDX-License-Identifier: MIT
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/prune/hard_concrete.hpp>
#include <descent/prune/sparsifying.hpp>
#include <descent/prune/variational.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Two classes by the sign of the sum of the first two of ten features.
data::dataset<double> half_noise(descent::index rows) {
    data::dataset<double> table{.x = matrix<double>(rows, 10), .y = vector<double>(rows)};
    for (descent::index i = 0; i < table.x.size(); ++i)
        table.x.data()[i] = generator{3}.normal<double>(std::uint64_t(i));
    for (descent::index i = 0; i < rows; ++i)
        table.y[i] = table.x(i, 0) + table.x(i, 1) > 0 ? 1 : 0;
    return table;
}

auto network() {
    return nn::network{nn::input<double>{10},
                       nn::sequential{nn::dense{9}, nn::gelu{}, nn::dense{2}},
                       loss::softmax_cross_entropy{},
                       {.seed = 4}};
}

/// The largest difference of the gradient from central differences of the objective with the same draws.
template <class Gates>
double slope_error(Gates const& gates) {
    auto net = network();
    auto const table = half_noise(12);
    auto const batch = data::all_of(table);
    std::vector<bool> keep(90, true);
    keep[3] = keep[17] = false;
    net.params().set_mask("0.weight", keep);
    prune::sparsifying gated{net, gates};
    auto g = gated.params().like(), ignored = g;
    auto const objective = [&](params<double>& to) {
        gated.steps() = 5;
        return gated.gradient(batch, to, exec::openmp{2});
    };
    objective(g);
    double worst = 0;
    for (auto const& entry : gated.params().entries())
        for (descent::index i = 0; i < entry.size(); ++i) {
            double& at = gated.params().data()[entry.offset + i];
            double const was = at, h = 1e-6;
            at = was + h;
            double const above = objective(ignored);
            at = was - h;
            double const below = objective(ignored);
            at = was;
            worst = std::max(worst, std::abs((above - below) / (2 * h) - g.data()[entry.offset + i]));
        }
    if (gates.on.tensors.empty())
        CHECK(g["0.weight"].data[3] == 0);
    return worst;
}

}  // namespace

TEST_CASE("prune sparsifying: gradients of weights and gates agree with central differences") {
    CHECK(slope_error(prune::hard_concrete{.l0 = 1e-3}) < 1e-8);
    CHECK(slope_error(prune::hard_concrete{.l0 = 1e-3, .droprate = 0.2, .on = {.unit = prune::each_channel}}) <
          1e-8);
    CHECK(slope_error(
              prune::hard_concrete{.l0 = 1e-3, .on = {.unit = prune::each_row, .tensors = "2.weight"}}) < 1e-8);
    CHECK(slope_error(prune::variational{.kl = 1e-3, .log_sigma2 = -3}) < 1e-8);
}

TEST_CASE("prune hard_concrete: gates are shut and open as often as their distribution says") {
    prune::hard_concrete const gates{};
    int shut = 0, open = 0, draws = 40'000;
    for (int i = 0; i < draws; ++i) {
        double const z = gates.draw(1.0, 0.0, gates.noise<double>({.seed = 7}, std::uint64_t(i))).used;
        shut += z == 0;
        open += z == 1;
    }
    CHECK(std::abs(shut / double(draws) - (1 - 0.8318222)) < 0.008);
    CHECK(std::abs(open / double(draws) - 0.1681778) < 0.008);
    CHECK(std::abs(gates.penalty(1.0, 0.0).value / gates.l0 - 0.8318222) < 1e-7);
    CHECK(gates.at_rest(3.0, -5.0) == 0);
    CHECK(gates.at_rest(3.0, 5.0) == 3);
    CHECK(std::isfinite(gates.noise<float>({.seed = 7}, 0)));
}

TEST_CASE("prune variational: the divergence is the paper's approximation") {
    prune::variational const gates{.kl = 1};
    double const expected[] = {2.634208314, 0.431238951, 0.009329941};
    for (int k = 0; k < 3; ++k)
        CHECK(std::abs(gates.penalty(1.0, 4.0 * (k - 1) + std::log1p(1e-8)).value - expected[k]) < 1e-6);
    CHECK(gates.at_rest(0.5, std::log(0.25) + 2.9) == 0.5);
    CHECK(gates.at_rest(0.5, std::log(0.25) + 3.1) == 0);
}

TEST_CASE("prune sparsifying: features that say nothing lose their weights, by either kind of gates") {
    auto const table = half_noise(400);
    fit_options const options{.epochs = 60, .batch = 20};
    auto net = network();
    prune::sparsifying gated{
        net, prune::hard_concrete{.l0 = 2e-3, .on = {.unit = prune::each_channel, .tensors = "0.weight"}}};
    fit(gated, table, chain(adam{}, rate{0.02}), options, exec::openmp{2});
    gated.put();
    auto const kept = net.params().mask("0.weight");
    int useful = 0, useless = 0;
    for (std::size_t i = 0; i < kept.size(); ++i)
        (i % 10 < 2 ? useful : useless) += kept[i];
    CHECK(useful == 18);
    CHECK(useless <= 9);
    CHECK(accuracy(net, table) > 0.97);

    auto other = network();
    prune::sparsifying noisy{other, prune::variational{.kl = 1.0 / 400}};
    fit(noisy, table, chain(adam{}, rate{0.02}), {.epochs = 200, .batch = 20});
    noisy.put();
    auto const mask = other.params().mask("0.weight");
    useful = useless = 0;
    for (std::size_t i = 0; i < mask.size(); ++i)
        (i % 10 < 2 ? useful : useless) += mask[i];
    CHECK(useful >= 2);
    CHECK(useless <= 8);
    CHECK(accuracy(other, table) > 0.95);
}

TEST_CASE("prune sparsifying: bad settings, and what would leave nothing, are refused") {
    auto net = network();
    auto const told = [&](auto const& gates) { return message_of([&] { prune::sparsifying{net, gates}; }); };
    CHECK(told(prune::hard_concrete{.l0 = 0}) == "hard_concrete: l0 = 0: must be > 0 and finite");
    CHECK(told(prune::hard_concrete{.droprate = 1}) == "hard_concrete: droprate = 1: must be in (0, 1)");
    CHECK(told(prune::hard_concrete{.temperature = 2}) == "hard_concrete: temperature = 2: must be in (0, 1]");
    CHECK(told(prune::hard_concrete{.low = 0}) == "hard_concrete: low = 0: must be < 0 and finite");
    CHECK(told(prune::hard_concrete{.high = 1}) == "hard_concrete: high = 1: must be > 1 and finite");
    CHECK(told(prune::hard_concrete{.on = {.unit = prune::n_of_m(2, 4)}}) ==
          "hard_concrete: gates are not of N of M weights");
    CHECK(told(prune::hard_concrete{.on = {.tensors = "3.weight"}}) ==
          "sparsifying: '3.weight' takes no tensor, only '0.weight', '0.bias', '2.weight', '2.bias' are there");
    CHECK(told(prune::variational{.kl = -1}) == "variational: kl = -1: must be > 0 and finite");
    CHECK(told(prune::variational{.log_sigma2 = NAN}) == "variational: log_sigma2 = nan: must be finite");
    CHECK(told(prune::variational{.threshold = INFINITY}) == "variational: threshold = inf: must be finite");
    CHECK(told(prune::variational{.on = {.unit = prune::each_row}}) ==
          "variational: units must be single weights");
    prune::sparsifying gated{net, prune::hard_concrete{}};
    auto const a = gated.params()["2.weight.log_alpha"];
    std::fill_n(a.data, a.size(), -10.0);
    auto const before = net.params()["0.weight"].data[0];
    CHECK(message_of([&] { gated.put(); }) == "sparsifying: nothing would be left of '2.weight'");
    CHECK(net.params()["0.weight"].data[0] == before);
}
