// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

namespace descent::quantize::detail {

/// A number's bits, so that unsigned integers stand in the order of the numbers; -0 is 0.
template <class T>
DESCENT_FN bits_type<T> to_key(T x) {
    using U = bits_type<T>;
    constexpr U sign = U(1) << (8 * sizeof(U) - 1);
    U const bits = to_bits(x + T(0));
    return bits & sign ? U(~bits) : U(bits | sign);
}
template <class U>
DESCENT_FN auto from_key(U key) {
    using T = std::conditional_t<sizeof(U) == 4, float, double>;
    constexpr U sign = U(1) << (8 * sizeof(U) - 1);
    return from_bits<T>(key & sign ? U(key & ~sign) : U(~key));
}

template <class U>
DESCENT_FN U key_of(U key) {
    return key;
}
template <class U>
struct weighted_key {
    U key;
    double weight;
};
template <class U>
DESCENT_FN U key_of(weighted_key<U> const& item) {
    return item.key;
}

/// Sorts by key, stable: digits of 11 bits, the lowest first (Seward, 1954). One sweep counts all digits; those
/// that all items share cost nothing more.
template <class Item>
void radix_sort(std::vector<Item>& items) {
    using U = decltype(key_of(items[0]));
    constexpr int digit = 11, digits = (8 * int(sizeof(U)) + digit - 1) / digit;
    constexpr std::size_t radix = std::size_t(1) << digit;
    if (items.size() < 512) {  // clearing the counts would take longer
        std::stable_sort(items.begin(), items.end(),
                         [](Item const& a, Item const& b) { return key_of(a) < key_of(b); });
        return;
    }
    std::vector<std::uint32_t> counts(digits * radix);
    for (Item const& item : items)
        for (int d = 0; d < digits; ++d)
            ++counts[std::size_t(d) * radix + std::size_t(key_of(item) >> (digit * d) & (radix - 1))];
    std::vector<Item> other(items.size());
    for (int d = 0; d < digits; ++d) {
        std::uint32_t* const next = counts.data() + std::size_t(d) * radix;
        if (next[std::size_t(key_of(items[0]) >> (digit * d) & (radix - 1))] == items.size())
            continue;
        std::uint32_t before = 0;
        for (std::size_t i = 0; i < radix; ++i)
            before += std::exchange(next[i], before);
        Item* const to = other.data();
        for (Item const& item : items)
            to[next[std::size_t(key_of(item) >> (digit * d) & (radix - 1))]++] = item;
        items.swap(other);
    }
}

/// Points of a line in rising order as sums over those before each: mass[i] = sum of w, first[i] = sum of w x,
/// second[i] = sum of w x^2 of the points 0 .. i - 1, x counted from `center`. One pack of room behind.
struct point_sums {
    index size = 0;
    double center = 0;
    aligned_buffer<double> mass, first, second;

    static constexpr index room = lanes_of<native_pack<double>>;

    explicit point_sums(index n)
        : size(n),
          mass(std::size_t(n + 1 + room)),
          first(std::size_t(n + 1 + room)),
          second(std::size_t(n + 1 + room)) {}

    /// Point i has this weight, weighted position and weighted square.
    void add(index i, double w, double wx, double wxx) {
        auto const at = std::size_t(i);
        mass[at + 1] = mass[at] + w;
        first[at + 1] = first[at] + wx;
        second[at + 1] = second[at] + wxx;
    }

    /// The squared distance of points i .. j - 1 from their mean, summed.
    double error(index i, index j) const {
        auto const a = std::size_t(i), b = std::size_t(j);
        double const moment = first[b] - first[a];
        double const rest = (second[b] - second[a]) - moment * moment / (mass[b] - mass[a]);
        return rest > 0 ? rest : 0;
    }
    double mean(index i, index j) const {
        auto const a = std::size_t(i), b = std::size_t(j);
        return center + (first[b] - first[a]) / (mass[b] - mass[a]);
    }
};

/// The distinct numbers among sorted items, with their masses.
template <class Item>
point_sums distinct_points(std::vector<Item> const& items) {
    auto const weight = [](Item const& item) {
        if constexpr (requires { item.weight; })
            return item.weight;
        else
            return 1.0;
    };
    index distinct = 0;
    double total = 0, moment = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        distinct += i == 0 || key_of(items[i]) != key_of(items[i - 1]);
        total += weight(items[i]);
        moment += weight(items[i]) * double(from_key(key_of(items[i])));
    }
    point_sums sums(distinct);
    sums.center = moment / total;  // keeps the digits of numbers far from 0
    index at = 0;
    for (std::size_t i = 0; i < items.size();) {
        auto const key = key_of(items[i]);
        double mass = 0;
        for (; i < items.size() && key_of(items[i]) == key; ++i)
            mass += weight(items[i]);
        double const x = double(from_key(key)) - sums.center;
        sums.add(at++, mass, mass * x, mass * x * x);
    }
    return sums;
}

}  // namespace descent::quantize::detail
