// SPDX-License-Identifier: MIT
#include <descent/plot/color.hpp>

#include <set>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

using namespace descent::plot;

TEST_CASE("plot color: viridis at its published colors") {
    CHECK(viridis(0).text() == "#440154");  // matplotlib viridis(0.0), (0.5), (1.0)
    CHECK(viridis(0.5).text() == "#21918c");
    CHECK(viridis(1).text() == "#fde725");
    CHECK(viridis(-1).text() == "#440154");
    CHECK(viridis(2).text() == "#fde725");
}

TEST_CASE("plot color: viridis grows lighter all the way") {
    for (int i = 0; i < 100; ++i)
        CHECK(viridis(i / 100.0).luminance() < viridis((i + 1) / 100.0).luminance());
}

TEST_CASE("plot color: 28 series differ in color or dash") {
    std::set<std::pair<std::string, std::string>> looks;
    for (std::size_t i = 0; i < 28; ++i)
        looks.emplace(series_color(i), series_dash(i));
    CHECK(looks.size() == 28);
    CHECK(series_dash(6).empty());
    CHECK(!series_dash(7).empty());
}
