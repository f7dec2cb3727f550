// SPDX-License-Identifier: MIT
#include <descent/search/grid.hpp>
#include <descent/search/halton.hpp>
#include <descent/search/latin_hypercube.hpp>
#include <descent/search/random.hpp>
#include <descent/search/sobol.hpp>
#include <descent/search/study.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using search::trial_state;

namespace {

search::space mixed() {
    search::space space;
    space.add("rate", search::log_uniform(1e-4, 1))
        .add("width", search::integer(8, 512, {.log = true}))
        .add("kind", search::categorical({"relu", "tanh", "gelu"}))
        .add("size", search::ordered({16, 32, 64, 128}))
        .add("fixed", search::constant(7));
    return space;
}

double bowl(search::trial& t) {
    return std::pow(std::log10(t["rate"]) + 2, 2) + std::pow(std::log2(t["width"] / 64), 2) / 4 +
           (t.label("kind") == "tanh" ? 0 : 1) + std::abs(t["size"] - 64) / 64;
}

template <class Sampler>
std::vector<double> trajectory(Sampler sampler, search::study_options options) {
    search::study study{mixed(), sampler};
    study.minimize(options, bowl);
    std::vector<double> all;
    for (auto const& r : study.records())
        all.insert(all.end(), r.chosen.begin(), r.chosen.end());
    return all;
}

/// How far the counts of points in equal cells are apart, over all pairs of variables.
template <class Sampler>
int worst_cell(Sampler sampler, int variables, int points, int cells) {
    search::space space;
    for (int k = 0; k < variables; ++k)
        space.add(text("x", k), search::uniform(0, 1));
    search::study study{space, sampler};
    study.minimize({.trials = points}, [](search::trial&) { return 0; });
    auto const records = study.records();
    int worst = 0;
    for (int a = 0; a < variables; ++a)
        for (int b = 0; b < a; ++b) {
            std::vector<int> count(std::size_t(cells * cells));
            for (auto const& r : records)
                ++count[std::size_t(int(r.chosen[std::size_t(a)] * cells) * cells +
                                    int(r.chosen[std::size_t(b)] * cells))];
            worst = std::max(worst, *std::max_element(count.begin(), count.end()));
        }
    return worst;
}

}  // namespace

TEST_CASE("search domain: every value comes back from its coordinate, and grids share coordinates equally") {
    for (auto const& of :
         {search::uniform(-3, 5), search::uniform(0, 1, {.step = 0.25}), search::log_uniform(1e-3, 10),
          search::integer(3, 17, {.step = 2}), search::integer(1, 1000, {.log = true}),
          search::categorical({"a", "b", "c"}), search::ordered({1, 2, 4}), search::constant(2)}) {
        bool back = true, inside = true;
        for (int i = 0; i <= 1000; ++i) {
            double const value = of.value(i / 1000.0 * (of.nominal() ? double(of.count() - 1) : 1.0));
            inside = inside && of.has(value);
            back = back && std::abs(of.value(of.coordinate(value)) - value) <= 1e-12 * std::abs(value);
        }
        CHECK(back);
        CHECK(inside);
    }
    auto const steps = search::integer(0, 3);
    CHECK((steps.value(0) == 0 && steps.value(0.2499) == 0 && steps.value(0.25) == 1 && steps.value(1) == 3));
    CHECK(steps.count() == 4);
    CHECK(search::uniform(0, 1, {.step = 0.1}).count() == 11);
    CHECK(std::abs(search::log_uniform(1e-4, 1).value(0.5) - 1e-2) < 1e-15);
    CHECK(search::uniform(0, 1).count() == 0);
}

TEST_CASE("search domain: the ends of the coordinates are the ends of the domain, to the last bit") {
    for (auto const& of :
         {search::uniform(-0.1, 0.7), search::uniform(1e-3, 1e16), search::log_uniform(1e-5, 0.1),
          search::log_uniform(3e-300, 7e300), search::uniform(0, 0.3, {.step = 0.1}),
          search::uniform(0.1, 0.7, {.step = 0.1}), search::integer(1, 1000, {.log = true}),
          search::integer(-7, 11, {.step = 3}), search::constant(0.1)}) {
        CHECK((of.value(0) == of.low && of.value(1) == of.high));
        CHECK((of.value(-2) == of.low && of.value(3) == of.high));
    }
    // An end that is no value: the last step before it.
    CHECK(search::domain{.low = 0, .high = 1, .step = 0.375}.value(1) == 0.75);
}

