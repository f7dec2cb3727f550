// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Stochastic weight averaging (Izmailov et al., 2018): the equal average of the weights after steps start,
/// start + period, start + 2 period, ... (the first step is 1). Until then the average is a copy of the
/// weights. optimizer.averaged() reads it. Same numbers as torch.optim.swa_utils.AveragedModel. Throws
/// descent::error for a start or a period below 1.
struct swa {
    std::int64_t start = 1, period = 1;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // the average
        static constexpr bool exact = true;
        static constexpr int average = 0;
        T gain;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return u;
        }
        template <class V>
        DESCENT_FN V after(V w, V* slot) const {
            if (gain != T(0))
                *slot = gain == T(1) ? w : lerp(*slot, w, gain);
            return w;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        if (now.step <= start)
            return {T(1)};
        std::int64_t const since = now.step - start;
        return {since % period ? T(0) : T(1 / (double(since / period) + 1))};
    }

    void check() const {
        expect(start >= 1, "swa: start = ", start, ": must be >= 1");
        expect(period >= 1, "swa: period = ", period, ": must be >= 1");
    }
};
static_assert(update_rule<swa>);

}  // namespace descent
