// SPDX-License-Identifier: MIT
#include <exec/device_cases.hpp>
#include <exec/emulated.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <string>

using namespace descent;
using descent::test::emulated;

TEMPLATE_TEST_CASE("exec device: its threads' sweep gives the serial answer, padding stays 0", "", float,
                   double) {
    double const tolerance = sizeof(TestType) == 4 ? 1e-6 : 1e-14;
    for (emulated const device : {emulated{32, 256}, emulated{1, 64}, emulated{64, 1024}})
        for (auto const& [name, seen] : test::every_way<TestType>(device)) {
            INFO(name << ", " << device.threads << " threads");
            CHECK(seen.weights <= tolerance);
            CHECK(seen.slots <= tolerance);
            CHECK(seen.padding == 0);
        }
}
