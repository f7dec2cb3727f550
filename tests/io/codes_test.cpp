// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/io/bitmap.hpp>
#include <descent/io/bits.hpp>
#include <descent/io/huffman.hpp>

#include "message.hpp"

using namespace descent;

namespace {

generator const draws{.seed = 12, .stream = 0};

/// Symbols of which small ones are common.
std::vector<std::uint16_t> some_symbols(std::size_t n, std::uint64_t alphabet) {
    std::vector<std::uint16_t> symbols(n);
    for (std::size_t i = 0; i < n; ++i)
        symbols[i] = std::uint16_t(draws.integer(2 * i, draws.integer(2 * i + 1, alphabet) + 1));
    return symbols;
}

/// Decodes each cut and each flip of a byte: an error of that text, or a result; never a read outside.
template <class Decode>
bool within_bounds(std::string const& bytes, Decode const& decode) {
    int strange = 0;
    auto const one = [&](std::string const& damaged) {
        std::vector<char> const watched(damaged.begin(), damaged.end());
        std::string const message =
            message_of([&] { decode(std::string_view(watched.data(), watched.size())); });
        strange += message != "(no error)" && message != "x.bin: the data is damaged";
    };
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        one(bytes.substr(0, i));
        for (int flip : {1, 64, 255}) {
            std::string damaged = bytes;
            damaged[i] = char(damaged[i] ^ flip);
            one(damaged);
        }
    }
    return strange == 0;
}

}  // namespace

TEST_CASE("io bits: numbers of any width, and gamma codes") {
    io::bit_writer writer;
    writer.put(5, 3), writer.put(0, 0), writer.put(0xfedcba9876543210u, 64), writer.put(1, 1);
    for (std::uint64_t const n : {1u, 2u, 3u, 1000u})
        writer.put_gamma(n);
    std::string const bytes = writer.finish();
    CHECK(bytes.size() == (3 + 64 + 1 + 1 + 3 + 3 + 19 + 7) / 8);
    io::bit_reader reader(bytes, "x.bin");
    CHECK(reader.get(3) == 5);
    CHECK(reader.get(64) == 0xfedcba9876543210u);
    CHECK(reader.get(1) == 1);
    for (std::uint64_t const n : {1u, 2u, 3u, 1000u})
        CHECK(reader.get_gamma() == n);
    CHECK(message_of([&] { reader.get(8); }) == "x.bin: the data is damaged");
    CHECK(writer.finish().empty());
}

TEST_CASE("io huffman: lengths of known codes") {
    // Cormen et al., figure 16.4: 45 13 12 16 9 5 give 1 3 3 3 4 4.
    CHECK(io::huffman_lengths({45, 13, 12, 16, 9, 5}) == std::vector<std::uint8_t>{1, 3, 3, 3, 4, 4});
    CHECK(io::huffman_lengths({0, 7, 0}) == std::vector<std::uint8_t>{0, 1, 0});
    CHECK(io::huffman_lengths({0, 0}) == std::vector<std::uint8_t>{0, 0});
    // Fibonacci's numbers ask for codes of 29 bits; under the limit the code is whole.
    std::vector<std::uint64_t> counts{1, 1};
    while (counts.size() < 30)
        counts.push_back(counts.back() + counts[counts.size() - 2]);
    auto const lengths = io::huffman_lengths(counts);
    double share = 0;
    for (auto const length : lengths)
        share += std::ldexp(1, -int(length));
    CHECK(share == 1);
    CHECK(*std::max_element(lengths.begin(), lengths.end()) == 15);
}

TEST_CASE("io huffman: symbols come back from little more room than their entropy") {
    for (std::size_t const alphabet : {1u, 2u, 9u, 300u})
        for (std::size_t const n : {0u, 1u, 2u, 20000u}) {
            CAPTURE(alphabet, n);
            auto const symbols = some_symbols(n, alphabet);
            std::string const bytes = io::huffman_encode(symbols, alphabet);
            CHECK(io::huffman_decode(bytes, n, alphabet) == symbols);
            std::vector<double> counts(alphabet);
            for (auto const symbol : symbols)
                ++counts[symbol];
            double entropy = 0;
            for (double const count : counts)
                entropy -= count > 0 ? count * std::log2(count / double(n)) : 0;
            CHECK(8 * double(bytes.size()) <=
                  std::max(double(n), 1.02 * entropy + 0.03 * double(n)) + 4 * double(alphabet) + 8);
        }
    auto const symbols = some_symbols(200, 12);
    std::string const bytes = io::huffman_encode(symbols, 12);
    CHECK(
        within_bounds(bytes, [](std::string_view damaged) { io::huffman_decode(damaged, 200, 12, "x.bin"); }));
    CHECK(message_of([&] { io::huffman_decode(bytes, 100000, 12, "x.bin"); }) == "x.bin: the data is damaged");
    CHECK(message_of([&] { io::huffman_encode({3}, 3); }) == "huffman: symbol 3: must be < 3");
}

TEST_CASE("io bitmap: runs and stretches come back, smaller where there are some") {
    for (double const one : {0.0, 0.01, 0.5, 1.0})
        for (std::size_t const n : {0u, 1u, 7u, 5000u}) {
            CAPTURE(one, n);
            std::vector<bool> bitmap(n);
            std::string text;
            for (std::size_t i = 0; i < n; ++i) {
                bitmap[i] = draws.uniform<double>(i) < one;
                text += bitmap[i] ? "one" : "zero";
            }
            std::string const runs = io::run_length_encode(bitmap), stretches = io::lzw_encode(text);
            CHECK(io::run_length_decode(runs, n) == bitmap);
            CHECK(io::lzw_decode(stretches, text.size()) == text);
            if (n == 5000 && one != 0.5) {
                CHECK(runs.size() < 120);
                CHECK(stretches.size() < text.size() / 10);
            }
        }
    std::string noise;  // fills the dictionary more than once
    for (std::uint64_t i = 0; i < 200000; ++i)
        noise += static_cast<char>(draws.integer(i, 256));
    CHECK(io::lzw_decode(io::lzw_encode(noise), noise.size()) == noise);
    std::string const bytes = io::lzw_encode("to be or not to be or to be or not");
    CHECK(within_bounds(bytes, [](std::string_view damaged) { io::lzw_decode(damaged, 34, "x.bin"); }));
    std::string const runs =
        io::run_length_encode({false, false, true, false, true, true, true, true, true, true});
    CHECK(within_bounds(runs, [](std::string_view damaged) { io::run_length_decode(damaged, 10, "x.bin"); }));
}
