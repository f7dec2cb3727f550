// expects: constraints? not satisfied|static assertion failed|static_assert failed
// SPDX-License-Identifier: MIT
#include <descent/optim/rule.hpp>

struct half {
    template <class T>
    struct kernel {
        static constexpr int slots = 0;
#ifdef FIXED
        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return u / V(T(2));
        }
#endif
    };

    template <class T>
    kernel<T> at(descent::step_count) const {
        return {};
    }
};
static_assert(descent::update_rule<half>);
