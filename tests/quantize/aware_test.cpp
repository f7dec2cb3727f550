// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/nn/activation.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/aware.hpp>
#include <descent/quantize/ternary.hpp>

#include "message.hpp"
#include "nn/layer_check.hpp"

using namespace descent;
using quantize::aware;

namespace {

/// A layer that runs on the host alone, with arenas as tests of layers have them: NaN where nobody wrote.
template <class Layer>
class bench : public layer_check::any_bench<double> {
public:
    bench(Layer const& description, shape const& input, descent::index samples)
        : any_bench<double>(input, samples), layer_(description.template bind<double>(input, b_)) {
        prepare(layer_.output(), {});
        for (auto const& entry : weights.entries())
            for (descent::index i = 0; i < entry.size() && entry.name.ends_with("weight_step"); ++i)
                weights.data()[entry.offset + i] = 0.2 + 0.03 * double(i);
    }

private:
    void run_forward(pass& p) override {
        taken += allocations::during([&] { layer_.forward(p, x.data(), y.data()); });
    }
    void run_backward(pass& p, bool with_input) override {
        taken += allocations::during(
            [&] { layer_.backward(p, x.data(), y.data(), dy.data(), with_input ? dx.data() : nullptr); });
    }
    void run_forward_there(pass_there&) override {}
    void run_backward_there(pass_there&, bool) override {}

    nn::bound_layer<Layer, double> layer_;
};

/// Threads change no bit, nothing takes memory, and what is exact beside the rounding has exact slopes.
template <class Layer>
void check_contract(Layer const& layer, shape const& input, std::vector<std::string> const& exact) {
    for (descent::index const samples : {1, 5}) {
        bench<Layer> one(layer, input, samples);
        one.value();
        one.backward();
        for (int const threads : {2, 3}) {
            bench<Layer> other(layer, input, samples);
            other.value(exec::openmp{.threads = threads});
            other.backward(exec::openmp{.threads = threads});
            layer_check::compare_runs(one, other, "threads " + std::to_string(threads));
            CHECK(layer_check::same_numbers(one.dx.data(), other.dx.data(), samples * input.size()));
        }
        bench<Layer> moved(layer, input, samples);
        for (std::string const& name : exact)
            layer_check::check_slopes(moved, moved.weights[name].data, one.slopes[name].data,
                                      one.slopes[name].size(), name, {});
        layer_check::check_slopes(moved, moved.x.data(), one.dx.data(), samples * input.size(), "x", {});
        bench<Layer> first(layer, input, samples);
        first.value();
        first.backward({}, false);
        layer_check::compare_runs(one, first, "without slopes of x");
        CHECK(one.taken == 0);
    }
}

/// The worst distance of a dense layer's outputs and slopes from those that the definition gives, number by
/// number.
double distance_from_definition(quantize::per per, int low, int high, quantize::learned_step const& rule) {
    constexpr descent::index inputs = 7, outputs = 5, samples = 3;
    bench<aware<nn::dense>> b({nn::dense{outputs}, rule}, {inputs}, samples);
    b.value();
    b.backward();
    auto const w = b.weights["weight"].matrix(), dw = b.slopes["weight"].matrix();
    auto const step = b.weights["weight_step"].flat(), bias = b.weights["bias"].flat();
    auto const count = double(per == quantize::per::tensor ? inputs * outputs : inputs);
    std::vector<double> steps_slope(std::size_t(step.size()));
    double worst = 0;
    matrix<double> rounded(outputs, inputs);
    for (descent::index o = 0; o < outputs; ++o)
        for (descent::index i = 0; i < inputs; ++i) {
            auto const at = per == quantize::per::tensor ? 0 : o;
            double const s = step[at], place = w(o, i) / s;
            rounded(o, i) = s * std::nearbyint(std::clamp(place, double(low), double(high)));
            double slope = 0;  // by the rounded weight
            for (descent::index n = 0; n < samples; ++n)
                slope += b.c[std::size_t(n * outputs + o)] * b.x[std::size_t(n * inputs + i)];
            bool const inside = place >= low && place <= high;
            worst = std::max(worst, std::fabs(dw(o, i) - (inside ? slope : 0)));
            steps_slope[std::size_t(at)] += slope *
                                            (inside        ? std::nearbyint(place) - place
                                             : place < low ? low
                                                           : high) /
                                            std::sqrt(count * high);
        }
    for (descent::index s = 0; s < step.size(); ++s)
        worst = std::max(worst, std::fabs(steps_slope[std::size_t(s)] - b.slopes["weight_step"].flat()[s]));
    for (descent::index n = 0; n < samples; ++n)
        for (descent::index o = 0; o < outputs; ++o) {
            double y = bias[o];
            for (descent::index i = 0; i < inputs; ++i)
                y += rounded(o, i) * b.x[std::size_t(n * inputs + i)];
            worst = std::max(worst, std::fabs(y - b.y[std::size_t(n * outputs + o)]));
        }
    return worst;
}

template <class Layer>
std::string names(Layer const& layer, shape const& input) {
    nn::builder<float> b;
    b.inside("layer", layer, input);
    std::string all;
    for (auto const& spec : b.trained())
        all += spec.name + " " + spec.extents.text() + "; ";
    return all;
}

}  // namespace

TEST_CASE("quantize aware: outputs and slopes are those of the definition") {
    using quantize::per;
    CHECK(distance_from_definition(per::tensor, -1, 1, {.bits = 2}) < 1e-13);
    CHECK(distance_from_definition(per::tensor, -2, 1, {.bits = 2, .symmetric = false}) < 1e-13);
    CHECK(distance_from_definition(per::channel, -7, 7, {.bits = 4, .per = per::channel}) < 1e-13);
    CHECK(distance_from_definition(per::channel, -128, 127, {.symmetric = false, .per = per::channel}) < 1e-13);
}

