// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/pack.hpp>
#include <descent/solve/detail/best_bias.hpp>
#include <descent/solve/detail/bias_search.hpp>
#include <descent/solve/detail/dual_form.hpp>
#include <descent/solve/detail/rows.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve::detail {

/// Says when a look at the exact gap, half a pass of work, pays: from the gaps that the samples show while they
/// are visited, which the same pass then closes.
struct gap_forecast {
    double tolerance;
    double before = 0, predicted = 0, correction = 1;
    double best = std::numeric_limits<double>::infinity(), last = 0;
    std::int64_t not_before = 0, at_latest = 8, improved = 0;

    bool look(double seen, double value, std::int64_t pass) {
        predicted = pass > 1 && before > 0 ? seen * std::min(1.0, seen / before) : seen;
        before = seen;
        // Where samples sleep, the others come to rest long before all do.
        bool const due =
            predicted * correction <= tolerance * value || predicted < 0.1 * last || pass >= at_latest;
        if (pass < not_before || !due)
            return false;
        not_before = pass + 1 + pass / 20;
        at_latest = pass + std::max<std::int64_t>(2, pass / 2);
        return true;
    }

    /// To be told of each exact gap that was too large: has half of all passes brought nothing?
    bool stalled(double gap, std::int64_t pass) {
        last = gap;
        correction = predicted > 0 ? std::clamp(gap / predicted, 1.0, 4.0) : 1.0;
        if (gap < 0.9 * best) {
            best = gap;
            improved = pass;
        }
        return pass - improved > std::max<std::int64_t>(50, pass / 2);
    }
};

/// The dual of a linear_problem divided by l2: min (1/2)|w|^2 + sum cost_i loss(x_i . w + b, y_i).
template <class Rows, class Loss>
class dual_problem {
    using T = typename Rows::scalar;
    using row = decltype(row_of(std::declval<Rows const&>(), index(0)));
    using form = decltype(dual_form(std::declval<Loss const&>()));

    /// No sample jumps between bounds.
    static constexpr bool smooth = std::same_as<form, entropy_dual>;

    /// What a visit to a sample needs, in one place: the walk is random.
    struct sample {
        row x;
        T beta, cost, y, q;  ///< q = |x|^2 (+ the bias's share); < 0: not yet known
    };

public:
    struct seen {
        double value, gap;  ///< as the samples showed it when they were visited
        std::int64_t visits;
        bool anew = false;  ///< began at beta = 0 again
    };
    struct exact {
        double value, gap;
    };

    dual_problem(linear_problem<Rows, Loss> const& p, vector_view<T> w, vector_view<T> bias)
        : p_(p), form_(dual_form(p.loss)), w_(w), bias_(bias) {
        w.setZero();
        bias.setZero();
        double const scale = 1 / (p.total_weight() * p.l2);
        samples_.reserve(std::size_t(p.samples()));
        index ones = 0;
        for (index i = 0; i < p.samples(); ++i) {
            T const weight = p.rows.weight(i), label = p.rows.target(i);
            if (!(weight > T(0)))
                continue;
            ones += label > T(0.5);
            samples_.push_back({row_of(p.rows, i), T(0), T(scale * double(weight)),
                                form_.labels ? (label > T(0.5) ? T(1) : T(-1)) : label, T(-1)});
        }
        if (bias.size()) {
            if constexpr (smooth) {
                expect(ones > 0 && ones<count(), "dual_coordinate_descent: all labels are ", ones> 0 ? 1 : 0,
                       ": with a bias the loss has no minimum");
                double steepest = 0;
                for (sample const& each : samples_)
                    steepest += form_.steepest(double(each.cost));
                search_ = bias_search(steepest);
            } else {
                share_ = mean_length();
            }
        }
        wake();
    }

    /// The objective at w = 0, b = 0.
    double value_at_zero() const {
        double total = 0;
        for (sample const& s : samples_)
            total += double(s.cost) * p_.loss.value(0.0, double(label_of(s)));
        return total * p_.l2;
    }

