// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/dataset.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/aware.hpp>
#include <descent/quantize/binary_activation.hpp>
#include <descent/quantize/bit_linear.hpp>
#include <descent/quantize/convert.hpp>
#include <descent/quantize/learned_activation.hpp>
#include <descent/quantize/ternary.hpp>
#include <descent/train/metrics.hpp>

#include "message.hpp"

using namespace descent;
using quantize::aware;

namespace {

/// Points of three classes around three places.
data::dataset<float> points() {
    data::dataset<float> table{.x = matrix<float>(120, 3), .y = vector<float>(120)};
    generator const draws{.seed = 3, .stream = 0};
    for (descent::index i = 0; i < 120; ++i) {
        auto const y = i % 3;
        table.y[i] = float(y);
        for (descent::index j = 0; j < 3; ++j)
            table.x(i, j) = (y == j ? 1.5f : 0.0f) + draws.uniform<float>(std::uint64_t(3 * i + j)) - 0.7f;
    }
    return table;
}

/// Steps against the gradient of all samples; enough here, and compiled sooner than fit.
template <class Network>
void train(Network& net, data::dataset<float> const& table) {
    auto g = net.params().like();
    for (int step = 0; step < 300; ++step) {
        net.gradient(data::all_of(table), g);
        for (descent::index i = 0; i < g.arena_size(); ++i)
            net.params().data()[i] -= 0.1f * g.data()[i];
    }
}

// Few kinds of networks: each is long to compile.
template <class... L>
auto network_of(L const&... layers) {
    return nn::network{
        nn::input<float>{3}, nn::sequential{layers...}, loss::softmax_cross_entropy{}, {.seed = 4}};
}
quantize::learned_activation const three_bits{.bits = 3}, signs{.bits = 2, .symmetric = true};

auto rounded_network(quantize::learned_step const& first = {.bits = 3, .per = quantize::per::channel}) {
    return network_of(aware{nn::dense{12}, first}, nn::relu{}, three_bits,
                      aware{nn::dense{70}, quantize::trained_ternary{}}, quantize::binary_activation{},
                      aware{nn::dense{20}, quantize::binary{}}, signs,
                      aware{nn::dense{3}, quantize::ternary{}});
}
auto plain_network(descent::index first = 12) {
    return network_of(nn::dense{first}, nn::relu{}, three_bits, nn::dense{70}, quantize::binary_activation{},
                      nn::dense{20}, signs, nn::dense{3});
}

/// As much of a network as convert asks for, where it has nothing to run.
struct tensors {
    using scalar = float;
    descent::params<float> weights, kept;
    descent::params<float>& params() { return weights; }
    descent::params<float> const& params() const { return weights; }
    descent::params<float>& state() { return kept; }
    descent::params<float> const& state() const { return kept; }
    descent::index features() const { return 3; }
    template <class Executor>
    void scores(matrix<float> const&, Executor const&) const {}
};

}  // namespace

TEST_CASE("quantize convert: steps begin as 2 mean|x| / sqrt(highest code)") {
    auto const table = points();
    auto net = rounded_network();
    quantize::begin_steps(net, table.x);  // more rows than run at a time
    auto const w = net.params()["0.weight"].matrix();
    auto const steps = net.params()["0.weight_step"].flat();
    matrix<double> rounded(12, 3);
    for (descent::index o = 0; o < 12; ++o) {
        double const step = 2 * w.row(o).cwiseAbs().cast<double>().mean() / std::sqrt(3.0);
        CHECK(std::fabs(steps[o] - step) < 1e-6);
        for (descent::index i = 0; i < 3; ++i)
            rounded(o, i) = step * std::nearbyint(std::clamp(double(w(o, i)) / step, -3.0, 3.0));
    }
    matrix<double> const hidden = (table.x.cast<double>() * rounded.transpose()).cwiseMax(0.0);
    CHECK(std::fabs(net.params()["2.step"].flat()[0] - 2 * hidden.mean() / std::sqrt(7.0)) < 1e-5);
    double sums[2] = {}, counts[2] = {};
    auto const last = net.params()["3.weight"].flat();
    for (descent::index i = 0; i < last.size(); ++i)
        if (std::fabs(last[i]) > 0.05 * last.cwiseAbs().maxCoeff())
            sums[last[i] < 0] += std::fabs(last[i]), ++counts[last[i] < 0];
    for (int side = 0; side < 2; ++side)
        CHECK(std::fabs(net.params()["3.weight_scales"].flat()[side] - sums[side] / counts[side]) < 1e-6);
}

