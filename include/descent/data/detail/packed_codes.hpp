// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/data/detail/huffman.hpp>

namespace descent::data::detail {

/// How a sequence of codes in [0, alphabet), alphabet <= 65536, is written: in bits of equal number; or as
/// tokens (a code, or a run of the commonest one) by one Huffman code, or by one Huffman code for each token
/// that may stand before.
enum class code_form : char { fixed, huffman, huffman_after };

using codes = std::vector<std::uint16_t>;

/// Tokens: codes as they are; alphabet + k for a run of 2^k to 2^(k+1) - 1 times the commonest code, whose
/// remaining k bits follow. Longer runs would pack more, but then a few bytes could ask for all memory.
inline constexpr std::uint32_t run_tokens = 12, longest_run = (1u << run_tokens) - 1;
inline constexpr unsigned longest_code = 20, longest_code_after = 11;
inline constexpr std::uint32_t most_contexts = 256;

/// One bit at least: a length that lies must not come for free.
inline unsigned code_width(std::uint32_t alphabet) {
    return alphabet < 2 ? 1 : unsigned(std::bit_width(alphabet - 1));
}

/// Calls each(token, further bits, their number) for the tokens of the codes.
template <class Each>
void for_each_token(codes const& sequence, std::uint32_t alphabet, std::uint32_t common, Each const& each) {
    for (std::size_t i = 0; i < sequence.size();) {
        if (sequence[i] != common) {
            each(sequence[i++], 0, 0);
            continue;
        }
        std::size_t run = 1;
        while (i + run < sequence.size() && sequence[i + run] == common && run < longest_run)
            ++run;
        auto const k = unsigned(std::bit_width(run)) - 1;
        each(alphabet + k, std::uint32_t(run) - (1u << k), k);
        i += run;
    }
}

/// The shortest of the forms. `alphabet` > 0.
inline std::string pack_codes(codes const& sequence, std::uint32_t alphabet) {
    auto const width = code_width(alphabet);
    std::vector<std::uint64_t> counts(alphabet);
    for (auto const code : sequence)
        ++counts[code];
    auto const common = std::uint32_t(std::max_element(counts.begin(), counts.end()) - counts.begin());
    std::uint32_t const tokens = alphabet + run_tokens;

    std::string best;
    {
        bit_writer bits;
        bits.put(std::uint32_t(code_form::fixed), 8);
        for (auto const code : sequence)
            bits.put(code, width);
        best = bits.finish();
    }
    for (code_form const form : {code_form::huffman, code_form::huffman_after}) {
        bool const after = form == code_form::huffman_after;
        if (after && alphabet > most_contexts)
            break;
        std::vector<std::vector<std::uint64_t>> seen(after ? tokens : 1, std::vector<std::uint64_t>(tokens));
        std::uint32_t before = 0;
        for_each_token(sequence, alphabet, common, [&](std::uint32_t token, std::uint32_t, unsigned) {
            ++seen[after ? before : 0][token];
            before = token;
        });
        bit_writer bits;
        bits.put(std::uint32_t(form), 8);
        bits.put(common, 32);
        std::vector<std::vector<std::uint8_t>> lengths;
        std::vector<std::vector<std::uint32_t>> words;
        for (auto const& each : seen) {
            lengths.push_back(huffman_lengths(each, after ? longest_code_after : longest_code));
            words.push_back(huffman_codes(lengths.back()));
            write_lengths(bits, lengths.back());
        }
        before = 0;
        for_each_token(sequence, alphabet, common,
                       [&](std::uint32_t token, std::uint32_t more, unsigned count) {
                           std::size_t const context = after ? before : 0;
                           bits.put(words[context][token], lengths[context][token]);
                           bits.put(more, count);
                           before = token;
                       });
        if (std::string made = bits.finish(); made.size() < best.size())
            best = std::move(made);
    }
    return best;
}

/// The codes of a sequence of this length. Memory grows with what is found. Throws descent::error: "x.cache:
/// the data is damaged".
inline codes unpack_codes(std::string_view bytes, std::uint32_t alphabet, std::size_t length,
                          std::string_view name) {
    bit_reader bits(bytes, name);
    codes sequence;
    std::uint32_t const form = bits.take(8);
    if (bytes.empty() || alphabet == 0 || alphabet > 65536 || form > std::uint32_t(code_form::huffman_after))
        bits.damaged();
    if (form == std::uint32_t(code_form::fixed)) {
        auto const width = code_width(alphabet);
        if ((bytes.size() - 1) * 8 / width < length)
            bits.damaged();
        for (std::size_t i = 0; i < length; ++i) {
            sequence.push_back(static_cast<std::uint16_t>(bits.take(width)));
            if (sequence.back() >= alphabet)
                bits.damaged();
        }
        return sequence;
    }
    bool const after = form == std::uint32_t(code_form::huffman_after);
    std::uint32_t const common = bits.take(32), tokens = alphabet + run_tokens;
    if (common >= alphabet || (after && alphabet > most_contexts))
        bits.damaged();
    std::vector<huffman_decoder> decoders;
    for (std::uint32_t i = 0; i < (after ? tokens : 1); ++i) {
        if (bits.overrun(bytes.size()))
            bits.damaged();
        decoders.emplace_back(bits, tokens, after ? longest_code_after : longest_code);
    }
    sequence.reserve(std::min(length, bytes.size() * 4));
    for (std::uint32_t before = 0; sequence.size() < length;) {
        before = decoders[after ? before : 0].next(bits);
        if (before < alphabet) {
            sequence.push_back(static_cast<std::uint16_t>(before));
        } else {
            unsigned const k = before - alphabet;
            std::size_t const run = (std::size_t(1) << k) + bits.take(k);
            if (run > length - sequence.size())
                bits.damaged();
            sequence.insert(sequence.end(), run, static_cast<std::uint16_t>(common));
        }
        if (bits.overrun(bytes.size()))
            bits.damaged();
    }
    return sequence;
}

}  // namespace descent::data::detail
