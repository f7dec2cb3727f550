// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/data/detail/bits.hpp>

namespace descent::data::detail {

/// The lengths of an optimal prefix code (Huffman, 1952) for symbols with these counts; 0 for those that never
/// occur, `longest` at most: where the best code is longer, counts are flattened until it is not.
inline std::vector<std::uint8_t> huffman_lengths(std::vector<std::uint64_t> counts, unsigned longest) {
    std::vector<std::uint8_t> lengths(counts.size());
    std::vector<std::pair<std::uint64_t, std::size_t>> leaves;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0)
            leaves.emplace_back(counts[i], i);
    if (leaves.size() < 2) {
        for (auto const& leaf : leaves)
            lengths[leaf.second] = 1;
        return lengths;
    }
    for (;;) {
        std::sort(leaves.begin(), leaves.end());
        // Two queues, the leaves and the inner nodes, both rising: the two lightest are always in front.
        std::size_t const n = leaves.size();
        std::vector<std::uint64_t> weight(2 * n - 1);
        std::vector<std::size_t> parent(2 * n - 1);
        for (std::size_t i = 0; i < n; ++i)
            weight[i] = leaves[i].first;
        std::size_t leaf = 0, inner = n;
        for (std::size_t made = n; made < 2 * n - 1; ++made)
            for (int child = 0; child < 2; ++child) {
                std::size_t const lightest =
                    leaf < n && (inner >= made || weight[leaf] <= weight[inner]) ? leaf++ : inner++;
                weight[made] += weight[lightest];
                parent[lightest] = made;
            }
        std::vector<unsigned> depth(2 * n - 1);
        unsigned deepest = 0;
        for (std::size_t i = 2 * n - 2; i-- > 0;)
            deepest = std::max(deepest, depth[i] = depth[parent[i]] + 1);
        if (deepest <= longest) {
            for (std::size_t i = 0; i < n; ++i)
                lengths[leaves[i].second] = static_cast<std::uint8_t>(depth[i]);
            return lengths;
        }
        for (auto& each : leaves)
            each.first = each.first / 2 + 1;
    }
}

/// The canonical codes of these lengths: shorter first, then by symbol.
inline std::vector<std::uint32_t> huffman_codes(std::vector<std::uint8_t> const& lengths) {
    std::vector<std::uint32_t> next(33), codes(lengths.size());
    for (auto const length : lengths)
        next[length] += length > 0;
    std::uint32_t code = 0;
    for (std::size_t length = 1; length < next.size(); ++length) {
        std::uint32_t const count = next[length];
        next[length] = code;
        code = (code + count) << 1;
    }
    for (std::size_t i = 0; i < lengths.size(); ++i)
        if (lengths[i] > 0)
            codes[i] = next[lengths[i]]++;
    return codes;
}

/// Lengths as bits: five each; after a 0, eight for the number of further zeros.
inline void write_lengths(bit_writer& bits, std::vector<std::uint8_t> const& lengths) {
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        bits.put(lengths[i], 5);
        if (lengths[i] > 0)
            continue;
        std::size_t more = 0;
        while (more < 255 && i + 1 < lengths.size() && lengths[i + 1] == 0)
            ++i, ++more;
        bits.put(std::uint32_t(more), 8);
    }
}

/// Decodes one symbol by one look into a table.
class huffman_decoder {
public:
    /// Reads the lengths of `symbols` symbols. Anything but a prefix code is refused.
    huffman_decoder(bit_reader& bits, std::size_t symbols, unsigned longest) {
        std::vector<std::uint8_t> lengths;
        std::uint64_t share = 0;  // of the codes, in units of 2^-32
        while (lengths.size() < symbols) {
            auto const length = static_cast<std::uint8_t>(bits.take(5));
            if (length > longest)
                bits.damaged();
            std::size_t const count = length > 0 ? 1 : 1 + bits.take(8);
            if (count > symbols - lengths.size())
                bits.damaged();
            lengths.insert(lengths.end(), count, length);
            share += length > 0 ? std::uint64_t(1) << (32 - length) : 0;
            longest_ = std::max<unsigned>(longest_, length);
        }
        if (share > std::uint64_t(1) << 32)
            bits.damaged();
        auto const codes = huffman_codes(lengths);
        table_.resize(std::size_t(1) << longest_);
        for (std::size_t i = 0; i < symbols; ++i)
            if (lengths[i] > 0)
                std::fill_n(table_.begin() + (std::ptrdiff_t(codes[i]) << (longest_ - lengths[i])),
                            std::size_t(1) << (longest_ - lengths[i]), std::uint32_t(i) << 5 | lengths[i]);
    }

    std::uint32_t next(bit_reader& bits) const {
        std::uint32_t const found = table_[longest_ ? bits.peek(longest_) : 0];
        if (found == 0)
            bits.damaged();
        bits.skip(found & 31);
        return found >> 5;
    }

private:
    unsigned longest_ = 0;
    std::vector<std::uint32_t> table_;
};

}  // namespace descent::data::detail
