// SPDX-License-Identifier: MIT
#include <descent/schedule/anneal.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>

using namespace descent;

TEST_CASE("schedule anneal: every curve joins its ends, up and down") {
    for (auto const curve : {anneal::linear, anneal::cosine, anneal::one_minus_sqrt}) {
        CHECK(anneal_between(curve, 3, 1, 0) == 3);
        CHECK(anneal_between(curve, 3, 1, 1) == 1);
        CHECK(anneal_between(curve, 1, 3, 0) == 1);
        CHECK(anneal_between(curve, 1, 3, 1) == 3);
    }
}

TEST_CASE("schedule anneal: a quarter of the way") {
    CHECK(anneal_between(anneal::linear, 4, 0, 0.25) == 3);
    CHECK(std::abs(anneal_between(anneal::cosine, 4, 0, 0.25) - (2 + std::sqrt(2.0))) <= 1e-12);
    CHECK(anneal_between(anneal::one_minus_sqrt, 4, 0, 0.25) == 2);
}
