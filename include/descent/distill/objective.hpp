// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

namespace descent::distill {

/// What a student learns from: labels, and what teachers say.
struct objective {
    double temperature = 4;  ///< by which all scores are divided before they are compared
    double soft = 0.9;       ///< share of the teachers' say; that of the labels is 1 - soft
    /// The first so many outputs are scores of classes, the rest features; 0: all are scores.
    index classes = 0;
    double features = 1;  ///< how much the features' squared distance counts

    /// Throws descent::error for settings out of range.
    void check(index outputs) const {
        expect(temperature > 0 && std::isfinite(temperature), "distill: temperature = ", temperature,
               ": must be > 0");
        expect(soft >= 0 && soft <= 1, "distill: soft = ", soft, ": must be in [0, 1]");
        expect(features >= 0 && std::isfinite(features), "distill: features = ", features, ": must be >= 0");
        expect(classes >= 0 && classes <= outputs, "distill: classes = ", classes, ": must be in [0, ", outputs,
               "], the outputs");
    }

    index classes_of(index outputs) const { return classes ? classes : outputs; }

    /// The softened probabilities softmax(z / temperature) of k scores into p.
    template <class T>
    void soften(T const* z, index k, T* p) const {
        for (index c = 0; c < k; ++c)
            p[c] = z[c] / T(temperature);
        loss::softmax_cross_entropy::probabilities<T>(p, k);
    }

    /// The loss of one sample: (1 - soft) CE(y, z) + soft t^2 KL(p || softmax(z / t)) + features mean((z -
    /// f)^2), where p are the teachers' softened probabilities and f their features, behind one another in
    /// `taught` (Hinton, Vinyals, Dean: "Distilling the knowledge in a neural network", 2015; Romero et al.:
    /// "FitNets", 2015). The slopes by z go to `slopes`; `room` holds as many numbers. y is one class with a
    /// share of `share` and `other` with the rest.
    template <class T>
    double value_and_slope(T const* z, index outputs, T const* taught, T y, T other, double share, T* slopes,
                           T* room) const {
        index const k = classes_of(outputs), rest = outputs - k;
        double value = 0;
        for (index c = 0; c < k; ++c)
            slopes[c] = T(0);
        auto const hard = [&](T label, double part) {
            if (part <= 0)
                return;
            for (index c = 0; c < k; ++c)
                room[c] = z[c];
            value += part * double(loss::softmax_cross_entropy::value_and_slope<T>(room, k, label));
            for (index c = 0; c < k; ++c)
                slopes[c] += T(part) * room[c];
        };
        hard(y, (1 - soft) * share);
        hard(other, (1 - soft) * (1 - share));
        if (soft > 0) {
            soften(z, k, room);
            double apart = 0;
            for (index c = 0; c < k; ++c) {
                // What the teacher gives no chance adds nothing; what the student underflows counts as tiny.
                if (taught[c] > 0)
                    apart += double(taught[c]) *
                             (std::log(double(taught[c])) - std::log(std::max(double(room[c]), 1e-300)));
                slopes[c] += T(soft * temperature) * (room[c] - taught[c]);
            }
            value += soft * temperature * temperature * apart;
        }
        double distance = 0;
        for (index c = k; c < outputs; ++c) {
            T const away = z[c] - taught[c];
            distance += double(away) * double(away);
            slopes[c] = T(2 * features / double(rest)) * away;
        }
        return value + (rest > 0 ? features * distance / double(rest) : 0);
    }
};

}  // namespace descent::distill
