// SPDX-License-Identifier: MIT
#include <descent/plot/ticks.hpp>

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace descent::plot;

namespace {

std::string joined(std::vector<tick> const& ticks) {
    std::string text;
    for (tick const& each : ticks)
        if (!each.label.empty())
            text += (text.empty() ? "" : " ") + each.label + (each.power.empty() ? "" : "^" + each.power);
    return text;
}

std::vector<double> places(std::vector<tick> const& ticks) {
    std::vector<double> at;
    for (tick const& each : ticks)
        at.push_back(each.at);
    return at;
}

}  // namespace

TEST_CASE("plot ticks: linear ones are multiples of 1, 2 or 5") {
    CHECK(joined(linear_ticks(0, 10, 5)) == "0 2 4 6 8 10");
    CHECK(joined(linear_ticks(0, 10, 10)) == "0 1 2 3 4 5 6 7 8 9 10");
    CHECK(joined(linear_ticks(0, 1, 8)) == "0.0 0.2 0.4 0.6 0.8 1.0");
    CHECK(joined(linear_ticks(0.03, 0.97, 8)) == "0.2 0.4 0.6 0.8");
    CHECK(joined(linear_ticks(-7, 12, 8)) == "\u22125 0 5 10");
    CHECK(joined(linear_ticks(92.7, 98.3, 8)) == "93 94 95 96 97 98");
    CHECK(joined(linear_ticks(0, 0.0004, 4)) == "0.0000 0.0001 0.0002 0.0003 0.0004");
    CHECK(joined(linear_ticks(0, 45000, 5)) == "0 10000 20000 30000 40000");
    CHECK(joined(linear_ticks(0, 30, 8)) == "0 5 10 15 20 25 30");
}

TEST_CASE("plot ticks: values are the decimals a reader would type") {
    CHECK(places(linear_ticks(0, 1, 10)) ==
          std::vector<double>{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1});
    CHECK(places(linear_ticks(-0.06, 0.06, 4)) == std::vector<double>{-0.05, 0, 0.05});
}

TEST_CASE("plot ticks: very large and very small numbers get a power of ten") {
    CHECK(joined(linear_ticks(0, 1e6, 4)) == "0 0.5\u00d710^6 1.0\u00d710^6");
    CHECK(joined(linear_ticks(-2e-7, 2e-7, 4)) ==
          "\u22122\u00d710^\u22127 \u221210^\u22127 0 10^\u22127 2\u00d710^\u22127");
    CHECK(joined(linear_ticks(0, 4e300, 4)) == "0 10^300 2\u00d710^300 3\u00d710^300 4\u00d710^300");
    CHECK(joined(linear_ticks(1000000.1, 1000000.3, 2)) == "1000000.1 1000000.2 1000000.3");
}

TEST_CASE("plot ticks: counts have no ticks between whole numbers") {
    CHECK(joined(linear_ticks(0, 3, 8, 1)) == "0 1 2 3");
    CHECK(joined(linear_ticks(0.94, 4.06, 8, 1)) == "1 2 3 4");
    CHECK(joined(linear_ticks(0, 100, 8, 1)) == "0 20 40 60 80 100");
}

TEST_CASE("plot ticks: logarithmic ones over six decades") {
    auto const ticks = log_ticks(1e-6, 1, 8);
    CHECK(joined(ticks) == "10^\u22126 10^\u22125 10^\u22124 10^\u22123 10^\u22122 10^\u22121 10^0");
    CHECK(ticks.size() == 6 * 9 + 1);  // with the minor ones
    CHECK(ticks[1].at == 2e-6);
    CHECK(ticks[9].at == 1e-5);
}

TEST_CASE("plot ticks: logarithmic ones, wide and narrow") {
    CHECK(joined(log_ticks(1, 1000, 8)) == "1 10 100 1000");
    CHECK(joined(log_ticks(0.05, 2.3, 8)) == "0.05 0.1 0.2 0.5 1 2");
    CHECK(joined(log_ticks(0.51, 4.4, 8)) == "0.6 0.8 1 2 3 4");
    CHECK(joined(log_ticks(0.31, 0.38, 8)) == "0.31 0.32 0.33 0.34 0.35 0.36 0.37 0.38");
    CHECK(joined(log_ticks(1e-12, 1, 4)) == "10^\u221212 10^\u22128 10^\u22124 10^0");
    CHECK(joined(log_ticks(2e7, 3e8, 8)) == "2\u00d710^7 5\u00d710^7 10^8 2\u00d710^8");
    CHECK(log_ticks(1e-300, 1e300, 8).size() < 30);
}
