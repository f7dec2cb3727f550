// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <exec/device_cases.hpp>
#include <optim/rows_of.hpp>

#include <catch2/catch_test_macros.hpp>

TEST_CASE("exec cuda: every rule agrees with the serial executor") {
    rows::each_recipe([](char const* name, double, auto make) {
        INFO(name);
        auto const seen = descent::test::compare<float>(make(), descent::exec::cuda{}, descent::slots::full{},
                                                        false, [](auto&) {});
        CHECK(seen.weights <= descent::test::device_tolerance<float>);
        CHECK(seen.slots <= descent::test::device_tolerance<float>);
        CHECK(seen.padding == 0);
    });
}
