// SPDX-License-Identifier: MIT
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/minimize.hpp>
#include <descent/train/time_limit.hpp>

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Where the snapshots of a run of 5 epochs of 4 batches stand: "epoch.batch ".
template <class... Callback>
std::string places(checkpoint_plan const& plan, Callback&&... more) {
    std::string log;
    vector<double> x{{0}};
    minimize(sum_over{4,
                      [](descent::index, auto const&, auto& g) {
                          g[0] += 1;
                          return 1.0;
                      }},
             x, chain(sgd{}, rate{1.0}), {.epochs = 5, .batch = mini_batch{1}},
             checkpoint{[&](snapshot<double> const& now) {
                            log += text(now.epoch, '.', now.batch, ' ');
                            CHECK(now.weights["x"].data[0] == -double(4 * now.epoch + now.batch));
                            CHECK(now.so_far.steps == 4 * now.epoch + now.batch);
                        },
                        plan},
             more...);
    return log;
}

}  // namespace

TEST_CASE("train checkpoint: every few epochs and batches, and after the last epoch") {
    CHECK(places({}) == "1.0 2.0 3.0 4.0 5.0 ");
    CHECK(places({.epochs = 2}) == "2.0 4.0 5.0 ");
    CHECK(places({.epochs = 0}) == "5.0 ");
    CHECK(places({.epochs = 3, .steps = 3}) == "0.3 1.3 2.3 3.0 3.3 4.3 5.0 ");
}

TEST_CASE("train checkpoint: where another callback stops the run, in whichever order they are passed") {
    struct at_step_six {
        verdict step_done(training<double> const& now) {
            return {now.steps == 6, status::interrupted, "enough"};
        }
    };
    CHECK(places({.epochs = 2}, at_step_six{}) == "1.2 ");
    CHECK(places({.epochs = 0}, [](auto const& now) { return now.epoch == 3; }) == "3.0 ");
    CHECK(places({.epochs = 2}, time_limit{1e-12}) == "0.1 ");
}

TEST_CASE("train checkpoint: bad settings") {
    CHECK(message_of([] { places({.epochs = -1}); }) == "checkpoint: epochs = -1: must be >= 0");
    CHECK(message_of([] { places({.steps = -2}); }) == "checkpoint: steps = -2: must be >= 0");
}
