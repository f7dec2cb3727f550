// SPDX-License-Identifier: MIT
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/history.hpp>
#include <descent/train/minimize.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

constexpr double none = epoch_record::none;

std::string content(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count(std::string const& all, std::string const& part) {
    std::size_t found = 0;
    for (std::size_t at = all.find(part); at != all.npos; at = all.find(part, at + 1))
        ++found;
    return found;
}

/// The loss halves from epoch to epoch.
template <class... Callback>
report<double> run(std::int64_t epochs, Callback&&... callbacks) {
    vector<double> x{{1}};
    return minimize(
        [](auto const& at, auto& g) {
            g[0] = at[0] / 2;
            return at[0];
        },
        x, chain(sgd{}, rate{1.0}), {.epochs = epochs}, callbacks...);
}

}  // namespace

TEST_CASE("train history: exact CSV, empty where nothing was measured") {
    CHECK(format_history({}) == "epoch,steps,seconds,loss,validation,gradient_norm\n");
    CHECK(format_history({{1, 60, 0.25, 2.302585092994046, 0.5, none},
                          {2, 120, 1e-7, -1e300, none, 0.125},
                          {1000000, 60000000, 3600, 0, 0, 0}}) ==
          "epoch,steps,seconds,loss,validation,gradient_norm\n"
          "1,60,0.25,2.302585092994046,0.5,\n"
          "2,120,1e-07,-1e+300,,0.125\n"
          "1000000,60000000,3600,0,0,0\n");
}

TEST_CASE("train history: the callback gathers what the report has, and begins anew with each run") {
    history curve;
    for (std::int64_t const epochs : {3, 5}) {
        auto const report = run(epochs, curve);
        CHECK(format_history(curve.records) == format_history(report.history));
        CHECK(curve.records.size() == std::size_t(epochs));
    }
}

TEST_CASE("train history: it is there after an exception") {
    history curve;
    CHECK_THROWS_AS(
        run(9, curve, [](auto const& now) { now.epoch == 4 ? throw std::runtime_error("mine") : 0; }),
        std::runtime_error);
    REQUIRE(curve.records.size() == 4);
    CHECK(curve.records[3].loss == 0.125);
}

TEST_CASE("train history: files") {
    char folder[] = "/tmp/descent_history_XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    std::string const csv = std::string(folder) + "/run.csv", svg = std::string(folder) + "/run.svg";
    history curve;
    run(6, curve);
    curve.write_csv(csv);
    curve.write_svg(svg, {.title = "Halving"});
    CHECK(content(csv) == format_history(curve.records));
    CHECK(content(svg) == draw_history(curve.records, {.title = "Halving"}));
    std::remove(csv.c_str());
    std::remove(svg.c_str());
    ::rmdir(folder);
    CHECK(message_of([&] { curve.write_csv(csv); }) == csv + ": cannot write: No such file or directory");
}

TEST_CASE("train history: the picture has a curve for each loss that was measured") {
    auto const report = run(6);
    auto const one = draw_history(report.history);
    std::size_t const of_one = count(one, "<polyline");
    CHECK(of_one >= 1);
    CHECK(count(one, "Training") >= 1);
    auto both = report.history;
    for (auto& record : both)
        record.validation = 2 * record.loss;
    CHECK(count(draw_history(both), "<polyline") == 2 * of_one);
    CHECK(count(draw_history(both), ">validation<") == 1);
    CHECK(draw_history(both, {.log = false}) != draw_history(both));
    CHECK(message_of([] { draw_history({}); }).starts_with("lines: nothing to draw"));
}
