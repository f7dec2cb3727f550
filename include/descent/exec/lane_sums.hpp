// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/core/pack.hpp>

namespace descent::exec {

namespace detail {

/// Where the lanes of one halving come from: two packs, whose lanes fall into segments of `segment` lanes, give
/// one pack with the segments of both, half as long.
template <class T, int lanes, int segment>
struct halving {
    /// Lane of the pair of packs whose number goes to lane `to`; the one added to it stands segment / 2 behind.
    static constexpr int from(int to) {
        constexpr int half = segment / 2, register_part = 16 / int(sizeof(T));
        if constexpr (segment > register_part)
            return to / half * segment + to % half;
        // Within 128 bits, which one instruction reaches.
        constexpr int quarter = register_part / 2;
        int const part = to / register_part, at = to % register_part, within = at % quarter;
        return (at / quarter) * lanes + part * register_part + within / half * segment + within % half;
    }
};

/// For each sum, where it stands after all halvings of packs 0 .. lanes - 1.
template <class T, int lanes>
struct sum_order {
    int pack_of_lane[lanes] = {};

    constexpr sum_order() {
        // owner[p][l]: whose number lane l of the p-th pack is part of.
        int owner[lanes][lanes] = {}, next[lanes][lanes] = {};
        for (int p = 0; p < lanes; ++p)
            for (int l = 0; l < lanes; ++l)
                owner[p][l] = p;
        halve<lanes>(owner, next, lanes);
        for (int l = 0; l < lanes; ++l)
            pack_of_lane[l] = owner[0][l];
    }

private:
    template <int segment>
    static constexpr void halve(int (&owner)[lanes][lanes], int (&next)[lanes][lanes], int packs) {
        if constexpr (segment > 1) {
            for (int p = 0; p < packs / 2; ++p)
                for (int l = 0; l < lanes; ++l) {
                    int const from = halving<T, lanes, segment>::from(l);
                    next[p][l] = owner[2 * p + from / lanes][from % lanes];
                }
            for (int p = 0; p < packs / 2; ++p)
                for (int l = 0; l < lanes; ++l)
                    owner[p][l] = next[p][l];
            halve<segment / 2>(owner, next, packs / 2);
        }
    }
};

#if DESCENT_VECTOR_EXTENSIONS

template <int segment, class T, int N, int... L>
DESCENT_FN pack<T, N> halved(pack<T, N> a, pack<T, N> b, std::integer_sequence<int, L...>) {
    using way = halving<T, N, segment>;
    using simd = typename pack<T, N>::simd;
    simd const low = __builtin_shufflevector(a.v, b.v, way::from(L)...);
    simd const high = __builtin_shufflevector(a.v, b.v, way::from(L) + segment / 2 ...);
    return pack<T, N>::of(low + high);
}

template <int segment, class T, int N>
DESCENT_FN void halve_all(pack<T, N>* v) {
    if constexpr (segment > 1) {
        [&]<int... P>(std::integer_sequence<int, P...>) {
            ((v[P] = halved<segment>(v[2 * P], v[2 * P + 1], std::make_integer_sequence<int, N>{})), ...);
        }
        (std::make_integer_sequence<int, segment / 2>{});
        halve_all<segment / 2>(v);
    }
}

#endif

}  // namespace detail

/// sum(v[0]), sum(v[1]), ... for lanes_of<V> packs as the lanes of one: the same bits as sum() of each.
template <class V>
DESCENT_FN V lane_sums(V const* v) {
#if DESCENT_VECTOR_EXTENSIONS
    constexpr int lanes = lanes_of<V>;
    if constexpr (lanes == 1) {
        return v[0];
    } else {
        using T = number_of<V>;
        constexpr detail::sum_order<T, lanes> natural;
        // Pack p ends in the lane l with pack_of_lane[l] = p: so pack p must be the sum that lane l is for.
        V turned[lanes];
        [&]<int... L>(std::integer_sequence<int, L...>) { ((turned[natural.pack_of_lane[L]] = v[L]), ...); }
        (std::make_integer_sequence<int, lanes>{});
        detail::halve_all<lanes>(turned);
        return turned[0];
    }
#else
    return v[0];
#endif
}

}  // namespace descent::exec
