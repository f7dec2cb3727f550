// SPDX-License-Identifier: MIT
#include <descent/search/study.hpp>
#include <descent/search/tpe.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

TEST_CASE("search tpe: its density is one, and is what the formula says") {
    search::space space;
    space.add("x", search::uniform(0, 1)).add("kind", search::categorical({"a", "b", "c"}));
    double const first[] = {0.2, 1}, second[] = {0.9, 2};
    search::detail::density d;
    d.set(space, {first, second}, {3, 1, 0.5}, {0.1, 1}, 0.2);
    double total = 0;
    int const cells = 2000;
    for (int kind = 0; kind < 3; ++kind)
        for (int i = 0; i < cells; ++i) {
            double const at[] = {(i + 0.5) / cells, double(kind)};
            total += std::exp(d.log_at(at)) / cells;
        }
    CHECK(std::abs(total - 1) < 1e-6);
    // scipy.stats.truncnorm(-2, 8, .2, .1).pdf(.3), truncnorm(-9, 1, .9, .1).pdf(.3).
    double const at[] = {0.3, 1};
    double const expected = (3 * 0.8 * 2.4760368443 + 1 * 0.1 * 7.2215e-08 + 0.5 / 3) / 4.5;
    CHECK(std::abs(std::exp(d.log_at(at)) - expected) < 1e-6);

    search::detail::stream draws{{1, 1}};
    std::vector<double> point(2);
    int below = 0, label = 0, outside = 0;
    int const n = 20000;
    for (int i = 0; i < n; ++i) {
        d.draw(draws, point);
        outside += point[0] < 0 || point[0] > 1;
        below += point[0] < 0.5;
        label += space[1].value(point[1]) == 1;
    }
    CHECK(outside == 0);
    // Shares of the centers: 3, 1, 0.5 of 4.5; a label is kept with probability 0.8 and drawn anew else.
    CHECK(std::abs(below / double(n) - (3 * 0.99865 + 0.25) / 4.5) < 0.02);
    CHECK(std::abs(label / double(n) - (3 * (0.8 + 0.2 / 3) + 0.2 / 3 + 0.5 / 3) / 4.5) < 0.02);
}

TEST_CASE("search tpe: finds a bowl among labels and whole numbers, in batches and under conditions") {
    search::space space;
    space.add("n", search::integer(0, 40))
        .add("kind", search::categorical({"a", "b", "c", "d"}))
        .add("x", search::log_uniform(1e-3, 1e3))
        .require([](search::setting const& s) { return s["n"] <= 38; });
    auto const f = [](search::trial& t) {
        CHECK(t["n"] <= 38);
        return t["n"] < 4 ? NAN
                          : std::abs(t["n"] - 29) / 10 + (t.label("kind") == "c" ? 0 : 1) +
                                std::pow(std::log10(t["x"]) - 1, 2);
    };
    std::vector<double> best, batched, drawn;
    for (std::uint64_t seed = 0; seed < 9; ++seed) {
        best.push_back(search::study{space, search::tpe{.seed = seed}}.minimize({.trials = 80}, f).value);
        search::study one{space, search::tpe{.seed = seed}}, three{space, search::tpe{.seed = seed}};
        batched.push_back(one.minimize({.trials = 80, .batch = 4}, f).value);
        CHECK(three.minimize({.trials = 80, .parallel = 3, .batch = 4}, f).value == batched.back());
    }
    std::sort(best.begin(), best.end());
    std::sort(batched.begin(), batched.end());
    CHECK(best[4] < 0.12);
    CHECK(batched[4] < 0.2);
    CHECK(message_of([] { search::study s{search::tpe{.good = 0}}; }) == "tpe: good = 0: must be > 0");
}
