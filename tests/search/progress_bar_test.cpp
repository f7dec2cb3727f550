// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <descent/search/progress_bar.hpp>
#include <descent/search/random.hpp>
#include <descent/search/threshold_stop.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// What a study of so many trials writes into a file.
std::string written(std::int64_t trials) {
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    search::study study{search::random{.seed = 1}};
    study.minimize(
        {.trials = trials},
        [](search::trial& t) {
            t.uniform("x", 0, 1);
            return t.number() == 1 ? search::record::none : 10.5 - double(t.number());
        },
        search::progress_bar{.stream = file});
    std::string text(std::size_t(std::ftell(file)), ' ');
    std::rewind(file);
    CHECK(std::fread(text.data(), 1, text.size(), file) == text.size());
    std::fclose(file);
    return text;
}

}  // namespace

TEST_CASE("search progress_bar: a line a trial where there is no terminal") {
    CHECK(written(3) ==
          "1/3 trials  last 10.5  best 10.5 (trial 0)  0:00:00 left\n"
          "2/3 trials  last none  best 10.5 (trial 0)  1 failed  0:00:00 left\n"
          "3/3 trials  last 8.5  best 8.5 (trial 2)  1 failed  0:00:00\n");
    std::string const many = written(120);
    CHECK(std::size_t(std::count(many.begin(), many.end(), '\n')) == 51);
    CHECK(many.substr(many.rfind("120/")) ==
          "120/120 trials  last -108.5  best -108.5 (trial 119)  1 failed  0:00:00\n");
}

TEST_CASE("search progress_bar: trials that were stopped are counted apart from those that failed") {
    search::study study{search::random{.seed = 1}, search::threshold_stop{.upper = 5}};
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    auto const counted = [](search::study_progress const& now) {
        CHECK((now.stopped == (now.trials + 1) / 3 && now.failed == now.trials / 3));
    };
    study.minimize(
        {.trials = 5},
        [](search::trial& t) {  // complete, stopped, failed, ...
            t.report(1, t.number() % 3 == 1 ? 9 : 1);
            t.should_stop();
            return t.number() % 3 == 2 ? search::record::none : double(t.number());
        },
        search::progress_bar{.stream = file}, counted);
    std::string text(std::size_t(std::ftell(file)), ' ');
    std::rewind(file);
    CHECK(std::fread(text.data(), 1, text.size(), file) == text.size());
    std::fclose(file);
    CHECK(text.substr(text.rfind("5/5")) ==
          "5/5 trials  last 4  best 0 (trial 0)  1 failed  2 stopped  0:00:00\n");
}

TEST_CASE("search progress_bar: its end, and what it refuses") {
    struct watcher {
        std::int64_t* trials;
        void operator()(search::study_progress const& now) const { CHECK(now.limit == 2); }
        void end(search::study_result const& result) const { *trials = result.trials; }
    };
    std::int64_t trials = 0;
    search::study study{search::random{.seed = 1}};
    auto const objective = [](search::trial& t) { return t.uniform("x", 0, 1); };
    study.minimize({.trials = 2}, objective, watcher{&trials});
    CHECK(trials == 2);
    CHECK(message_of([&] {
              study.minimize({.trials = 2}, objective, search::progress_bar{.stream = nullptr});
          }) == "progress_bar: stream is null: must be open");
}
