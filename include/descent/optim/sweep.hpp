// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>

#include <descent/optim/rule.hpp>
#include <descent/optim/slots.hpp>

// One pass over memory: loads weights, updates and slots, runs a stretch of a chain, stores. Nothing here knows
// a rule, and no rule knows this loop.
namespace descent::detail {

template <int I, class... K>
DESCENT_FN auto const& stage(kernels<K...> const& list) {
    if constexpr (I == 0)
        return list.first;
    else
        return stage<I - 1>(list.rest);
}
template <int I, class... K>
auto& stage(kernels<K...>& list) {
    if constexpr (I == 0)
        return list.first;
    else
        return stage<I - 1>(list.rest);
}

template <class K>
constexpr int average_of() {
    if constexpr (has_average<K>)
        return K::average;
    else
        return -1;
}

/// What is known of a list of kernels at compile time, per kernel (index k) or per slot (index s).
template <class Ks>
struct layout_of;
template <class... K>
struct layout_of<kernels<K...>> {
    static constexpr int count = int(sizeof...(K));
    static constexpr int slots = (K::slots + ... + 0);
    static constexpr bool masks = (keeps_zeros<K> || ...);
    static constexpr bool per_tensor = (is_per_tensor<K> || ...);
    static constexpr bool initial = (has_init<K> || ...);
    static constexpr std::array<int, count + 1> slots_in{K::slots..., 0};
    static constexpr std::array<bool, count + 1> after{has_after<K>..., false};
    static constexpr std::array<bool, count + 1> measure{measures<K>..., false};
    static constexpr std::array<bool, count + 1> gate{is_gate<K>..., false};
    static constexpr std::array<bool, count + 1> whole{is_whole<K>..., false};
    static constexpr std::array<bool, count + 1> exact{exact_slots<K>..., false};

    /// The first slot of kernel k.
    static constexpr int slot_begin(int k) {
        int begin = 0;
        for (int i = 0; i < k; ++i)
            begin += slots_in[std::size_t(i)];
        return begin;
    }
    static constexpr int kernel_of(int slot) {
        int k = 0;
        while (slot >= slot_begin(k + 1))
            ++k;
        return k;
    }
    /// The first kernel from k on at which the chain must stop and wait; count if there is none.
    static constexpr int barrier_from(int k) {
        while (k < count && !measure[std::size_t(k)] && !whole[std::size_t(k)])
            ++k;
        return k;
    }
    static constexpr int gate_from(int k) {
        while (k < count && !gate[std::size_t(k)])
            ++k;
        return k;
    }

    /// The slot of the last kernel that averages the weights; -1 if there is none.
    static constexpr std::array<int, count + 1> average{average_of<K>()..., -1};
    static constexpr int average_slot = [] {
        int slot = -1;
        for (int k = 0; k < count; ++k)
            if (average[std::size_t(k)] >= 0)
                slot = slot_begin(k) + average[std::size_t(k)];
        return slot;
    }();
};

/// Does the storage keep this slot as codes?
template <class Ks, class Storage>
constexpr bool is_coded(int slot) {
    using layout = layout_of<Ks>;
    return !Storage::direct && !layout::exact[std::size_t(layout::kernel_of(slot))];
}

/// What a pass does with the update that leaves its last kernel.
enum class ending {
    weights,   // subtract it from the weights, then run every after()
    measured,  // hand it to the next kernel's measure()
    kept,      // keep it for the next pass
    both,      // measured and kept
    dropped    // nothing: a closed gate holds it in its slots
};

/// Keeps every update.
struct unmasked {
    template <class V>
    DESCENT_FN V operator()(V u) const {
        return u;
    }
};

/// Kernels [Begin, End) of a list as one pass, with the slots it touches.
template <class Ks, int Begin, int End, ending End_as>
struct pass {
    using layout = layout_of<Ks>;
    static constexpr int begin = Begin, end = End;
    static constexpr bool writes = End_as == ending::weights;
    static constexpr bool keeps = End_as == ending::kept || End_as == ending::both;
    static constexpr bool sums_up = End_as == ending::measured || End_as == ending::both;

    static constexpr bool touches(int slot) {
        int const k = layout::kernel_of(slot);
        return (k >= Begin && k < End) || (writes && layout::after[std::size_t(k)]);
    }
    static constexpr int sums() {
        if constexpr (sums_up)
            return std::remove_cvref_t<decltype(stage<End>(std::declval<Ks const&>()))>::sums;
        else
            return 0;
    }

    /// The update after kernels [K, End). keep(u) masks it before each kernel and behind the last.
    template <int K, class V, class Keep = unmasked>
    static DESCENT_FN V run(Ks const& ks, V u, V w, V* slot, std::uint64_t element, Keep const& keep = {}) {
        u = keep(u);
        if constexpr (K >= End) {
            return u;
        } else {
            auto const& kernel = stage<K>(ks);
            V* const own = slot + layout::slot_begin(K);
            if constexpr (takes_element<std::remove_cvref_t<decltype(kernel)>>)
                u = kernel(u, w, own, element);
            else
                u = kernel(u, w, own);
            return run<K + 1>(ks, u, w, slot, element, keep);
        }
    }

