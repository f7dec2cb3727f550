// SPDX-License-Identifier: MIT
#include <descent/data/weigh.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/accumulate.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/clip_norm.hpp>
#include <descent/optim/ema.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/history.hpp>
#include <descent/train/metrics.hpp>
#include <descent/train/progress_bar.hpp>
#include <descent/train/refresh_statistics.hpp>

#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

namespace {

/// Subtracts a running mean, which is a state: training moves it by a tenth towards the batch's.
struct centered {
    static constexpr std::string_view name = "centered";

    template <class T>
    struct bound {
        static constexpr nn::aliasing alias = nn::aliasing::none;
        static constexpr bool reads_output = false;
        nn::parameter mean;
        descent::index width;

        shape output() const { return {width}; }
        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            for (descent::index j = 0; j < width; ++j) {
                T sum = 0;
                for (descent::index i = 0; i < p.samples; ++i)
                    sum += x[i * width + j];
                T& m = p.stored(mean)[j];
                if (p.training)
                    m += T(p.share > 0 ? p.share : 0.1) * (sum / T(p.samples) - m);
                for (descent::index i = 0; i < p.samples; ++i)
                    y[i * width + j] = x[i * width + j] - m;
            }
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const*, T* dy, T* dx) const {
            if (dx)
                std::copy_n(dy, p.samples * width, dx);
        }
    };
    template <class T>
    bound<T> bind(shape const& input, nn::builder<T>& b) const {
        expect(input.rank() == 1, b.where(name), ": input is ", input.text());
        return {b.add_state("running_mean", {input.size()}, 0), input.size()};
    }
};

template <class T>
auto make_net() {
    return nn::network(nn::input<T>{4},
                       nn::sequential{nn::dense{6}, centered{}, nn::relu{}, nn::dropout{0.3}, nn::dense{3}});
}

/// One type for all runs, so that it compiles once.
auto recipe_of(double eta, int together = 1) {
    return chain(accumulate{together}, clip_norm{1.0}, adam{}, rate{eta}, ema{0.9});
}

bool same_model(auto& a, auto& b) {
    return same_bits(a.params(), b.params()) && same_bits(a.state(), b.state()) && a.steps() == b.steps();
}

}  // namespace

TEST_CASE("train network: dropout and running means resume from every batch and epoch, bit for bit") {
    auto const train = clouds<float>(50, 4, 1), held_out = clouds<float>(20, 4, 2);
    auto const check = [&](auto const& recipe, fit_options const& options) {
        std::vector<snapshot<float>> places;
        auto whole = make_net<float>();
        auto const report = fit(
            whole, train, recipe, options, validate_on{held_out},
            checkpoint{[&](snapshot<float> const& now) { places.push_back(now); }, {.epochs = 1, .steps = 1}});
        int same = 0;
        for (auto const& place : places) {
            auto again = make_net<float>();
            auto const rest = fit(again, train, recipe, options, validate_on{held_out}, resume{place});
            same += same_model(whole, again) && rest.loss == report.loss && same_bits(rest.best, report.best) &&
                    same_bits(rest.best_state, report.best_state);
        }
        CHECK(places.size() == (options.batch.size ? 12 : 3));
        CHECK(same == int(places.size()));
        return whole.steps();
    };
    CHECK(check(recipe_of(0.05), {.epochs = 3, .batch = 16}) == 12);
    CHECK(check(recipe_of(0.1, 3), {.epochs = 3, .batch = 16}) == 12);
    CHECK(check(recipe_of(0.1), {.epochs = 3}) == 3);  // the loss at the end is no step
}

TEST_CASE("train network: batches that batch_norm cannot learn from are refused before the first step") {
    auto const table = clouds<float>(33, 4, 1);
    nn::network net{nn::input<float>{4}, nn::sequential{nn::dense{6}, nn::batch_norm{}, nn::dense{3}}};
    auto const before = net.params();
    auto const said = [&](auto const& rows, batch_policy const& batch) {
        return message_of([&] { fit(net, rows, recipe_of(0.1), {.epochs = 1, .batch = batch}); });
    };
    CHECK(said(table, 16) ==
          "fit: 33 samples in batches of 16 leave a last one of 1: 1 (batch_norm) needs 2 or more, for a "
          "variance");
    CHECK(said(table, 1) == "fit: 33 samples in batches of 1: 1 (batch_norm) needs 2 or more, for a variance");
    CHECK(said(clouds<float>(1, 4), full_batch{}) ==
          "fit: 1 sample in batches of 1: 1 (batch_norm) needs 2 or more, for a variance");
    CHECK(same_bits(net.params(), before));
    CHECK(said(table, 31) == "(no error)");
    CHECK(said(table, full_batch{}) == "(no error)");
    CHECK(message_of([&] { refresh_statistics(net, table, 16); }) == "(no error)");
    CHECK(message_of([&] { refresh_statistics(net, clouds<float>(1, 4)); }) ==
          "1 (batch_norm): a training batch of 1 sample: must be of 2 or more, for a variance");
}

