// SPDX-License-Identifier: MIT
#include <descent/train/checkpoint.hpp>
#include <descent/train/loss_scaling.hpp>

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

TEST_CASE("nn device_network: steps are recorded once and played with other batches, seeds and scales") {
    auto const train = clouds<double>(64, 12, 1);
    auto net = convnet<double>();
    nn::device_network there{net, emulated{}};
    auto const size = std::size_t(net.params().arena_size());
    emulated::memory<double> weights(size), slopes(size), others(size);
    emulated{}.upload(net.params().data(), net.params().arena_size(), weights.data());
    there.train_at(weights.data());
    params<double> expected = net.params().like(), got = expected;
    double worst = 0;
    auto const step = [&](descent::index first, descent::index count, emulated::memory<double>& to) {
        auto const batch = data::all_of(train).part(first, count);
        double const loss = there.gradient(batch, to);
        emulated{}.download(to.data(), got.arena_size(), got.data());
        --net.steps();
        worst = std::max({worst, std::abs(loss - net.gradient(batch, expected)), test::apart(got, expected)});
        return there.played();
    };
    CHECK(step(0, 16, slopes) == 0);
    CHECK(step(16, 16, slopes) == 1);
    CHECK(step(32, 16, slopes) == 2);
    CHECK(step(48, 9, slopes) == 2);  // another size
    CHECK(step(40, 9, slopes) == 3);
    CHECK(step(40, 16, slopes) == 4);
    CHECK(step(0, 16, others) == 4);  // other memory
    CHECK(step(5, 16, others) == 5);
    there.scale_loss(1024);
    CHECK(step(5, 16, slopes) == 5);
    CHECK(step(6, 16, slopes) == 6);
    there.scale_loss(3);
    CHECK(step(7, 16, slopes) == 7);
    CHECK(step(0, 40, slopes) == 7);  // a larger workspace
    CHECK(step(7, 16, slopes) == 7);
    CHECK(step(8, 16, slopes) == 8);
    CHECK(worst <= 1e-12);
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

TEST_CASE("nn device_network: products in bfloat16 train a network nearly as floats do") {
    emulated const rounding{.products = exec::precision::bfloat16};
    auto const exact = test::float_slopes(emulated{}), rounded = test::float_slopes(rounding);
    double off = 0, size = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        off += std::pow(double(rounded[i]) - double(exact[i]), 2);
        size += std::pow(double(exact[i]), 2);
    }
    CHECK(std::sqrt(off / size) <= 0x1p-7);
    CHECK(off > 0);
}

TEST_CASE(
    "nn device_network: runs resume bit for bit; a scaled loss trains the same bits; overflow skips the step") {
    auto const train = clouds<float>(50, 12, 1);
    emulated const device{.products = exec::precision::bfloat16};
    fit_options const options{.epochs = 3, .batch = 16};  // 12 steps
    std::vector<snapshot<float>> places;
    auto const run = [&](auto& net, loss_scaling scaling, snapshot<float> const& from) {
        places.clear();
        auto const report = fit(
            net, train, device_recipe(), options, device, scaling, resume{from},
            checkpoint{[&](snapshot<float> const& now) { places.push_back(now); }, {.epochs = 1, .steps = 1}});
        return std::pair{report, scaling};
    };
    snapshot<float> const nothing;
    auto plain = convnet<float>(), scaled = convnet<float>();
    CHECK(run(plain, {.scale = 1}, nothing).second.skipped == 0);
    auto const [calm, grown] = run(scaled, {.scale = 65536, .interval = 5}, nothing);
    CHECK(same_bits(plain.params(), scaled.params()));
    CHECK(calm.steps == 12);
    CHECK(grown.scale == 4 * 65536.0);
    CHECK(grown.in_row == 2);

    // A float ends at 2^128: the first batches overflow and teach nothing but the running means.
    auto wild = convnet<float>();
    auto const [report, settled] = run(wild, {.scale = 0x1p135}, nothing);
    CHECK(report.status == status::finished);
    CHECK(settled.skipped >= 3);
    CHECK(settled.skipped <= 11);
    CHECK(settled.scale == 0x1p135 / std::pow(2, double(settled.skipped)));
    CHECK(report.steps == 12 - settled.skipped);
    CHECK(wild.steps() == 12);
    CHECK(std::isfinite(wild.params().sum_of_squares()));
    auto const kept = places;
    int same = 0;
    for (auto const& place : kept) {
        auto again = convnet<float>();
        auto const [rest, scaling] = run(again, {.scale = 7}, place);
        same += same_bits(again.params(), wild.params()) && scaling.scale == settled.scale &&
                scaling.skipped == settled.skipped && rest.steps == report.steps;
    }
    CHECK(!kept.empty());
    CHECK(same == int(kept.size()));

    // The loss is finite; slopes of the hidden layer are twice the last weights.
    auto lost = convnet<float>();
    auto last = lost.params()["5.weight"].flat();
    last.setZero();
    last.head(48).setConstant(3e38f);
    last.segment(48, 48).setConstant(-3e38f);
    lost.params()["1.weight"].flat().setZero();
    lost.params()["1.bias"].flat().setConstant(1e-3f);
    auto const [failed, given_up] = run(lost, {.scale = 4}, nothing);
    CHECK(failed.status == status::diverged);
    CHECK(failed.reason == "epoch 1: the gradient is not finite");
    CHECK(given_up.skipped == 2);
}

TEST_CASE("nn device_network: settings of loss_scaling out of range are named") {
    auto const told = [&](loss_scaling scaling) { return message_of([&] { scaling.check(); }); };
    CHECK(told({.scale = 0}) == "loss_scaling: scale = 0: must be > 0 and finite");
    CHECK(told({.growth = 0.5}) == "loss_scaling: growth = 0.5: must be >= 1 and finite");
    CHECK(told({.backoff = 1}) == "loss_scaling: backoff = 1: must be in (0, 1)");
    CHECK(told({.interval = 0}) == "loss_scaling: interval = 0: must be >= 1");
    CHECK(message_of([] { loss_scaling{}.recall({1}); }) == "loss_scaling: 1 numbers of memory, expected 3");
}
