// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/best_threshold.hpp>
#include <descent/quantize/detail/slices.hpp>

// Weights of two or three values, as rules of quantize::aware. One that is NaN or Inf has a value that is
// neither finite, so that the loss tells.
namespace descent::quantize {

namespace detail {

inline void check_slices(quantize::per per, std::string_view who) {
    expect(per != per::group, who, ": per = group: must be tensor or channel");
}

/// Codes -1, 0 and 1 times a scale.
template <class T>
affine_grid<T> sign_grid(T scale) {
    return {{2, true}, scale > 0 ? scale : T(1), 0};
}

/// Of three values: `plus` above the threshold, -minus below its negative, 0 between. The threshold of a slice
/// with NaN or Inf is NaN, above which is all; then `plus` must be NaN, too.
template <class T>
struct ternary_kernel {
    T threshold, plus, minus;

    template <class V>
    DESCENT_FN V value(V w) const {
        return select(w <= V(threshold), select(w < V(-threshold), V(-minus), V(0)), V(plus));
    }
};

}  // namespace detail

/// Weights of two values: sign(w) times the mean of |w| (Rastegari, Ordonez, Redmon, Farhadi: "XNOR-Net",
/// 2016); the sign of 0 is 1. As there, the slope by w is the one by its value times (1 / N + mean where |w| <=
/// 1), for the N numbers of a slice.
struct binary {
    quantize::per per = per::channel;  ///< tensor or channel

    static constexpr index learned = 0, measured = 1;

    void check(std::string_view who) const { detail::check_slices(per, who); }

    template <class T>
    struct kernel {
        T scale, share;

        template <class V>
        DESCENT_FN V value(V w) const {
            return select(w < V(0), V(-scale), V(scale));
        }
        template <class V>
        DESCENT_FN V slope(V w, V slope, V*) const {
            return slope * (V(share) + select(abs(w) <= V(1), V(scale), V(0)));
        }
    };
    /// What a slice's kernel needs to know of its numbers.
    template <class T>
    void measure(T const* w, index count, T*, T* measured_numbers) const {
        *measured_numbers = detail::mean_magnitude(w, count);
    }
    template <class T>
    kernel<T> at(T const*, T const* measured_numbers, index count) const {
        return {*measured_numbers, T(1) / T(count)};
    }
    template <class T>
    affine_grid<T> grid(kernel<T> const& k) const {
        return detail::sign_grid(k.scale);
    }
};

/// Weights of three values -s, 0, s: 0 where |w| is at most a threshold, s the mean |w| of the others (Li,
/// Zhang, Liu: "Ternary weight networks", 2016). The threshold is 0.7 mean|w|, or the one with the least
/// squared error. Slopes pass as they are.
struct ternary {
    quantize::per per = per::channel;  ///< tensor or channel
    bool exact = false;                ///< the threshold of the least squared error

    static constexpr index learned = 0, measured = 2;

    void check(std::string_view who) const { detail::check_slices(per, who); }

    template <class T>
    struct kernel : detail::ternary_kernel<T> {
        template <class V>
        DESCENT_FN V slope(V, V slope, V*) const {
            return slope;
        }
    };
    /// Has room for `count` numbers in `spare`.
    template <class T>
    void measure(T const* w, index count, T* spare, T* measured_numbers) const {
        T const threshold =
            exact ? detail::best_threshold(w, count, spare) : T(0.7) * detail::mean_magnitude(w, count);
        T const zero = threshold - threshold;  // or NaN
        measured_numbers[0] = threshold + zero;
        measured_numbers[1] = detail::mean_above(w, count, threshold) + zero;
    }
    template <class T>
    kernel<T> at(T const*, T const* measured_numbers, index) const {
        return {{measured_numbers[0], measured_numbers[1], measured_numbers[1]}};
    }
    template <class T>
    affine_grid<T> grid(kernel<T> const& k) const {
        return detail::sign_grid(k.plus);
    }
};

/// Weights of three values -n, 0, p, whose n and p are trained (Zhu, Han, Mao, Dally: "Trained ternary
/// quantization", 2017): p above a share of the largest |w|, -n below its negative. The slope by p is the sum
/// of the slopes of its weights, that by n the negative sum of its own; slopes by w pass times p, 1 or n. Both
/// begin as the mean |w| of their weights, see begin_steps; while both are 0, numbers pass as they are. Tensor
/// "weight_scales" beside "weight": p and n of each slice.
struct trained_ternary {
    double threshold = 0.05;          ///< in parts of the largest |w|, in [0, 1)
    quantize::per per = per::tensor;  ///< tensor or channel

    static constexpr std::string_view suffix = "_scales";
    static constexpr index learned = 2, measured = 1;

    void check(std::string_view who) const {
        detail::check_slices(per, who);
        expect(threshold >= 0 && threshold < 1, who, ": threshold = ", threshold, ": must be in [0, 1)");
    }

    template <class T>
    struct kernel : detail::ternary_kernel<T> {
        bool open;  ///< not begun: numbers pass
        T share = 1;

        template <class V>
        DESCENT_FN V value(V w) const {
            return open ? w : detail::ternary_kernel<T>::value(w);
        }
        template <class V>
        DESCENT_FN V slope(V w, V slope, V* sums) const {
            if (open)
                return slope;
            auto const above = w > V(this->threshold), below = w < V(-this->threshold);
            sums[0] += select(above, slope, V(0));
            sums[1] -= select(below, slope, V(0));
            return slope * select(above, V(this->plus), select(below, V(this->minus), V(1)));
        }
    };
    template <class T>
    void measure(T const* w, index count, T*, T* measured_numbers) const {
        *measured_numbers = T(threshold) * detail::largest_magnitude(w, count);
    }
    template <class T>
    kernel<T> at(T const* learned_numbers, T const* measured_numbers, index) const {
        T const plus = learned_numbers[0], minus = learned_numbers[1];
        T const limit = *measured_numbers, zero = limit - limit;  // or NaN
        return {{limit, plus + zero, minus}, plus == T(0) && minus == T(0)};
    }
    template <class T>
    void begin(T const* w, index count, T* learned_numbers) const {
        T limit = 0;
        measure(w, count, static_cast<T*>(nullptr), &limit);
        double sums[2] = {}, counts[2] = {};
        for (index i = 0; i < count; ++i)
            if (abs(w[i]) > limit)
                sums[w[i] < 0] += double(abs(w[i])), ++counts[w[i] < 0];
        for (int side = 0; side < 2; ++side)
            learned_numbers[side] = counts[side] > 0 ? T(sums[side] / counts[side]) : T(1);
    }
};

}  // namespace descent::quantize
