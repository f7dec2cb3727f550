// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/data/gzip.hpp>
#include <descent/quantize/packed.hpp>

namespace descent::quantize {

/// Bytes of one tensor's positions and codes, in a packed file's stream and by zlib.
struct zlib_tensor {
    std::string name;
    double position = 0;  ///< of the packed file
    double code = 0;      ///< of the packed file
    index zlib_position = 0;
    index zlib_code = 0;
};

/// What zlib makes of what a packed file codes; see compare_zlib.
struct zlib_table {
    std::vector<zlib_tensor> tensors;

    /// The sums, without a name.
    zlib_tensor all() const {
        zlib_tensor sum;
        for (zlib_tensor const& each : tensors) {
            sum.position += each.position, sum.code += each.code;
            sum.zlib_position += each.zlib_position, sum.zlib_code += each.zlib_code;
        }
        return sum;
    }

    /// For people, a line a tensor.
    std::string text() const {
        std::string lines;
        auto const add = [&](std::string line, auto const&... cells) {
            line.resize(std::max<std::size_t>(line.size() + 1, 24), ' ');
            auto const column = [&](std::string const& cell) {
                line.append(cell.size() < 11 ? 11 - cell.size() : 1, ' ');
                line += cell;
            };
            (column(cells), ...);
            lines += line + "\n";
        };
        auto const row = [&](std::string const& name, zlib_tensor const& of) {
            auto const whole = [](double room) { return descent::text(std::llround(room)); };
            add(name, whole(of.position), descent::text(of.zlib_position), whole(of.code),
                descent::text(of.zlib_code));
        };
        using cell = std::string;
        add("tensor", cell("positions"), cell("by zlib"), cell("coded"), cell("by zlib"));
        for (zlib_tensor const& each : tensors)
            row(each.name, each);
        row("all", all());
        return lines;
    }
};

namespace detail {

/// Bits, the first the lowest of a byte.
class bit_string {
public:
    void add(std::uint32_t number, int bits) {
        for (int i = 0; i < bits; ++i, ++count_) {
            if (count_ % 8 == 0)
                bytes_ += '\0';
            bytes_.back() = static_cast<char>(bytes_.back() | int(number >> i & 1) << (count_ % 8));
        }
    }
    std::string const& bytes() const { return bytes_; }

private:
    std::string bytes_;
    std::size_t count_ = 0;
};

/// Bytes of the shorter of the two, deflated: without gzip's frame.
template <bool zlib>
index deflated_room(std::string const& one, std::string const& other) {
    constexpr std::size_t frame = 18;
    return index(
        std::min(data::gzip<zlib>(one, "compare_zlib").size(), data::gzip<zlib>(other, "compare_zlib").size()) -
        frame);
}

/// Codes of so many bits: a byte each, or bit by bit.
template <bool zlib>
index deflated_codes(std::vector<std::uint32_t> const& codes, int bits) {
    std::string bytes;
    bit_string packed;
    for (std::uint32_t const code : codes)
        bytes += static_cast<char>(code), packed.add(code, bits);
    return deflated_room<zlib>(bytes, packed.bytes());
}

/// The places of what is not 0: a bit each, or a byte for how many zeros stand before (255: and more).
template <bool zlib, class T>
index deflated_positions(T const* numbers, index n) {
    std::string gaps;
    bit_string taken;
    std::size_t gap = 0;
    for (index i = 0; i < n; ++i) {
        bool const here = std::bit_cast<packed_bits<T>>(numbers[i]) != 0;
        taken.add(here, 1);
        if (!here) {
            ++gap;
            continue;
        }
        gaps.append(gap / 255, '\xff');
        gaps += static_cast<char>(gap % 255);
        gap = 0;
    }
    return deflated_room<zlib>(gaps, taken.bytes());
}

/// The places of kept numbers in the sorted list of those that there are.
template <class T>
std::vector<std::uint32_t> places_in_book(T const* numbers, index n) {
    using bits = packed_bits<T>;
    std::vector<bits> kept;
    for (index i = 0; i < n; ++i)
        if (auto const each = std::bit_cast<bits>(numbers[i]); each != 0)
            kept.push_back(each);
    auto book = kept;
    std::sort(book.begin(), book.end());
    book.erase(std::unique(book.begin(), book.end()), book.end());
    std::vector<std::uint32_t> places;
    for (bits const each : kept)
        places.push_back(std::uint32_t(std::lower_bound(book.begin(), book.end(), each) - book.begin()));
    return places;
}

}  // namespace detail

/// What the positions and codes of a packed file would take if zlib deflated them at its default level, in
/// place of the file's own entropy coder: tensor by tensor, positions as bits or as gaps, codes as bytes or as
/// bits, whichever it makes smaller. The rest of the file is the same. `known` is what pack is given.
///
///     std::printf("%s", quantize::compare_zlib(net).text().c_str());
///
/// Needs zlib (CMake: link descent::zlib). Throws descent::error where it is missing, "compare_zlib: to pack
/// needs zlib; link descent::zlib", and as pack does.
template <class Model, bool zlib = DESCENT_ZLIB_ENABLED>
zlib_table compare_zlib(Model const& model,
                        std::vector<coded_tensor<typename Model::scalar>> const& known = {}) {
    using T = typename Model::scalar;
    auto const packed = pack(model, known).table;
    zlib_table told;
    auto from = packed.tensors.begin();
    detail::for_each_arena(model, [&](params<T> const& arena) {
        for (auto const& entry : arena.entries()) {
            packed_tensor const& own = *from++;
            zlib_tensor each{own.name, own.position, own.code};
            T const* const numbers = arena.data() + entry.offset;
            if (affine_tensor<T> const* const codes = detail::codes_of(known, entry.name)) {
                std::vector<std::uint32_t> lifted;
                for (int const code : codes->codes)
                    lifted.push_back(std::uint32_t(code - codes->format.lowest()));
                each.zlib_code = detail::deflated_codes<zlib>(lifted, codes->format.bits);
            } else {
                if (own.position > 0)
                    each.zlib_position = detail::deflated_positions<zlib>(numbers, entry.size());
                if (own.codes > 0)
                    each.zlib_code = detail::deflated_codes<zlib>(detail::places_in_book(numbers, entry.size()),
                                                                  std::bit_width(unsigned(own.codes - 1)));
            }
            told.tensors.push_back(std::move(each));
        }
    });
    return told;
}

}  // namespace descent::quantize
