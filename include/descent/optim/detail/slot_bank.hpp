// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/optim/detail/device.hpp>
#include <descent/optim/slots.hpp>
#include <descent/optim/sweep.hpp>

namespace descent::detail {

/// The memory of all slots of a recipe, in the executor's memory and the storage's codes.
template <class List, class T, class Executor, class Storage>
class slot_bank {
public:
    using layout = layout_of<List>;

    explicit slot_bank(params<T> const& weights) {
        index tiles = 0;
        for (auto const& entry : weights.entries())
            tiles += slots::tiles_of(entry.size());
        for (int s = 0; s < layout::slots; ++s) {
            std::size_t const n = std::size_t(weights.arena_size());
            if (is_coded<List, Storage>(s)) {
                if constexpr (!Storage::direct)
                    slots_.push_back({{}, code_memory(std::size_t(Storage::bytes(index(n), tiles)))});
            } else {
                slots_.push_back({number_memory(n), {}});
            }
        }
    }

    void clear(Executor const& executor) {
        for (slot_owner& slot : slots_) {
            detail::clear(executor, slot.numbers.data(), index(slot.numbers.size()));
            detail::clear(executor, slot.codes.data(), index(slot.codes.size()));
        }
    }

    auto addresses() {
        std::array<slot_memory<T>, std::size_t(layout::slots) + 1> where{};
        for (std::size_t s = 0; s < slots_.size(); ++s)
            where[s] = {slots_[s].numbers.data(), slots_[s].codes.data()};
        return where;
    }

    /// Slot s as numbers; `out` has the weights' layout.
    void get(Executor const& executor, int s, params<T>& out) const {
        slot_owner const& slot = slots_[std::size_t(s)];
        if (slot.numbers.size()) {
            detail::get(executor, slot.numbers.data(), out.arena_size(), out.data());
        } else if constexpr (!Storage::direct) {
            host_codes const codes(executor, slot.codes);
            each_tile(out, [&](slots::spot at, index count) {
                Storage::template decode<T>(codes.data(), at, count, out.data() + at.first);
            });
        }
    }

    /// Slot s from numbers.
    void put(Executor const& executor, int s, params<T> const& numbers) {
        slot_owner& slot = slots_[std::size_t(s)];
        if (slot.numbers.size()) {
            detail::put(executor, numbers.data(), numbers.arena_size(), slot.numbers.data());
        } else if constexpr (!Storage::direct) {
            aligned_buffer<unsigned char> copy(Executor::host ? 0 : slot.codes.size());
            unsigned char* const codes = Executor::host ? slot.codes.data() : copy.data();
            each_tile(numbers, [&](slots::spot at, index count) {
                Storage::template encode<T>(codes, at, count, numbers.data() + at.first, 0);
            });
            if constexpr (!Executor::host)
                executor.upload(copy.data(), index(copy.size()), slot.codes.data());
        }
    }

private:
    using number_memory = typename Executor::template memory<T>;
    using code_memory = typename Executor::template memory<unsigned char>;
    struct slot_owner {
        number_memory numbers;
        code_memory codes;
    };

    /// f(spot, numbers) for every tile of the arena.
    template <class F>
    static void each_tile(params<T> const& numbers, F const& f) {
        index tile = 0;
        for (auto const& entry : numbers.entries())
            for (index first = 0; first < entry.size(); first += slots::tile)
                f(slots::spot{entry.offset + first, tile++}, std::min(slots::tile, entry.size() - first));
    }

    /// A slot's codes, readable here.
    class host_codes {
    public:
        host_codes(Executor const& executor, code_memory const& codes) : codes_(&codes) {
            if constexpr (!Executor::host) {
                copy_ = aligned_buffer<unsigned char>(codes.size());
                executor.download(codes.data(), index(codes.size()), copy_.data());
            }
        }
        unsigned char const* data() const { return Executor::host ? codes_->data() : copy_.data(); }

    private:
        code_memory const* codes_;
        aligned_buffer<unsigned char> copy_;
    };

    std::vector<slot_owner> slots_;
};

}  // namespace descent::detail
