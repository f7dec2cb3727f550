// SPDX-License-Identifier: MIT
#include <descent/linear/softmax_regression.hpp>
#include <descent/optim.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>

#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

namespace {

/// What must agree between a run and one that was stopped and resumed: all but the clock.
template <class T>
void check_same(report<T> const& a, report<T> const& b) {
    CHECK(a.status == b.status);
    CHECK(a.reason == b.reason);
    CHECK(a.loss == b.loss);
    CHECK(a.best_loss == b.best_loss);
    CHECK(a.best_epoch == b.best_epoch);
    CHECK(same_bits(a.best, b.best));
    CHECK(a.epochs == b.epochs);
    CHECK(a.steps == b.steps);
    CHECK(a.evaluations == b.evaluations);
    REQUIRE(a.history.size() == b.history.size());
    for (std::size_t i = 0; i < a.history.size(); ++i) {
        CHECK(a.history[i].loss == b.history[i].loss);
        CHECK(a.history[i].steps == b.history[i].steps);
    }
}

/// Runs whole, collecting a snapshot at every place where there can be one, then resumes from each.
template <class T, class Recipe>
void check_every_place(Recipe const& recipe, fit_options const& options) {
    auto const train = clouds<T>(50, 4, 1), held_out = clouds<T>(20, 4, 2);
    auto const run = [&](auto&&... more) {
        linear::softmax_regression<T> model{4, 3};
        auto const report = fit(model, train, recipe, options, validate_on{held_out}, more...);
        return std::pair{report, model.params()};
    };
    std::vector<snapshot<T>> places;
    auto keep = checkpoint{[&](snapshot<T> const& now) { places.push_back(now); }, {.epochs = 1, .steps = 1}};
    early_stopping const patient{.patience = 3, .min_delta = 1e-3};
    // Before and behind: the order of callbacks must not matter.
    auto const [report, weights] = run(keep, early_stopping(patient));
    auto const all = places;
    REQUIRE(all.size() >= 6);
    for (auto const& place : all) {
        INFO("epoch " << place.epoch << ", batch " << place.batch);
        auto const [again, again_weights] = run(early_stopping(patient), resume{place});
        if (place.so_far.status == status::finished)  // the last one stands where early stopping had stopped
            check_same(report, again);
        if (place.so_far.status == status::finished)
            CHECK(same_bits(weights, again_weights));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("train resume: from every batch and epoch, bit for bit", "", float, double) {
    auto const eta = plateau{.rate = 0.2, .factor = 0.5, .patience = 0};
    fit_options const options{.epochs = 9, .batch = mini_batch{16}, .seed = 11};
    check_every_place<TestType>(chain(clip_norm{1.0}, adam{}, decay{0.01}, rate{eta}), options);
    check_every_place<TestType>(chain(accumulate{3}, momentum{0.9}, rate{0.5}, ema{0.9}), options);
    check_every_place<TestType>(chain(noise{.sigma = 0.01}, rprop{}), options);
    check_every_place<TestType>(chain(nadam{}, rate{cosine{0.1, 30}}), {.epochs = 9});
}

TEST_CASE("train resume: a snapshot of the last step of an epoch") {
    auto const table = clouds<double>(40, 4);
    auto const recipe = chain(adam{}, rate{0.1});
    fit_options const options{.epochs = 5};
    std::vector<snapshot<double>> places;
    struct watcher {
        std::vector<snapshot<double>>& places;
        void step_done(training<double> const& now) { places.push_back(now.take()); }
    };
    linear::softmax_regression<double> model{4, 3};
    auto const whole = fit(model, table, recipe, options, watcher{places});
    REQUIRE(places.size() == 5);
    for (auto const& place : places) {
        linear::softmax_regression<double> again{4, 3};
        check_same(whole, fit(again, table, recipe, options, resume{place}));
        CHECK(same_bits(model.params(), again.params()));
    }
}

TEST_CASE("train resume: a finished run goes on for more epochs") {
    auto const table = clouds<float>(40, 4);
    auto const recipe = chain(adam{}, rate{0.1});
    snapshot<float> last;
    linear::softmax_regression<float> model{4, 3}, straight{4, 3};
    fit(model, table, recipe, {.epochs = 3, .batch = mini_batch{8}},
        checkpoint{[&](auto const& now) { last = now; }});
    CHECK(last.epoch == 3);
    linear::softmax_regression<float> longer{4, 3};
    auto const report = fit(longer, table, recipe, {.epochs = 7, .batch = mini_batch{8}}, resume{last});
    auto const whole = fit(straight, table, recipe, {.epochs = 7, .batch = mini_batch{8}});
    check_same(whole, report);
    CHECK(same_bits(straight.params(), longer.params()));
}

TEST_CASE("train resume: a snapshot of another run is refused") {
    auto const table = clouds<float>(40, 4);
    auto const recipe = chain(adam{}, rate{0.1});
    snapshot<float> last;
    linear::softmax_regression<float> model{4, 3};
    fit(model, table, recipe, {.epochs = 2, .batch = mini_batch{8}, .seed = 1},
        checkpoint{[&](auto const& now) { last = now; }, {.epochs = 0, .steps = 3}}, early_stopping{});
    last.batch = 3;
    last.epoch = last.so_far.epochs = 1;
    last.so_far.evaluations = 40 + 3 * 8;
    auto const complaint = [&](auto& other, auto const& rule, fit_options const& options, auto&&... more) {
        return message_of([&] { fit(other, table, rule, options, resume{last}, more...); });
    };
    fit_options const options{.epochs = 2, .batch = mini_batch{8}, .seed = 1};
    linear::softmax_regression<float> more_classes{4, 5};
    CHECK(complaint(more_classes, recipe, options, early_stopping{}) ==
          "resume: tensor 0 is 'weight' [3, 4], expected 'weight' [5, 4]");
    CHECK(complaint(model, recipe, {.epochs = 2, .batch = mini_batch{8}, .seed = 2}, early_stopping{}) ==
          "resume: the snapshot's seed is 1, the options' 2");
    CHECK(complaint(model, recipe, {.epochs = 2, .batch = mini_batch{20}, .seed = 1}, early_stopping{}) ==
          "resume: the snapshot stands at batch 3 of 2");
    CHECK(complaint(model, recipe, {.epochs = 2, .batch = mini_batch{9}, .seed = 1}, early_stopping{}) ==
          "resume: the snapshot has seen 64 samples, the run 67 at batch 3: must have the same data and batch "
          "size");
    last.batch = -3;
    CHECK(complaint(model, recipe, options, early_stopping{}) ==
          "resume: the snapshot stands at batch -3 of 5");
    last.batch = 3;
    last.so_far.epochs = -1;
    CHECK(complaint(model, recipe, options, early_stopping{}) ==
          "resume: the snapshot has -1 epochs: must be >= 0");
    last.so_far.epochs = 1, last.batch = 3;
    CHECK(complaint(model, recipe, options) == "resume: the snapshot has 1 callbacks that remember, the run 0");
    CHECK(complaint(model, chain(sgd{}, rate{0.1}), options, early_stopping{}) ==
          "optimizer: state has 2 slots, the recipe has 0");
    CHECK(message_of([] { early_stopping{}.recall({1}); }) ==
          "early_stopping: 1 numbers of memory, expected 2");
}

TEST_CASE("train resume: a snapshot that a callback refuses leaves the weights as they are") {
    auto const table = clouds<float>(40, 4);
    auto const recipe = chain(adam{}, rate{0.1});
    snapshot<float> last;
    linear::softmax_regression<float> model{4, 3}, other{4, 3};
    fit(model, table, recipe, {.epochs = 2}, checkpoint{[&](auto const& now) { last = now; }},
        early_stopping{});
    last.callbacks = {{1}};
    auto const before = other.params();
    CHECK(message_of([&] { fit(other, table, recipe, {.epochs = 3}, resume{last}, early_stopping{}); }) ==
          "early_stopping: 1 numbers of memory, expected 2");
    CHECK(same_bits(before, other.params()));
}
