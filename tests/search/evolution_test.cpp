// SPDX-License-Identifier: MIT
#include <descent/search/cma_es.hpp>
#include <descent/search/differential_evolution.hpp>
#include <descent/search/nsga2.hpp>
#include <descent/search/random.hpp>
#include <descent/search/regularized_evolution.hpp>
#include <descent/search/study.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using search::trial_state;

namespace {

template <class Sampler>
double best_of(Sampler sampler, int trials, double (*f)(std::vector<double> const&), int d) {
    search::space space;
    for (int k = 0; k < d; ++k)
        space.add(text("x", k), search::uniform(-2, 3));
    search::study study{space, sampler};
    return study
        .minimize({.trials = trials},
                  [&](search::trial& t) {
                      std::vector<double> x;
                      for (int k = 0; k < d; ++k)
                          x.push_back(t[text("x", k)]);
                      return f(x);
                  })
        .value;
}
template <class Sampler>
double median_of(int trials, double (*f)(std::vector<double> const&), int d) {
    std::vector<double> all;
    for (std::uint64_t seed = 0; seed < 7; ++seed)
        all.push_back(best_of(Sampler{.seed = seed}, trials, f, d));
    std::sort(all.begin(), all.end());
    return all[3];
}

double ellipsoid(std::vector<double> const& x) {
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k)
        sum += std::pow(100.0, double(k) / double(x.size() - 1)) * std::pow(x[k] - 1.3, 2);
    return sum;
}
double rosenbrock(std::vector<double> const& x) {
    double sum = 0;
    for (std::size_t k = 0; k + 1 < x.size(); ++k)
        sum += 100 * std::pow(x[k + 1] - x[k] * x[k], 2) + std::pow(1 - x[k], 2);
    return sum;
}

/// The area between a front of two minimized objectives and (1, 1).
double area(std::vector<search::record> front) {
    std::sort(front.begin(), front.end(),
              [](auto const& a, auto const& b) { return a.values[0] < b.values[0]; });
    double sum = 0, edge = 1;
    for (std::size_t i = 0; i < front.size(); ++i) {
        if (front[i].values[1] >= edge || front[i].values[0] >= 1)
            continue;
        sum += (1 - front[i].values[0]) * (edge - front[i].values[1]);
        edge = front[i].values[1];
    }
    return sum;
}
template <class Sampler>
double zdt1(Sampler sampler) {
    search::space space;
    for (int k = 0; k < 6; ++k)
        space.add(text("x", k), search::uniform(0, 1));
    search::study study{space, sampler};
    study.set_goals({search::goal::minimize, search::goal::minimize});
    study.run({.trials = 400}, [](search::trial& t) {
        double g = 1;
        for (int k = 1; k < 6; ++k)
            g += 9.0 / 5 * t[text("x", k)];
        return std::vector<double>{t["x0"], g * (1 - std::sqrt(t["x0"] / g))};
    });
    return area(study.pareto());
}

/// A table of 5^4 x 3 "architectures".
template <class Sampler>
int trials_to_best(Sampler sampler, int limit) {
    search::space space;
    for (int k = 0; k < 4; ++k)
        space.add(text("op", k), search::categorical({"a", "b", "c", "d", "e"}));
    space.add("depth", search::integer(1, 3));
    search::study study{space, sampler};
    int needed = limit;
    study.minimize(
        {.trials = limit},
        [](search::trial& t) {
            double wrong = std::abs(t["depth"] - 2);
            for (int k = 0; k < 4; ++k)
                wrong += t[text("op", k)] != double(k + 1);
            return wrong;
        },
        [&](search::study_progress const& p) {
            if (p.best.value == 0)
                needed = std::min(needed, int(p.trials));
            return p.best.value == 0;
        });
    return needed;
}

}  // namespace

TEST_CASE("search cma_es: learns scales and bends that a fixed width cannot") {
    // Pure random search reaches about 8 and 30 here.
    CHECK(median_of<search::cma_es>(400, ellipsoid, 5) < 0.05);
    CHECK(median_of<search::cma_es>(1500, rosenbrock, 4) < 1e-2);
    CHECK(median_of<search::cma_es>(
              300, [](std::vector<double> const& x) { return std::abs(x[0] + 2); }, 1) < 1e-6);
}

TEST_CASE("search differential_evolution: goes down to the optimum") {
    CHECK(median_of<search::differential_evolution>(600, ellipsoid, 5) < 1e-2);
}

