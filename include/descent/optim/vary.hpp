// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include <descent/optim/rule.hpp>
#include <descent/schedule/schedule.hpp>

namespace descent {

/// A rule one of whose members follows a schedule: what vary() returns.
template <update_rule Rule, schedule S>
struct vary_rule {
    double Rule::*member;
    S value;
    Rule rule;

    static constexpr bool sets_rate = detail::sets_rate<Rule>;
    static constexpr bool forgets_rate = detail::forgets_rate<Rule>;
    static constexpr int memory = memory_of<S> + detail::memory_of<Rule>;

    template <class T>
    auto at(step_count now, double* numbers = nullptr) const {
        Rule current = rule;
        current.*member = schedule_value(value, now.step - 1, numbers);
        rule_check(current);
        return rule_at<T>(current, now, numbers + memory_of<S>);
    }

    void check() const {
        schedule_check(value);
        rule_check(rule);
    }
    void start(double* numbers) const {
        schedule_start(value, numbers);
        rule_start(rule, numbers + memory_of<S>);
    }
    void observe(double metric, double* numbers) const {
        schedule_observe(value, metric, numbers);
        rule_observe(rule, metric, numbers + memory_of<S>);
    }
    std::int64_t every() const { return rule_every(rule); }
};

/// Lets any member of a rule follow a schedule, called with the number of updates already done:
///
///     chain(vary(&adam::beta1, one_cycle{...}, adam{}), rate{1e-3})
///
/// Each step throws the rule's own descent::error if the schedule leaves the member's range.
template <update_rule Rule, schedule S>
vary_rule<Rule, S> vary(double Rule::*member, S value, Rule rule = {}) {
    return {member, std::move(value), std::move(rule)};
}

}  // namespace descent
