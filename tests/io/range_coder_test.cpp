// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/io/bit_mixer.hpp>
#include <descent/io/range_coder.hpp>

using namespace descent;

namespace {

/// Bits that are 1 with this probability; 0 and 1 for always the same.
std::vector<bool> draws(std::size_t n, double one) {
    generator const g{.seed = 3, .stream = 0};
    std::vector<bool> bits(n);
    for (std::size_t i = 0; i < n; ++i)
        bits[i] = g.uniform<double>(i) < one;
    return bits;
}

std::string encoded(std::vector<bool> const& bits) {
    io::range_encoder to;
    io::bit_model model;
    for (bool const bit : bits)
        to.put(model, bit);
    return to.finish();
}

/// Whether the bits come back as they were.
bool comes_back(std::vector<bool> const& bits) {
    std::string const bytes = encoded(bits);
    io::range_decoder from(bytes);
    io::bit_model model;
    for (bool const bit : bits)
        if (from.get(model) != bit)
            return false;
    return true;
}

}  // namespace

TEST_CASE("io range_coder: bits come back, whatever they are") {
    for (double const one : {0.0, 0.001, 0.03, 0.5, 0.97, 1.0})
        for (std::size_t const n : {0u, 1u, 2u, 31u, 1000u, 200000u}) {
            CAPTURE(one, n);
            CHECK(comes_back(draws(n, one)));
        }
}

TEST_CASE("io range_coder: the room is the entropy") {
    for (double const one : {0.01, 0.1, 0.5}) {
        CAPTURE(one);
        double const entropy = -(one * std::log2(one) + (1 - one) * std::log2(1 - one));
        double const room = 8 * double(encoded(draws(200000, one)).size()) / 200000;
        CHECK(room <= entropy * 1.03);
        CHECK(room >= entropy * 0.97);
    }
    CHECK(encoded(draws(100000, 0)).size() < 30);
    CHECK(encoded(draws(100000, 1)).size() < 30);
    CHECK(encoded({}).empty());
}

TEST_CASE("io range_coder: symbols") {
    // Bits of many kinds in turn, so that carries run through long stretches of 255.
    generator const g{.seed = 1, .stream = 2};
    std::vector<std::uint32_t> symbols(50000);
    for (std::size_t i = 0; i < symbols.size(); ++i)
        symbols[i] = std::uint32_t(g.integer(2 * i, g.integer(2 * i + 1, 300) + 1));
    io::range_encoder to;
    io::symbol_model writes(9), only(0);
    for (std::uint32_t const symbol : symbols) {
        writes.put(to, symbol);
        only.put(to, 0);
    }
    std::string const bytes = to.finish();
    CHECK(bytes.size() < 50000 * 9 / 8);
    io::range_decoder from(bytes);
    io::symbol_model reads(9);
    std::size_t wrong = 0;
    for (std::uint32_t const symbol : symbols)
        wrong += reads.get(from) != symbol;
    CHECK(wrong == 0);
    CHECK(reads.get(from) < 512);  // and behind the end
}

TEST_CASE("io range_coder: forecasts at the edge, plain numbers, and a carry through many bytes") {
    io::range_encoder to;
    for (int i = 0; i < 3000; ++i)
        to.put(i % 2 ? 1 : 65535, i % 7 == 0);
    to.put_plain(0xfedcba9876543210u, 64);
    to.put_plain(5, 3);
    for (int i = 0; i < 100; ++i)
        to.put(1u << 15, false);  // the upper half, always: 255 after 255
    to.put(1, true);
    std::string const bytes = to.finish();
    io::range_decoder from(bytes);
    int wrong = 0;
    for (int i = 0; i < 3000; ++i)
        wrong += from.get(i % 2 ? 1 : 65535) != (i % 7 == 0);
    CHECK(wrong == 0);
    CHECK(from.get_plain(64) == 0xfedcba9876543210u);
    CHECK(from.get_plain(3) == 5);
    CHECK(from.get_plain(50) == 0);
    CHECK(from.get_plain(50) == 0);
    CHECK(from.get(1));
    CHECK(to.finish().empty());  // as new
}

TEST_CASE("io range_coder: damaged bytes are read within their bounds") {
    std::string const bytes = encoded(draws(3000, 0.3));
    for (std::size_t cut = 0; cut <= bytes.size(); cut += 7) {
        std::vector<char> const part(bytes.begin(), bytes.begin() + std::ptrdiff_t(cut));  // its end is watched
        io::range_decoder from({part.data(), part.size()});
        io::symbol_model model(16);
        bool within = true;
        for (int i = 0; i < 3000; ++i)
            within = within && model.get(from) < 65536;
        CHECK(within);
    }
}

TEST_CASE("io bit_mixer: as good as the best of its models, and better where each knows a part") {
    // Bit i is likely 1 where (i % 5 == 0), and surely where also (i % 7 == 0); one model says nothing.
    generator const g{.seed = 5, .stream = 0};
    std::vector<bool> bits;
    for (std::size_t i = 0; i < 70000; ++i)
        bits.push_back(g.uniform<double>(i) < (i % 5 == 0 ? i % 7 == 0 ? 0.98 : 0.6 : i % 7 == 0 ? 0.3 : 0.01));
    auto const size = [&](auto const& use) {
        io::range_encoder to;
        io::bit_mixer mixer(3);
        std::vector<io::bit_model> fives(5), sevens(7), noise(64);
        for (std::size_t i = 0; i < bits.size(); ++i) {
            io::bit_model* const models[] = {&fives[i % 5], &sevens[i % 7], &noise[g.integer(i, 64)]};
            use(to, mixer, models, bits[i]);
        }
        return to.finish();
    };
    std::string const mixed =
        size([](auto& to, auto& mixer, auto& models, bool bit) { mixer.put(to, models, bit); });
    std::size_t const alone =
        size([](auto& to, auto&, auto& models, bool bit) { to.put(*models[0], bit); }).size();
    double entropy = 0;
    for (double const one : {0.98, 0.6, 0.3, 0.01})
        entropy -= (one * std::log2(one) + (1 - one) * std::log2(1 - one)) *
                   (one == 0.98  ? 1
                    : one == 0.6 ? 6
                    : one == 0.3 ? 4
                                 : 24) /
                   35 * double(bits.size()) / 8;
    CHECK(double(mixed.size()) < 1.08 * entropy);
    CHECK(double(alone) > 1.2 * entropy);
    io::range_decoder from(mixed);
    io::bit_mixer mixer(3);
    std::vector<io::bit_model> fives(5), sevens(7), noise(64);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) {
        io::bit_model* const models[] = {&fives[i % 5], &sevens[i % 7], &noise[g.integer(i, 64)]};
        wrong += mixer.get(from, models) != bits[i];
    }
    CHECK(wrong == 0);
}