TEST_CASE("search regularized_evolution: finds the one of 1875 architectures sooner than chance") {
    std::vector<int> needed, chance;
    for (std::uint64_t seed = 0; seed < 9; ++seed) {
        needed.push_back(trials_to_best(search::regularized_evolution{.seed = seed}, 1000));
        chance.push_back(trials_to_best(search::random{.seed = seed}, 1000));
    }
    std::sort(needed.begin(), needed.end());
    std::sort(chance.begin(), chance.end());
    CHECK(needed[4] < 250);
    CHECK(needed[4] < chance[4]);
    CHECK(trials_to_best(search::cma_es{}, 1000) < 1000);
    CHECK(trials_to_best(search::differential_evolution{}, 1000) < 1000);
}

TEST_CASE("search nsga2: the front of ZDT1, of which random search sees little") {
    // Zitzler, Deb & Thiele (2000): the whole front, 1 - sqrt(x), leaves an area of 2/3.
    std::vector<double> ours, chance;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        ours.push_back(zdt1(search::nsga2{.seed = seed}));
        chance.push_back(zdt1(search::random{.seed = seed}));
    }
    CHECK(*std::min_element(ours.begin(), ours.end()) > 0.2);
    CHECK(*std::max_element(chance.begin(), chance.end()) < 0.1);
    CHECK(*std::max_element(ours.begin(), ours.end()) <= 2.0 / 3);
}

TEST_CASE("search nsga2: fronts kept one by one are those of the definition, in any order of coming") {
    // Deb et al. (2002): a front is what none of the rest beats. Ties and infinite losses are among them.
    using search::detail::rival;
    for (std::size_t goals = 1; goals <= 3; ++goals)
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            search::detail::stream draws{{seed, std::uint32_t(goals)}};
            std::vector<rival> all;
            for (std::int64_t number = 0; number < 40; ++number) {
                rival r{number, {}};
                for (std::size_t g = 0; g < goals; ++g) {
                    double const u = draws.uniform();
                    r.losses.push_back(u < 0.05 ? HUGE_VAL : seed % 2 ? std::floor(6 * u) : u);
                }
                all.push_back(r);
            }
            search::detail::fronts forward, backward;
            for (std::size_t i = 0; i < all.size(); ++i)
                forward.add(all[i]), backward.add(all[all.size() - 1 - i]);
            std::vector<std::int64_t> a, b;
            for (rival const& r : forward.best(40))
                a.push_back(r.number);
            for (rival const& r : backward.best(40))
                b.push_back(r.number);
            CHECK((a.size() == 40 && a == b && forward.best(7).back().number == a[6]));
            std::vector<rival> left = all;
            std::size_t taken = 0;
            while (!left.empty()) {
                std::vector<std::int64_t> front;
                std::vector<rival> rest;
                for (rival const& r : left)
                    if (std::none_of(left.begin(), left.end(), [&](rival const& o) { return o.beats(r); }))
                        front.push_back(r.number);
                    else
                        rest.push_back(r);
                std::vector<std::int64_t> ours(a.begin() + std::ptrdiff_t(taken),
                                               a.begin() + std::ptrdiff_t(taken + front.size()));
                std::sort(ours.begin(), ours.end());
                CHECK(ours == front);
                taken += front.size();
                left = std::move(rest);
            }
        }
    // Room: of five on a line the ends first, then the one with the widest gaps.
    search::detail::fronts line;
    for (double const x : {0.5, 0.0, 0.95, 1.0, 0.6})
        line.add({std::int64_t(10 * x), {x, 1 - x}});
    std::vector<std::int64_t> order;
    for (rival const& r : line.best(5))
        order.push_back(r.number);
    CHECK(order == std::vector<std::int64_t>{10, 0, 5, 6, 9});
}