    /// One pass over the active samples in the order of (seed, pass).
    seen pass(std::uint64_t seed, std::int64_t number, bool shrink) {
        bool const anew = share_ == 0 && search_.lost();
        if (anew)
            begin_again();
        shuffle(index(active_.size()), seed, number, order_);
        index const n = index(order_.size());
        constexpr index ahead = 3, far = 8;
        seen result{0, 0, n, anew};
        double highest = 0, lowest = 0;
        for (index k = 0; k < n; ++k) {
            fetch(k + far, n);
            if (k + ahead < n)
                prefetch(at(k + ahead).x);
            index const place = order_[std::size_t(k)];
            sample& s = at(k);
            if (s.q < T(0))
                s.q = squared_norm(s.x) + T(share_);
            T const z = dot(s.x, w_.data()) + bias_now();
            if constexpr (std::same_as<form, parabola_dual>)
                if (shrink && rests(s, z, highest, lowest)) {
                    active_[std::size_t(place)] = asleep;
                    continue;
                }
            result.value += double(s.cost * p_.loss.value(z, label_of(s)));
            result.gap += double(shown_gap(s, z));
            T const next = form_.best(s.beta, s.cost, s.y, s.q, z), change = next - s.beta;
            if (change == T(0))
                continue;
            s.beta = next;
            add(s.x, change, w_.data());
            balance_ += double(change);
        }
        move_bias();
        highest_ = highest > 0 ? highest : unbounded;
        lowest_ = lowest < 0 ? lowest : -unbounded;
        std::erase(active_, asleep);
        seen_value_ = result.value + double(w_.squaredNorm()) / 2;
        result.value = seen_value_ * p_.l2;
        result.gap *= p_.l2;
        return result;
    }

    /// Value and duality gap over all samples, in double. All samples are active again.
    exact certify(double tolerance) {
        bool const has_bias = bias_.size() > 0;
        // A dual point needs sum beta = 0: the heavier side is made lighter. By the lengths of its rows, that
        // moves the sum of beta x at most so far.
        double above = 0, below = 0, reach_above = 0, reach_below = 0;
        for (sample const& s : samples_) {
            double const size = std::abs(double(s.beta)), reach = size * std::sqrt(double(s.q));
            (s.beta > T(0) ? above : below) += size;
            (s.beta > T(0) ? reach_above : reach_below) += reach;
        }
        double const lighter = std::min(above, below);
        double const up = has_bias && above > 0 ? lighter / above : 1;
        double const down = has_bias && below > 0 ? lighter / below : 1;
        double const moved = (1 - up) * reach_above + (1 - down) * reach_below, worst = moved * moved / 2;

        // Where that could matter, or the rounding of w, the sum is made anew. (A length may be unknown: NaN.)
        bool const rounding = tolerance < std::sqrt(double(std::numeric_limits<T>::epsilon()));
        bool const sums = rounding || !(worst <= 0.05 * tolerance * seen_value_);
        std::vector<double> sum(sums ? std::size_t(w_.size()) : 0);
        scored all(samples_.size());
        for (std::size_t i = 0; i < samples_.size(); ++i) {
            sample const& s = samples_[i];
            if (i + 8 < samples_.size())
                prefetch(samples_[i + 8].x);
            all.z[i] = exact_dot(s.x, w_.data());
            all.cost[i] = double(s.cost);
            all.label[i] = double(label_of(s));
            if (sums && s.beta != T(0))
                add_exactly(s.x, double(s.beta) * (s.beta > T(0) ? up : down), sum.data());
        }
        // For the certificate alone: the multiplier keeps its own way, which converges.
        if (has_bias)
            bias_[0] =
                T(best_bias(p_.loss, all, multiplier_ + share_ * balance_, 0.01 * tolerance * seen_value_));

        exact result{double_norm(), sums ? 0 : worst};
        double const b = has_bias ? double(bias_[0]) : 0;
        using V = native_pack<double>;
        constexpr std::size_t lanes = std::size_t(lanes_of<V>);
        for (std::size_t i = 0; i < samples_.size(); i += lanes) {
            double score[lanes] = {}, beta[lanes] = {}, cost[lanes] = {}, y[lanes] = {}, label[lanes] = {};
            for (std::size_t k = 0; k < lanes; ++k) {
                sample const& s = samples_[std::min(i + k, samples_.size() - 1)];
                score[k] = all.z[std::min(i + k, samples_.size() - 1)] + b;
                beta[k] = double(s.beta) * (s.beta > T(0) ? up : down);
                cost[k] = double(s.cost);
                y[k] = double(s.y);
                label[k] = double(label_of(s));
            }
            V const at = load_unaligned<V>(score), own = load_unaligned<V>(beta), c = load_unaligned<V>(cost);
            V const loss = c * p_.loss.value(at, load_unaligned<V>(label));
            V const lack = loss - form_.gain(own, c, load_unaligned<V>(y)) + own * at;
            int const used = int(std::min(lanes, samples_.size() - i));
            result.value += descent::sum(first_lanes(loss, used));
            result.gap += descent::sum(first_lanes(lack, used));
        }
        if (sums) {
            double apart = 0;
            for (index j = 0; j < w_.size(); ++j) {
                double const d = double(w_[j]) - sum[std::size_t(j)];
                apart += d * d;
            }
            result.gap += apart / 2;
        }
        result.value *= p_.l2;
        result.gap = std::max(result.gap, 0.0) * p_.l2;
        // A lower bound of the optimum stays one.
        bound_ = std::max(bound_, result.value - result.gap);
        result.gap = std::max(std::min(result.gap, result.value - bound_), 0.0);
        wake();
        return result;
    }

private:
    static constexpr double unbounded = std::numeric_limits<double>::infinity();
    static constexpr index asleep = -1;

