// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rule.hpp>

namespace descent::search {

namespace detail {

/// Slots of all kernels of a list.
template <class List>
inline constexpr int slots_of = 0;
template <class K, class... Rest>
inline constexpr int slots_of<kernels<K, Rest...>> = K::slots + slots_of<kernels<Rest...>>;

}  // namespace detail

/// A recipe that leaves weights and slots as they are where the gradient is exactly 0: for supernets, in which
/// most weights do not take part in a step, and for embedding tables. Momentum of the others does not carry
/// them on, averages wait and no decay pulls; steps are counted for all, as in torch.optim.SparseAdam.
///
///     fit(supernet, train, search::touched{chain(adam{}, rate{1e-3})}, {.epochs = 30});
///
/// For recipes of rules that work weight by weight and do nothing behind the step: without clip_norm, lamb,
/// muon, accumulate, ema, lookahead, rprop or noise; keep_zeros stands in a chain around it.
template <update_rule Rule>
struct touched {
    Rule rule;

    static constexpr bool sets_rate = descent::detail::sets_rate<Rule>;
    static constexpr bool forgets_rate = descent::detail::forgets_rate<Rule>;
    static constexpr int memory = descent::detail::memory_of<Rule>;

    template <class List>
    struct kernel {
        template <class K>
        static constexpr bool simple =
            descent::detail::takes_update<K> && !descent::detail::measures<K> && !descent::detail::is_gate<K> &&
            !descent::detail::is_whole<K> && !descent::detail::has_after<K> && !descent::detail::has_init<K> &&
            !descent::detail::keeps_zeros<K>;
        static constexpr int slots = detail::slots_of<List>;
        static constexpr bool exact = true;  // a low-precision store would round what stays
        List list;

        template <class V>
        DESCENT_FN V operator()(V u, V w, V* slot) const {
            V before[slots > 0 ? slots : 1];
            for (int s = 0; s < slots; ++s)
                before[s] = slot[s];
            auto const still = u == V(0);
            V const update = run(list, u, w, slot);
            for (int s = 0; s < slots; ++s)
                slot[s] = select(still, before[s], slot[s]);
            return select(still, V(0), update);
        }

    private:
        template <class V>
        static DESCENT_FN V run(kernels<> const&, V u, V, V*) {
            return u;
        }
        template <class K, class... Rest, class V>
        static DESCENT_FN V run(kernels<K, Rest...> const& all, V u, V w, V* slot) {
            static_assert(simple<K>,
                          "search::touched: a rule of the recipe does not work weight by weight, or does "
                          "something behind the step");
            return run(all.rest, all.first(u, w, slot), w, slot + K::slots);
        }
    };

    template <class T>
    auto at(step_count now, double* numbers = nullptr) const {
        auto const list = descent::detail::as_kernels(rule_at<T>(rule, now, numbers));
        return kernel<std::remove_const_t<decltype(list)>>{list};
    }

    void check() const { rule_check(rule); }
    void start(double* numbers) const { rule_start(rule, numbers); }
    void observe(double metric, double* numbers) const { rule_observe(rule, metric, numbers); }
};

template <update_rule Rule>
touched(Rule) -> touched<Rule>;

}  // namespace descent::search
