// SPDX-License-Identifier: MIT
// Packs wider than a register have no ABI of their own; here everything is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/pack.hpp>

using namespace descent;

namespace {

/// Numbers with signs, zeros, infinities and NaN; different for each k and lane.
template <class T>
T sample(int k, int lane) {
    T const list[] = {T(1.5),    T(-2),   T(0),     T(-0.0), std::numeric_limits<T>::infinity(), T(7.25),
                      T(-0.125), T(1e-3), T(-1e10), T(3),    std::numeric_limits<T>::quiet_NaN()};
    return list[(7 * k + 3 * lane + lane / 11) % 11];
}

template <class T>
bool same_bits(T a, T b) {
    return std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

/// Does each lane of what f makes of packs equal what it makes of that lane's numbers?
template <class V, class F>
bool equal_by_lane(F f) {
    using T = number_of<V>;
    for (int k = 0; k < 121; ++k) {
        T a[lanes_of<V>], b[lanes_of<V>], got[lanes_of<V>];
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            a[lane] = sample<T>(k, lane), b[lane] = sample<T>(k / 11, 2 * lane + 1);
        store_unaligned(got, f(load_unaligned<V>(a), load_unaligned<V>(b)));
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            if (!same_bits(got[lane], T(f(a[lane], b[lane]))))
                return false;
    }
    return true;
}

}  // namespace

// Packs narrower than a register, as wide, and wider; the widest of this machine.
#define DESCENT_TEST_PACKS                                                                   \
    float, double, (pack<float, 4>), (pack<float, 8>), (pack<float, 16>), (pack<double, 2>), \
        (pack<double, 4>), (pack<double, 8>), native_pack<float>, native_pack<double>

TEMPLATE_TEST_CASE("core pack: operators act lane by lane", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a + b; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a - b; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a * b; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a / b; }));
    CHECK(equal_by_lane<V>([](auto a, auto) { return -a; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a += b; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a -= b; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a *= b; }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return a /= b; }));
}

TEMPLATE_TEST_CASE("core pack: comparisons and masks act lane by lane", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    auto const one_or_two = [](auto where, auto value) {
        using W = decltype(value);
        return select(where, W(1), W(2));
    };
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a < b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a <= b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a > b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a >= b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a == b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a != b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a < b && b > a + a, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(a < b || b != b, a); }));
    CHECK(equal_by_lane<V>([&](auto a, auto b) { return one_or_two(!(a < b), a); }));
    CHECK(equal_by_lane<V>([](auto a, auto b) { return select(a < b, a, b); }));
}

TEMPLATE_TEST_CASE("core pack: one number fills all lanes, with its sign of zero", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    using T = number_of<V>;
    for (T const x : {T(3), T(-0.0), T(0), std::numeric_limits<T>::infinity()}) {
        T got[lanes_of<V>];
        store_unaligned(got, V(x));
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            CHECK(same_bits(got[lane], x));
    }
}

TEMPLATE_TEST_CASE("core pack: loads and stores, aligned and not", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    using T = number_of<V>;
    constexpr int n = lanes_of<V>;
    alignas(64) T from[2 * n + 1], to[2 * n + 1] = {};
    for (int k = 0; k <= 2 * n; ++k)
        from[k] = T(k + 1);
    store(to, load<V>(from));
    for (int k = 0; k <= 2 * n; ++k)
        CHECK(to[k] == (k < n ? T(k + 1) : T(0)));
    store_unaligned(to + 1, load_unaligned<V>(from + n));
    for (int k = 0; k <= 2 * n; ++k)
        CHECK(to[k] == (k == 0 ? T(1) : k <= n ? T(n + k) : T(0)));
}

TEMPLATE_TEST_CASE("core pack: lane numbers, first lanes, any", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    using T = number_of<V>;
    constexpr int n = lanes_of<V>;
    T got[n];
    store_unaligned(got, lane_numbers<V>());
    for (int lane = 0; lane < n; ++lane)
        CHECK(got[lane] == T(lane));
    for (int count = 0; count <= n; ++count) {
        store_unaligned(got, first_lanes(V(5), count));
        for (int lane = 0; lane < n; ++lane)
            CHECK(got[lane] == (lane < count ? T(5) : T(0)));
    }
    for (int lane = 0; lane < n; ++lane)
        CHECK(any(lane_numbers<V>() == V(T(lane))));
    CHECK(!any(lane_numbers<V>() == V(T(n))));
    CHECK(!any(lane_numbers<V>() != lane_numbers<V>()));
}

TEMPLATE_TEST_CASE("core pack: sum adds halves to halves", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    using T = number_of<V>;
    T part[lanes_of<V>];
    // Sizes so far apart that every other order of additions rounds differently.
    for (int lane = 0; lane < lanes_of<V>; ++lane)
        part[lane] = std::ldexp(T(1) + T(lane) * T(1e-3), 5 * ((lane * 7) % 16)) * (lane % 3 ? T(1) : T(-1));
    T const got = sum(load_unaligned<V>(part));
    for (int half = lanes_of<V> / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; ++lane)
            part[lane] = part[lane] + part[lane + half];
    CHECK(same_bits(got, part[0]));
}

TEMPLATE_TEST_CASE("core pack: bits of the lanes and back", "", DESCENT_TEST_PACKS) {
    using V = TestType;
    CHECK(equal_by_lane<V>([](auto a, auto) { return from_bits<decltype(a)>(to_bits(a)); }));
    CHECK(equal_by_lane<V>([](auto a, auto b) {
        using B = decltype(to_bits(a));
        B const sign = ~B(0) << int(8 * sizeof(number_of<B>) - 1);
        B const mixed = ((to_bits(a) & ~sign) | (to_bits(b) & sign)) ^ sign;
        return from_bits<decltype(a)>(mixed);
    }));
    CHECK(equal_by_lane<V>([](auto a, auto b) {
        using B = decltype(to_bits(a));
        return from_bits<decltype(a)>((to_bits(a) >> 3) + (to_bits(b) - B(5)));
    }));
}

TEST_CASE("core pack: convert follows the conversions of C++") {
    using F = native_pack<float>;
    using I = same_lanes<F, std::int32_t>;
    float from[lanes_of<F>], back[lanes_of<F>];
    std::int32_t whole[lanes_of<F>];
    for (int lane = 0; lane < lanes_of<F>; ++lane)
        from[lane] = float(lane) * 1.7f - 5;
    store_unaligned(whole, convert<std::int32_t>(load_unaligned<F>(from)));
    store_unaligned(back, convert<float>(load_unaligned<I>(whole)));
    for (int lane = 0; lane < lanes_of<F>; ++lane) {
        CHECK(whole[lane] == std::int32_t(from[lane]));
        CHECK(back[lane] == float(whole[lane]));
    }
    CHECK(convert<double>(0.1f) == double(0.1f));
}

TEMPLATE_TEST_CASE("core pack: what a pack says of itself", "", float, double) {
    using T = TestType;
    static_assert(lanes_of<T> == 1 && std::is_same_v<number_of<T>, T> && std::is_same_v<mask_of<T>, bool>);
    static_assert(std::is_same_v<same_lanes<T, int>, int>);
    static_assert(sizeof(bits_type<T>) == sizeof(T));
    using V = native_pack<T>;
    static_assert(std::is_same_v<number_of<V>, T>);
    CHECK(sizeof(V) == std::max(std::size_t(DESCENT_REGISTER_BYTES), sizeof(T)));
    CHECK(lanes_of<V> * sizeof(T) == sizeof(V));
    CHECK(alignment % sizeof(V) == 0);
}
