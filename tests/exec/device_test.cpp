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

TEMPLATE_TEST_CASE("exec device: states, restarts, and gradients that are there already", "", float, double) {
    test::check_state_and_residence<TestType>(emulated{});
}

TEST_CASE("exec device: bfloat16 slots round as on the host, bit for bit") { test::check_bf16(emulated{}, 0); }

TEST_CASE("exec device: whole-tensor rules visit the host") {
    params<float> there{{"a", {24, 17}}, {"b", {5, 8}}}, gradients = there.like();
    test::fill_gradients(there, 3);
    params<float> here = there;
    auto const recipe = chain(momentum{0.9}, muon{}, rate{1e-2});
    optimizer on_device{recipe, there, emulated{}};
    optimizer serial{recipe, here, exec::serial{}};
    for (int step = 0; step < 3; ++step) {
        test::fill_gradients(gradients, step);
        on_device.step(gradients);
        serial.step(gradients);
    }
    CHECK(test::difference(there, here) <= 1e-6);
}
