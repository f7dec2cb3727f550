// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/core/tensor.hpp>

namespace descent::linear::detail {

/// Kernel rows by sample number in a fixed amount of memory; the row that was used longest ago makes room. Rows
/// get shorter when samples are set aside, and then more of them fit.
class kernel_cache {
public:
    static constexpr index least = 8;  ///< rows that always fit, whatever `bytes` is

    kernel_cache() = default;
    kernel_cache(kernel_cache const&) = delete;
    kernel_cache& operator=(kernel_cache const&) = delete;
    ~kernel_cache() { delete[] numbers_; }

    /// Empty, for `samples` sample numbers and rows of `length` floats, in about `bytes` bytes.
    void reset(index samples, index length, double bytes) {
        length_ = length;
        double const fit = bytes / (double(sizeof(float)) * double(std::max(length, index(1))));
        index const slots = std::max(least, index(std::min(fit, double(samples))));
        if (size_ < slots * length) {
            delete[] numbers_;
            numbers_ = nullptr;
            size_ = 0;
            numbers_ = new float[std::size_t(slots * length)];  // not zeroed: most of it may never be touched
            size_ = slots * length;
        }
        limit_ = slots * length;
        slot_of_.assign(std::size_t(samples), index(-1));
        links_.clear();
        first_ = last_ = -1;
    }

    /// The row of a sample, or nullptr. The pointer is valid until `least - 1` other rows have been added.
    float* find(index sample) {
        index const slot = slot_of_[std::size_t(sample)];
        if (slot < 0)
            return nullptr;
        if (slot != first_) {
            unlink(slot);
            push_front(slot);
        }
        return at(slot);
    }
    bool has(index sample) const { return slot_of_[std::size_t(sample)] >= 0; }

    /// Memory for the row of a sample that has none.
    float* add(index sample) {
        index slot = index(links_.size());
        if ((slot + 1) * length_ <= limit_) {
            links_.push_back({});
        } else {
            slot = last_;
            unlink(slot);
            slot_of_[std::size_t(links_[std::size_t(slot)].sample)] = -1;
        }
        links_[std::size_t(slot)].sample = sample;
        slot_of_[std::size_t(sample)] = slot;
        push_front(slot);
        return at(slot);
    }

    /// Keeps the numbers at the listed, rising positions of every row; rows are `length` long from now on,
    /// zeros behind. The samples that get rows keep their numbers.
    void shorten(index const* positions, index count, index length) {
        for (index slot = 0; slot < index(links_.size()); ++slot) {
            float const* const from = at(slot);
            float* const to = numbers_ + slot * length;
            for (index k = 0; k < count; ++k)
                to[k] = from[positions[k]];
            std::fill(to + count, to + length, 0.0f);
        }
        length_ = length;
    }

private:
    struct link {
        index before = -1, after = -1, sample = -1;
    };

    float* at(index slot) { return numbers_ + slot * length_; }

    void unlink(index slot) {
        link const& l = links_[std::size_t(slot)];
        (l.before < 0 ? first_ : links_[std::size_t(l.before)].after) = l.after;
        (l.after < 0 ? last_ : links_[std::size_t(l.after)].before) = l.before;
    }
    void push_front(index slot) {
        link& l = links_[std::size_t(slot)];
        l.before = -1;
        l.after = first_;
        (first_ < 0 ? last_ : links_[std::size_t(first_)].before) = slot;
        first_ = slot;
    }

    float* numbers_ = nullptr;
    index size_ = 0, length_ = 0, limit_ = 0, first_ = -1, last_ = -1;
    std::vector<index> slot_of_ = {};
    std::vector<link> links_ = {};
};

}  // namespace descent::linear::detail