TEST_CASE("search space: what is wrong is told") {
    search::space space;
    auto const add = [&](search::domain of) { return message_of([&] { space.add("x", of); }); };
    CHECK(add(search::uniform(2, 1)) == "search: x: [2, 1]: the range is empty");
    CHECK(add(search::uniform(0, INFINITY)) == "search: x: [0, inf]: both ends must be finite");
    CHECK(add(search::log_uniform(0, 1)) == "search: x: low = 0: must be > 0 on a log scale");
    CHECK(add(search::integer(0, 5, {.step = 0})) == "search: x: step = 0: must be whole and >= 1");
    CHECK(add(search::integer(0.5, 5)) == "search: x: [0.5, 5]: both ends must be whole");
    CHECK(add(search::categorical({"a", "a"})) == "search: x: 'a' stands twice in the list");
    CHECK(add(search::ordered({1, 1})) == "search: x: 1 stands twice in the list");
    CHECK(add(search::categorical(std::vector<std::string>{})) == "search: x: the list is empty");
    CHECK(add(search::uniform(-1e308, 1e308)) ==
          "search: x: [-1e+308, 1e+308]: the width must be finite in double");
    CHECK(add(search::uniform(0, 1, {.step = 1e-19})) ==
          "search: x: [0, 1] in steps of 1e-19: must have fewer than 2^63 values");
    CHECK(add(search::integer(0, 9223372036854775807.0)) ==
          "search: x: [0, 9223372036854775808]: whole numbers must lie in [-2^63, 2^63)");
    CHECK(
        add(search::integer(-9223372036854775808.0, 9007199254740992)) ==
        "search: x: [-9223372036854775808, 9007199254740992] in steps of 1: must have fewer than 2^63 values");
    CHECK(search::integer(0, 9007199254740992).count() == 9007199254740993);
    space.add("x", search::uniform(0, 1));
    CHECK(add(search::uniform(0, 2)) == "search: x: its domain is not what it was before");

    search::study study{search::random{}};
    auto t = study.ask();
    CHECK(message_of([&] { t["y"]; }) == "trial: the space has no 'y'");
    t.uniform("y", 0, 1);
    CHECK(message_of([&] { t.label("y"); }) == "trial: 'y' is not a list of texts");
    CHECK(message_of([&] { t.uniform("y", 0, 3); }) == "search: y: its domain is not what it was before");
    study.tell(t, 1);
    CHECK(message_of([&] { study.tell(t, 1); }) == "study: trial 0 was told before");
    CHECK(message_of([&] { study.tell(study.ask(), {1, 2}); }) == "study: tell: 2 values for 1 goals");
    CHECK(message_of([&] { study.enqueue({{"y", 4}}); }) == "study: y = 4: is not in its domain");
    CHECK(message_of([&] { study.add({{"z", 4}}, 1); }) == "study: add: the space has no 'z'");
    search::study declared{space, search::random{}};
    CHECK(message_of([&] { declared.enqueue({{"X", 0.5}}); }) == "study: enqueue: the space has no 'X'");
    CHECK(message_of([&] { study.best()["z"]; }) == "search: the trial has no 'z'");
    CHECK(message_of([&] { study.minimize({.parallel = 0}, bowl); }) == "study: parallel = 0: must be >= 1");
    CHECK(message_of([] { search::study bad{search::gaussian_process{.everywhere = 0}}; }) ==
          "gaussian_process: everywhere = 0: must be >= 1");
}

TEST_CASE("search study: trials grow the space; failures and stops are kept") {
    search::study study{search::random{.seed = 3}};
    int calls = 0;
    auto const result = study.maximize(
        {.trials = 30},
        [&](search::trial& t) {
            double const x = t.uniform("x", -1, 1);
            CHECK(t.uniform("x", -1, 1) == x);
            if (t.categorical("kind", {"line", "bend"}) == "bend")
                return -std::pow(t.uniform("only of bends", 0, 1), 2) - x * x;
            if (++calls == 2)
                throw std::runtime_error("out of memory");
            return calls == 3 ? NAN : -x * x;
        },
        [](search::study_progress const& p) { return p.trials == 25; });
    CHECK(result.trials == 25);
    CHECK((result.status == status::stopped && result.why == "a callback stopped it"));
    auto const records = study.records();
    double best = -INFINITY;
    std::vector<std::string> reasons;
    for (auto const& r : records) {
        if (r.state == trial_state::failed)
            reasons.push_back(r.reason);
        else
            best = std::max(best, r.value);
        CHECK(r.has("only of bends") == (r.label("kind") == "bend"));
    }
    CHECK(reasons == std::vector<std::string>{"out of memory", "the objective is not a number"});
    CHECK(result.value == best);
    CHECK(records[std::size_t(result.number)]["x"] == result["x"]);

    // Queued values come first, and warm starts count.
    study.enqueue({{"x", 0.25}, {"kind", "line"}});
    auto t = study.ask();
    CHECK(t.uniform("x", -1, 1) == 0.25);
    CHECK(t.categorical("kind", {"line", "bend"}) == "line");
    study.tell(t, -0.0625);
    study.add({{"x", 0}, {"kind", "line"}}, 0);
    CHECK((study.best()["x"] == 0 && study.best().value == 0));
    auto const nothing =
        search::study{search::random{}}.minimize({.trials = 2}, [](search::trial&) { return NAN; });
    CHECK((nothing.number == -1 && nothing.trials == 2 && nothing.value != nothing.value));
}

