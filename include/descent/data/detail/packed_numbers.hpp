// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/data/detail/elements.hpp>
#include <descent/data/detail/packed_codes.hpp>

namespace descent::data::detail {

/// Reads what store and store_block appended, and never beyond the end.
class block_reader {
public:
    block_reader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

    std::string_view take(std::uint64_t count) {
        expect(count <= bytes_.size() - at_, name_, ": the data is damaged");
        at_ += std::size_t(count);
        return bytes_.substr(at_ - std::size_t(count), std::size_t(count));
    }
    template <class S>
    S number() {
        return load<S>(take(sizeof(S)).data(), false);
    }
    std::string_view block() { return take(number<std::uint64_t>()); }
    bool at_end() const { return at_ == bytes_.size(); }
    std::string_view name() const { return name_; }

private:
    std::string_view bytes_, name_;
    std::size_t at_ = 0;
};

inline void store_block(std::string& bytes, std::string_view block) {
    store(bytes, std::uint64_t(block.size()));
    bytes += block;
}

/// Finds numbers by value: those seen so far, in the order of their appearance, `most` at most.
template <class U>
class dictionary {
public:
    explicit dictionary(std::uint32_t most) : most_(most), slots_(4 * std::size_t(std::bit_ceil(most))) {}

    /// The code of this number; false if it is one too many.
    bool add(U value, std::uint32_t& code) {
        std::uint64_t const mixed = std::uint64_t(value) * 0x9e3779b97f4a7c15u;
        for (std::size_t i = std::size_t(mixed >> 32) & (slots_.size() - 1);;
             i = (i + 1) & (slots_.size() - 1)) {
            code = slots_[i] - 1;
            if (slots_[i] == 0) {
                if (values.size() == most_)
                    return false;
                values.push_back(value);
                code = slots_[i] = std::uint32_t(values.size());
                --code;
                return true;
            }
            if (values[code] == value)
                return true;
        }
    }

    std::vector<U> values;

private:
    std::uint32_t most_;
    std::vector<std::uint32_t> slots_;  ///< code + 1; 0: free
};

/// Packs n unsigned numbers, `stride` apart: as codes into the list of distinct ones if there are at most
/// `most`, or byte by byte, each place for itself; whichever is shorter. Empty if there are more than `most`
/// and `must` is not set.
template <class U>
std::string pack_numbers(U const* numbers, std::size_t n, std::size_t stride = 1, std::uint32_t most = 65536,
                         bool must = true) {
    dictionary<U> known(std::uint32_t(std::min<std::size_t>(most, n + 1)));
    codes sequence(n);
    bool few = n > 0;
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < n && few; ++i) {
        few = known.add(numbers[i * stride], code);
        sequence[i] = static_cast<std::uint16_t>(code);
    }
    std::string best;
    if (few) {
        best += 'd';
        store(best, std::uint32_t(known.values.size()));
        for (U const value : known.values)
            store(best, value);
        best += pack_codes(sequence, std::uint32_t(known.values.size()));
        if (known.values.size() <= 256)
            return best;
    } else if (!must && n > 0) {
        return best;
    }
    std::string planes = "p";
    for (std::size_t place = 0; place < sizeof(U); ++place) {
        for (std::size_t i = 0; i < n; ++i)
            sequence[i] = static_cast<std::uint16_t>(numbers[i * stride] >> (8 * place) & 255);
        store_block(planes, pack_codes(sequence, 256));
    }
    return best.empty() || planes.size() < best.size() ? planes : best;
}

/// Calls put(i, number) for the n numbers that pack_numbers packed. `prepare` is called once n is known to be
/// true, before the first put.
template <class U, class Prepare, class Put>
void unpack_numbers(std::string_view packed, std::size_t n, std::string_view name, Prepare const& prepare,
                    Put const& put) {
    block_reader from(packed, name);
    char const form = from.number<char>();
    expect(form == 'd' || form == 'p', name, ": the data is damaged");
    if (form == 'd') {
        auto const count = from.number<std::uint32_t>();
        expect(count > 0 && count <= 65536, name, ": the data is damaged");
        std::string_view const values = from.take(count * sizeof(U));
        codes const sequence = unpack_codes(packed.substr(5 + count * sizeof(U)), count, n, name);
        prepare();
        for (std::size_t i = 0; i < n; ++i)
            put(i, load<U>(values.data() + sequence[i] * sizeof(U), false));
        return;
    }
    std::vector<U> sums;
    for (std::size_t place = 0; place < sizeof(U); ++place) {
        codes const sequence = unpack_codes(from.block(), 256, n, name);
        sums.resize(n);
        for (std::size_t i = 0; i < n; ++i)
            sums[i] |= static_cast<U>(static_cast<U>(sequence[i]) << (8 * place));
    }
    expect(from.at_end(), name, ": the data is damaged");
    prepare();
    for (std::size_t i = 0; i < n; ++i)
        put(i, sums[i]);
}

}  // namespace descent::data::detail
