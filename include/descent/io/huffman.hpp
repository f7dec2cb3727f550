// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/io/bits.hpp>

namespace descent::io {

inline constexpr unsigned longest_huffman_code = 15;

/// The lengths, 15 at most, of the best prefix code (Huffman, 1952) for symbols that occur so often: by
/// package-merge, which is optimal under the limit (Larmore, Hirschberg, 1990). 0 for those that never occur.
/// Throws descent::error for more than 2^15 symbols that do.
inline std::vector<std::uint8_t> huffman_lengths(std::vector<std::uint64_t> const& counts) {
    struct node {
        std::uint64_t weight;
        std::ptrdiff_t symbol, left, right;  ///< a leaf's symbol, or a package's two nodes
    };
    std::vector<std::uint8_t> lengths(counts.size());
    std::vector<node> nodes;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0)
            nodes.push_back({counts[i], std::ptrdiff_t(i), 0, 0});
    auto const n = std::ptrdiff_t(nodes.size());
    expect(n <= std::ptrdiff_t(1) << longest_huffman_code, "huffman: ", n, " symbols: at most 32768");
    std::stable_sort(nodes.begin(), nodes.end(),
                     [](node const& a, node const& b) { return a.weight < b.weight; });
    if (n == 1)
        lengths[std::size_t(nodes[0].symbol)] = 1;
    if (n < 2)
        return lengths;
    std::vector<std::ptrdiff_t> leaves, merged;
    for (std::ptrdiff_t i = 0; i < n; ++i)
        leaves.push_back(i);
    merged = leaves;
    auto const lighter = [&](std::ptrdiff_t a, std::ptrdiff_t b) {
        return nodes[std::size_t(a)].weight < nodes[std::size_t(b)].weight;
    };
    for (unsigned level = 1; level < longest_huffman_code; ++level) {
        std::vector<std::ptrdiff_t> packages, next;
        for (std::size_t i = 0; i + 1 < merged.size(); i += 2) {
            packages.push_back(std::ptrdiff_t(nodes.size()));
            nodes.push_back({nodes[std::size_t(merged[i])].weight + nodes[std::size_t(merged[i + 1])].weight,
                             -1, merged[i], merged[i + 1]});
        }
        next.resize(leaves.size() + packages.size());
        std::merge(leaves.begin(), leaves.end(), packages.begin(), packages.end(), next.begin(), lighter);
        merged = std::move(next);
    }
    // A symbol's length is how often it is among the 2 n - 2 lightest.
    std::vector<std::ptrdiff_t> open(merged.begin(), merged.begin() + (2 * n - 2));
    while (!open.empty()) {
        node const each = nodes[std::size_t(open.back())];
        open.pop_back();
        if (each.symbol >= 0) {
            ++lengths[std::size_t(each.symbol)];
        } else {
            open.push_back(each.left);
            open.push_back(each.right);
        }
    }
    return lengths;
}

/// Symbols below `alphabet` in the canonical code of their counts (Schwartz, Kallick, 1964): 4 bits a symbol of
/// the alphabet for the length of its code, then the codes. Throws descent::error for a symbol that is not
/// below the alphabet.
inline std::string huffman_encode(std::vector<std::uint16_t> const& symbols, std::size_t alphabet) {
    std::vector<std::uint64_t> counts(alphabet);
    for (std::uint16_t const symbol : symbols) {
        expect(symbol < alphabet, "huffman: symbol ", symbol, ": must be < ", alphabet);
        ++counts[symbol];
    }
    auto const lengths = huffman_lengths(counts);
    bit_writer bits;
    std::array<std::uint32_t, longest_huffman_code + 2> next{};
    for (std::uint8_t const length : lengths) {
        bits.put(length, 4);
        next[length + 1u] += length > 0;
    }
    for (std::size_t length = 1, code = 0; length < next.size(); ++length) {
        code = (code + next[length]) << 1;
        next[length] = std::uint32_t(code);  // the first code of this length
    }
    std::vector<std::uint32_t> codes(alphabet);
    for (std::size_t i = 0; i < alphabet; ++i)
        if (lengths[i] > 0)
            codes[i] = next[lengths[i]]++;
    for (std::uint16_t const symbol : symbols)
        bits.put(codes[symbol], lengths[symbol]);
    return bits.finish();
}

/// So many symbols that huffman_encode wrote. Throws descent::error, naming the file, for bytes that it cannot
/// have written or that end too soon.
inline std::vector<std::uint16_t> huffman_decode(std::string_view bytes, std::size_t count,
                                                 std::size_t alphabet, std::string_view file = "huffman") {
    bit_reader bits(bytes, file);
    if (bits.left() / 4 < alphabet)
        bits.damaged();
    std::array<std::uint32_t, longest_huffman_code + 1> of_length{};
    std::vector<std::uint8_t> lengths(alphabet);
    for (auto& length : lengths)
        ++of_length[length = std::uint8_t(bits.get(4))];
    std::vector<std::uint16_t> sorted;  // shorter codes first, then by symbol
    for (unsigned length = 1; length <= longest_huffman_code; ++length)
        for (std::size_t i = 0; i < alphabet; ++i)
            if (lengths[i] == length)
                sorted.push_back(std::uint16_t(i));
    if (count > bits.left())
        bits.damaged();
    std::vector<std::uint16_t> symbols;
    symbols.reserve(count);
    while (symbols.size() < count) {
        std::uint64_t code = 0, first = 0, before = 0;
        for (unsigned length = 1;; ++length) {
            if (length > longest_huffman_code)
                bits.damaged();
            code = code << 1 | bits.get(1);
            first <<= 1;
            if (code < first)
                bits.damaged();  // more codes than there can be
            if (code - first < of_length[length]) {
                symbols.push_back(sorted[std::size_t(before + code - first)]);
                break;
            }
            first += of_length[length], before += of_length[length];
        }
    }
    return symbols;
}

}  // namespace descent::io
