// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace descent::search::detail {

/// A trial as selection sees it: less of every loss is better.
struct rival {
    std::int64_t number = 0;
    std::vector<double> losses = {};

    /// Nowhere worse, and somewhere better?
    bool beats(rival const& other) const {
        bool better = false;
        for (std::size_t g = 0; g < losses.size(); ++g) {
            if (!(losses[g] <= other.losses[g]))
                return false;
            better = better || losses[g] < other.losses[g];
        }
        return better;
    }
};

/// Trials by how many fronts of unbeaten ones must go before they are unbeaten, kept up to date one by one (Li,
/// Deb, Zhang & Kwong, 2017). The fronts follow from the trials alone, in whatever order they came.
class fronts {
public:
    /// O(trials goals) where few trials change their front.
    void add(rival r) {
        std::size_t k = 0;
        auto const beaten_by = [](std::vector<rival> const& some, rival const& one) {
            return std::any_of(some.begin(), some.end(), [&](rival const& s) { return s.beats(one); });
        };
        while (k < fronts_.size() && beaten_by(fronts_[k], r))
            ++k;
        // Who is beaten now goes a front down, and beats some there.
        std::vector<rival> moving;
        moving.push_back(std::move(r));
        for (; k < fronts_.size(); ++k) {
            std::vector<rival>& front = fronts_[k];
            auto const kept = std::stable_partition(front.begin(), front.end(),
                                                    [&](rival const& f) { return !beaten_by(moving, f); });
            bool const all = kept == front.begin();
            std::vector<rival> beaten(std::make_move_iterator(kept), std::make_move_iterator(front.end()));
            front.erase(kept, front.end());
            front.insert(front.end(), std::make_move_iterator(moving.begin()),
                         std::make_move_iterator(moving.end()));
            if (beaten.empty())
                return;
            moving = std::move(beaten);
            if (all) {  // a front as a whole: those behind it follow
                ++k;
                break;
            }
        }
        fronts_.insert(fronts_.begin() + std::ptrdiff_t(k), std::move(moving));
    }

    /// The numbers of those that none beats, from the least on.
    std::vector<std::int64_t> unbeaten() const {
        std::vector<std::int64_t> numbers;
        if (!fronts_.empty())
            for (rival const& r : fronts_[0])
                numbers.push_back(r.number);
        std::sort(numbers.begin(), numbers.end());
        return numbers;
    }
    /// Does this hold for all of those?
    template <class Condition>
    bool all_unbeaten(Condition const& holds) const {
        return fronts_.empty() || std::all_of(fronts_[0].begin(), fronts_[0].end(), holds);
    }

    /// The best, best first: by their fronts, within one those with more room.
    std::vector<rival> best(std::size_t count) const {
        std::vector<rival> chosen;
        for (std::size_t k = 0; k < fronts_.size() && chosen.size() < count; ++k)
            for (rival const* r : by_room(fronts_[k]))
                if (chosen.size() < count)
                    chosen.push_back(*r);
        return chosen;
    }

private:
    /// How empty the losses' space is around each of a front (Deb et al., 2002, III B): over all goals the
    /// distance between the neighbours, of the range; infinite at the ends.
    static std::vector<rival const*> by_room(std::vector<rival> const& front) {
        struct entry {
            rival const* r;
            double room = 0;
        };
        std::vector<entry> all;
        for (rival const& r : front)
            all.push_back({&r});
        std::sort(all.begin(), all.end(),
                  [](entry const& a, entry const& b) { return a.r->number < b.r->number; });
        for (std::size_t g = 0; g < front.front().losses.size(); ++g) {
            std::stable_sort(all.begin(), all.end(),
                             [&](entry const& a, entry const& b) { return a.r->losses[g] < b.r->losses[g]; });
            double const low = all.front().r->losses[g], high = all.back().r->losses[g];
            for (std::size_t i = 0; i < all.size(); ++i)
                all[i].room += i == 0 || i + 1 == all.size() ? HUGE_VAL
                               : high > low ? (all[i + 1].r->losses[g] - all[i - 1].r->losses[g]) / (high - low)
                                            : 0;
        }
        std::stable_sort(all.begin(), all.end(),
                         [](entry const& a, entry const& b) { return a.room > b.room; });
        std::vector<rival const*> order;
        for (entry const& e : all)
            order.push_back(e.r);
        return order;
    }

    std::vector<std::vector<rival>> fronts_ = {};
};

}  // namespace descent::search::detail
