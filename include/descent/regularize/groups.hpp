// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::regularize {

/// Which weights belong together: disjoint groups of positions 0 .. weights() - 1. No groups at all, the
/// default, fit no weights.
class groups {
public:
    groups() = default;

    /// Groups of neighbors: the first sizes[0] weights, the next sizes[1], ... Throws descent::error for a size
    /// < 1.
    static groups of_sizes(std::vector<index> const& sizes) {
        groups made;
        for (std::size_t k = 0; k < sizes.size(); ++k) {
            expect(sizes[k] >= 1, "groups: size ", k, " = ", sizes[k], ": must be >= 1");
            expect(sizes[k] <= most - made.weights_, "groups: size ", k, " = ", sizes[k], ": too many weights");
            made.starts_.push_back(made.weights_ += sizes[k]);
        }
        return made;
    }

    /// The group of each weight: a number from 0, or -1 for a weight that belongs to none, such as a bias.
    /// Every number up to the largest must occur. Throws descent::error otherwise.
    static groups of_each(std::vector<index> const& group) {
        index const n = index(group.size());
        groups made;
        for (index i = 0; i < n; ++i) {
            index const own = group[std::size_t(i)];
            expect(own >= -1 && own < n, "groups: weight ", i, " is in group ", own, ": must be in [-1, ", n,
                   ")");
            if (own + 2 > index(made.starts_.size()))
                made.starts_.resize(std::size_t(own + 2));
            if (own >= 0)
                ++made.starts_[std::size_t(own + 1)];
        }
        for (std::size_t k = 1; k < made.starts_.size(); ++k) {
            expect(made.starts_[k] > 0, "groups: group ", k - 1, " has no weights");
            made.starts_[k] += made.starts_[k - 1];
        }
        std::vector<index> next = made.starts_;
        made.members_.resize(std::size_t(made.starts_.back()));
        for (index i = 0; i < n; ++i)
            if (index const own = group[std::size_t(i)]; own >= 0)
                made.members_[std::size_t(next[std::size_t(own)]++)] = i;
        made.scattered_ = true;
        made.weights_ = n;
        return made;
    }

    /// The rows of a row-major matrix: all that one output is made of. Throws descent::error for an extent < 1.
    static groups rows(index rows, index columns) {
        check_extents(rows, columns);
        return of_sizes(std::vector<index>(std::size_t(rows), columns));
    }

    /// The columns of a row-major matrix: all that one feature does. Throws descent::error for an extent < 1.
    static groups columns(index rows, index columns) {
        check_extents(rows, columns);
        std::vector<index> group(std::size_t(rows * columns));
        for (std::size_t i = 0; i < group.size(); ++i)
            group[i] = index(i) % columns;
        return of_each(group);
    }

    index count() const { return index(starts_.size()) - 1; }
    index weights() const { return weights_; }
    index size(index group) const { return starts_[std::size_t(group) + 1] - starts_[std::size_t(group)]; }

    /// The position of the k-th weight of a group.
    index member(index group, index k) const {
        index const at = starts_[std::size_t(group)] + k;
        return scattered_ ? members_[std::size_t(at)] : at;
    }

    /// Throws descent::error unless there are as many weights.
    void check(std::string_view penalty, index weights) const {
        expect(weights == weights_, penalty, ": w has ", weights, " numbers, the groups have ", weights_);
    }

private:
    static constexpr index most = index(1) << 60;

    static void check_extents(index rows, index columns) {
        expect(rows >= 1 && columns >= 1 && columns <= most / rows, "groups: a matrix of ", rows, " x ",
               columns, ": both must be >= 1");
    }

    std::vector<index> starts_{0};
    std::vector<index> members_;
    bool scattered_ = false;  ///< or neighbors: then members_ is empty
    index weights_ = 0;
};

}  // namespace descent::regularize
