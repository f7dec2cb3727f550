// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Gradient accumulation: k calls of step() for one update with the mean of their gradients (batches larger
/// than memory). Rules before it see every gradient; those behind it, the weights and the step count wait. Same
/// numbers as optax.MultiSteps. At most one in a chain. Throws descent::error for k < 1.
struct accumulate {
    std::int64_t k = 1;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // the sum
        static constexpr bool gate = true;
        static constexpr bool exact = true;
        T count;
        bool open;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* sum) const {
            V const gathered = *sum + u;
            *sum = open ? V(T(0)) : gathered;
            return gathered / count;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        return {T(k), now.open};
    }

    std::int64_t every() const { return k; }
    void check() const { expect(k >= 1, "accumulate: k = ", k, ": must be >= 1"); }
};
static_assert(update_rule<accumulate>);

}  // namespace descent
