// SPDX-License-Identifier: MIT
#include <descent/core/memory.hpp>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

template <class T>
bool aligned_to(T const* address, std::size_t bytes) {
    return reinterpret_cast<std::uintptr_t>(address) % bytes == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("core memory: zeroed and aligned, small and large", "", unsigned char, float, double) {
    for (std::size_t const n : {1u, 7u, 1000u, 5'000'001u}) {
        aligned_buffer<TestType> const buffer(n);
        CHECK(buffer.size() == n);
        CHECK(aligned_to(buffer.data(), alignment));
        CHECK(std::all_of(buffer.begin(), buffer.end(), [](TestType each) { return each == TestType(0); }));
    }
}

TEST_CASE("core memory: an empty one owns nothing") {
    aligned_buffer<float> const none, zero(0), copy = none;
    CHECK(none.size() == 0);
    CHECK(none.data() == nullptr);
    CHECK(zero.data() == nullptr);
    CHECK(copy.begin() == copy.end());
}

TEST_CASE("core memory: copies copy the numbers, moves take them") {
    aligned_buffer<double> first(3);
    first[0] = 1, first[2] = 3;
    aligned_buffer<double> second = first;
    second[0] = 9;
    CHECK(first[0] == 1);
    CHECK(second[2] == 3);
    double const* const memory = first.data();
    aligned_buffer<double> third = std::move(first);
    CHECK(third.data() == memory);
    CHECK(first.size() == 0);
    second = third;
    CHECK(second[0] == 1);
    CHECK(second.data() != memory);
    auto& same = second;
    second = same;
    CHECK(second[2] == 3);
    second = std::move(third);
    CHECK(second.data() == memory);
    CHECK(third.size() == 0);
    second = aligned_buffer<double>();
    CHECK(second.size() == 0);
}

TEST_CASE("core memory: more than there is") {
    CHECK_THROWS_AS(aligned_buffer<double>(static_cast<std::size_t>(-1) / 4), std::bad_alloc);
}

TEST_CASE("core memory: assigning as many numbers leaves them where they are") {
    aligned_buffer<double> to(3), from(3);
    from[1] = 5;
    double const* const memory = to.data();
    to = from;
    CHECK(to.data() == memory);
    CHECK(to[1] == 5);
    from[1] = 6;
    CHECK(to[1] == 5);
    to = aligned_buffer<double>(4);
    CHECK(to.size() == 4);
}