    index count() const { return index(samples_.size()); }
    sample& at(index k) { return samples_[std::size_t(active_[std::size_t(order_[std::size_t(k)])])]; }
    T label_of(sample const& s) const { return form_.labels ? (s.y > T(0) ? T(1) : T(0)) : s.y; }
    T bias_now() const { return T(multiplier_ + share_ * balance_); }

    void fetch([[maybe_unused]] index k, [[maybe_unused]] index n) {
#if defined(__GNUC__)
        if (k < n)
            __builtin_prefetch(&at(k));
#endif
    }

    /// A constant feature as long as a row is best conditioned.
    double mean_length() const {
        double total = 0;
        index const looked = std::min<index>(count(), 64);
        for (index i = 0; i < looked; ++i)
            total += double(squared_norm(samples_[std::size_t(i)].x)) / double(looked);
        return total > 0 && std::isfinite(total) ? total : 1;
    }

    /// From beta = 0 on by the multiplier: in place of a search that is lost.
    void begin_again() {
        share_ = mean_length();
        multiplier_ = balance_ = 0;
        w_.setZero();
        for (sample& each : samples_)
            each.beta = T(0), each.q = T(-1);
    }

    /// After a pass: a step of the search, or of the multiplier.
    void move_bias() {
        if (bias_.size() == 0)
            return;
        multiplier_ = share_ > 0 ? multiplier_ + share_ * balance_ : search_.next(balance_);
        bias_[0] = bias_now();
    }

    void wake() {
        active_.resize(samples_.size());
        for (std::size_t i = 0; i < samples_.size(); ++i)
            active_[i] = index(i);
        highest_ = unbounded;
        lowest_ = -unbounded;
    }

    double double_norm() const {
        double square = 0;
        for (index j = 0; j < w_.size(); ++j)
            square += double(w_[j]) * double(w_[j]);
        return square / 2;
    }

    /// Is the sample at a bound, and pushed against it harder than any of the last pass was from its own?
    bool rests(sample const& s, T z, double& highest, double& lowest) const {
        double g = double(form_.gradient(s.beta, s.cost, s.y, z));
        T const at = form_.labels ? s.y * s.beta : s.beta;
        if (at <= form_.least(s.cost)) {
            if (g > highest_)
                return true;
            g = std::min(g, 0.0);
        } else if (at >= form_.most(s.cost)) {
            if (g < lowest_)
                return true;
            g = std::max(g, 0.0);
        }
        highest = std::max(highest, g);
        lowest = std::min(lowest, g);
        return false;
    }

    /// cost loss(z) - gain(beta) + beta z >= 0; near the solution alone for the entropy, whose logarithms cost.
    T shown_gap(sample const& s, T z) const {
        if constexpr (std::same_as<form, entropy_dual>) {
            T const p = s.y * s.beta / s.cost, aim = sigmoid(-s.y * z), off = p - aim;
            return s.cost * off * off / (p * (T(1) - p) + aim * (T(1) - aim) + std::numeric_limits<T>::min());
        } else {
            T const lack =
                s.cost * p_.loss.value(z, label_of(s)) - form_.gain(s.beta, s.cost, s.y) + s.beta * z;
            return std::max(lack, T(0));
        }
    }

    linear_problem<Rows, Loss> const& p_;
    form form_;
    vector_view<T> w_, bias_;
    std::vector<sample> samples_;
    std::vector<index> active_, order_;
    double seen_value_ = 0, highest_ = unbounded, lowest_ = -unbounded, bound_ = -unbounded;
    bias_search search_;
    double share_ = 0, balance_ = 0, multiplier_ = 0;  // b = multiplier + share * balance, balance = sum beta
};

}  // namespace descent::solve::detail
