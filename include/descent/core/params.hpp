// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

namespace descent {

/// A tensor before it has memory: its name and extents.
struct tensor_spec {
    std::string name;
    shape extents;
};

/// All tensors of a model in one aligned arena, so that one sweep updates them: each starts on an aligned
/// address and is padded with zeros to whole registers. A gradient is a params with the same layout
/// (weights.like()). Copies are deep.
///
///     params<float> p{{"weight", {10, 64}}, {"bias", {10}}};
///     p["weight"].matrix().setRandom();
template <class T>
class params {
public:
    using value_type = T;

    /// Where a tensor lies: `offset` counts numbers from the start of the arena.
    struct entry {
        std::string name;
        shape extents;
        index offset = 0;

        index size() const { return extents.size(); }
    };

    params() = default;

    /// Throws descent::error for an empty or repeated name.
    params(std::initializer_list<tensor_spec> specs) : params(std::vector<tensor_spec>(specs)) {}
    explicit params(std::vector<tensor_spec> const& specs) {
        index end = 0;
        std::vector<std::string_view> names;
        for (tensor_spec const& spec : specs) {
            expect(!spec.name.empty(), "params: a tensor has no name");
            names.push_back(spec.name);
            entries_.push_back({spec.name, spec.extents, end});
            end += padded(spec.extents.size());
        }
        std::sort(names.begin(), names.end());
        auto const twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end())
            fail("params: tensor '", *twice, "' is named twice");
        arena_ = aligned_buffer<T>(std::size_t(end));
    }

    /// The same tensors, all zero, unmasked.
    params like() const {
        params other;
        other.entries_ = entries_;
        other.arena_ = aligned_buffer<T>(arena_.size());
        return other;
    }

    /// The named tensor. Throws descent::error if there is none.
    tensor_view<T> operator[](std::string_view name) {
        entry const& found = at(name);
        return {data() + found.offset, found.extents};
    }
    tensor_view<T const> operator[](std::string_view name) const {
        entry const& found = at(name);
        return {data() + found.offset, found.extents};
    }

    std::vector<entry> const& entries() const { return entries_; }
    entry const& at(std::string_view name) const {
        entry const* const found = find(name);
        if (!found)
            fail("params: there is no tensor '", name, "', only ", names());
        return *found;
    }
    entry const* find(std::string_view name) const {
        for (entry const& candidate : entries_)
            if (candidate.name == name)
                return &candidate;
        return nullptr;
    }

    /// "'weight', 'bias'", for messages; the first 10.
    std::string names() const {
        std::string listed = entries_.empty() ? "none" : "";
        for (std::size_t i = 0; i < entries_.size() && i < 10; ++i)
            listed += text(i ? ", '" : "'", entries_[i].name, "'");
        return entries_.size() > 10 ? text(listed, ", ...") : listed;
    }

    /// Numbers in all tensors, padding not counted.
    index size() const {
        index count = 0;
        for (entry const& each : entries_)
            count += each.size();
        return count;
    }

    /// The arena: numbers with padding, from an aligned address.
    T* data() { return arena_.data(); }
    T const* data() const { return arena_.data(); }
    index arena_size() const { return index(arena_.size()); }

    /// The sum of the squares of all numbers, in double and in storage order; NaN or Inf if one of them is.
    double sum_of_squares() const {
        double part[8] = {};  // padding is zero, so whole registers are read
        for (std::size_t i = 0; i < arena_.size(); i += 8)
            for (std::size_t k = 0; k < 8; ++k)
                part[k] += double(arena_[i + k]) * double(arena_[i + k]);
        return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
    }

    void set_zero() { std::fill(arena_.begin(), arena_.end(), T(0)); }

    /// Throws descent::error, naming `who`, unless the other has the same tensors in the same order.
    template <class U>
    void expect_same_layout(params<U> const& other, std::string_view who) const {
        if (auto const mine = entries_.size(), theirs = other.entries().size(); mine != theirs) {
            std::size_t at = 0;
            while (at < std::min(mine, theirs) && entries_[at].name == other.entries()[at].name)
                ++at;
            fail(who, ": ", theirs, " tensors given, ", mine, " expected: tensor ", at, ", '",
                 at < mine ? entries_[at].name : other.entries()[at].name,
                 at < mine ? "', is missing" : "', is one too many");
        }
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            auto const& mine = entries_[i];
            auto const& theirs = other.entries()[i];
            expect(mine.name == theirs.name && mine.extents == theirs.extents, who, ": tensor ", i, " is '",
                   theirs.name, "' ", theirs.extents.text(), ", expected '", mine.name, "' ",
                   mine.extents.text());
        }
    }

    // Masks of pruned weights: one bit a weight, explicit, never inferred from w == 0.

    /// Keeps the weights whose flag is true and sets the others to 0, for good by keep_zeros{} in the recipe:
    /// one without it is refused. Throws descent::error unless there is one flag for each number of the tensor.
    void set_mask(std::string_view name, std::vector<bool> const& keep) { put_mask(name, keep); }
    /// The same of flags that are bytes, 0 or 1, which takes less time.
    template <std::same_as<std::uint8_t> Flag>
    void set_mask(std::string_view name, std::vector<Flag> const& keep) {
        put_mask(name, keep);
    }

    /// One flag for each number of the tensor: true where the weight is kept.
    std::vector<bool> mask(std::string_view name) const {
        entry const& tensor = at(name);
        std::vector<bool> keep(std::size_t(tensor.size()), true);
        if (masked())
            for (std::size_t i = 0; i < keep.size(); ++i) {
                std::size_t const bit = std::size_t(tensor.offset) + i;
                keep[i] = mask_[bit / 8] >> (bit % 8) & 1;
            }
        return keep;
    }

    bool masked() const { return !mask_.empty(); }
    void clear_masks() { mask_.clear(); }

    /// Bit i % 8 of byte i / 8 belongs to number i of the arena; nullptr where nothing is masked.
    std::uint8_t const* mask_bits() const { return masked() ? mask_.data() : nullptr; }

    /// The room that a tensor of n numbers takes in an arena: whole registers of the widest kind, which are
    /// also whole bytes of a mask.
    static constexpr index padded(index n) { return (n + granule - 1) / granule * granule; }

private:
    static constexpr index granule = index(alignment / sizeof(T));

    template <class Flags>
    void put_mask(std::string_view name, Flags const& keep) {
        entry const& tensor = at(name);
        expect(index(keep.size()) == tensor.size(), "params: mask of '", name, "' has ", keep.size(),
               " flags for ", tensor.size(), " weights");
        if (mask_.empty())
            mask_.assign(arena_.size() / 8, std::uint8_t(0xff));
        std::uint8_t* const bytes = mask_.data() + tensor.offset / 8;  // a tensor begins with a byte
        T* const numbers = data() + tensor.offset;
        std::size_t const size = keep.size();
        for (std::size_t first = 0; first < size; first += 8) {
            std::size_t const n = std::min<std::size_t>(8, size - first);
            unsigned byte = 0xff;
            for (std::size_t j = 0; j < n; ++j)
                byte ^= unsigned(!keep[first + j]) << j;
            bytes[first / 8] = std::uint8_t(byte);
            for (std::size_t j = 0; byte != 0xff && j < n; ++j)
                numbers[first + j] = byte >> j & 1 ? numbers[first + j] : T(0);
        }
    }

    std::vector<entry> entries_;
    aligned_buffer<T> arena_;
    std::vector<std::uint8_t> mask_;
};

}  // namespace descent
