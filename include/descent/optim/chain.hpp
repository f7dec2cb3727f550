// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>

#include <descent/optim/rule.hpp>

namespace descent {

namespace detail {

template <class... B>
auto join(kernels<>, kernels<B...> const& b) {
    return b;
}
template <class A, class... Rest, class... B>
auto join(kernels<A, Rest...> const& a, kernels<B...> const& b) {
    return kernels<A, Rest..., B...>{a.first, join(a.rest, b)};
}

}  // namespace detail

/// The kernels of several rules, one after another: how a rule that is made of others builds its own `at`.
inline auto join_kernels() { return kernels<>{}; }
template <class First, class... Rest>
auto join_kernels(First const& first, Rest const&... rest) {
    return detail::join(detail::as_kernels(first), join_kernels(rest...));
}

/// Rules in order, as one rule: what chain() returns.
template <update_rule... Rule>
struct recipe {
    // The last one that speaks of the length counts.
    static constexpr bool sets_rate = [] {
        bool set = false;
        ((set = detail::sets_rate<Rule> || (set && !detail::forgets_rate<Rule>)), ...);
        return set;
    }();
    static constexpr bool forgets_rate = (detail::forgets_rate<Rule> || ...);
    static constexpr int memory = (detail::memory_of<Rule> + ... + 0);

    std::tuple<Rule...> rules;

    void check() const {
        std::apply([](auto const&... rule) { (rule_check(rule), ...); }, rules);
    }

    void start(double* numbers) const {
        with_memory(numbers, [](auto const& rule, double* own) { rule_start(rule, own); });
    }

    void observe(double metric, double* numbers) const {
        with_memory(numbers, [&](auto const& rule, double* own) { rule_observe(rule, metric, own); });
    }

    std::int64_t every() const {
        return std::apply([](auto const&... rule) { return (rule_every(rule) * ... * 1); }, rules);
    }

    template <class T>
    auto at(step_count now, double* numbers = nullptr) const {
        return build<T>(now, numbers, std::index_sequence_for<Rule...>{});
    }

private:
    /// Where the memory of rule i begins.
    static constexpr int memory_before(std::size_t i) {
        constexpr int each[] = {detail::memory_of<Rule>..., 0};
        int before = 0;
        for (std::size_t k = 0; k < i; ++k)
            before += each[k];
        return before;
    }

    template <class F>
    void with_memory(double* numbers, F f) const {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (f(std::get<I>(rules), numbers + memory_before(I)), ...);
        }
        (std::index_sequence_for<Rule...>{});
    }

    template <class T, std::size_t... I>
    auto build([[maybe_unused]] step_count now, [[maybe_unused]] double* numbers,
               std::index_sequence<I...>) const {
        return join_kernels(rule_at<T>(std::get<I>(rules), now, numbers + memory_before(I))...);
    }
};

/// Composes rules into one that sweeps memory once: each takes the update that the one before it left.
///
///     chain(clip_norm{1.0}, adam{}, decay{0.01}, rate{1e-3})          // this is AdamW with clipping
template <update_rule... Rule>
recipe<Rule...> chain(Rule... rule) {
    return {{std::move(rule)...}};
}

/// The rule of type R inside a recipe, to read or edit: get<decay>(recipe).lambda = 0.
template <class R, class... Rule>
requires((std::is_same_v<R, Rule> + ... + 0) == 1) R& get(recipe<Rule...>& from) {
    return std::get<R>(from.rules);
}
template <class R, class... Rule>
requires((std::is_same_v<R, Rule> + ... + 0) == 1) R const& get(recipe<Rule...> const& from) {
    return std::get<R>(from.rules);
}

}  // namespace descent
