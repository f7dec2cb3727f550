// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <descent/exec/openmp.hpp>
#include <descent/exec/reduce.hpp>
#include <descent/exec/serial.hpp>

#include <cmath>
#include <string>

using namespace descent;

TEST_CASE("exec reduce: joins from the left, from the initial value on") {
    auto const letters = [](auto const& executor, descent::index n) {
        return exec::reduce(
            executor, n, std::string(">"), [](descent::index i) { return std::string(1, char('a' + i)); },
            [](std::string all, std::string const& next) { return all + next; });
    };
    CHECK(letters(exec::serial{}, 0) == ">");
    CHECK(letters(exec::serial{}, 1) == ">a");
    CHECK(letters(exec::serial{}, 5) == ">abcde");
#if DESCENT_OPENMP_ENABLED
    CHECK(letters(exec::openmp{3}, 0) == ">");
    CHECK(letters(exec::openmp{3}, 26) == ">abcdefghijklmnopqrstuvwxyz");
#endif
}

#if DESCENT_OPENMP_ENABLED
namespace {

/// Terms of very different size: any other order of the sum gives other bits.
double term(descent::index i) { return std::sin(double(i)) * std::pow(10.0, double(i % 17)); }

}  // namespace

TEST_CASE("exec reduce: the same bits for 1, 2, 3 and 7 threads") {
    auto const total = [](auto const& executor) {
        return exec::reduce(executor, 10007, 0.0, term, [](double all, double next) { return all + next; });
    };
    double backwards = 0;
    for (descent::index i = 10007; i-- > 0;)
        backwards += term(i);
    double const expected = total(exec::serial{});
    CHECK(backwards != expected);
    for (int const threads : {1, 2, 3, 7})
        CHECK(total(exec::openmp{threads}) == expected);
}
#endif
