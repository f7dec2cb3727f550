// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/quantize/to_int8.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T = float>
matrix<T> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<T> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<T>(std::uint64_t(i));
    return m;
}

/// Batch norms as training leaves them: neither 1 nor 0.
template <class Network>
void stir(Network& net) {
    using T = typename Network::scalar;
    std::uint64_t at = 0;
    auto const near = [&](double about) { return T(about) * (1 + T(0.3) * generator{9}.uniform<T>(++at)); };
    for (auto const& entry : net.state().entries())
        for (descent::index i = 0; i < entry.size(); ++i)
            net.state().data()[entry.offset + i] = near(entry.name.ends_with("var") ? 2 : 0.2);
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() == 1)
            for (descent::index i = 0; i < entry.size(); ++i)
                net.params().data()[entry.offset + i] = near(entry.name.ends_with("bias") ? 0.3 : 1.2);
}

/// How far the scores in 8 bits are from the float ones, by the deviation of those about their mean.
template <class Network>
double away(Network const& net, quantize::int8_network const& small,
            matrix<typename Network::scalar> const& x) {
    matrix<double> const exact = net.scores(x).template cast<double>();
    matrix<double> const rounded =
        small.scores(x.template cast<float>(), exec::openmp{}).template cast<double>();
    Eigen::RowVectorXd const mean = exact.colwise().mean();
    return std::sqrt((rounded - exact).squaredNorm() / (exact.rowwise() - mean).squaredNorm());
}

}  // namespace

