// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/io/bits.hpp>
#include <descent/io/range_coder.hpp>

// Through what the file of an int8_network is written or read: one description of the format serves both. A
// writer gets numbers, a reader sets them, and refuses what is beyond the most that there may be.
namespace descent::quantize::detail {

/// A code takes at least 1/128 of a byte, so that a reader's memory is no more than its bytes ask for.
inline constexpr std::size_t most_int8_codes_a_byte = 128;
/// What a symbol_model of codes forgets slowly: weights of a layer are much alike.
inline constexpr std::uint32_t int8_code_memory = 1023;

class int8_writer {
public:
    static constexpr bool writes = true;

    template <class N>
    void number(N const& given, std::uint64_t /*most*/) {
        auto const n = static_cast<std::uint64_t>(given) + 1;
        head_.put_gamma(n);
        bits_ += 2 * std::size_t(std::bit_width(n)) - 1;
    }
    void real(float const& given) {
        head_.put(std::bit_cast<std::uint32_t>(given), 32);
        bits_ += 32;
    }
    void reals(std::vector<float> const& given, index) {
        for (float const& each : given)
            real(each);
    }
    void codes(std::vector<std::int8_t> const& given, index) {
        std::string section = coded(given);
        section.resize(std::max(section.size(), given.size() / most_int8_codes_a_byte + 1));
        bool const worth = section.size() < given.size();
        number(worth, 1);
        if (worth)
            number(section.size(), 0);
        else
            section.assign(given.begin(), given.end());
        sections_ += section;
    }

    /// Bits of the head, and bytes of codes, so far.
    std::size_t bits() const { return bits_; }
    std::size_t code_bytes() const { return sections_.size(); }

    std::string finish() {
        std::string const head = head_.finish();
        expect(head.size() >> 31 == 0, "pack_int8: ", head.size(), " bytes beside codes: must be below 2^31");
        std::string content;
        for (int byte = 0; byte < 4; ++byte)
            content += static_cast<char>(head.size() >> (8 * byte) & 0xff);
        return content + head + sections_;
    }

private:
    static std::string coded(std::vector<std::int8_t> const& codes) {
        io::range_encoder to;
        io::symbol_model model(8, int8_code_memory);
        for (std::int8_t const code : codes)
            model.put(to, std::uint32_t(code + 128));
        return to.finish();
    }

    io::bit_writer head_;
    std::size_t bits_ = 0;
    std::string sections_;
};

/// Reads what int8_writer wrote. Throws descent::error: "net.di8: the data is damaged"; `file` stands for the
/// file. Both must outlive it.
class int8_reader {
public:
    static constexpr bool writes = false;

    int8_reader(std::string_view content, std::string_view file)
        : file_(file), head_(head_of(content), file), sections_(content.substr(4 + head_size(content))) {}

    template <class N>
    void number(N& told, std::uint64_t most) {
        std::uint64_t const n = head_.get_gamma() - 1;
        check(n <= most);
        told = static_cast<N>(n);
    }
    void real(float& told) { told = std::bit_cast<float>(std::uint32_t(head_.get(32))); }
    void reals(std::vector<float>& told, index count) {
        check(std::size_t(count) <= head_.left() / 32);
        told.resize(std::size_t(count));
        for (float& each : told)
            real(each);
    }
    void codes(std::vector<std::int8_t>& told, index count) {
        auto const n = std::size_t(count);
        bool coded = false;
        std::size_t size = n;
        number(coded, 1);
        if (coded)
            number(size, sections_.size());
        check(size <= sections_.size() && n / most_int8_codes_a_byte <= size);
        std::string_view const section = sections_.substr(0, size);
        sections_.remove_prefix(size);
        told.resize(n);
        if (!coded) {
            std::copy(section.begin(), section.end(), told.begin());
            return;
        }
        io::range_decoder from(section);
        io::symbol_model model(8, int8_code_memory);
        for (std::int8_t& code : told)
            code = std::int8_t(int(model.get(from)) - 128);
    }
    /// Is there nothing left?
    void end() const { check(head_.left() < 8 && sections_.empty()); }

    void check(bool sound) const {
        if (!sound)
            head_.damaged();
    }
    /// Builds, and says in which file lies what cannot be built.
    template <class Build>
    auto build(Build const& build) const {
        try {
            return build();
        } catch (error const& problem) {
            fail(file_, ": ", std::string_view(problem.what()));
        }
    }

private:
    std::size_t head_size(std::string_view content) const {
        expect(content.size() >= 4, file_, ": the data is damaged");
        std::size_t size = 0;
        for (std::size_t byte = 0; byte < 4; ++byte)
            size |= std::size_t(static_cast<unsigned char>(content[byte])) << (8 * byte);
        expect(size <= content.size() - 4, file_, ": the data is damaged");
        return size;
    }
    std::string_view head_of(std::string_view content) const { return content.substr(4, head_size(content)); }

    std::string_view file_;
    io::bit_reader head_;
    std::string_view sections_;
};

}  // namespace descent::quantize::detail
