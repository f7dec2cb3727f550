// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <descent/optim/sweep.hpp>

// The sweep on an executor whose memory is not the host's. A device offers
//
//     memory<T>(n)                           owns n zeroed numbers; data(), size()
//     upload(from, n, to), download(from, n, to), clear(to, n)
//     stretch(n, bytes)                      numbers of `bytes` bytes that one block takes, of n in all
//     launch(blocks, body, partial)          body(block, thread, threads, sums) for every thread of every
//     block;
//                                            the sums of a block's threads, added in a fixed order, go to
//                                            partial
//
// and names no rule; this file names no device.
namespace descent::detail {

/// Copies to and from the memory of an executor.
template <class Executor, class T>
void put(Executor const& executor, T const* from, index n, T* to) {
    if constexpr (Executor::host)
        std::copy_n(from, n, to);
    else
        executor.upload(from, n, to);
}
template <class Executor, class T>
void get(Executor const& executor, T const* from, index n, T* to) {
    if constexpr (Executor::host)
        std::copy_n(from, n, to);
    else
        executor.download(from, n, to);
}
template <class Executor, class T>
void clear(Executor const& executor, T* to, index n) {
    if constexpr (Executor::host)
        std::fill_n(to, n, T(0));
    else
        executor.clear(to, n);
}

/// What an optimizer keeps beside its slots: nothing on the host, where the weights are the user's own.
template <class Executor, class T, class Ks>
struct device_side {};

template <class Executor, class T, class Ks>
requires(!Executor::host) struct device_side<Executor, T, Ks> {
    template <class U>
    using memory = typename Executor::template memory<U>;

    memory<T> weights, gradients;
    memory<std::uint8_t> mask;
    memory<piece> pieces;
    memory<Ks> tables;
    memory<double> partial;
    bool ahead = false;  // the host's weights are older

    /// Memory for at least n; old numbers are lost.
    template <class Buffer>
    static void grow(Buffer& buffer, index n) {
        if (index(buffer.size()) < n)
            buffer = Buffer(std::size_t(n));
    }
};

/// The numbers of one 16-byte access.
template <class T>
inline constexpr int lump = int(16 / sizeof(T));

/// `Lanes` numbers that move as one.
template <class T, int Lanes>
struct alignas(sizeof(T) * Lanes) lumped {
    T number[Lanes];
};

/// run_piece() for one thread of a block: the block's threads take turns, 16 bytes of each stream at a time. A
/// tensor's padding is a whole number of lumps, so that none reaches into the next tensor.
template <class Pass, class Storage, class Ks, class T, int Slots>
struct device_sweep {
    static constexpr int sums = Pass::sums();

    Ks one;
    Ks const* many;  // where tensors or groups differ; else nullptr
    piece const* pieces;
    streams<T, Slots> memory;

    DESCENT_FN void operator()(index block, int thread, int threads, double* total) const {
        piece const at = pieces[block];
        Ks const ks = many ? many[at.table] : one;
        T sum_of[std::size_t(sums) + 1] = {};
        for (index first = index(thread) * lump<T>; first < at.count; first += index(threads) * lump<T>)
            run(ks, at.offset + first, at.count - first, sum_of);
        for (int k = 0; k < sums; ++k)
            total[k] = double(sum_of[k]);
    }

private:
    using layout = layout_of<Ks>;
    using group = lumped<T, lump<T>>;
    static constexpr bool coded(int slot) { return is_coded<Ks, Storage>(slot); }

    /// The lump from number `place` of the arena on; only its first `count` numbers are the tensor's.
    DESCENT_FN void run(Ks const& ks, index place, index count, T* sum_of) const {
        group u = *reinterpret_cast<group const*>(memory.input + place);
        group w = *reinterpret_cast<group const*>(memory.weights + place);
        group state[std::size_t(Slots) + 1];
        unroll<Slots>([&](auto s) {
            if constexpr (Pass::touches(s))
                state[s] = read<s>(place);
        });
        unsigned const kept =
            layout::masks && memory.mask ? unsigned(memory.mask[place / 8]) >> (place % 8) : ~0u;

        unroll<lump<T>>([&](auto i) {
            bool const real = i < count, mine = kept >> i & 1;
            T const w_old = w.number[i];
            T slot[std::size_t(Slots) + 1] = {};
            unroll<Slots>([&](auto s) {
                if constexpr (Pass::touches(s))
                    slot[s] = state[s].number[i];
            });
            auto const keep = [&](T value) { return select(mine, value, T(0)); };
            T update = u.number[i], next = w_old;
            update = Pass::template run<Pass::begin>(ks, update, w_old, slot, std::uint64_t(place + i), keep);
            if constexpr (Pass::writes)
                next = keep(Pass::template settle_weight<0>(ks, w_old - update, slot));
            // Padding stays zero whatever the kernels make of it.
            update = select(real, update, T(0));
            next = select(real, next, T(0));
            unroll<Slots>([&](auto s) {
                if constexpr (Pass::touches(s))
                    slot[s] = select(real, slot[s], T(0));
            });
            if constexpr (Pass::sums_up)
                stage<Pass::end>(ks).measure(update, w_old, sum_of);
            w.number[i] = next;
            u.number[i] = update;
            unroll<Slots>([&](auto s) {
                if constexpr (Pass::touches(s))
                    state[s].number[i] = slot[s];
            });
        });

        if constexpr (Pass::keeps)
            *reinterpret_cast<group*>(memory.kept + place) = u;
        if constexpr (Pass::writes)
            *reinterpret_cast<group*>(memory.weights + place) = w;
        unroll<Slots>([&](auto s) {
            if constexpr (Pass::touches(s))
                write<s>(place, state[s]);
        });
    }

    template <int S>
    DESCENT_FN group read(index place) const {
        if constexpr (coded(S)) {
            using code = typename Storage::code;
            auto const codes = *reinterpret_cast<lumped<code, lump<T>> const*>(
                reinterpret_cast<code const*>(memory.slot[S].codes) + place);
            group numbers;
            for (int i = 0; i < lump<T>; ++i)
                numbers.number[i] = T(Storage::number(codes.number[i]));
            return numbers;
        } else {
            return *reinterpret_cast<group const*>(memory.slot[S].numbers + place);
        }
    }

    template <int S>
    DESCENT_FN void write(index place, group const& numbers) const {
        if constexpr (coded(S)) {
            using code = typename Storage::code;
            lumped<code, lump<T>> codes;
            for (int i = 0; i < lump<T>; ++i)
                codes.number[i] =
                    Storage::code_of(float(numbers.number[i]), place + i, memory.key + std::uint64_t(S));
            *reinterpret_cast<lumped<code, lump<T>>*>(reinterpret_cast<code*>(memory.slot[S].codes) + place) =
                codes;
        } else {
            *reinterpret_cast<group*>(memory.slot[S].numbers + place) = numbers;
        }
    }
};

}  // namespace descent::detail
