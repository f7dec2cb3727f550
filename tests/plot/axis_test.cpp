// SPDX-License-Identifier: MIT
#include <descent/plot/axis.hpp>

#include <limits>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "message.hpp"

using namespace descent::plot;
using Catch::Matchers::WithinAbs;

namespace {

range of(double low, double high) {
    range made;
    made.add(low);
    made.add(high);
    return made;
}

}  // namespace

TEST_CASE("plot axis: what can be drawn") {
    double const inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    for (bool const log : {false, true}) {
        CHECK(!drawable(inf, log));
        CHECK(!drawable(-inf, log));
        CHECK(!drawable(nan, log));
        CHECK(drawable(1e300, log));
        CHECK(drawable(1, log));
    }
    CHECK(drawable(0, false));
    CHECK(drawable(-1, false));
    CHECK(!drawable(0, true));
    CHECK(!drawable(-1, true));
    CHECK(!drawable(1e-310, true));
    range shown;
    shown.add(nan);
    shown.add(-inf);
    CHECK(shown.empty());
    shown.add(3);
    CHECK(!shown.empty());
}

TEST_CASE("plot axis: maps numbers to shares of its length") {
    auto const linear = axis_for(of(-10, 10), {.margin = 0}, "x");
    CHECK(linear(-10) == 0);
    CHECK(linear(5) == 0.75);
    auto log = axis_for(of(1e-4, 1e4), {.log = true, .margin = 0}, "x");
    CHECK_THAT(log(1), WithinAbs(0.5, 1e-12));
    CHECK_THAT(log(100), WithinAbs(0.75, 1e-12));
    log.reversed = true;
    CHECK_THAT(log(100), WithinAbs(0.25, 1e-12));
}

TEST_CASE("plot axis: room at the ends, but none at a linear zero") {
    auto const positive = axis_for(of(0, 100), {.margin = 0.04}, "y");
    CHECK(positive.low == 0);
    CHECK(positive.high == 104);
    auto const log = axis_for(of(1, 100), {.log = true, .margin = 0.5}, "y");
    CHECK_THAT(log.low, WithinAbs(0.1, 1e-12));
    CHECK_THAT(log.high, WithinAbs(1000, 1e-9));
}

TEST_CASE("plot axis: a single value stands in the middle") {
    for (double const value : {5.0, -0.25, 0.0, 1e300, -1e-280, 1e-320}) {
        auto const made = axis_for(of(value, value), {}, "y");
        CHECK(made.low < value);
        CHECK(made.high > value);
        CHECK_THAT(made(value), WithinAbs(0.5, 1e-9));
        CHECK(!made.ticks.empty());
        CHECK(made.ticks.size() < 20);
    }
    auto const log = axis_for(of(7, 7), {.log = true}, "y");
    CHECK_THAT(log(7), WithinAbs(0.5, 1e-12));
    auto const epochs = axis_for(of(3, 3), {.counts = true}, "x");
    CHECK(epochs.low == 2);
    CHECK(epochs.high == 4);
    // Rounding noise alone is no range: ticks in it would all have the same label.
    auto const noise = axis_for(of(1, 1 + 1e-15), {}, "y");
    CHECK(noise.high - noise.low > 0.1);
}

TEST_CASE("plot axis: the extremes of double") {
    auto const wide = axis_for(of(-1e300, 1e300), {}, "y");
    CHECK_THAT(wide(0), WithinAbs(0.5, 1e-12));
    CHECK(wide.ticks.size() > 2);
    CHECK(wide.ticks.size() < 20);
    auto const decades = axis_for(of(1e-300, 1e300), {.log = true}, "y");
    CHECK_THAT(decades(1), WithinAbs(0.5, 1e-12));
}

TEST_CASE("plot axis: an empty range is an error") {
    CHECK(message_of([] { axis_for({}, {}, "lines: y"); }) == "lines: y: nothing to draw: no finite number");
    CHECK(message_of([] { axis_for({}, {.log = true}, "lines: y"); }) ==
          "lines: y: nothing to draw: no positive number (logarithmic axis)");
}

TEST_CASE("plot axis: names stand in the middle of their slots and are thinned") {
    auto const three = detail::names_axis({"a", "b", "c"}, 3, 10);
    REQUIRE(three.ticks.size() == 3);
    CHECK(three.ticks[2].at == 2.5);
    CHECK(three.ticks[2].label == "c");
    auto const many = detail::names_axis(std::vector<std::string>(100, "n"), 100, 10);
    CHECK(many.ticks.size() <= 10);
    CHECK(detail::names_axis({}, 5, 10).ticks.size() == 5);
    CHECK(detail::names_axis({}, 1, 10).ticks.size() == 1);
}
