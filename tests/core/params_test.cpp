// SPDX-License-Identifier: MIT
#include <descent/core/params.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

TEMPLATE_TEST_CASE("core params: tensors lie on aligned addresses, padded with zeros", "", float, double) {
    using T = TestType;
    params<T> p{{"weight", {3, 7}}, {"bias", {3}}, {"scalar", {}}, {"none", {4, 0}}};
    CHECK(p.size() == 25);
    CHECK(p.arena_size() % descent::index(alignment / sizeof(T)) == 0);
    CHECK(p.arena_size() >= p.size());
    for (auto const& entry : p.entries())
        CHECK(reinterpret_cast<std::uintptr_t>(p.data() + entry.offset) % alignment == 0);
    CHECK(p["weight"].extents == shape{3, 7});
    CHECK(p["none"].size() == 0);
    for (auto const& entry : p.entries())
        p[entry.name].flat().setConstant(2);
    CHECK(vector_view<T const>(p.data(), p.arena_size()).sum() == T(50));  // the padding stayed 0
    CHECK(p.sum_of_squares() == 100);
    p.set_zero();
    CHECK(p.sum_of_squares() == 0);
}

TEST_CASE("core params: an empty one") {
    params<float> const none, no_tensors(std::vector<tensor_spec>{});
    CHECK(none.size() == 0);
    CHECK(none.arena_size() == 0);
    CHECK(none.sum_of_squares() == 0);
    CHECK(no_tensors.entries().empty());
    CHECK(none.like().size() == 0);
}

TEST_CASE("core params: names are found, missing and repeated ones are errors") {
    params<float> const p{{"a", {2}}, {"ab", {3}}};
    CHECK(p.at("ab").size() == 3);
    CHECK(p.find("a")->offset == 0);
    CHECK(p.find("b") == nullptr);
    CHECK(message_of([&] { p["b"]; }) == "params: there is no tensor 'b', only 'a', 'ab'");
    CHECK(message_of([] { params<float>{{"a", {2}}, {"a", {3}}}; }) == "params: tensor 'a' is named twice");
    CHECK(message_of([] { params<float>{{"", {2}}}; }) == "params: a tensor has no name");
}

TEST_CASE("core params: copies are deep, like() is zero and unmasked") {
    params<double> p{{"a", {3}}};
    p["a"].flat() << 1, 2, 3;
    p.set_mask("a", {true, false, true});
    params<double> copy = p;
    copy["a"].data[0] = 7;
    CHECK(p["a"].data[0] == 1);
    CHECK(copy.mask("a") == p.mask("a"));
    auto const empty = p.like();
    CHECK(empty.sum_of_squares() == 0);
    CHECK_FALSE(empty.masked());
    p.expect_same_layout(empty, "test");
    params<double> const moved = std::move(copy);
    CHECK(moved["a"].data[0] == 7);
}

TEST_CASE("core params: another layout is named") {
    params<float> const p{{"weight", {2, 3}}, {"bias", {2}}};
    auto const complaint = [&](params<float> const& other) {
        return message_of([&] { p.expect_same_layout(other, "step"); });
    };
    CHECK(complaint(p.like()) == "(no error)");
    CHECK(complaint(params<float>{{"weight", {2, 3}}}) ==
          "step: 1 tensors given, 2 expected: tensor 1, 'bias', is missing");
    CHECK(complaint(params<float>{{"weight", {2, 3}}, {"bias", {2}}, {"scale", {1}}}) ==
          "step: 3 tensors given, 2 expected: tensor 2, 'scale', is one too many");
    CHECK(complaint(params<float>{{"weight", {3, 2}}, {"bias", {2}}}) ==
          "step: tensor 0 is 'weight' [3, 2], expected 'weight' [2, 3]");
    CHECK(complaint(params<float>{{"weight", {2, 3}}, {"offset", {2}}}) ==
          "step: tensor 1 is 'offset' [2], expected 'bias' [2]");
}

