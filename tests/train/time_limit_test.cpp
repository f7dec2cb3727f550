// SPDX-License-Identifier: MIT
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/minimize.hpp>
#include <descent/train/time_limit.hpp>

#include <limits>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

report<double> run(std::int64_t epochs, time_limit limit) {
    vector<double> x{{1}};
    return minimize(
        [](auto const&, auto& g) {
            g[0] = 1;
            return 1.0;
        },
        x, chain(sgd{}, rate{1.0}), {.epochs = epochs}, limit);
}

}  // namespace

TEST_CASE("train time_limit: ends a run that would take for ever") {
    auto const report = run(std::int64_t(1) << 60, {.seconds = 0.05});
    CHECK(report.status == status::out_of_time);
    CHECK(report.reason == "the time limit of 0.05 s");
    CHECK(report.seconds >= 0.05);
    CHECK(report.steps > 1);
}

TEST_CASE("train time_limit: no time at all is one step, enough time all of them") {
    CHECK(run(10, {.seconds = 1e-12}).steps == 1);
    CHECK(run(10, {.seconds = 1e6}).status == status::finished);
    CHECK(run(10, {.seconds = std::numeric_limits<double>::infinity()}).steps == 10);
}

TEST_CASE("train time_limit: a resumed run has its time anew") {
    time_limit limit{.seconds = 10};
    report<double> const none{};
    params<double> const w{{"x", {1}}};
    training<double> now{.seconds = 1000, .report = none, .weights = w};
    limit.begin(now);
    now.seconds = 1009.5;
    CHECK_FALSE(limit.step_done(now).stop);
    now.seconds = 1010;
    CHECK(limit.step_done(now).stop);
}

TEST_CASE("train time_limit: bad settings") {
    CHECK(message_of([] { run(1, {.seconds = 0}); }) == "time_limit: seconds = 0: must be > 0");
    CHECK(message_of([] { run(1, {.seconds = std::numeric_limits<double>::quiet_NaN()}); }) ==
          "time_limit: seconds = nan: must be > 0");
}
