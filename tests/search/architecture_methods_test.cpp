// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <descent/optim/adam.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/optim/rate.hpp>
#include <descent/search/cell_table.hpp>
#include <descent/search/local_search.hpp>
#include <descent/search/random.hpp>
#include <descent/search/regularized_evolution.hpp>
#include <descent/search/study.hpp>
#include <descent/search/touched.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using search::cell_table;

namespace {

constexpr double best_accuracy = 93.93286157986452;

double objective(search::trial& t) { return cell_table::of(t).accuracy(); }

/// Of each seed the regret after so many trials.
template <class Sampler>
std::vector<double> regrets(int trials, int seeds) {
    std::vector<double> found;
    for (int seed = 0; seed < seeds; ++seed) {
        search::study study{cell_table::space(), Sampler{.seed = std::uint64_t(seed)}};
        found.push_back(best_accuracy - study.maximize({.trials = trials}, objective).value);
    }
    std::sort(found.begin(), found.end());
    return found;
}

double mean(std::vector<double> const& all) {
    double sum = 0;
    for (double const x : all)
        sum += x;
    return sum / double(all.size());
}

}  // namespace

TEST_CASE("search cell_table: the numbers of the formula, written again in another language") {
    auto const near = [](double a, double b) { return std::abs(a - b) < 1e-9; };
    CHECK(cell_table::number(0).accuracy() == 10);
    CHECK(near(cell_table::number(375).accuracy(), 82.67861133569107));
    CHECK(near(cell_table::number(4321).accuracy(), 78.78094740256154));
    CHECK(near(cell_table::number(7777).accuracy(), 86.70502245349323));
    CHECK(near(cell_table::number(15624).accuracy(), 73.92231107404221));
    std::vector<double> all;
    std::set<std::vector<int>> distinct;
    std::int64_t best = 0;
    for (std::int64_t i = 0; i < cell_table::cells; ++i) {
        auto const cell = cell_table::number(i);
        all.push_back(cell.accuracy());
        if (all.back() > all[std::size_t(best)])
            best = i;
        auto const live = cell.live();
        distinct.insert(std::vector<int>(live.at.begin(), live.at.end()));
        if (!(live.accuracy() == all.back() && live.live() == live && live.parameters() == cell.parameters()))
            FAIL("cell " << i);
    }
    CHECK(distinct.size() == 9445);
    CHECK(best == 11418);
    CHECK(near(all[11418], best_accuracy));
    CHECK(near(mean(all), 81.64939157854641));
    // conv3 on edges 0, 1, 4, 5; skips.
    CHECK(cell_table::number(best).parameters(8) == 4 * 9 * 64);
    std::sort(all.begin(), all.end());
    CHECK(near(all[all.size() - 2], 93.59301151420472));
    CHECK(message_of([] { cell_table::number(cell_table::cells); }) ==
          "cell_table: number = 15625: must be in [0, 15625)");
}

TEST_CASE("search random: its regret on the table is the expected one") {
    std::vector<double> all;
    for (std::int64_t i = 0; i < cell_table::cells; ++i)
        all.push_back(best_accuracy - cell_table::number(i).accuracy());
    std::sort(all.begin(), all.end());
    for (int const trials : {10, 100}) {
        // E of the least of n draws: the k-th least of m is it with chance ((m - k) / m)^n - ((m - k - 1) /
        // m)^n.
        double const m = double(all.size());
        double expected = 0;
        for (std::size_t k = 0; k < all.size(); ++k)
            expected +=
                all[k] * (std::pow((m - double(k)) / m, trials) - std::pow((m - double(k) - 1) / m, trials));
        CHECK(std::abs(expected - (trials == 10 ? 4.110061526372675 : 1.9009921903168134)) < 1e-9);
        auto const found = regrets<search::random>(trials, 60);
        double spread = 0;
        for (double const r : found)
            spread += (r - mean(found)) * (r - mean(found));
        double const error = std::sqrt(spread / double(found.size() * (found.size() - 1)));
        CHECK(std::abs(mean(found) - expected) < 3.5 * error);
    }
}

TEST_CASE("search local_search: finds the best cells in few hundred trials, as evolution does") {
    auto const chance = regrets<search::random>(300, 9), local = regrets<search::local_search>(300, 9),
               evolved = regrets<search::regularized_evolution>(300, 9);
    CHECK(local[4] < 0.6 * chance[4]);
    CHECK(evolved[4] < 0.6 * chance[4]);
    CHECK(local[0] < 1e-9);
}

