// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// What the penalties share: which vectors they take, checks, sums in double and sweeps.
namespace descent::regularize::detail {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Contiguous numbers: an Eigen vector, or a view or a segment of one.
template <class W>
concept numbers = bool(std::remove_cvref_t<W>::IsVectorAtCompileTime) &&
                  std::remove_cvref_t<W>::InnerStrideAtCompileTime == 1 && requires(W& w) {
    { *w.data() } -> std::convertible_to<double>;
    { w.size() } -> std::convertible_to<index>;
};

/// The same, to be written.
template <class W>
concept writable_numbers = numbers<W> && requires(W& w) {
    *w.data() = 0;
};

template <class W>
using number_in = typename std::remove_cvref_t<W>::Scalar;

/// One weight, or a pack of them.
template <class V>
concept element = std::is_floating_point_v<number_of<V>>;

/// `name` is "<penalty>: <member>".
inline void check_not_negative(std::string_view name, double value) {
    expect(value >= 0 && value < infinity, name, " = ", value, ": must be finite and >= 0");
}
inline void check_positive(std::string_view name, double value) {
    expect(value > 0 && value < infinity, name, " = ", value, ": must be finite and > 0");
}
inline void check_step(std::string_view penalty, double step) {
    expect(step >= 0 && step < infinity, penalty, ": step = ", step, ": must be finite and >= 0");
}
inline void check_sizes(std::string_view penalty, index w, index g) {
    expect(w == g, penalty, ": w has ", w, " numbers, g has ", g);
}

inline void check_columns(std::string_view penalty, index w, index columns) {
    expect(w % columns == 0, penalty, ": w has ", w, " numbers, which are no rows of ", columns);
}

/// The relative rounding error of a norm or a sum of n numbers of type T.
template <class T>
constexpr double slack(index n) {
    return 4 * double(std::numeric_limits<T>::epsilon()) + 0x1p-52 * double(n);
}

/// Are all numbers finite? If not, all become NaN.
template <class T>
bool finite_or_nan(T* w, index n) {
    for (index i = 0; i < n; ++i)
        if (!std::isfinite(w[i])) {
            for (index k = 0; k < n; ++k)
                w[k] = std::numeric_limits<T>::quiet_NaN();
            return false;
        }
    return true;
}

/// The sum of term(i), in double and in one order on every machine.
template <class Term>
double total(index n, Term const& term) {
    constexpr index ways = 8;  // independent sums: one alone waits for itself
    double part[ways] = {};
    index i = 0;
    for (; i + ways <= n; i += ways)
        for (index k = 0; k < ways; ++k)
            part[k] += term(i + k);
    for (; i < n; ++i)
        part[0] += term(i);
    return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}

/// The Euclidean norm of number(0) .. number(n - 1), whose squares may overflow or vanish.
template <class Number>
double norm(index n, Number const& number) {
    double const square = total(n, [&](index i) { return number(i) * number(i); });
    if (square > 1e-280 && square < infinity)
        return std::sqrt(square);
    double largest = 0;
    for (index i = 0; i < n; ++i) {
        if (std::isnan(number(i)))
            return number(i);
        largest = std::fmax(largest, std::fabs(number(i)));
    }
    if (largest == 0 || largest == infinity)
        return largest;
    // Twice, since 1 / largest may overflow.
    return largest * std::sqrt(total(n, [&](index i) {
               double const share = number(i) / largest;
               return share * share;
           }));
}

/// w[i] <- change(w[i]), whole packs first.
template <class T, class Change>
void change_each(T* w, index n, Change const& change) {
    using V = native_pack<T>;
    index i = 0;
    for (; i + lanes_of<V> <= n; i += lanes_of<V>)
        store_unaligned(w + i, change(load_unaligned<V>(w + i)));
    for (; i < n; ++i)
        w[i] = change(w[i]);
}

/// The sum of the penalties of single weights.
template <class P, class W>
double value_of_each(P const& penalty, W const& w) {
    penalty.check();
    auto const* const from = w.data();
    return total(w.size(), [=](index i) { return penalty.value(double(from[i])); });
}

/// g += the slopes of single weights.
template <class P, class W, class G>
void add_slope_of_each(P const& penalty, std::string_view name, W const& w, G& g) {
    using T = number_in<G>;
    using V = native_pack<T>;
    penalty.check();
    check_sizes(name, w.size(), g.size());
    T const* const from = w.data();
    T* const to = g.data();
    index i = 0;
    for (; i + lanes_of<V> <= w.size(); i += lanes_of<V>)
        store_unaligned(to + i, load_unaligned<V>(to + i) + penalty.slope(load_unaligned<V>(from + i)));
    for (; i < w.size(); ++i)
        to[i] += penalty.slope(from[i]);
}

/// The prox of single weights.
template <class P, class W>
void prox_of_each(P const& penalty, std::string_view name, W& w, double step) {
    using T = number_in<W>;
    penalty.check();
    check_step(name, step);
    T const rounded = T(step < double(std::numeric_limits<T>::max()) ? step : std::numeric_limits<T>::max());
    change_each(w.data(), w.size(), [&](auto each) { return penalty.prox(each, decltype(each)(rounded)); });
}

}  // namespace descent::regularize::detail
