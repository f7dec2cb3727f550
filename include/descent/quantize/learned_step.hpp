// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/slices.hpp>

namespace descent::quantize {

/// Evenly spaced numbers whose step is trained, one for the whole tensor unless .per = per::channel (the
/// default of to_affine and ternary), as in Esser et al.: "Learned step size quantization", 2020: w becomes s
/// round(clamp(w / s, -n, p)), the even one half-way. Slopes by w pass where w / s is in [-n, p]; the slope by
/// s is the sum of the slopes times round(w / s) - w / s there, -n below and p above, over sqrt(N p) for N
/// numbers. A step begins as 2 mean|w| / sqrt(p), see begin_steps; while it is 0, numbers pass as they are, so
/// that a network can be trained before it is rounded. Inf and NaN become NaN: a code would hide them from the
/// loss. Rule of quantize::aware; tensor "weight_step" beside "weight", one number for each slice.
struct learned_step {
    int bits = 8;                     ///< 2 to 8
    bool symmetric = true;            ///< n = p = 2^(bits - 1) - 1; else n is one more, as in the paper
    quantize::per per = per::tensor;  ///< tensor or channel

    static constexpr std::string_view suffix = "_step";
    static constexpr index learned = 1, measured = 0;

    int lowest() const { return symmetric ? -highest() : -highest() - 1; }
    int highest() const { return (1 << (bits - 1)) - 1; }

    /// Throws descent::error, naming `who`, for bits that there are not, and slices other than these.
    void check(std::string_view who) const {
        affine_format{bits, symmetric}.check(who);
        expect(per != per::group, who, ": per = group: must be tensor or channel");
    }

    /// The work on a number V or a pack of them.
    template <class T>
    struct kernel {
        T step, low, high;
        bool open;  ///< not begun: numbers pass
        T share;    ///< of the sum in the slope by the step

        template <class V>
        DESCENT_FN V value(V w) const {
            // w - w is 0, which makes 0 of -0, or NaN for NaN and Inf.
            return open ? w : rounded(clamp(w / V(step), V(low), V(high))) * V(step) + (w - w);
        }
        /// The slope by w from the one by value(w); adds to what the slopes by learned numbers sum up.
        template <class V>
        DESCENT_FN V slope(V w, V slope, V* sums) const {
            if (open)
                return slope;
            V const at = w / V(step), inside = clamp(at, V(low), V(high));
            auto const passes = at == inside;
            sums[0] += slope * select(passes, rounded(inside) - at, inside);
            return select(passes, slope, V(0));
        }
        /// To whole numbers of at most 2^21: adding 1.5 times the weight of the last bit's end leaves no
        /// others.
        template <class V>
        static DESCENT_FN V rounded(V x) {
            constexpr T large = T(1.5) / std::numeric_limits<T>::epsilon();
            return (x + V(large)) - V(large);
        }
    };
    template <class T>
    kernel<T> at(T const* learned_numbers, T const*, index count) const {
        return with<T>(*learned_numbers, T(lowest()), T(highest()), count);
    }
    /// The kernel of a step that `count` numbers share, with codes from low to high.
    template <class T>
    static kernel<T> with(T step, T low, T high, index count) {
        // A step that training has taken below 0 comes back: all numbers are then beyond the ends.
        return {max(step, std::numeric_limits<T>::min()), low, high, step == T(0),
                T(1 / std::sqrt(double(std::max<index>(count, 1)) * double(high)))};
    }

    /// The first step for these numbers.
    template <class T>
    void begin(T const* w, index count, T* learned_numbers) const {
        *learned_numbers = first_step(detail::mean_magnitude(w, count), T(highest()));
    }
    template <class T>
    static T first_step(T mean, T high) {
        return mean > 0 ? T(2) * mean / sqrt(high) : T(1);
    }

    /// What the codes of a slice mean.
    template <class T>
    affine_grid<T> grid(kernel<T> const& k) const {
        return {{bits, symmetric}, k.step, symmetric ? 0 : -lowest()};
    }
};

}  // namespace descent::quantize
