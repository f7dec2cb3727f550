// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/optim/block_slots.hpp>

using namespace descent;

namespace {

/// What `numbers` are after they were kept as tile `tile` at number `first` of an arena.
template <class Storage, class V = float>
std::vector<float> kept(std::vector<float> const& numbers, std::uint64_t key, slots::spot at = {}) {
    descent::index const n = descent::index(numbers.size());
    std::vector<unsigned char> memory(std::size_t(Storage::bytes(at.first + n, at.tile + 1)), 0);
    std::vector<float> back(numbers.size());
    Storage::template encode<V>(memory.data(), at, n, numbers.data(), key);
    Storage::template decode<V>(memory.data(), at, n, back.data());
    return back;
}

bool same(std::vector<float> const& a, std::vector<float> const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Numbers of many sizes; with signs or without.
std::vector<float> numbers_of(std::size_t n, bool has_signs, std::uint64_t seed) {
    std::vector<float> numbers(n);
    generator const draws{seed};
    for (std::size_t i = 0; i < n; ++i) {
        numbers[i] = std::exp(-4 * draws.uniform<float>(2 * i));
        if (has_signs && draws.uniform<float>(2 * i + 1) < 0.5f)
            numbers[i] = -numbers[i];
    }
    return numbers;
}

}  // namespace

TEST_CASE("optim block_slots: bytes of a number") {
    // A tensor of 4096 numbers; Adam has two slots.
    CHECK(double(2 * slots::block8::bytes(4096, slots::tiles_of(4096))) <= 2.04 * 4096);
    CHECK(double(slots::block8::bytes(4096, slots::tiles_of(4096))) <= 1.02 * 4096);
    CHECK(double(slots::block4::bytes(4096, slots::tiles_of(4096))) <= 0.54 * 4096);
    CHECK(slots::block8::bytes(0, 0) == 0);
}

TEMPLATE_TEST_CASE("optim block_slots: what was kept once is kept exactly", "", slots::block8, slots::block4) {
    for (std::size_t const n : {1u, 2u, 63u, 64u, 65u, 128u, 255u, 256u})
        for (bool const has_signs : {false, true})
            for (std::uint64_t key = 1; key < 20; ++key) {
                std::vector<float> const once = kept<TestType>(numbers_of(n, has_signs, key), key);
                CHECK(same(kept<TestType>(once, key + 100), once));
                CHECK(same(kept<TestType, native_pack<float>>(once, key + 7), once));
                CHECK(same(kept<TestType>(once, 0, {512, 2}), once));
            }
}

TEMPLATE_TEST_CASE("optim block_slots: rounding keeps the mean, and moves no number beyond its neighbours", "",
                   slots::block8, slots::block4) {
    for (bool const has_signs : {false, true}) {
        std::vector<float> const numbers = numbers_of(64, has_signs, 5);
        std::vector<double> sum(64);
        int const times = 4000;
        bool const is_small = TestType::bytes(256, 1) < 200;
        double const step = is_small ? 0.5 : has_signs ? 0.03125 : 0.0625;
        // Below that, the steps of numbers with signs are even.
        double const even = !has_signs ? 0 : is_small ? 0.5 : 0.25;
        for (int key = 1; key <= times; ++key) {
            std::vector<float> const back = kept<TestType>(numbers, std::uint64_t(key) * 0x9e3779b97f4a7c15u);
            for (std::size_t i = 0; i < 64; ++i) {
                sum[i] += back[i];
                double const most = step * std::max(even, std::abs(double(numbers[i])));
                CHECK_FALSE(std::abs(double(back[i]) - double(numbers[i])) > most);
                CHECK_FALSE((!has_signs && back[i] <= 0));
            }
        }
        for (std::size_t i = 0; i < 64; ++i) {
            double const most = step * std::max(even, std::abs(double(numbers[i])));
            CHECK(std::abs(sum[i] / times - double(numbers[i])) < 4 * most / std::sqrt(double(times)));
        }
    }
}

TEMPLATE_TEST_CASE("optim block_slots: no number, no block", "", slots::block8, slots::block4) {
    std::vector<float> numbers(130, 1.0f);
    numbers[70] = std::numeric_limits<float>::infinity();
    std::vector<float> const back = kept<TestType>(numbers, 1);
    for (std::size_t i = 0; i < 130; ++i)
        CHECK_FALSE(std::isnan(back[i]) != (i >= 64 && i < 128));
    numbers[70] = -std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(kept<TestType>(numbers, 1)[64]));
    CHECK(std::isnan(kept<TestType>({std::numeric_limits<float>::max()}, 1)[0]));
    CHECK(kept<TestType>({0x1p124f}, 1)[0] == 0x1p124f);
    CHECK(kept<TestType>({0x1p-105f, 0.0f, -0.0f}, 1) == std::vector<float>{0x1p-105f, 0, 0});
    CHECK(kept<TestType>({0x1p-120f, std::numeric_limits<float>::denorm_min()}, 1) == std::vector<float>{0, 0});
}

TEMPLATE_TEST_CASE("optim block_slots: tiles lie side by side", "", slots::block8, slots::block4) {
    // Two tensors, of 300 and 16 numbers: tiles of 256, 44 and 16.
    std::array<slots::spot, 3> const spots{{{0, 0}, {256, 1}, {304, 2}}};
    std::array<descent::index, 3> const counts{256, 44, 16};
    std::vector<unsigned char> memory(std::size_t(TestType::bytes(320, 3)), 0);
    std::vector<std::vector<float>> written;
    for (std::size_t t = 0; t < 3; ++t) {
        written.push_back(kept<TestType>(numbers_of(std::size_t(counts[t]), t != 1, t + 1), 3));
        TestType::template encode<float>(memory.data(), spots[t], counts[t], written[t].data(), 4);
    }
    for (std::size_t t = 0; t < 3; ++t) {
        std::vector<float> back(written[t].size());
        TestType::template decode<float>(memory.data(), spots[t], counts[t], back.data());
        CHECK(same(back, written[t]));
    }
}