TEST_CASE("quantize convert: the target gives the same outputs, packs as codes, and layers of bits agree") {
    auto const table = points();
    auto net = rounded_network();
    auto plain = plain_network(), read = plain;
    CHECK(quantize::take_weights(net, plain) == 10);
    quantize::begin_steps(net, table.x);
    train(net, table);
    CHECK(accuracy(net.predict(table.x), table.y) > 0.9);
    matrix<float> const scores = net.scores(table.x);
    CHECK_FALSE(plain.scores(table.x) == scores);
    auto const codes = quantize::convert(net, plain);
    CHECK(plain.scores(table.x) == scores);
    std::string told;
    int outside = 0;
    for (auto const& each : codes) {
        auto const& format = each.codes.format;
        told += text(each.name, " ", each.codes.grids.size(), " of ", format.lowest(), " to ", format.highest(),
                     "; ");
        for (int const code : each.codes.codes)
            outside += code < format.lowest() || code > format.highest();
    }
    CHECK(told == "0.weight 12 of -3 to 3; 5.weight 20 of -1 to 1; 7.weight 3 of -1 to 1; ");
    CHECK(outside == 0);
    auto const three = plain.params()["3.weight"].flat();
    CHECK(std::set<float>(three.begin(), three.end()).size() == 3);

    quantize::unpack(read, quantize::pack(plain, codes).bytes);
    CHECK(read.scores(table.x) == scores);

    // The same again, the last two layers by counted bits.
    auto const& p = plain.params();
    auto const layer = [&](matrix<float> const& x, std::string const& name) {
        matrix<float> y = x * p[name + ".weight"].matrix().transpose();
        y.rowwise() += p[name + ".bias"].flat().transpose();
        return y;
    };
    auto const k = quantize::learned_step::with<float>(p["2.step"].flat()[0], 0, 7, 1);
    matrix<float> hidden = layer(table.x, "0").unaryExpr([&](float x) { return k.value(std::max(x, 0.0f)); });
    hidden = layer(hidden, "3").unaryExpr([](float x) { return x < 0 ? -1.0f : 1.0f; });
    quantize::binary_linear const two(p["5.weight"].matrix(), p["5.bias"].flat());
    quantize::ternary_linear const last(p["7.weight"].matrix(), double(p["6.step"].flat()[0]),
                                        p["7.bias"].flat());
    quantize::binary_linear::workspace memory;
    quantize::ternary_linear::workspace room;
    matrix<float> middle, counted;
    two(hidden, middle, exec::serial{}, memory);
    last(middle, counted, exec::serial{}, room);
    int off = 0;  // a number at the very edge of a step may fall to the other side
    for (descent::index i = 0; i < scores.rows(); ++i)
        off += (scores.row(i) - counted.row(i)).cwiseAbs().maxCoeff() > 1e-4f * (1 + scores.row(i).norm());
    CHECK(off <= 2);
}

TEST_CASE("quantize convert: a weight that is NaN or Inf is seen while the network learns") {
    auto const table = points();
    auto begun = rounded_network();
    quantize::begin_steps(begun, table.x);
    auto g = begun.params().like();
    CHECK(std::isfinite(begun.gradient(data::all_of(table), g)));
    float const inf = std::numeric_limits<float>::infinity();
    for (char const* name : {"0.weight", "3.weight", "5.weight", "7.weight"})
        for (float const odd : {std::numeric_limits<float>::quiet_NaN(), inf, -inf}) {
            INFO(name << " " << odd);
            auto net = begun;
            net.params()[name].flat()[1] = odd;
            CHECK_FALSE(std::isfinite(net.gradient(data::all_of(table), g)));
        }
}

TEST_CASE("quantize convert: what does not fit is refused before anything changes") {
    auto const table = points();
    auto net = rounded_network();
    auto plain = plain_network(), other = plain_network(5);
    params<float> const before = plain.params();
    auto const convert = [&](auto& target) { return message_of([&] { quantize::convert(net, target); }); };
    CHECK(convert(plain) == "convert: '0.weight' is not rounded yet: begin_steps comes before");
    quantize::begin_steps(net, table.x);
    CHECK(convert(other) ==
          "convert: the target has '0.weight' [5, 3], the network only '0.weight', '0.bias', '0.weight_step', "
          "'2.step', '3.weight', '3.bias', '3.weight_scales', '5.weight', '5.bias', '6.step', ...");
    tensors few{params<float>{{"0.bias", {12}}}, {}};
    CHECK(convert(few) == "convert: the target has no '0.weight', only '0.bias'");
    CHECK(message_of([&] { quantize::convert(few, plain); }) == "convert: the network has no quantize::aware");
    CHECK(message_of([&] { quantize::take_weights(few, other); }) ==
          "take_weights: there is no '0.weight' [5, 3], only '0.bias': give layers that both networks have one "
          "name by nn::named, their numbers may differ");
    net.params()["0.weight"].flat()[2] = std::numeric_limits<float>::quiet_NaN();
    CHECK(convert(plain) == "convert: '0.weight': number 2 is nan: must be finite");
    net.params()["0.weight"].flat()[2] = -std::numeric_limits<float>::infinity();
    CHECK(convert(plain) == "convert: '0.weight': number 2 is -inf: must be finite");
    net.params()["0.weight"].flat()[2] = std::numeric_limits<float>::quiet_NaN();
    auto three = rounded_network();  // of whose values those beside it are 0
    quantize::begin_steps(three, table.x);
    three.params()["7.weight"].flat()[4] = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { quantize::convert(three, plain); }) ==
          "convert: '7.weight': number 4 is nan: must be finite");
    auto const begin = [&](matrix<float> const& x) {
        return message_of([&] { quantize::begin_steps(net, x); });
    };
    CHECK(begin(table.x) == "begin_steps: '0.weight': number 2 is nan: must be finite");
    matrix<float> bad = table.x;
    bad(7, 1) = std::numeric_limits<float>::infinity();
    CHECK(begin(bad) == "begin_steps: row 7, column 1 is inf: must be finite");
    CHECK(begin(matrix<float>(0, 3)) == "begin_steps: there are no rows");
    CHECK(message_of([&] { quantize::begin_steps(few, table.x); }) ==
          "begin_steps: the network has no quantize::aware and no quantize::learned_activation");
    CHECK(std::equal(before.data(), before.data() + before.arena_size(), plain.params().data()));
}
