// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/rule.hpp>

namespace descent {

/// Keeps masked weights at 0 (params::set_mask): wherever it stands in the chain, their update is 0 before
/// every norm and slot, and so is the weight after the step. Weights without a mask train, zeros among them.
struct keep_zeros {
    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        static constexpr bool keeps_zeros = true;  // the sweep holds the mask

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return u;
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {};
    }
};
static_assert(update_rule<keep_zeros>);

}  // namespace descent