TEST_CASE("search study: where no trial is complete it is told, and why") {
    search::study study{search::random{}};
    CHECK((study.best().number == -1 && study.best().reason == "there are no trials"));
    CHECK(message_of([&] { study.best()["x"]; }) == "search: there are no trials");
    auto const result = study.minimize({.trials = 3}, [](search::trial& t) {
        t.uniform("x", 0, 1);
        if (t.number() < 2)
            throw error("out of memory");
        return NAN;
    });
    std::string const why = "no trial is complete: 3 failed; trial 2: the objective is not a number";
    CHECK((result.number == -1 && result.reason == why && result.why == "all trials are done; " + why));
    CHECK(message_of([&] { result["x"]; }) == "search: " + why);
    CHECK(message_of([&] { result.label("x"); }) == "search: " + why);
    CHECK((!result.has("x") && study.best().reason == why));
    auto t = study.ask();
    CHECK(study.best().reason ==
          "no trial is complete: 3 failed, 1 at work; trial 2: the objective is not a number");
    study.tell(t, 1);
    CHECK((study.best().number == 3 && study.best().reason.empty()));
}

TEST_CASE("search study: a run without a limit of trials ends where all fail") {
    auto const run = [](search::study_options options, std::int64_t good) {
        search::study study{search::random{}};
        return study.minimize(options, [&](search::trial& t) {
            if (t.number() != good)
                throw error("no device");
            return 1.0;
        });
    };
    for (int const parallel : {1, 3}) {
        auto const all = run({.trials = 0, .total = 5, .parallel = parallel, .failures = 7}, -1);
        CHECK((all.status == status::stopped && all.trials >= 7 && all.trials < 7 + parallel));
        CHECK(all.why.starts_with("7 trials in a row failed, the last, trial "));
        CHECK(all.why.find(": no device; no trial is complete: ") != std::string::npos);
    }
    auto const some = run({.trials = -1, .batch = 2}, 3);
    CHECK((some.trials == 104 && some.number == 3));
    CHECK(some.why == "100 trials in a row failed, the last, trial 103: no device");
    // Those that are limited otherwise go on.
    CHECK(run({.trials = 150}, -1).trials == 150);
    CHECK(run({.trials = 0, .seconds = 0.02, .failures = 0}, -1).status == status::out_of_time);
    CHECK(message_of([&] { run({.failures = -1}, 0); }) == "study: failures = -1: must be >= 0");
}

TEST_CASE("search study: presets of some names keep the conditions, to the last bit") {
    // Where x + y + z <= 1 and x is given, what the sampler proposes for y and z hardly ever fits.
    search::space space;
    space.add("x", search::uniform(0, 1))
        .add("y", search::uniform(0, 1))
        .add("z", search::log_uniform(1e-3, 1));
    space.require([](search::setting const& s) { return s["x"] + s["y"] + s["z"] <= 1; });
    auto const run = [&](auto sampler) {
        search::study study{space, sampler};
        for (int i = 0; i < 40; ++i)
            study.enqueue({{"x", 0.7 + 0.005 * i}});
        study.minimize({.trials = 44}, [](search::trial& t) { return t["x"] + t["y"] * t["z"]; });
        std::vector<double> all;
        for (auto const& r : study.records()) {
            CHECK(r["x"] + r["y"] + r["z"] <= 1);
            if (r.number < 40)
                CHECK(r["x"] == 0.7 + 0.005 * double(r.number));
            all.insert(all.end(), r.chosen.begin(), r.chosen.end());
        }
        return all;
    };
    CHECK(run(search::random{.seed = 3}) == run(search::random{.seed = 3}));
    run(search::gaussian_process{});
    search::study study{space, search::random{}};
    CHECK(message_of([&] {
              study.enqueue({{"x", 1}, {"y", 0.25}});
          }) == "study: enqueue: the conditions allow no point with x = 1, y = 0.25");
    CHECK(message_of([&] {
              study.enqueue({{"x", 1}});
          }) == "study: enqueue: the conditions allow no point with x = 1");
    CHECK(study.records().empty());
    study.add({{"x", 0.9}, {"y", 0.9}, {"z", 0.9}}, 3);  // made elsewhere
    CHECK(study.best()["x"] == 0.9);
}

