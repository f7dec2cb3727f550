// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/tensor.hpp>
#include <descent/loss/concepts.hpp>

// detail/loss_rows.hpp on a device: one thread for each target.
namespace descent::nn::detail {

/// What a step needs beside its samples; it lies on the device, so that a recorded step may be played with
/// other numbers.
struct step_numbers {
    std::uint64_t seed;
    double scale;    ///< of the slopes
    double share;    ///< of the first target of a mixed batch
    double unscale;  ///< what makes gradients of it whole again where the loss is scaled
};

/// What the host asks for behind a step.
struct step_answer {
    double loss;      ///< the sum over the targets
    double fault;     ///< not 0: a layer found numbers that it cannot read
    double overflow;  ///< not 0: a number of the gradient of a scaled loss is not finite
};

/// The loss of each target, times its weight, and the slopes, times that and the scale.
template <class T, class Loss>
struct loss_body {
    Loss loss;
    index width;  ///< scores of a target
    T const *scores, *targets, *weights;
    T const* others;  ///< nullptr, or second targets
    T *slopes, *second;
    step_numbers const* step;
    double* values;

    DESCENT_FN void operator()(index i) const {
        T const factor = weights[i];
        double const share = others ? step->share : 1.0;
        double value = share * one(targets[i], slopes, i, factor, T(step->scale * share));
        if (others) {
            value += (1 - share) * one(others[i], second, i, factor, T(step->scale * (1 - share)));
            for (index c = i * width; c < (i + 1) * width; ++c)
                slopes[c] += second[c];
        }
        values[i] = value * double(factor);
    }

private:
    DESCENT_FN double one(T target, T* to, index i, T factor, T scale) const {
        T const* const z = scores + i * width;
        T* const slope = to + i * width;
        if constexpr (descent::loss::of_score<Loss>) {
            *slope = loss.slope(*z, target) * factor * scale;
            return double(loss.value(*z, target));
        } else {
            for (index c = 0; c < width; ++c)
                slope[c] = z[c];
            T const value = loss.value_and_slope(slope, width, target, index(1));
            for (index c = 0; c < width; ++c)
                slope[c] *= factor * scale;
            return double(value);
        }
    }
};

/// One row whose total is the answer.
struct answer_body {
    using total = double;
    static constexpr int rounds = 1;
    double const* values;
    int const* fault;
    step_answer* answer;

    DESCENT_FN double none(int) const { return 0; }
    DESCENT_FN double join(int, double a, double b) const { return a + b; }
    DESCENT_FN double term(int, index, index i, double const*) const { return values[i]; }
    DESCENT_FN void first(index, double const* totals) const { *answer = {totals[0], double(*fault), 0}; }
    DESCENT_FN void each(index, index, double const*) const {}
};

/// The gradient of a scaled loss becomes that of the loss.
template <class T>
struct unscale_body {
    T* gradient;
    step_numbers const* step;
    step_answer* answer;

    DESCENT_FN void operator()(index i) const {
        T const number = gradient[i] *= T(step->unscale);
        if (!(number - number == T(0)))
            answer->overflow = 1;
    }
};

}  // namespace descent::nn::detail
