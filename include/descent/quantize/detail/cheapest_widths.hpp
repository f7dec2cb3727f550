// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <descent/core/tensor.hpp>

namespace descent::quantize::detail {

/// A width that a tensor may have.
struct width_choice {
    index bytes;
    double loss;
    std::size_t width;
};

/// One choice for each tensor, of the least sum of losses within a budget of bytes (the knapsack of multiple
/// choice): dynamic programming over the tensors, whose states are the byte counts so far at which no other
/// state has less of both; those that cannot beat a plan known already are dropped, since what the other
/// tensors must still lose is at least the convex hull of their choices (Sinha, Zoltners, 1979).
class cheapest_widths {
public:
    /// The narrowest widths must be within the budget.
    cheapest_widths(std::vector<std::vector<width_choice>> choices, index budget)
        : choices_(std::move(choices)), budget_(budget) {
        for (auto& each : choices_)
            keep_efficient(each);
        make_hulls();
        bound_ = hulls_.front().least(budget_);
        chosen_ = greedy();
        improve();
    }

    std::vector<std::size_t> const& chosen() const { return chosen_; }  ///< widths
    double bound() const { return bound_; }

private:
    /// From one choice to the next on the hull.
    struct step {
        index bytes;
        double loss;  // < 0
        std::size_t tensor, to;

        friend bool operator<(step const& a, step const& b) {
            return a.loss * double(b.bytes) < b.loss * double(a.bytes);
        }
    };
    /// The least loss of some tensors for any bytes, in parts.
    struct hull {
        index bytes = 0;  // of the narrowest choices
        double loss = 0;
        std::vector<step> steps = {};  // the steepest first
        std::vector<index> bytes_to = {};
        std::vector<double> loss_to = {};  // behind each step

        double least(index budget) const {
            if (budget < bytes)
                return std::numeric_limits<double>::infinity();
            auto const next =
                std::size_t(std::upper_bound(bytes_to.begin(), bytes_to.end(), budget) - bytes_to.begin());
            double const so_far = next ? loss_to[next - 1] : loss;
            if (next == steps.size())
                return so_far;
            index const left = budget - (next ? bytes_to[next - 1] : bytes);
            return so_far + steps[next].loss * double(left) / double(steps[next].bytes);
        }
    };
    struct state {
        index bytes;
        double loss;
        std::size_t from, choice;
    };

    /// More bytes must lose less.
    static void keep_efficient(std::vector<width_choice>& choices) {
        std::sort(choices.begin(), choices.end(), [](width_choice const& a, width_choice const& b) {
            return a.bytes != b.bytes ? a.bytes < b.bytes : a.loss < b.loss;
        });
        std::vector<width_choice> kept;
        for (auto const& each : choices)
            if (kept.empty() || each.loss < kept.back().loss)
                kept.push_back(each);
        choices = std::move(kept);
    }

    /// hulls_[t]: of the tensors from t on.
    void make_hulls() {
        hulls_.resize(choices_.size() + 1);
        for (std::size_t t = choices_.size(); t-- > 0;) {
            auto const& all = choices_[t];
            std::vector<std::size_t> corners;
            for (std::size_t c = 0; c < all.size(); ++c) {
                auto const below = [&](std::size_t a, std::size_t b) {  // b is not below the line from a to c
                    return (all[b].loss - all[a].loss) * double(all[c].bytes - all[a].bytes) >=
                           (all[c].loss - all[a].loss) * double(all[b].bytes - all[a].bytes);
                };
                while (corners.size() > 1 && below(corners[corners.size() - 2], corners.back()))
                    corners.pop_back();
                corners.push_back(c);
            }
            hull& own = hulls_[t];
            own = hulls_[t + 1];
            own.bytes += all[0].bytes, own.loss += all[0].loss;
            for (std::size_t k = 1; k < corners.size(); ++k)
                own.steps.push_back({all[corners[k]].bytes - all[corners[k - 1]].bytes,
                                     all[corners[k]].loss - all[corners[k - 1]].loss, t, corners[k]});
            std::stable_sort(own.steps.begin(), own.steps.end());
            own.bytes_to.clear(), own.loss_to.clear();
            index bytes = own.bytes;
            double loss = own.loss;
            for (step const& each : own.steps) {
                own.bytes_to.push_back(bytes += each.bytes);
                own.loss_to.push_back(loss += each.loss);
            }
        }
    }

    /// The steps of the hull that fit, in turn.
    std::vector<std::size_t> greedy() const {
        std::vector<std::size_t> at(choices_.size(), 0);
        std::vector<bool> stays(choices_.size(), false);
        index left = budget_ - hulls_.front().bytes;
        for (step const& each : hulls_.front().steps)
            if (!stays[each.tensor] && each.bytes <= left)
                left -= each.bytes, at[each.tensor] = each.to;
            else
                stays[each.tensor] = true;
        return at;
    }

    void improve() {
        double known = 0;
        for (std::size_t t = 0; t < choices_.size(); ++t)
            known += choices_[t][chosen_[t]].loss;
        double const margin = 1e-12 * (1 + std::abs(known));  // of sums in another order
        std::vector<std::vector<state>> levels(1);
        levels[0].push_back({0, 0, 0, 0});
        for (std::size_t t = 0; t < choices_.size(); ++t) {
            std::vector<state> next;
            for (std::size_t s = 0; s < levels[t].size(); ++s)
                for (std::size_t c = 0; c < choices_[t].size(); ++c) {
                    index const bytes = levels[t][s].bytes + choices_[t][c].bytes;
                    double const loss = levels[t][s].loss + choices_[t][c].loss;
                    if (loss + hulls_[t + 1].least(budget_ - bytes) <= known + margin)
                        next.push_back({bytes, loss, s, c});
                }
            std::sort(next.begin(), next.end(), [](state const& a, state const& b) {
                return a.bytes != b.bytes ? a.bytes < b.bytes : a.loss < b.loss;
            });
            std::vector<state> kept;
            for (state const& each : next)
                if (kept.empty() || each.loss < kept.back().loss)
                    kept.push_back(each);
            levels.push_back(std::move(kept));
        }
        if (!levels.back().empty()) {
            std::size_t at = levels.back().size() - 1;  // the most bytes, the least loss
            for (std::size_t t = choices_.size(); t-- > 0;) {
                chosen_[t] = levels[t + 1][at].choice;
                at = levels[t + 1][at].from;
            }
        }
        for (std::size_t t = 0; t < choices_.size(); ++t)
            chosen_[t] = choices_[t][chosen_[t]].width;
    }

    std::vector<std::vector<width_choice>> choices_;
    index budget_;
    std::vector<hull> hulls_;
    double bound_ = 0;
    std::vector<std::size_t> chosen_;
};

}  // namespace descent::quantize::detail
