// SPDX-License-Identifier: MIT
#include <descent/nn/embedding.hpp>

#include <descent/nn/positions.hpp>
#include <descent/nn/sequence_pool.hpp>
#include <descent/nn/sequential.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>

#include "golden.hpp"
#include "message.hpp"

using namespace descent;

namespace {

/// Ids below 7 in sequences of 5 steps: sample s has s % 6 of them.
double ids(generator const& draws, std::uint64_t i) {
    return i % 5 < i / 5 % 6 ? double(draws.integer(i, 7)) : -1.0;
}

template <class Layer>
std::string refused(Layer const& layer, shape const& input) {
    return message_of([&] {
        nn::builder<float> b;
        layer.template bind<float>(input, b);
    });
}

std::string refused_ids(std::vector<double> const& x) {
    layer_check::bench<nn::embedding, double> b(nn::embedding{3, 2}, {2}, 2, {});
    std::copy(x.begin(), x.end(), b.x.data());
    return message_of([&] { b.value(); });
}

}  // namespace

TEST_CASE("nn embedding: the contract of layers") {
    layer_check::check_layer(nn::embedding{7, 3}, {{5}}, {.slope_of_input = false, .input = ids});
    layer_check::check_layer(nn::embedding{7, 3000}, {{5}},
                             {.samples = {7}, .slope_of_input = false, .input = ids});
}

TEST_CASE("nn embedding: later layers see the length of each sample") {
    using namespace nn;
    layer_check::options const how{
        .samples = {1, 6}, .slope_of_input = false, .input = ids, .lengths = {0, 1, 2, 3, 4, 5}};
    layer_check::check_layer(sequential{embedding{7, 3}, sequence_mean{}}, {{5}}, how);
    layer_check::bench<sequential<embedding, sequence_mean>, double> b(
        sequential{embedding{7, 3}, sequence_mean{}}, {5}, 6, how);
    b.value();
    auto const table = b.weights["0.weight"].matrix();
    for (descent::index s = 0; s < 6; ++s)
        for (descent::index j = 0; j < 3; ++j) {
            double mean = 0;
            for (descent::index t = 0; t < s; ++t)
                mean += table(descent::index(b.x[std::size_t(s * 5 + t)]), j) / double(s);
            CHECK(std::fabs(b.y[std::size_t(s * 3 + j)] - mean) < 1e-14);
        }
}

TEST_CASE("nn embedding: ids out of range are named") {
    CHECK(refused_ids({0, -1, 1, 3}) ==
          "embedding: sample 1, step 1: id 3: must be a whole number below 3, or negative for no more steps");
    CHECK(refused_ids({0.5, 0, 0, 0}) ==
          "embedding: sample 0, step 0: id 0.5: must be a whole number below 3, or negative for no more steps");
    CHECK(refused_ids({0, std::numeric_limits<double>::quiet_NaN(), 0, 0}) ==
          "embedding: sample 0, step 1: id nan: must be a whole number below 3, or negative for no more steps");
    CHECK(refused_ids({0, 1e300, 0, 0}) ==
          "embedding: sample 0, step 1: id 1e+300: must be a whole number below 3, or negative for no more "
          "steps");
    CHECK(refused_ids({0, 0, -1, 2}) ==
          "embedding: sample 1, step 1: id 2 behind the end of the sequence at step 0");
    CHECK(refused(nn::embedding{0, 2}, {3}) == "embedding: vocabulary = 0: must be in [1, 16777216]");
    CHECK(refused(nn::embedding{5, 0}, {3}) == "embedding: width = 0: must be >= 1");
    CHECK(refused(nn::embedding{5, 2}, {3, 4}) == "embedding: input is [3, 4]: must be [steps], one id a step");
}

TEST_CASE("nn sequence_pool: the contract of layers, with and without lengths") {
    for (auto const& lengths : {std::vector<descent::index>{}, std::vector<descent::index>{4, 0, 2, 1}}) {
        layer_check::options const how{.samples = {1, 6}, .lengths = lengths};
        layer_check::check_layer(nn::sequence_mean{}, {{4, 3}, {4, 17}}, how);
        layer_check::check_layer(nn::sequence_last{}, {{4, 3}}, how);
        layer_check::check_layer(nn::sequence_max{}, {{4, 3}}, how);
    }
    CHECK(refused(nn::sequence_max{}, {4}) == "sequence_max: input is [4]: must be [steps, features]");
}

TEST_CASE("nn positions: the contract of layers, with and without lengths") {
    for (auto const& lengths : {std::vector<descent::index>{}, std::vector<descent::index>{4, 0, 2, 1}}) {
        layer_check::options const how{.samples = {1, 6}, .lengths = lengths};
        layer_check::check_layer(nn::sinusoidal_positions{}, {{4, 3}}, how);
        layer_check::check_layer(nn::learned_positions{}, {{4, 3}}, how);
        layer_check::check_layer(nn::learned_positions{.most = 6}, {{4, 17}}, how);
    }
    CHECK(refused(nn::learned_positions{.most = 3}, {4, 2}) ==
          "learned_positions: most = 3: must be 0 or >= 4, the steps of the input");
    CHECK(refused(nn::sinusoidal_positions{}, {4}) ==
          "sinusoidal_positions: input is [4]: must be [steps, features]");
}

TEST_CASE("nn positions: the sines of the paper") {
    layer_check::bench<nn::sinusoidal_positions, double> b(nn::sinusoidal_positions{}, {30, 6}, 1, {});
    std::fill(b.x.begin(), b.x.end(), 0.0);
    b.value();
    // Section 3.5: PE(pos, 2 i) = sin(pos / 10000^(2 i / d)), PE(pos, 2 i + 1) = cos of the same
    bool good = true;
    for (int pos = 0; pos < 30; ++pos)
        for (int i = 0; i < 3; ++i) {
            double const angle = pos / std::pow(10000, 2.0 * i / 6), *const at = b.y.data() + pos * 6 + 2 * i;
            good = good && std::fabs(at[0] - std::sin(angle)) < 1e-12 &&
                   std::fabs(at[1] - std::cos(angle)) < 1e-12;
        }
    CHECK(good);
}