    /// The new weight after every after().
    template <int K, class V>
    static DESCENT_FN V settle_weight(Ks const& ks, V w, V* slot) {
        if constexpr (K >= layout::count) {
            return w;
        } else {
            if constexpr (layout::after[K])
                w = stage<K>(ks).after(w, slot + layout::slot_begin(K));
            return settle_weight<K + 1>(ks, w, slot);
        }
    }
};

/// A stretch of one tensor: what one thread takes at a time.
struct piece {
    index offset = 0;  // in the arena, a whole number of tiles behind the tensor's start
    index count = 0;   // numbers, without padding
    index table = 0;   // which constants
    index tensor = 0;
    index tile = 0;  // tiles of the arena in front of it

    /// Number `first` of the piece, where a tile starts.
    slots::spot spot(index first) const { return {offset + first, tile + first / slots::tile}; }
};

/// Numbers in a piece at most: enough to hide the loop, few enough to share out.
inline constexpr index piece_size = 16384;

/// Where a slot lies: plain numbers, or codes that the storage decodes.
template <class T>
struct slot_memory {
    T* numbers = nullptr;
    unsigned char* codes = nullptr;
};

/// All memory of a pass.
template <class T, int Slots>
struct streams {
    T* weights = nullptr;
    T const* input = nullptr;  // the gradient, or the update that an earlier pass kept
    T* kept = nullptr;
    std::uint8_t const* mask = nullptr;
    std::array<slot_memory<T>, std::size_t(Slots) + 1> slot{};
    std::uint64_t key = 0;  // of this step, for storages that round at random
};

/// The mask of lanes_of<V> weights from bit `first` on: true where the weight is kept.
template <class V>
DESCENT_FN mask_of<V> kept_lanes(std::uint8_t const* bits, index first) {
    if constexpr (lanes_of<V> == 1) {
        return bits[first / 8] >> (first % 8) & 1;
    } else {
        using U = number_of<bits_type<V>>;
        using M = bits_type<V>;
        U word = bits[first / 8];
        if constexpr (lanes_of < V >> 8)
            word = U(word | U(bits[first / 8 + 1]) << 8);
        M flags = M(U(word >> (first % 8)));
        M one_each = M(U(1));
        for (int lane = 0; lane < lanes_of<V>; ++lane)
            one_each.v[lane] = U(U(1) << lane);
        auto const kept = (flags & one_each) != M(U(0));
        return {decltype(mask_of<V>::v)(kept.v)};
    }
}

/// f(integral_constant 0), ... f(integral_constant N - 1), unrolled.
template <int N, class F>
DESCENT_FN void unroll(F const& f) {
    [&]<int... I>(std::integer_sequence<int, I...>) { (f(std::integral_constant<int, I>{}), ...); }
    (std::make_integer_sequence<int, N>{});
}

/// Numbers that a pass takes per turn of its loop: one cache line, and two where it sums up, so that enough
/// sums run side by side to hide the latency of an addition. Alike for every width of pack, and so are the
/// sums.
template <class V, bool Sums>
inline constexpr int turn = Sums               ? 128 / int(sizeof(number_of<V>))
                            : lanes_of<V> == 1 ? 1
                                               : 64 / int(sizeof(number_of<V>));

/// The sum of all lanes of `Count` packs, halves added to halves: one fixed order. Destroys them.
template <int Count, class V>
DESCENT_FN number_of<V> sum_of_packs(V* packs) {
    for (int half = Count / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i)
            packs[i] += packs[i + half];
    return sum(packs[0]);
}

/// Runs one piece on packs V. Free and with restrict pointers: the form that compilers turn into the tightest
/// loop.
template <class Pass, class Storage, class V, class Ks, class T, int Slots>
void run_piece(Ks const& constants, streams<T, Slots> const& memory, piece const& at, double* sums) {
    using layout = layout_of<Ks>;
    constexpr int lanes = lanes_of<V>;
    constexpr int sum_count = Pass::sums();
    constexpr auto decoded = [](int s) { return Pass::touches(s) && is_coded<Ks, Storage>(s); };
    constexpr bool in_place = [=] {
        for (int s = 0; s < Slots; ++s)
            if (decoded(s))
                return false;
        return true;
    }();
    constexpr int packs = turn<V, (sum_count > 0)> / lanes;
    // Sums restart with each tile, so that few numbers of type T are added up before double takes over.
    constexpr index tile = !in_place ? slots::tile : sum_count == 0 ? piece_size : 4 * slots::tile;

    Ks const ks = constants;
    T* DESCENT_RESTRICT const weights = memory.weights + at.offset;
    T const* const input = memory.input + at.offset;  // may be `kept` itself
    T* const kept = Pass::keeps ? memory.kept + at.offset : nullptr;
    std::uint8_t const* const mask = layout::masks ? memory.mask : nullptr;
    for (int k = 0; k < sum_count; ++k)
        sums[k] = 0;

    // Where sums are taken there is little else to do than to wait for memory: a full piece is read at two
    // places at once, half a piece apart, which keeps more prefetches in flight.
    bool const apart = in_place && sum_count > 0 && at.count == piece_size;
    index const reach = apart ? piece_size / 2 : at.count, span = apart ? tile / 2 : tile;
    constexpr index half = packs / 2 * lanes;
    index const stride = apart ? half : packs * lanes, far = apart ? piece_size / 2 : half;

    alignas(alignment) T scratch[in_place ? 1 : std::size_t(Slots) * slots::tile];
    for (index first = 0; first < reach; first += span) {
        index const count = std::min(span, reach - first);
        index const padded = (count + lanes - 1) / lanes * lanes;
        T* slot[std::size_t(Slots) + 1];
        unroll<Slots>([&](auto s) {
            if constexpr (Pass::touches(s) && !decoded(s))
                slot[s] = memory.slot[s].numbers + at.offset + first;
            if constexpr (!in_place)
                if constexpr (decoded(s)) {
                    slot[s] = scratch + s * slots::tile;
                    Storage::template decode<V>(memory.slot[s].codes, at.spot(first), padded, slot[s]);
                }
        });

        V sum_of[std::size_t(sum_count) + 1][packs];
        for (int k = 0; k < sum_count; ++k)
            for (int c = 0; c < packs; ++c)
                sum_of[k][c] = V(T(0));

        // One pack. The last one of a tensor holds fewer than `lanes` real numbers.
        auto const step = [&](index i, int c, auto whole) {
            V u = load<V>(input + first + i);
            V const w = load<V>(weights + first + i);
            V state[std::size_t(Slots) + 1];
            unroll<Slots>([&](auto s) {
                if constexpr (Pass::touches(s))
                    state[s] = load<V>(slot[s] + i);
            });

            index const place = at.offset + first + i;
            auto const keep = [=](V value) {
                if constexpr (layout::masks)
                    if (mask)
                        value = select(kept_lanes<V>(mask, place), value, V(T(0)));
                return value;
            };
            u = Pass::template run<Pass::begin>(ks, u, w, state, std::uint64_t(place), keep);
            V next = w;
            if constexpr (Pass::writes)
                next = keep(Pass::template settle_weight<0>(ks, w - u, state));

            // Padding stays zero whatever the kernels make of it.
            if constexpr (!whole) {
                int const real = int(count - i);
                u = first_lanes(u, real);
                next = first_lanes(next, real);
                unroll<Slots>([&](auto s) {
                    if constexpr (Pass::touches(s))
                        state[s] = first_lanes(state[s], real);
                });
            }

            if constexpr (Pass::keeps)
                store(kept + first + i, u);
            if constexpr (Pass::sums_up) {
                V own[std::size_t(sum_count) + 1];
                for (int k = 0; k < sum_count; ++k)
                    own[k] = sum_of[k][c];
                stage<Pass::end>(ks).measure(u, w, own);
                for (int k = 0; k < sum_count; ++k)
                    sum_of[k][c] = own[k];
            }
            if constexpr (Pass::writes)
                store(weights + first + i, next);
            unroll<Slots>([&](auto s) {
                if constexpr (Pass::touches(s))
                    store(slot[s] + i, state[s]);
            });
        };

        index i = 0;
        for (index const end = count / stride * stride; i < end; i += stride)
            unroll<packs>([&](auto c) {
                step(i + (c < packs / 2 ? index(c) * lanes : far + index(c) * lanes - half), c,
                     std::true_type{});
            });
        for (int c = 0; i < count; i += lanes, ++c)
            step(i, c, std::false_type{});

        for (int k = 0; k < sum_count; ++k)
            sums[k] += double(sum_of_packs<packs>(sum_of[k]));
        unroll<Slots>([&](auto s) {
            if constexpr (!in_place)
                if constexpr (decoded(s))
                    Storage::template encode<V>(memory.slot[s].codes, at.spot(first), padded, slot[s],
                                                memory.key + std::uint64_t(s));
        });
    }
}

/// Gives the slots that do not start at 0 their first value.
template <class Storage, class Ks, class T, int Slots>
void start_piece(Ks const& ks, streams<T, Slots> const& memory, piece const& at) {
    using layout = layout_of<Ks>;
    unroll<Slots>([&](auto s) {
        constexpr int k = layout::kernel_of(s);
        using kernel = std::remove_cvref_t<decltype(stage<k>(ks))>;
        if constexpr (has_init<kernel>) {
            alignas(alignment) T scratch[slots::tile] = {};
            for (index first = 0; first < at.count; first += slots::tile) {
                index const count = std::min(slots::tile, at.count - first);
                for (index i = 0; i < count; ++i)
                    scratch[i] =
                        stage<k>(ks).init(s - layout::slot_begin(k), memory.weights[at.offset + first + i]);
                if constexpr (!is_coded<Ks, Storage>(s))
                    std::copy_n(scratch, count, memory.slot[s].numbers + at.offset + first);
                else if constexpr (!Storage::direct)  // clang looks for encode even where nothing is coded
                    Storage::template encode<T>(memory.slot[s].codes, at.spot(first), count, scratch,
                                                memory.key);
            }
        }
    });
}

}  // namespace descent::detail