TEST_CASE("search nsga2: what it keeps of a study is not taken to another one, nor from a trial at work") {
    auto const study_of = [](double turn) {
        auto study = std::make_unique<search::study<search::random>>(search::random{.seed = 4});
        study->set_goals({search::goal::minimize, search::goal::maximize});
        study->run({.trials = 30}, [&](search::trial& t) {
            double const x = t.uniform("x", 0, 1), y = t.uniform("y", 0, 1);
            return std::vector<double>{turn * x, y - x};
        });
        return study;
    };
    auto const one = study_of(1), other = study_of(-1);
    auto const asked = [](search::nsga2& sampler, std::vector<search::record> const& records) {
        std::vector<search::goal> const goals{search::goal::minimize, search::goal::maximize};
        std::vector<double> to(2);
        sampler.suggest({*records.back().space, records, goals}, std::int64_t(records.size()), to);
        return to;
    };
    auto const of_one = one->records(), of_other = other->records();
    search::nsga2 used{.population = 8}, fresh{.population = 8};
    asked(used, of_one);
    CHECK(asked(used, of_other) == asked(fresh, of_other));
    // Trials 3 and 20 are told late: what is asked then does not know when.
    auto late = of_one;
    late[3].state = trial_state::running, late[20].state = trial_state::paused;
    search::nsga2 sees{.population = 8}, saw{.population = 8};
    asked(sees, late);
    late[20].values[0] = late[20].value = -5;
    asked(sees, late);
    late[3].state = late[20].state = trial_state::complete;
    CHECK(asked(sees, late) == asked(saw, late));
}

TEST_CASE("search evolution: a mutation is another value, wherever there is one") {
    for (auto const& of :
         {search::ordered({1, 2}), search::ordered({1, 2, 4}), search::integer(3, 4), search::integer(0, 2),
          search::integer(1, 1000, {.log = true}), search::uniform(0, 1, {.step = 0.25}), search::uniform(0, 1),
          search::log_uniform(1e-6, 1), search::categorical({"a", "b"}),
          search::categorical({"a", "b", "c"})}) {
        int same = 0, outside = 0;
        for (std::uint64_t i = 0; i < 4000; ++i) {
            search::detail::stream draws{{7, 1}, 100 * i};
            // Anywhere in a cell: of a name that the parent did not ask for the coordinate is drawn.
            double const at = i % 3 ? search::detail::coordinate_of(of, draws.uniform())
                                    : of.coordinate(of.value(i % 2 ? 0.0 : 1.0 * double(of.nominal() ? 2 : 1)));
            double const to = search::detail::mutated(of, at, i % 2 ? 0.15 : 1.0, draws);
            same += of.value(to) == of.value(at);
            outside += !of.has(of.value(to));
        }
        CHECK((same == 0 && outside == 0));
    }
    search::detail::stream draws{{7, 1}};
    CHECK(search::detail::mutated(search::constant(2), 0.5, 0.1, draws) == 0.5);
    CHECK(search::detail::mutated(search::categorical({"a"}), 0, 0.1, draws) == 0);
}

TEST_CASE("search evolution: batches are the same for any number of threads; settings are checked") {
    auto const same = [](auto sampler) {
        auto const run = [&](int parallel) {
            search::study study{sampler};
            study.minimize({.trials = 60, .parallel = parallel, .batch = 3}, [](search::trial& t) {
                double const x = t.uniform("x", -1, 1);
                if (t.number() % 7 == 3)
                    throw error("no");
                return x * x + (t.categorical("k", {"a", "b"}) == "a") +
                       std::abs(t.log_uniform("y", 1e-3, 1) - 0.1) + double(t.integer("n", 1, 5));
            });
            std::vector<double> all;
            for (auto const& r : study.records())
                for (double const v : r.chosen)
                    all.push_back(v == v ? v : -99);
            CHECK(study.best().value < 3);
            return all;
        };
        CHECK(run(1) == run(3));
    };
    same(search::cma_es{.seed = 2});
    same(search::differential_evolution{.seed = 2});
    same(search::regularized_evolution{.seed = 2, .population = 10});
    same(search::nsga2{.seed = 2, .population = 10});
    auto const told = [](auto sampler) { return message_of([&] { search::study bad{sampler}; }); };
    CHECK(told(search::cma_es{.population = 3}) == "cma_es: population = 3: must be 0 or >= 4");
    CHECK(told(search::cma_es{.width = 0}) == "cma_es: width = 0: must be > 0");
    CHECK(told(search::differential_evolution{.weight = 3}) ==
          "differential_evolution: weight = 3: must be in (0, 2]");
    CHECK(told(search::regularized_evolution{.tournament = 0}) ==
          "regularized_evolution: tournament = 0: must be >= 1");
    CHECK(told(search::nsga2{.population = 2}) == "nsga2: population = 2: must be >= 4");
}