TEST_CASE("train network: the best weights come with the state of their time") {
    auto const train = clouds<float>(50, 4, 1), held_out = clouds<float>(20, 4, 2);
    auto net = make_net<float>();
    std::vector<params<float>> states;
    auto const gather = [&](auto const&) { states.push_back(net.state()); };
    auto const report = fit(net, train, recipe_of(0.3), {.epochs = 12, .batch = 16}, validate_on{held_out},
                            gather, early_stopping{.patience = 12});
    REQUIRE(report.best_epoch > 0);
    REQUIRE(report.best_epoch < 12);
    CHECK(same_bits(net.state(), states[std::size_t(report.best_epoch - 1)]));
    CHECK_FALSE(same_bits(net.state(), states.back()));
    CHECK(same_bits(report.best_state, net.state()));
    CHECK(net.loss(data::all_of(held_out)) == report.best_loss);
}

TEST_CASE("train network: a run that diverges leaves the last good weights and state") {
    auto const train = clouds<float>(50, 4);
    auto net = make_net<float>();
    params<float> good_state, good;
    auto const poison = [&](auto const& now) {
        if (now.epoch == 2)
            net.params()["0.bias"].data[0] = std::numeric_limits<float>::quiet_NaN();
        else
            good = net.params(), good_state = net.state();
    };
    auto const report = fit(net, train, recipe_of(0.01), {.epochs = 9, .batch = 16}, poison);
    CHECK(report.status == status::diverged);
    CHECK(report.reason == "epoch 3: loss is nan");
    // Epoch 2 was as good as epoch 1 or better; its weights were kept before the poison.
    REQUIRE(report.best_epoch == 2);
    CHECK(std::isfinite(net.params().sum_of_squares()));
    CHECK(std::isfinite(net.state().sum_of_squares()));
    CHECK(std::isfinite(net.loss(data::all_of(train))));
}

TEST_CASE("train network: averaged weights are judged, the weights themselves are trained") {
    auto const train = clouds<float>(60, 4, 1), held_out = clouds<float>(30, 4, 2);
    fit_options const options{.epochs = 8, .batch = 16};
    auto const recipe = recipe_of(0.05);
    struct watcher {
        std::vector<params<float>> after_steps = {};
        std::vector<params<float>> states = {};
        params<float>& state;
        void step_done(training<float> const& now) { after_steps.push_back(now.weights); }
        void epoch_done(training<float> const&) { states.push_back(state); }
    };
    auto net = make_net<float>(), plain = make_net<float>();
    watcher seen{.state = net.state()};
    auto const measured = [&] { return accuracy(net.predict(held_out.x), held_out.y); };
    auto const report = fit(net, train, recipe, options, validate_on{held_out}, evaluate_averaged{},
                            metric{"accuracy", measured}, seen);
    auto const other = fit(plain, train, recipe, options, validate_on{held_out});
    CHECK(same_model(net, plain));
    CHECK(same_bits(report.averaged, other.averaged));
    CHECK(same_bits(report.averaged_state, net.state()));
    // By hand: the first step's weights, then 0.9 average + 0.1 weights; judged after each epoch of 4 steps.
    params<double> mean({{"w", {net.params().arena_size()}}});
    bool as_by_hand = seen.after_steps.size() == 32;
    for (std::size_t step = 0; step < seen.after_steps.size(); ++step) {
        for (descent::index i = 0; i < mean.size(); ++i)
            mean.data()[i] += (step ? 0.1 : 1.0) * (double(seen.after_steps[step].data()[i]) - mean.data()[i]);
        if (step % 4 != 3)
            continue;
        for (descent::index i = 0; i < mean.size(); ++i)
            plain.params().data()[i] = float(mean.data()[i]);
        plain.state() = seen.states[step / 4];
        auto const& record = report.history[step / 4];
        as_by_hand = as_by_hand && std::fabs(plain.loss(data::all_of(held_out)) - record.validation) < 1e-5 &&
                     record.metrics == std::vector{accuracy(plain.predict(held_out.x), held_out.y)};
    }
    CHECK(as_by_hand);
    CHECK(report.metric_names == std::vector<std::string>{"accuracy"});
    net.params() = report.best;
    net.state() = report.best_state;
    CHECK(net.loss(data::all_of(held_out)) == report.best_loss);
}