TEST_CASE("quantize to_int8: a residual network with batch norms") {
    nn::network net{nn::input<float>{3, 12, 12}, nn::resnet_cifar<2>(10)};
    stir(net);
    matrix<float> const rows = normal(64, net.features(), 1), test = normal(100, net.features(), 2);
    auto const small = quantize::to_int8(net, rows);
    CHECK(away(net, small, test) < 0.12);
    CHECK(small.outputs() == 10);
    // A byte a weight; a scale and a bias of 4 bytes for each output channel.
    CHECK(small.bytes() == 171'568 + 8 * (16 * 5 + 32 * 4 + 64 * 4 + 10));
    descent::index same = 0;
    vector<float> const exact = net.predict(test), rounded = small.predict(test);
    for (descent::index i = 0; i < test.rows(); ++i)
        same += exact[i] == rounded[i];
    CHECK(same >= 95);
    for (auto const by : {quantize::calibration::min_max, quantize::calibration::moving_average,
                          quantize::calibration::percentile, quantize::calibration::entropy})
        CHECK(away(net, quantize::to_int8(net, rows, {.ranges = {.by = by}}), test) < 0.3);
}

TEST_CASE("quantize to_int8: a LeNet-5, pools of every kind, doubles") {
    nn::network lenet{
        nn::input<float>{1, 16, 16},
        nn::sequential{nn::conv2d{.channels = 6, .kernel = 5, .padding = 2}, nn::relu{}, nn::max_pool{},
                       nn::conv2d{.channels = 16, .kernel = 5}, nn::max_pool{}, nn::relu{}, nn::dropout{0.5},
                       nn::flatten{}, nn::dense{40}, nn::batch_norm{}, nn::relu{}, nn::dense{10}}};
    stir(lenet);
    matrix<float> const rows = normal(64, 256, 1), test = normal(50, 256, 2);
    CHECK(away(lenet, quantize::to_int8(lenet, rows), test) < 0.05);
    CHECK(away(lenet, quantize::to_int8(lenet, rows, {.weights = quantize::fit_range::mse}), test) < 0.05);

    nn::network pools{
        nn::input<double>{4, 9, 8},
        nn::sequential{nn::average_pool{.size = 3, .stride = 2, .padding = 1}, nn::relu{},
                       nn::conv2d{.channels = 12, .kernel = {3, 2}, .stride = {1, 2}, .dilation = {2, 1}},
                       nn::residual{nn::conv2d{.channels = 12, .kernel = 1},
                                    nn::conv2d{.channels = 12, .kernel = 1, .bias = false}},
                       nn::global_max_pool{}}};
    CHECK(away(pools, quantize::to_int8(pools, normal<double>(64, 288, 1)), normal<double>(50, 288, 2)) < 0.05);
}

TEST_CASE("quantize to_int8: answers as the loss of the network") {
    matrix<float> const rows = normal(64, 20, 1);
    nn::network two{nn::input<float>{20}, nn::sequential{nn::dense{8}, nn::relu{}, nn::dense{1}},
                    loss::logistic{}};
    auto const small = quantize::to_int8(two, rows);
    matrix<float> const z = small.scores(rows);
    vector<float> const y = small.predict(rows);
    for (descent::index i = 0; i < 64; ++i)
        CHECK(y[i] == float(z(i, 0) > 0));
}

TEST_CASE("quantize to_int8: channels without weights keep their bias") {
    nn::network net{nn::input<float>{5}, nn::sequential{nn::dense{3}}};
    net.params()["0.weight"].matrix().row(1).setZero();
    net.params()["0.weight"].matrix().row(2).setConstant(1e-12f);
    net.params()["0.bias"].flat() << 0.1f, 123.4f, -7.5f;
    auto const small = quantize::to_int8(net, normal(16, 5, 1));
    matrix<float> const z = small.scores(normal(4, 5, 2));
    for (descent::index i = 0; i < 4; ++i) {
        CHECK(std::abs(z(i, 1) - 123.4f) < 1e-4f);
        CHECK(std::abs(z(i, 2) + 7.5f) < 1e-4f);
    }
}

TEST_CASE("quantize to_int8: a channel without weights beside a shortcut") {
    nn::network net{nn::input<float>{4}, nn::sequential{nn::residual{nn::dense{4}}, nn::relu{}}};
    net.params()["0.body.weight"].matrix().row(2).setZero();
    net.params()["0.body.bias"].flat()[2] = 1e-12f;
    matrix<float> const rows = normal(64, 4, 1);
    CHECK(away(net, quantize::to_int8(net, rows, {.ranges = {.by = quantize::calibration::min_max}}), rows) <
          0.02);
}

TEST_CASE("quantize to_int8: relu of what no row has above 0") {
    matrix<float> const rows = normal(8, 32, 3).cwiseAbs();
    nn::network const net{nn::input<float>{2, 4, 4},
                          nn::sequential{nn::average_pool{.size = 2}, nn::relu{}, nn::flatten{}, nn::dense{3}}};
    auto small = quantize::to_int8(net, -rows);
    for (auto const* form : quantize::detail::int8_forms()) {
        small.use(*form);
        for (matrix<float> const& z : {small.scores(-rows), small.scores(-rows.topRows(1))})
            CHECK((z.rowwise() - net.params()["3.bias"].flat().transpose()).norm() < 1e-6f);
        CHECK(small.scores(rows).allFinite());
    }
}

TEST_CASE("quantize to_int8: what it refuses") {
    auto const refused = [](auto const& layers) {
        nn::network const net{nn::input<float>{4, 6, 6}, layers};
        return message_of([&] { quantize::to_int8(net, normal(4, net.features(), 1)); });
    };
    CHECK(refused(nn::sequential{nn::named{"bn", nn::batch_norm{}}}) ==
          "to_int8: bn (batch_norm): must stand behind conv2d or dense");
    CHECK(refused(nn::conv2d{.channels = 4, .groups = 2}) == "to_int8: conv2d: groups = 2: must be 1");
    CHECK(refused(nn::sequential{nn::residual{nn::relu{}}}) ==
          "to_int8: 0 (residual): the body must end with conv2d, dense or batch_norm");
    nn::network net{nn::input<float>{4}, nn::sequential{nn::dense{3}}};
    CHECK(message_of([&] { quantize::to_int8(net, matrix<float>(0, 4)); }) == "to_int8: there are no rows");
    CHECK(message_of([&] { quantize::to_int8(net, matrix<float>(1, 5)); }) ==
          "to_int8: the rows have 5 features, the network 4");
    CHECK(message_of([&] { quantize::to_int8(net, normal(2, 4, 1), {.ranges = {.percentile = 50}}); }) ==
          "calibration: percentile = 50: must be in (50, 100]");
    matrix<float> odd = normal(4, 4, 1);
    odd(2, 3) = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { quantize::to_int8(net, odd); }) ==
          "to_int8: row 2, column 3 is nan: must be finite");
    net.params()["0.weight"].data[5] = std::numeric_limits<float>::infinity();
    CHECK(message_of([&] { quantize::to_int8(net, normal(2, 4, 1)); }) ==
          "to_int8: 0.weight: number 5 is inf: must be finite");
    net.params()["0.weight"].data[5] = 3e38f;  // which are finite; what they give is not
    CHECK(message_of([&] { quantize::to_int8(net, matrix<float>::Constant(2, 4, -2)); }) ==
          "to_int8: 0 (dense): row 0, number 1 is -inf in floats, where the largest weight is 3e+38: must be "
          "finite");
    nn::network folded{nn::input<float>{4}, nn::sequential{nn::dense{3}, nn::batch_norm{}}};
    folded.params()["0.weight"].matrix().setZero();
    folded.params()["0.weight"].data[5] = 3e30f;
    folded.params()["1.weight"].flat()[1] = 1e12f;
    CHECK(message_of([&] { quantize::to_int8(folded, matrix<float>::Zero(2, 4)); }) ==
          "to_int8: 0 (dense): weight 5 is inf when batch norms and ranges of channels are taken into it: must "
          "be finite");
    nn::network const steps{nn::input<float>{3, 4}, nn::sequential{nn::flatten{}, nn::dense{3}}};
    CHECK(message_of([&] { quantize::to_int8(steps, normal(2, 12, 1)); }) ==
          "to_int8: the network reads [3, 4]: must be [features] or [channels, height, width]");
}
