// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace descent::data::detail {

/// MurmurHash3 of bytes, 32 bits (Appleby, 2011), the words read low byte first on every machine.
constexpr std::uint32_t murmur3(std::string_view bytes, std::uint32_t seed = 0) {
    auto const scrambled = [](std::uint32_t word) {
        return std::rotl(word * std::uint32_t(0xcc9e2d51), 15) * std::uint32_t(0x1b873593);
    };
    auto const word_at = [&](std::size_t at, std::size_t count) {
        std::uint32_t word = 0;
        for (std::size_t i = 0; i < count; ++i)
            word |= std::uint32_t(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
        return word;
    };
    std::uint32_t hash = seed;
    std::size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4)
        hash = std::rotl(hash ^ scrambled(word_at(at, 4)), 13) * 5 + std::uint32_t(0xe6546b64);
    if (at < bytes.size())
        hash ^= scrambled(word_at(at, bytes.size() - at));
    hash ^= std::uint32_t(bytes.size());
    hash = (hash ^ hash >> 16) * std::uint32_t(0x85ebca6b);
    hash = (hash ^ hash >> 13) * std::uint32_t(0xc2b2ae35);
    return hash ^ hash >> 16;
}

/// Finds things by their hash: a table with open addressing (linear probing, at most half full) of the hashes
/// of things 0, 1, 2, ..., which live elsewhere.
class hash_index {
public:
    /// The thing with this hash for which equal(thing) holds; -1 if there is none.
    template <class Equal>
    std::int64_t find(std::uint32_t hash, Equal const& equal) const {
        return slots_.empty() ? -1 : slots_[place(hash, equal)].thing;
    }

    /// The same; if there is none, the next thing gets this hash, and -1 comes back.
    template <class Equal>
    std::int64_t find_or_add(std::uint32_t hash, Equal const& equal) {
        if (2 * (count_ + 1) > slots_.size())
            grow();
        slot& found = slots_[place(hash, equal)];
        if (found.thing >= 0)
            return found.thing;
        found = {std::int64_t(count_++), hash};
        return -1;
    }

    std::size_t size() const { return count_; }

private:
    struct slot {
        std::int64_t thing = -1;
        std::uint32_t hash = 0;
    };

    template <class Equal>
    std::size_t place(std::uint32_t hash, Equal const& equal) const {
        std::size_t at = hash & (slots_.size() - 1);
        while (slots_[at].thing >= 0 && !(slots_[at].hash == hash && equal(slots_[at].thing)))
            at = (at + 1) & (slots_.size() - 1);
        return at;
    }

    void grow() {
        std::vector<slot> old(slots_.empty() ? 16 : 2 * slots_.size());
        old.swap(slots_);
        for (slot const& each : old)
            if (each.thing >= 0)
                slots_[place(each.hash, [](std::int64_t) { return false; })] = each;
    }

    std::vector<slot> slots_ = {};
    std::size_t count_ = 0;
};

}  // namespace descent::data::detail