TEMPLATE_TEST_CASE("core params: masks are explicit bits", "", float, double) {
    using T = TestType;
    params<T> p{{"a", {5}}, {"b", {9}}};
    p["a"].flat().setConstant(1);
    p["b"].flat().setConstant(1);
    CHECK_FALSE(p.masked());
    CHECK(p.mask_bits() == nullptr);
    CHECK(p.mask("a") == std::vector<bool>(5, true));
    std::vector<bool> keep{true, false, true, true, false, true, true, true, false};
    p.set_mask("b", keep);
    CHECK(p.masked());
    CHECK(p.mask("b") == keep);
    CHECK(p.mask("a") == std::vector<bool>(5, true));
    for (descent::index i = 0; i < 9; ++i) {
        CHECK(p["b"].data[i] == T(keep[std::size_t(i)]));
        auto const bit = std::size_t(p.at("b").offset + i);
        CHECK((p.mask_bits()[bit / 8] >> (bit % 8) & 1) == keep[std::size_t(i)]);
    }
    keep[1] = true;
    p.set_mask("b", keep);
    CHECK(p.mask("b") == keep);
    p["b"].data[0] = 0;
    CHECK(p.mask("b")[0]);  // never inferred from a weight of 0
    p.clear_masks();
    CHECK(p.mask("b") == std::vector<bool>(9, true));
    CHECK(message_of([&] { p.set_mask("a", {true}); }) == "params: mask of 'a' has 1 flags for 5 weights");
    CHECK(message_of([&] { p.set_mask("c", {true}); }) == "params: there is no tensor 'c', only 'a', 'b'");
}

TEMPLATE_TEST_CASE("core params: flags that are bytes mask as others do", "", float, double) {
    using T = TestType;
    for (descent::index const n : {0, 1, 7, 8, 9, 16, 17, 33, 200}) {
        params<T> bits{{"a", {3}}, {"b", {n}}, {"c", {3}}};
        bits["a"].flat().setConstant(2), bits["c"].flat().setConstant(3);
        bits.set_mask("c", {true, false, true});
        std::vector<bool> keep;
        std::vector<std::uint8_t> flags;
        for (descent::index i = 0; i < n; ++i) {
            keep.push_back(i % 3 != 1 && i / 8 != 2), flags.push_back(keep.back());
            T const numbers[] = {T(i + 1), std::numeric_limits<T>::quiet_NaN(), T(-0.0)};
            bits["b"].data[i] = numbers[i % 5 % 3];
        }
        auto bytes = bits;
        bits.set_mask("b", keep), bytes.set_mask("b", flags);
        for (char const* name : {"a", "b", "c"})
            CHECK(bytes.mask(name) == bits.mask(name));
        CHECK(bits.mask("b") == keep);
        CHECK(std::memcmp(bytes.data(), bits.data(), std::size_t(bits.arena_size()) * sizeof(T)) == 0);
        for (descent::index i = 0; i < n; ++i)
            if (!keep[std::size_t(i)])
                CHECK((bits["b"].data[i] == 0 && !std::signbit(bits["b"].data[i])));
            else if (i % 5 % 3 == 2)
                CHECK(std::signbit(bits["b"].data[i]));
        flags.push_back(1);
        CHECK(message_of([&] { bytes.set_mask("b", flags); }).ends_with(text(" flags for ", n, " weights")));
    }
}

TEMPLATE_TEST_CASE("core params: the sum of squares shows what is not finite, and does not overflow in float",
                   "", float, double) {
    using T = TestType;
    params<T> p{{"a", {17}}};
    p["a"].data[16] = T(1e30);
    CHECK(std::fabs(p.sum_of_squares() / 1e60 - 1) < 1e-6);
    p["a"].data[3] = std::numeric_limits<T>::infinity();
    CHECK(p.sum_of_squares() == std::numeric_limits<double>::infinity());
    p["a"].data[3] = std::numeric_limits<T>::quiet_NaN();
    CHECK(std::isnan(p.sum_of_squares()));
}

TEST_CASE("core params: assigning the same layout keeps views valid") {
    params<double> p{{"a", {3}}}, other = p;
    auto const view = p["a"].flat();
    other["a"].flat() << 1, 2, 3;
    p = other;
    CHECK(view[2] == 3);
}

TEST_CASE("core params: what was moved away is empty") {
    params<float> p{{"a", {3}}, {"b", {2}}};
    params<float> const taken = std::move(p);
    CHECK(taken.size() == 5);
    CHECK(p.size() == 0);
    CHECK(p.entries().empty());
}

TEST_CASE("core params: a hundred thousand tensors take no time") {
    std::vector<tensor_spec> specs;
    for (int i = 0; i < 100'000; ++i)
        specs.push_back({"layer." + std::to_string(i) + ".weight", {2}});
    auto const begin = std::chrono::steady_clock::now();
    params<float> const many(specs);
    // Comparing all pairs of names takes a minute.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
    CHECK(many.size() == 200'000);
    specs.push_back({"layer.500.weight", {2}});
    CHECK(message_of([&] { params<float>{specs}; }) == "params: tensor 'layer.500.weight' is named twice");
}