TEST_CASE("search study: a preset comes back as it was given") {
    // exp(log(v)) and low + (v - low) / width * width are an ulp off for a third of all numbers.
    generator const draws{.seed = 9};
    search::space space;
    space.add("x", search::uniform(-3, 7.1)).add("rate", search::log_uniform(1e-6, 1));
    space.add("step", search::uniform(0.1, 1.3, {.step = 0.1}))
        .add("n", search::integer(1, 999, {.log = true}));
    search::study declared{space, search::random{}}, grown{search::random{}};
    for (std::uint64_t i = 0; i < 50; ++i) {
        double const x = -3 + 10 * draws.uniform<double>(2 * i),
                     rate = std::pow(10.0, -6 * draws.uniform<double>(2 * i + 1)),
                     step = 0.1 * double(1 + i % 13);
        auto const n = std::int64_t(1 + 19 * i);
        std::vector<search::preset> const all{{"x", x}, {"rate", rate}, {"step", step}, {"n", n}};
        declared.enqueue(all), grown.enqueue(all);
        auto t = declared.ask(), u = grown.ask();
        CHECK((t["x"] == x && t["rate"] == rate && t["step"] == step && t["n"] == double(n)));
        CHECK((u.uniform("x", -3, 7.1) == x && u.log_uniform("rate", 1e-6, 1) == rate));
        CHECK(
            (u.uniform("step", 0.1, 1.3, {.step = 0.1}) == step && u.integer("n", 1, 999, {.log = true}) == n));
        declared.tell(t, 1), grown.tell(u, 1);
        declared.add(all, 0.5);
        CHECK((declared.records().back()["x"] == x && declared.records().back()["rate"] == rate));
    }
    declared.enqueue({{"n", 3 - 1e-11}});
    CHECK(declared.ask()["n"] == 3);
}

TEST_CASE("search study: batches are the same for any number of threads, and seeds for any run") {
    auto const same = [](auto sampler) {
        auto const one = trajectory(sampler, {.trials = 18, .parallel = 1, .batch = 3});
        CHECK(one == trajectory(sampler, {.trials = 18, .parallel = 2, .batch = 3}));
        CHECK(one == trajectory(sampler, {.trials = 18, .parallel = 5, .batch = 3}));
        CHECK(one.size() == 18 * 5);
        ++sampler.seed;
        CHECK(one != trajectory(sampler, {.trials = 18, .batch = 3}));
    };
    same(search::random{});
    same(search::gaussian_process{});
    auto const free = trajectory(search::random{}, {.trials = 12, .parallel = 4});
    CHECK(free == trajectory(search::random{}, {.trials = 12}));
}

TEST_CASE("search study: a callback that throws ends the run on every thread") {
    search::study study{search::random{}};
    CHECK(message_of([&] {
              study.minimize(
                  {.trials = 1000, .parallel = 3}, [](search::trial& t) { return t.uniform("x", 0, 1); },
                  [](search::study_progress const& p) { expect(p.trials < 5, "enough"); });
          }) == "enough");
    CHECK(study.records().size() < 20);
}

namespace {

/// A thread of a system that has but three, the caller's not counted.
struct scarce_thread {
    static inline int left = 3;
    std::thread real;
    template <class Work>
    explicit scarce_thread(Work const& work) {
        if (left-- <= 0)
            throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
        real = std::thread(work);
    }
    void join() { real.join(); }
};

}  // namespace

TEST_CASE("search study: work goes on with the threads that the system has") {
    search::detail::pacing now{search::study_options{}};
    std::atomic<int> at_work{0}, rest{100};
    search::detail::spread<scarce_thread>(4000, now, [&] {
        ++at_work;
        while (at_work < 4)  // all that began are there
            std::this_thread::yield();
        while (rest-- > 0)
            std::this_thread::yield();
    });
    CHECK((at_work == 4 && rest < 0));
    scarce_thread::left = 0;
    int done = 0;
    search::detail::spread<scarce_thread>(4000, now, [&] { ++done; });
    CHECK(done == 1);
    // No more threads than trials.
    search::study study{search::random{}};
    std::mutex lock;
    std::set<std::thread::id> seen;
    auto const most = std::numeric_limits<int>::max();
    study.minimize({.trials = 3, .parallel = most}, [&](search::trial& t) {
        std::lock_guard const held(lock);
        seen.insert(std::this_thread::get_id());
        return t.uniform("x", 0, 1);
    });
    CHECK((study.records().size() == 3 && seen.size() <= 3));
}

