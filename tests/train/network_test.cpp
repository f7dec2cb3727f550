// SPDX-License-Identifier: MIT
#include <descent/nn.hpp>
#include <descent/optim.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>

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
                    m += T(0.1) * (sum / T(p.samples) - m);
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
        return {b.add_state("running_mean", {input.size()}, 0), input.size()};
    }
};

template <class T>
auto make_net() {
    return nn::network(nn::input<T>{4},
                       nn::sequential{nn::dense{6}, centered{}, nn::relu{}, nn::dropout{0.3}, nn::dense{3}});
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
    CHECK(check(chain(clip_norm{1.0}, adam{}, rate{0.05}), {.epochs = 3, .batch = 16}) == 12);
    CHECK(check(chain(accumulate{3}, momentum{0.9}, rate{0.5}, ema{0.9}), {.epochs = 3, .batch = 16}) == 12);
    CHECK(check(chain(nadam{}, rate{0.1}), {.epochs = 3}) == 3);  // the loss at the end is no step
}

TEST_CASE("train network: the best weights come with the state of their time") {
    auto const train = clouds<float>(50, 4, 1), held_out = clouds<float>(20, 4, 2);
    auto net = make_net<float>();
    std::vector<params<float>> states;
    auto const gather = [&](auto const&) { states.push_back(net.state()); };
    auto const report = fit(net, train, chain(sgd{}, rate{2.0}), {.epochs = 12, .batch = 16},
                            validate_on{held_out}, gather, early_stopping{.patience = 12});
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
    auto const report = fit(net, train, chain(adam{}, rate{0.01}), {.epochs = 9, .batch = 16}, poison);
    CHECK(report.status == status::diverged);
    CHECK(report.reason == "epoch 3: loss is nan");
    // Epoch 2 was as good as epoch 1 or better; its weights were kept before the poison.
    REQUIRE(report.best_epoch == 2);
    CHECK(std::isfinite(net.params().sum_of_squares()));
    CHECK(std::isfinite(net.state().sum_of_squares()));
    CHECK(std::isfinite(net.loss(data::all_of(train))));
}

TEST_CASE("train network: a snapshot of another state is refused") {
    auto const train = clouds<float>(20, 4);
    snapshot<float> last;
    auto net = make_net<float>();
    auto const recipe = chain(adam{}, rate{0.01});
    fit(net, train, recipe, {.epochs = 1}, checkpoint{[&](auto const& now) { last = now; }});
    last.state = params<float>{{"1.running_mean", {5}}};
    auto const before = net;
    CHECK(message_of([&] { fit(net, train, recipe, {.epochs = 2}, resume{last}); }) ==
          "resume: state: tensor 0 is '1.running_mean' [5], expected '1.running_mean' [6]");
    CHECK(same_bits(net.params(), before.params()));
}
