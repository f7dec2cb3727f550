// SPDX-License-Identifier: MIT
#include <descent/nn.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

namespace {

/// The names of a layer's tensors.
template <class Layer>
std::string names(Layer const& layer, shape const& input) {
    nn::builder<float> b;
    layer.template bind<float>(input, b);
    std::string all;
    for (auto const& tensor : b.trained())
        all += tensor.name + tensor.extents.text() + " ";
    return all;
}

}  // namespace

TEST_CASE("nn sequential: the contract of layers, whatever writes over its input") {
    using namespace nn;
    layer_check::check_layer(sequential{dense{5}, tanh_layer{}, dense{4}}, {{3}, {2, 3}});
    layer_check::check_layer(sequential{dense{5}, silu{}, tanh_layer{}, tanh_layer{}}, {{3}});
    layer_check::check_layer(sequential{tanh_layer{}, dense{5}, dropout{0.3}, tanh_layer{}, dropout{0.2}},
                             {{3}});
    layer_check::check_layer(
        sequential{dense{37}, leaky_relu{0.2}, dense{.outputs = 6, .bias = false}, sigmoid_layer{}, relu{}},
        {{3}});
    layer_check::check_layer(sequential{flatten{}, dense{5}, flatten{}, gelu{}, flatten{}},
                             {{2, 2}, {3, 2, 2}});
    layer_check::check_layer(sequential{flatten{}}, {{2, 2}});
    layer_check::check_layer(sequential{flatten{}, tanh_layer{}, flatten{}}, {{2, 2}});
    layer_check::check_layer(
        sequential{sequential{dense{9}, tanh_layer{}}, tanh_layer{}, sequential{dropout{0.1}, dense{2}}},
        {{4}});
}

TEST_CASE("nn sequential: an activation done by the dense layer in front gives the same bits as its own loop") {
    using namespace nn;
    for (int const threads : {1, 3}) {
        exec::openmp const executor{.threads = threads};
        shape const input{70};
        // A block of its own keeps the second one's activation out of reach.
        sequential const joined{dense{33}, tanh_layer{}, dense{9}, relu{}};
        sequential const apart{dense{33}, sequential{tanh_layer{}}, dense{9}, sequential{relu{}}};
        layer_check::bench<decltype(joined), float> one(joined, input, 37, {});
        layer_check::bench<decltype(apart), float> other(apart, input, 37, {});
        one.value(executor), one.backward(executor);
        other.value(executor), other.backward(executor);
        layer_check::compare_runs(one, other, "with one more loop");
        CHECK(layer_check::same_numbers(one.dx.data(), other.dx.data(), 37 * 70));
    }
}

TEST_CASE("nn residual and parallel: the contract of layers") {
    using namespace nn;
    layer_check::check_layer(residual{sequential{dense{4}, tanh_layer{}}}, {{4}});
    layer_check::check_layer(residual{sequential{dense{6}, tanh_layer{}}, dense{6}}, {{4}});
    layer_check::check_layer(sequential{dense{4}, residual{residual{sequential{dense{4}, tanh_layer{}}}},
                                        tanh_layer{}, residual{tanh_layer{}}},
                             {{5}});
    layer_check::check_layer(parallel{dense{3}, sequential{dense{4}, tanh_layer{}}, identity{}}, {{5}});
    layer_check::check_layer(parallel{identity{}, dense{2}}, {{5}});
}

TEST_CASE("nn sequential: tensors are named by place or by nn::named") {
    using namespace nn;
    CHECK(names(sequential{dense{5}, relu{}, dense{2}}, {3}) ==
          "0.weight[5, 3] 0.bias[5] 2.weight[2, 5] 2.bias[2] ");
    CHECK(names(sequential{named{"fc", dense{5, false}}, residual{sequential{dense{5, false}}}}, {3}) ==
          "fc.weight[5, 3] 1.body.0.weight[5, 5] ");
}

TEST_CASE("nn: shapes that do not fit are named with the layer") {
    using namespace nn;
    builder<float> b;
    CHECK(message_of([&] {
              (sequential{dense{5}, sequential{relu{}, dense{0}}}.bind<float>({3}, b));
          }) == "1.1 (dense): outputs = 0: must be >= 1");
    builder<float> c;
    CHECK(message_of([&] { (sequential{residual{dense{5}}}.bind<float>({3}, c)); }) ==
          "0 (residual): the body gives [5], the shortcut [3]: must be one shape");
    builder<float> d;
    CHECK(message_of([&] {
              (parallel{flatten{}, identity{}}.bind<float>({3, 4}, d));
          }) == "parallel: branch 0 gives [12], branch 1 [3, 4]: must differ in the first extent alone");
}