TEST_CASE("quantize aware: the contract of layers") {
    check_contract(aware{nn::dense{5}, {.bits = 3}}, {4}, {"bias"});
    check_contract(aware{nn::dense{41}, {.bits = 3}}, {2, 801}, {"bias"});  // three parts
    check_contract(aware{nn::dense{41}, {.bits = 3, .per = quantize::per::channel}}, {801}, {"bias"});
    check_contract(aware{nn::conv2d{.channels = 6, .padding = 1, .groups = 3}, {.bits = 4}}, {3, 4, 5},
                   {"bias"});
    check_contract(aware{nn::dense{7}, quantize::trained_ternary{.threshold = 0.3}}, {2, 19},
                   {"bias", "weight_scales"});
}

TEST_CASE("quantize aware: weights pass as they are before there are steps") {
    bench<aware<nn::dense>> rounded({nn::dense{6}}, {5}, 4);
    bench<nn::dense> exact({6}, {5}, 4);
    rounded.weights["weight_step"].flat().setZero();
    for (auto const name : {"weight", "bias"})
        std::copy_n(exact.weights[name].data, exact.weights[name].size(), rounded.weights[name].data);
    CHECK(rounded.value() == exact.value());
    rounded.backward();
    exact.backward();
    for (auto const name : {"weight", "bias"})
        CHECK(rounded.slopes[name].flat() == exact.slopes[name].flat());
    CHECK(rounded.slopes["weight_step"].flat()[0] == 0);
}

TEST_CASE("quantize aware: around several layers it is the same as around each") {
    quantize::ternary const rule;
    auto const around = aware{nn::sequential{nn::dense{8}, nn::relu{}, nn::dense{3}}, rule};
    auto const each = nn::sequential{aware{nn::dense{8}, rule}, nn::relu{}, aware{nn::dense{3}, rule}};
    bench<std::remove_const_t<decltype(around)>> one(around, {6}, 5);
    bench<std::remove_const_t<decltype(each)>> other(each, {6}, 5);
    one.value(), one.backward();
    other.value(), other.backward();
    layer_check::compare_runs(one, other, "around");
}

TEST_CASE("quantize aware: a weight that is NaN or Inf is no code") {
    auto const check = [](auto const& rule) {
        for (double const odd : {std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, -HUGE_VAL})
            for (descent::index const inputs : {1, 7, 40}) {
                bench<aware<nn::dense, std::remove_cvref_t<decltype(rule)>>> b({nn::dense{3}, rule}, {inputs},
                                                                               2);
                for (auto const& entry : b.weights.entries())  // begun
                    if (entry.name != "weight")
                        b.weights[entry.name].flat().setConstant(0.5);
                b.weights["weight"].data[inputs / 2] = odd;
                b.value();
                CHECK_FALSE(std::isfinite(b.y[0]));
                CHECK_FALSE(std::isfinite(b.y[3]));
            }
    };
    check(quantize::learned_step{.bits = 2});
    check(quantize::binary{});
    check(quantize::ternary{});
    check(quantize::ternary{.per = quantize::per::tensor, .exact = true});
    check(quantize::trained_ternary{});
}

TEST_CASE("quantize aware: names of tensors") {
    using quantize::per;
    CHECK(names(aware{nn::dense{5}, {.bits = 3}}, {4}) ==
          "layer.weight [5, 4]; layer.bias [5]; layer.weight_step [1]; ");
    CHECK(names(aware{nn::sequential{nn::dense{5}, nn::relu{}, nn::dense{2, false}}, {.per = per::channel}},
                {4}) ==
          "layer.0.weight [5, 4]; layer.0.bias [5]; layer.2.weight [2, 5]; layer.0.weight_step [5]; "
          "layer.2.weight_step [2]; ");
    CHECK(names(aware{nn::dense{5}, quantize::trained_ternary{.per = per::channel}}, {4}) ==
          "layer.weight [5, 4]; layer.bias [5]; layer.weight_scales [10]; ");
    CHECK(names(aware{nn::dense{5}, quantize::binary{}}, {4}) == "layer.weight [5, 4]; layer.bias [5]; ");
}

TEST_CASE("quantize aware: settings that a rule does not have") {
    auto const message = [](auto const& layer) {
        nn::builder<float> b;
        return message_of([&] { b.inside("fc1", layer, {4}); });
    };
    using quantize::per;
    CHECK(message(aware{nn::dense{5}, {.bits = 9}}) == "fc1 (aware): bits = 9: must be in [2, 8]");
    CHECK(message(aware{nn::dense{5}, {.bits = 1}}) == "fc1 (aware): bits = 1: must be in [2, 8]");
    CHECK(message(aware{nn::dense{5}, {.per = per::group}}) ==
          "fc1 (aware): per = group: must be tensor or channel");
    CHECK(message(aware{nn::dense{5}, quantize::binary{.per = per::group}}) ==
          "fc1 (aware): per = group: must be tensor or channel");
    CHECK(message(aware{nn::dense{5}, quantize::trained_ternary{.threshold = 1}}) ==
          "fc1 (aware): threshold = 1: must be in [0, 1)");
    CHECK(message(aware{nn::relu{}}) == "fc1 (aware): the layer has no weights");
    CHECK(message(aware{nn::dense{0}}) == "fc1 (dense): outputs = 0: must be >= 1");
}
