// SPDX-License-Identifier: MIT
#include <descent/train/checkpoint.hpp>

#include <exec/emulated.hpp>
#include <nn/device_network_cases.hpp>

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using descent::test::convnet;
using descent::test::device_recipe;
using descent::test::emulated;

namespace {

/// Gives ids that check() has not seen: what an augmentation might do.
struct spoilt {
    using scalar = double;
    data::dataset<double> const& from;
    double id;

    auto const& source() const { return from; }
    descent::index samples() const { return from.samples(); }
    descent::index features() const { return from.features(); }
    template <class Executor>
    void make(data::batch_request const& request, data::made_batch<double>& to, Executor const& e) const {
        data::detail::make_batch(from, request, to, e);
        to.x[7] = id;
    }
};

}  // namespace

TEST_CASE("nn device_network: fit trains there what it trains here") {
    CHECK(test::worst_apart(emulated{}) <= 1e-11);
}

TEST_CASE("nn device_network: a run resumes from every step and epoch, bit for bit") {
    auto const train = clouds<float>(50, 12, 1);
    std::vector<snapshot<float>> places;
    auto whole = convnet<float>();
    fit_options const options{.epochs = 2, .batch = 16};
    fit(whole, train, device_recipe(), options, emulated{},
        checkpoint{[&](snapshot<float> const& now) { places.push_back(now); }, {.epochs = 1, .steps = 1}});
    CHECK(places.size() == 8);
    int same = 0;
    for (auto const& place : places) {
        auto again = convnet<float>();
        fit(again, train, device_recipe(), options, emulated{}, resume{place});
        same += same_bits(again.params(), whole.params()) && same_bits(again.state(), whole.state()) &&
                again.steps() == whole.steps();
    }
    CHECK(same == int(places.size()));
}

TEST_CASE("nn device_network: what callbacks change at home counts; a run that diverges keeps the best") {
    auto const train = clouds<double>(50, 12, 1);
    auto net = convnet<double>();
    params<double> good;
    auto const poison = [&](auto const& now) {
        if (now.epoch == 2)
            net.params()["5.bias"].data[0] = std::numeric_limits<double>::quiet_NaN();
        else
            good = net.params();
    };
    auto const report = fit(net, train, device_recipe(), {.epochs = 9, .batch = 16}, emulated{}, poison);
    CHECK(report.reason == "epoch 3: loss is nan");
    CHECK(report.best_epoch == 2);
    CHECK(std::isfinite(net.params().sum_of_squares()));
    CHECK(test::apart(net.params(), good) > 0);
}

TEST_CASE("nn device_network: scores are the host's; what does not fit is refused") {
    auto const table = clouds<double>(700, 12, 3);
    auto net = convnet<double>();
    nn::device_network there{net, emulated{}};
    CHECK((there.scores(table.x) - net.scores(table.x)).cwiseAbs().maxCoeff() <= 1e-12);
    net.params()["5.bias"].data[0] += 1;
    CHECK((there.scores(table.x) - net.scores(table.x)).cwiseAbs().maxCoeff() <= 1e-12);
    CHECK(there.scores(matrix<double>(0, 12)).rows() == 0);
    CHECK(message_of([&] { there.scores(matrix<double>(2, 11)); }) ==
          "network: x has 11 features, the network 12");
    CHECK(message_of([&] {
              emulated::memory<double> slopes;
              there.gradient(data::all_of(table), slopes);
          }) == "device_network: gradient before train_at");
}

TEST_CASE("nn device_network: numbers that a layer cannot read are refused as on the host") {
    data::dataset<double> const words{matrix<double>::Zero(4, 3), vector<double>::Zero(4)};
    auto const make = [] {
        return nn::network(nn::input<double>{3}, nn::sequential{nn::embedding{.vocabulary = 5, .width = 2},
                                                                nn::sequence_mean{}, nn::dense{2}});
    };
    for (double const id : {5.0, 0.5}) {
        auto here = make(), there = make();
        auto const before = there.params();
        spoilt const table{words, id};
        auto const expected = message_of([&] { fit(here, table, device_recipe(), {.epochs = 1}); });
        CHECK(!expected.empty());
        CHECK(message_of([&] { fit(there, table, device_recipe(), {.epochs = 1}, emulated{}); }) == expected);
        CHECK(same_bits(there.params(), before));
    }
}