TEST_CASE("train network: metrics are told by the bar and the history") {
    auto const train = clouds<float>(20, 4);
    auto net = make_net<float>();
    std::FILE* const out = std::tmpfile();
    double next = 0;
    history curve;
    fit(net, train, recipe_of(0.1), {.epochs = 2}, progress_bar{.stream = out}, curve,
        metric{"accuracy", [&] { return next += 0.25; }}, metric{"none", [] { return epoch_record::none; }});
    std::string said(std::size_t(std::ftell(out)), '\0');
    std::rewind(out);
    said.resize(std::fread(said.data(), 1, said.size(), out));
    std::fclose(out);
    CHECK(said.find("  accuracy 0.25") != said.npos);
    CHECK(said.find("  accuracy 0.5") != said.npos);
    auto const csv = format_history(curve.records, curve.metrics);
    CHECK(csv.find(",gradient_norm,accuracy,none\n1,1,") != csv.npos);
    CHECK(csv.substr(csv.size() - 6) == ",0.5,\n");
    CHECK(draw_history(curve.records, {.metric = "accuracy"}, curve.metrics).find(">accuracy<") !=
          std::string::npos);
    CHECK(message_of([&] { draw_history(curve.records, {.metric = "f1"}, curve.metrics); }) ==
          "history: there is no metric 'f1'");
    snapshot<float> last;
    fit(net, train, recipe_of(0.1), {.epochs = 1}, checkpoint{[&](auto const& now) { last = now; }});
    CHECK(message_of([&] {
              fit(net, train, recipe_of(0.1), {.epochs = 2}, resume{last}, metric{"one", [] { return 1.0; }});
          }) == "resume: the snapshot has 0 metrics, the run 1, or they have other names");
}

TEST_CASE("train network: statistics are made anew as the mean over the data") {
    auto const train = clouds<double>(50, 4);
    auto net = make_net<double>();
    net.state()["1.running_mean"].flat().setConstant(7);
    auto const weights = net.params();
    refresh_statistics(net, train, 16);
    auto const w = net.params()["0.weight"].flat();  // [6, 4]
    double worst = 0;
    for (int j = 0; j < 6; ++j) {
        double sum = 0;
        for (int i = 0; i < 50; ++i)
            for (int k = 0; k < 4; ++k)
                sum += w[j * 4 + k] * train.x(i, k);
        worst = std::max(worst, std::fabs(sum / 50 - net.state()["1.running_mean"].data[j]));
    }
    CHECK(worst < 1e-14);
    CHECK(same_bits(weights, net.params()));
    CHECK(net.steps() == 0);
    CHECK(message_of([&] { refresh_statistics(net, train, 0); }) ==
          "refresh_statistics: batch = 0: must be >= 1");
}

TEST_CASE("train network: accumulated, clipped and weighted gradients") {
    auto train = clouds<double>(48, 4);
    data::weigh_classes(train);
    auto const net_of = [] {
        return nn::network(nn::input<double>{4}, nn::sequential{nn::dense{6}, nn::tanh_layer{}, nn::dense{3}});
    };
    auto whole = net_of(), parts = net_of(), clipped = net_of();
    auto const before = whole.params();
    // Three batches of 16 accumulated are one of 48: all classes are as frequent, so each batch weighs as much.
    auto const recipe = [](double most, int together) {
        return chain(accumulate{together}, clip_norm{most}, sgd{}, rate{1.0});
    };
    fit(whole, train, recipe(1e9, 1), {.epochs = 1, .batch = mini_batch{48, false}});
    fit(parts, train, recipe(1e9, 3), {.epochs = 1, .batch = mini_batch{16, false}});
    fit(clipped, train, recipe(0.01, 1), {.epochs = 1});
    double apart = 0, moved = 0;
    for (descent::index i = 0; i < before.arena_size(); ++i) {
        apart = std::max(apart, std::fabs(whole.params().data()[i] - parts.params().data()[i]));
        double const step = clipped.params().data()[i] - before.data()[i];
        moved += step * step;
    }
    CHECK(apart < 1e-14);
    CHECK(std::fabs(std::sqrt(moved) - 0.01) < 1e-12);
}

TEST_CASE("train network: a snapshot of another state is refused") {
    auto const train = clouds<float>(20, 4);
    snapshot<float> last;
    auto net = make_net<float>();
    auto const recipe = recipe_of(0.01);
    fit(net, train, recipe, {.epochs = 1}, checkpoint{[&](auto const& now) { last = now; }});
    last.state = params<float>{{"1.running_mean", {5}}};
    auto const before = net;
    CHECK(message_of([&] { fit(net, train, recipe, {.epochs = 2}, resume{last}); }) ==
          "resume: state: tensor 0 is '1.running_mean' [5], expected '1.running_mean' [6]");
    CHECK(same_bits(net.params(), before.params()));
}