TEST_CASE("search study: several goals have a front") {
    search::study study{search::random{}};
    study.set_goals({search::goal::minimize, search::goal::maximize});
    study.run({.trials = 40}, [](search::trial& t) {
        double const x = t.uniform("x", 0, 1);
        return std::vector<double>{x, x + (t.uniform("y", 0, 1) > 0.5 ? 0.0 : -10.0)};
    });
    // Where y > 0.5 more of one is more of the other; all else is beaten by the least x among those, or by less
    // x.
    for (auto const& r : study.pareto())
        for (auto const& other : study.pareto())
            CHECK_FALSE((other.values[0] < r.values[0] && other.values[1] > r.values[1]));
    CHECK(study.pareto().size() > 10);
    CHECK(message_of([&] { study.minimize({}, bowl); }) ==
          "study: the goals cannot change once there are trials");
}

TEST_CASE("search grid: each combination once, then again; conditions leave some out") {
    search::space space;
    space.add("a", search::categorical({"x", "y"}))
        .add("b", search::integer(1, 3))
        .add("c", search::uniform(0, 1));
    auto const combinations = [](search::space const& s, int trials) {
        search::study study{s, search::grid{.seed = 2, .points = 4}};
        study.minimize({.trials = trials}, [](search::trial&) { return 0; });
        std::vector<std::vector<double>> seen;
        for (auto const& r : study.records())
            seen.push_back(r.chosen);
        std::sort(seen.begin(), seen.end());
        return seen;
    };
    auto const once = combinations(space, 24);
    CHECK(std::adjacent_find(once.begin(), once.end()) == once.end());
    CHECK((once.front() == std::vector<double>{0, 1, 0} && once.back() == std::vector<double>{1, 3, 1}));
    CHECK(std::abs(once[1][2] - 1.0 / 3) < 1e-15);
    auto const twice = combinations(space, 48);
    for (std::size_t i = 0; i < twice.size(); ++i)
        CHECK(twice[i] == once[i / 2]);
    space.require([](search::setting const& s) { return s["b"] < 3 && (s.label("a") == "x" || s["c"] > 0.5); });
    auto const some = combinations(space, 12);
    CHECK(std::adjacent_find(some.begin(), some.end()) == some.end());
}

TEST_CASE("search sobol: 2^k points fill the cells of every pair of variables evenly") {
    // 256 points in 16 x 16 cells. Joe & Kuo's first variables are (0, 8, 2)-nets pair by pair up to quality t.
    CHECK(worst_cell(search::sobol{.seed = 5}, 2, 256, 16) == 1);
    CHECK(worst_cell(search::sobol{.seed = 5}, 8, 256, 4) <= 18);
    CHECK(worst_cell(search::random{.seed = 5}, 8, 256, 4) > 22);
    CHECK(worst_cell(search::halton{.seed = 5}, 2, 36, 6) <= 3);
    CHECK(worst_cell(search::halton{.seed = 5}, 3, 900, 2) <= 235);
    // The unscrambled points, from the recurrence of Sobol (1967) by hand.
    CHECK(search::detail::sobol_bits(1, 0) == 0x80000000u);
    CHECK(search::detail::sobol_bits(2, 1) == 0x40000000u);
    CHECK(search::detail::sobol_bits(3, 1) == 0xc0000000u);
    // scipy.stats.qmc.Sobol(50, scramble=False), point 1000, variables 2, 10, 49.
    CHECK(search::detail::sobol_bits(1000, 2) == 0x84c00000u);
    CHECK(search::detail::sobol_bits(1000, 10) == 0x15c00000u);
    CHECK(search::detail::sobol_bits(1000, 49) == 0x7ac00000u);
}

TEST_CASE("search latin_hypercube: each variable has one point in each interval") {
    search::space space;
    space.add("a", search::uniform(0, 1)).add("b", search::uniform(0, 1));
    search::study study{space, search::latin_hypercube{.seed = 1, .points = 10}};
    study.minimize({.trials = 20}, [](search::trial&) { return 0; });
    auto const records = study.records();
    for (std::size_t round = 0; round < 2; ++round)
        for (std::size_t k = 0; k < 2; ++k) {
            std::vector<int> seen(10);
            for (std::size_t i = 0; i < 10; ++i)
                ++seen[std::size_t(records[round * 10 + i].chosen[k] * 10)];
            CHECK(seen == std::vector<int>(10, 1));
        }
}
