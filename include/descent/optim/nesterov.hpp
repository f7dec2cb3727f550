// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Nesterov momentum (Nesterov, 1983; in this form Sutskever et al., 2013): b <- beta b + u, u <- u + beta b.
/// Same numbers as torch.optim.SGD(momentum, nesterov). Throws descent::error for a beta outside [0, 1).
struct nesterov {
    double beta = 0.9;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // b
        T beta;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* b) const {
            *b = fused_multiply_add(V(beta), *b, u);
            return fused_multiply_add(V(beta), *b, u);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(beta)};
    }

    void check() const { detail::check_fraction("nesterov: beta", beta); }
};
static_assert(update_rule<nesterov>);

}  // namespace descent