TEST_CASE("search local_search: one variable at a time, nothing twice, anew where no neighbour is better") {
    search::space space;
    space.add("a", search::categorical({"x", "y", "z"})).add("n", search::integer(1, 7, {.step = 2}));
    space.add("s", search::ordered({1.0, 2.0, 4.0})).add("c", search::constant(3));
    space.require([](search::setting const& s) { return s["n"] != 3 || s["a"] != 2; });
    search::study study{space, search::local_search{.seed = 4, .first = 1}};
    // One hill: every point but the top has a better neighbour.
    study.maximize({.trials = 120}, [](search::trial& t) {
        return -std::abs(t["n"] - 5) - std::abs(t["s"] - 4) - 10 * std::abs(t["a"] - 1);
    });
    auto const all = study.records();
    search::record const* center = &all[0];
    int beginnings = 1, tops = 0;
    std::set<std::vector<double>> tried;
    for (std::size_t i = 1; i < all.size() && beginnings == 1; ++i) {
        tried.insert(all[i - 1].chosen);
        int differing = 0;
        for (std::size_t k = 0; k < 4; ++k)
            differing += all[i].chosen[k] != center->chosen[k];
        CHECK((all[i]["n"] != 3 || all[i]["a"] != 2));
        if (differing != 1) {
            // At the top all of its allowed neighbours were seen: two labels, n on both sides, s on one.
            CHECK(center->value == 0);
            ++beginnings;
            continue;
        }
        CHECK(tried.count(all[i].chosen) == 0);
        // Beside it in lists and steps, any label of a category.
        CHECK(std::abs(all[i]["n"] - (*center)["n"]) <= 2);
        CHECK(std::abs(all[i].chosen[2] - center->chosen[2]) <= 1);
        if (all[i].value > center->value)
            center = &all[i];
    }
    CHECK(beginnings == 2);
    for (auto const& r : all)
        tops += r.value == 0;
    CHECK(tops > 1);

    CHECK(message_of([] { search::study bad{search::local_search{.first = 0}}; }) ==
          "local_search: first = 0: must be >= 1");
    search::space real;
    real.add("rate", search::uniform(0, 1));
    search::study wrong{real, search::local_search{}};
    CHECK(message_of([&] { wrong.ask(); }) ==
          "local_search: rate: must be a list, whole numbers or steps, not an interval");
}

TEST_CASE("search local_search: failures are no neighbours, names that were not asked for stay out") {
    search::study study{search::local_search{.seed = 1, .first = 3}};
    auto const best = study.minimize({.trials = 60}, [](search::trial& t) {
        auto const depth = t.integer("depth", 1, 3);
        double value = double(3 - depth);
        for (int k = 0; k < depth; ++k)
            value += t.categorical(text("op", k), {"a", "b", "c"}) != "b";
        if (t.number() % 5 == 2)
            throw error("no");
        return value;
    });
    CHECK(best.value == 0);
}

TEST_CASE("search touched: weights and slots whose gradient is 0 stay; the others move as without it") {
    auto const inside = chain(momentum{0.9}, adam{}, decay{0.1}, rate{0.01});
    params<float> plain{{"a", {37}}, {"b", {20}}};
    for (descent::index i = 0; i < plain.arena_size(); ++i)
        plain.data()[i] = i < 37 || (i >= plain.at("b").offset && i < plain.at("b").offset + 20)
                              ? float(std::sin(double(i)))
                              : 0.f;
    auto lazy = plain, g = plain.like();
    optimizer one{inside, plain};
    optimizer other{search::touched{inside}, lazy};
    static_assert(search::touched<decltype(inside)>::sets_rate);
    for (int step = 0; step < 6; ++step) {
        g.set_zero();
        for (descent::index i = 0; i < 37; ++i)
            g["a"].data[i] = float(std::cos(double(i + step)));
        bool const active = step == 1 || step == 4;
        if (active)
            for (descent::index i = 0; i < 20; ++i)
                g["b"].data[i] = i == 7 ? 0.f : 1.f + float(i);
        auto const before = lazy;
        auto const slots = other.state().slots;
        one.step(g);
        other.step(g);
        CHECK(lazy["a"].flat().isApprox(plain["a"].flat(), 1e-6f));  // products may fuse here and not there
        for (descent::index i = 0; i < 20; ++i)
            CHECK((lazy["b"].data[i] != before["b"].data[i]) == (active && i != 7));
        auto const after = other.state().slots;
        REQUIRE(after.size() == 3);
        for (std::size_t s = 0; step > 0 && s < after.size(); ++s)
            CHECK((after[s]["b"].flat() == slots[s]["b"].flat()) == !active);
    }
    CHECK(plain["b"].data[7] != lazy["b"].data[7]);  // decay pulled it
    CHECK(message_of([&] {
              optimizer bad{search::touched{chain(adam{.epsilon = -1}, rate{1})}, plain};
          }) == "adam: epsilon = -1: must be finite and >= 0");
}
