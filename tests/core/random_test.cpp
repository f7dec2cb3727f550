// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>

using namespace descent;

namespace {

// The numbers pinned below come from tests/core/random_reference.py, an independent text of the same
// algorithms.
constexpr generator pinned{0x0123456789abcdef, 5};

std::vector<std::uint32_t> words(philox::block b) { return {b.word[0], b.word[1], b.word[2], b.word[3]}; }

template <class T>
bool same_bits(T a, T b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("core random: philox gives the published known answers") {
    // Random123 1.14, tests/kat_vectors, philox4x32 10.
    constexpr std::uint32_t all = 0xffffffff;
    using list = std::vector<std::uint32_t>;
    CHECK(words(philox::at({{0, 0, 0, 0}}, {{0, 0}})) == list{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(words(philox::at({{all, all, all, all}}, {{all, all}})) ==
          list{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(words(philox::at({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}})) ==
          list{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("core random: bits are the words of the blocks in order") {
    std::uint32_t const narrow[] = {0xb341ed12, 0x7899c9cc, 0x8d35f144, 0x68eba6fb, 0xd0460919, 0x520893a9};
    for (std::uint64_t i = 0; i < 6; ++i)
        CHECK(pinned.bits(i) == narrow[i]);
    std::uint64_t const wide[] = {0x7899c9ccb341ed12, 0x68eba6fb8d35f144, 0x520893a9d0460919};
    for (std::uint64_t i = 0; i < 3; ++i)
        CHECK(pinned.bits<std::uint64_t>(i) == wide[i]);
    CHECK(pinned.bits((std::uint64_t(1) << 40) + 3) == 0x148df690);
}

TEST_CASE("core random: uniform and normal agree with the reference") {
    float const uniforms[] = {0x1.6683dap-1f, 0x1.e26724p-2f, 0x1.1a6be2p-1f, 0x1.a3ae98p-2f};
    double const wide[] = {0x1.e2672732cd07ap-2, 0x1.a3ae9bee34d7cp-2, 0x1.48224ea741182p-2,
                           0x1.437a32339af5dp-1};
    double const normals[] = {-0.8303371663795851, 0.15247352318905186, -0.9204275641727471,
                              0.5853730479872736,  -0.2751295396620676, 0.5804770907216574};
    double const wide_normals[] = {-1.03530293970689,  0.6584314289534696, -1.0203132058626447,
                                   -1.111332701277037, 2.4985409449410048, 0.33594388709409834};
    for (std::uint64_t i = 0; i < 4; ++i) {
        CHECK(pinned.uniform<float>(i) == uniforms[i]);
        CHECK(pinned.uniform<double>(i) == wide[i]);
    }
    for (std::uint64_t i = 0; i < 6; ++i) {
        // 23 bits of angle inside a quadrant: 2 pi / 2^25 times the radius, and roundings.
        CHECK(std::abs(double(pinned.normal<float>(i)) - normals[i]) < 1e-6);
        CHECK(std::abs(pinned.normal<double>(i) - wide_normals[i]) < 4e-15);
    }
}

TEMPLATE_TEST_CASE("core random: a pack holds the draws of its positions", "", float, double) {
    using T = TestType;
    using V = native_pack<T>;
    using B = bits_type<V>;
    generator const draws{42, 3};
    for (std::uint64_t first = 0; first < 200; ++first) {
        T uniform[lanes_of<V>], normal[lanes_of<V>];
        number_of<B> bits[lanes_of<V>];
        store_unaligned(uniform, draws.uniform<V>(first));
        store_unaligned(normal, draws.normal<V>(first));
        store_unaligned(bits, draws.bits<B>(first));
        bool same = true;
        for (int lane = 0; lane < lanes_of<V>; ++lane) {
            auto const i = first + std::uint64_t(lane);
            same = same && same_bits(uniform[lane], draws.uniform<T>(i)) &&
                   same_bits(normal[lane], draws.normal<T>(i)) && bits[lane] == draws.bits<number_of<B>>(i);
        }
        REQUIRE(same);
    }
}

TEMPLATE_TEST_CASE("core random: moments and distribution of many draws", "", float, double) {
    using T = TestType;
    constexpr int n = 200'000;
    generator const uniforms{1, 0}, normals{1, 1};
    double sum = 0, squares = 0, mean = 0, variance = 0, fourth = 0, neighbours = 0, last = 0;
    std::vector<int> bins(100), normal_bins(4);
    for (int k = 0; k < n; ++k) {
        double const u = double(uniforms.uniform<T>(std::uint64_t(k))),
                     z = double(normals.normal<T>(std::uint64_t(k)));
        REQUIRE((u >= 0 && u < 1));
        sum += u, squares += u * u, ++bins[std::size_t(u * 100)];
        mean += z, variance += z * z, fourth += z * z * z * z, neighbours += z * last, last = z;
        for (int s = 0; s < 4; ++s)
            normal_bins[std::size_t(s)] += z > double(s);
    }
    // Bounds: 5 standard errors of each statistic; the seeds are fixed, so nothing here is left to chance.
    double const root = std::sqrt(double(n));
    CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12) / root);
    CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45) / root);
    double chi = 0;
    for (int const count : bins)
        chi += (count - n / 100.0) * (count - n / 100.0) / (n / 100.0);
    CHECK(std::abs(chi - 99) < 5 * std::sqrt(2 * 99.0));
    CHECK(std::abs(mean / n) < 5 / root);
    CHECK(std::abs(variance / n - 1) < 5 * std::sqrt(2.0) / root);
    CHECK(std::abs(fourth / n - 3) < 5 * std::sqrt(96.0) / root);
    CHECK(std::abs(neighbours / n) < 5 / root);
    double const above[] = {0.5, 0.15865525393145707, 0.02275013194817921, 0.0013498980316300933};
    for (int s = 0; s < 4; ++s)
        CHECK(std::abs(normal_bins[std::size_t(s)] / double(n) - above[s]) <
              5 * std::sqrt(above[s] * (1 - above[s])) / root);
}

TEST_CASE("core random: seeds and streams are separate sequences") {
    generator const a{1, 0}, b{2, 0}, c{1, 1}, d{std::uint64_t(1) << 32 | 1, 0};
    int equal = 0;
    for (std::uint64_t i = 0; i < 1000; ++i)
        equal += (a.bits(i) == b.bits(i)) + (a.bits(i) == c.bits(i)) + (a.bits(i) == d.bits(i));
    CHECK(equal == 0);  // 3000 chances of 2^-32
}

TEST_CASE("core random: integers agree with the reference, rejections included") {
    std::uint64_t const below_ten[] = {7, 4, 5, 4, 8, 3, 8, 6, 3, 0, 5, 0};
    std::uint64_t const narrow[] = {2255581645, 3081490293, 2510362189, 1320205628, 2620688082, 1032220350,
                                    3036221184, 2035143378, 1261975062, 1914403445, 1623503234, 68521156};
    std::uint64_t const wide[] = {6517649127754527181u,  12460237724967835213u, 4433352651357587154u,
                                  1651840833411419904u,  576617141914580502u,   294296127875101058u,
                                  11691795899701222114u, 525474405335940532u};
    std::uint64_t const just_above[] = {2023344589, 1760274171, 1376293802, 2713524506};
    for (std::uint64_t i = 0; i < 12; ++i) {
        CHECK(pinned.integer(i, 10) == below_ten[i]);
        CHECK(pinned.integer(i, std::uint64_t(3) << 30) == narrow[i]);  // a quarter of the draws is rejected
    }
    for (std::uint64_t i = 0; i < 8; ++i)
        CHECK(pinned.integer(i, std::uint64_t(3) << 62) == wide[i]);
    for (std::uint64_t i = 0; i < 4; ++i)
        CHECK(pinned.integer(i, (std::uint64_t(1) << 32) + 1) == just_above[i]);
}

TEST_CASE("core random: integers reach every residue and nothing else") {
    generator const draws{9, 0};
    for (std::uint64_t n : {1u, 2u, 3u, 7u, 10u, 64u}) {
        std::vector<int> count(n);
        constexpr int total = 64'000;
        for (std::uint64_t i = 0; i < total; ++i) {
            std::uint64_t const k = draws.integer(i, n);
            REQUIRE(k < n);
            ++count[k];
        }
        double const expected = double(total) / double(n);
        for (int const c : count)  // 5 standard deviations of a binomial count
            CHECK(std::abs(c - expected) <= 5 * std::sqrt(expected));
    }
    for (std::uint64_t i = 0; i < 1000; ++i) {
        CHECK(draws.integer(i, (std::uint64_t(1) << 32) + 1) <= std::uint64_t(1) << 32);
        CHECK(draws.integer(i, ~std::uint64_t(0)) < ~std::uint64_t(0));
    }
    // Without rejection every third integer would get two of four 32-bit words: half of the draws, not a third.
    int thirds = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i)
        thirds += int(draws.integer(i, std::uint64_t(3) << 30) % 3 == 0);
    CHECK(std::abs(thirds - 100'000 / 3.0) < 5 * std::sqrt(100'000 * 2 / 9.0));
}

TEST_CASE("core random: an empty range has no integer") {
    std::string message;
    try {
        (void)generator{}.integer(0, 0);
    } catch (error const& e) {
        message = e.what();
    }
    CHECK(message == "generator: integer: n = 0: must be > 0");
}

TEST_CASE("core random: permutation agrees with the reference") {
    CHECK(permutation<int>(12, pinned) == std::vector<int>{2, 9, 8, 6, 4, 1, 7, 10, 3, 11, 5, 0});
    std::int64_t sum = 0, k = 0;
    for (auto const p : permutation(std::ptrdiff_t(1000), pinned))
        sum += k++ * p;
    CHECK(sum == 250759724);
}

TEST_CASE("core random: permutation holds each number once") {
    for (std::ptrdiff_t const n : {0, 1, 2, 3, 4, 5, 1000}) {
        std::vector<int> seen(static_cast<std::size_t>(n));
        for (auto const p : permutation(n, generator{3, 1}))
            ++seen.at(std::size_t(p));
        CHECK(seen == std::vector<int>(static_cast<std::size_t>(n), 1));
    }
    CHECK(permutation(std::ptrdiff_t(1000), generator{3, 1}) !=
          permutation(std::ptrdiff_t(1000), generator{3, 2}));
}

TEST_CASE("core random: every order of three is as likely") {
    std::vector<int> count(27);
    constexpr int total = 60'000;
    for (int k = 0; k < total; ++k) {
        auto const p = permutation<int>(3, generator{std::uint64_t(k), 0});
        ++count[std::size_t(9 * p[0] + 3 * p[1] + p[2])];
    }
    int orders = 0;
    for (int const c : count)
        if (c > 0) {
            ++orders;
            CHECK(std::abs(c - total / 6) < 5 * std::sqrt(total / 6.0));
        }
    CHECK(orders == 6);
}

TEST_CASE("core random: permutation of a negative number of things") {
    std::string message;
    try {
        (void)permutation(-1, generator{});
    } catch (error const& e) {
        message = e.what();
    }
    CHECK(message == "permutation: n = -1: must be >= 0");
}
