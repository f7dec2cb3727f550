// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Lookahead (Zhang et al., 2019): every `period` steps the slow weights move by a part alpha towards the
/// weights, slow <- slow + alpha (w - slow), and the weights go on from there, w <- slow. They start at the
/// first weights; optimizer.averaged() reads them. Same numbers as optax.lookahead. Throws descent::error for a
/// period below 1 or alpha outside (0, 1].
struct lookahead {
    std::int64_t period = 5;
    double alpha = 0.5;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // the slow weights
        static constexpr bool exact = true;
        static constexpr int average = 0;
        T alpha;
        bool due;

        template <class V>
        DESCENT_FN V init(int /*slot*/, V w) const {
            return w;
        }
        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return u;
        }
        template <class V>
        DESCENT_FN V after(V w, V* slow) const {
            return due ? *slow = lerp(*slow, w, alpha) : w;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        return {T(alpha), now.step % period == 0};
    }

    void check() const {
        expect(period >= 1, "lookahead: period = ", period, ": must be >= 1");
        expect(alpha > 0 && alpha <= 1, "lookahead: alpha = ", alpha, ": must be in (0, 1]");
    }
};
static_assert(update_rule<lookahead>);

}  // namespace descent
