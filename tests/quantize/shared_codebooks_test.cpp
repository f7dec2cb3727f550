// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
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
#include <descent/quantize/shared_codebooks.hpp>
#include <descent/train/fit.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Points of three classes around three places.
data::dataset<float> points() {
    data::dataset<float> table{.x = matrix<float>(96, 2), .y = vector<float>(96)};
    generator const draws{.seed = 3, .stream = 0};
    for (descent::index i = 0; i < 96; ++i) {
        auto const y = i % 3;
        table.y[i] = float(y);
        table.x(i, 0) = (y == 1 ? 2.0f : 0.0f) + draws.uniform<float>(std::uint64_t(2 * i));
        table.x(i, 1) = (y == 2 ? 2.0f : 0.0f) + draws.uniform<float>(std::uint64_t(2 * i + 1));
    }
    return table;
}

auto small_network() {
    nn::network net{nn::input<float>{2},
                    nn::sequential{nn::dense{12}, nn::gelu{}, nn::dense{3}},
                    loss::softmax_cross_entropy{},
                    {.seed = 4}};
    std::vector<bool> keep(24, true);
    keep[3] = keep[10] = keep[11] = false;
    net.params().set_mask("0.weight", keep);
    return net;
}

std::size_t distinct(tensor_view<float> tensor) {
    return std::set<float>(tensor.data, tensor.data + tensor.size()).size();
}

}  // namespace

TEST_CASE("quantize shared_codebooks: weights take the nearest number of the optimal codebook") {
    auto net = small_network();
    auto const before = net.params();
    quantize::shared_codebooks const tied{net, {.codes = 4, .vector_codes = 2}};
    auto const book = [&](std::string const& name) {
        auto const b = tied.params()[name];
        return std::vector<float>(b.data, b.data + b.size());
    };
    CHECK(book("0.weight").size() == 4);
    CHECK(book("2.weight").size() == 4);
    CHECK(book("0.bias").size() <= 2);
    std::vector<float> kept;
    for (int i = 0; i < 24; ++i)
        if (i != 3 && i != 10 && i != 11)
            kept.push_back(before["0.weight"].data[i]);
    CHECK(quantize::optimal_codebook<float>(kept, 4).values == book("0.weight"));
    int wrong = 0;
    for (std::size_t i = 0; i < 24; ++i) {
        float const was = before["0.weight"].data[i], is = net.params()["0.weight"].data[i];
        int const code = tied.codes("0.weight")[i];
        if (i == 3 || i == 10 || i == 11) {
            wrong += code != -1 || is != 0;
            continue;
        }
        wrong += is != book("0.weight")[std::size_t(code)];
        for (float const other : book("0.weight"))
            wrong += std::fabs(was - other) < std::fabs(was - is) * 0.999f;
    }
    CHECK(wrong == 0);
    CHECK(net.params().masked());
}

TEST_CASE("quantize shared_codebooks: the gradient is that of the numbers shared") {
    auto net = small_network();
    auto const table = points();
    quantize::shared_codebooks tied{net, {.codes = 3, .vector_codes = 2}};
    auto g = tied.params().like();
    tied.gradient(data::all_of(table), g);
    double worst = 0;
    for (auto const& entry : tied.params().entries())
        for (descent::index i = 0; i < entry.size(); ++i) {
            float& number = tied.params().data()[entry.offset + i];
            float const was = number;
            number = was + 0.01f;
            double const above = tied.loss(data::all_of(table));
            number = was - 0.01f;
            double const below = tied.loss(data::all_of(table));
            number = was;
            worst = std::max(worst, std::fabs((above - below) / 0.02 - double(g.data()[entry.offset + i])));
        }
    CHECK(worst < 2e-3);
}

TEST_CASE("quantize shared_codebooks: fit trains them; codes and zeros stay, numbers stay few and short") {
    auto const table = points();
    auto const trained = [&](int threads) {
        auto net = small_network();
        quantize::shared_codebooks tied{net, {.codes = 4, .vector_codes = 3, .as = io::dtype::bf16}};
        auto const codes = tied.codes("2.weight");
        double const before = tied.loss(data::all_of(table));
        auto const report = fit(tied, table, chain(adam{}, rate{0.02}), {.epochs = 30, .batch = 16},
                                exec::openmp{.threads = threads});
        tied.put();
        CHECK(report.loss < 0.5 * before);
        CHECK(tied.codes("2.weight") == codes);
        CHECK(distinct(net.params()["2.weight"]) <= 4);
        CHECK(distinct(net.params()["0.weight"]) <= 5);  // and the 0 of the masked
        CHECK(net.params()["0.weight"].data[10] == 0);
        int longer = 0;
        for (float const each : net.params()["2.weight"].flat())
            longer += (std::bit_cast<std::uint32_t>(each) & 0xffff) != 0;
        CHECK(longer == 0);
        return std::vector<float>(net.params().data(), net.params().data() + net.params().arena_size());
    };
    auto const one = trained(1);
    CHECK(one == trained(3));
}

TEST_CASE("quantize shared_codebooks: bad input") {
    auto net = small_network();
    auto const before = net.params();
    auto const refused = [&](quantize::codebook_options const& options) {
        return message_of([&] { quantize::shared_codebooks tied(net, options); });
    };
    CHECK(refused({.codes = 0}) == "shared_codebooks: codes = 0: must be in [1, 256]");
    CHECK(refused({.vector_codes = 257}) == "shared_codebooks: vector_codes = 257: must be in [1, 256]");
    CHECK(refused({.as = io::dtype::i8}) == "shared_codebooks: as = I8: must be F32, F16 or BF16");
    net.params()["2.bias"].data[1] = std::numeric_limits<float>::infinity();
    CHECK(refused({}) == "shared_codebooks: tensor '2.bias' has inf: must be finite");
    CHECK(std::equal(before.data(), before.data() + 24, net.params().data()));
}
