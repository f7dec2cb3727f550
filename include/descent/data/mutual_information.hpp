// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <descent/data/check.hpp>
#include <descent/data/feature_scores.hpp>

namespace descent::data {

/// How mutual_information makes few values of many.
struct information_options {
    index bins = 10;        ///< of a feature with more distinct values than that
    index target_bins = 0;  ///< of such a target; 0: each distinct target is a class
};

namespace detail {

/// Numbers the bins of rising values. At most `bins` distinct values are a bin each; of more, a value goes to
/// bin floor(bins x share of the rows below it).
struct equal_count_bins {
    index bins = 0, rows = 0, distinct = 0, number = 0;

    /// The bin of the next distinct value; `below` rows have lower ones.
    index next(index below) { return distinct <= bins ? number++ : bins * below / rows; }
};

}  // namespace detail

/// The mutual information, in nats, of each feature and the target (Shannon, 1948): sum p(b, c) ln(p(b, c) /
/// (p(b) p(c))) with relative frequencies for p (the plug-in estimate; scikit-learn's mutual_info_score). A
/// feature with more than `bins` distinct values is cut into bins of about equal numbers of rows first: a value
/// goes to bin floor(bins x share of the rows with lower values), so that equal values stay together. The
/// estimate is biased upwards by about (b - 1) (c - 1) / (2 n) for b bins and c classes: compare features, do
/// not read it as a measure. 0 for a constant feature or target. Throws descent::error for bins < 2,
/// target_bins = 1 or < 0, and for data that is empty or not finite.
template <class Table>
vector<double> mutual_information(Table const& table, information_options const& options = {}) {
    check(table, "mutual_information");
    expect(options.bins >= 2, "mutual_information: bins = ", options.bins, ": must be >= 2");
    expect(options.target_bins == 0 || options.target_bins >= 2,
           "mutual_information: target_bins = ", options.target_bins, ": must be 0 or >= 2");
    index const n = table.samples();
    using entry = std::pair<double, index>;  // a value, and its row or its class
    auto const distinct = [](std::vector<entry> const& rising) {
        index count = 0;
        for (std::size_t i = 0; i < rising.size(); ++i)
            count += i == 0 || rising[i].first != rising[i - 1].first;
        return count;
    };

    std::vector<entry> target;
    for (index row = 0; row < n; ++row)
        target.push_back({double(table.y[row]), row});
    std::sort(target.begin(), target.end());
    std::vector<index> class_of(static_cast<std::size_t>(n));
    detail::equal_count_bins cut{options.target_bins ? options.target_bins : n, n, distinct(target)};
    index now = 0, classes = 0;
    for (std::size_t i = 0; i < target.size(); ++i) {
        if (i == 0 || target[i].first != target[i - 1].first)
            now = cut.next(index(i));
        class_of[std::size_t(target[i].second)] = now;
        classes = now + 1;
    }
    vector<index> size = vector<index>::Zero(classes);
    for (index const c : class_of)
        ++size[c];

    // The stored entries, column by column.
    std::vector<std::size_t> begin(std::size_t(table.features()) + 1);
    detail::for_each_entry(table, [&](index, index column, double) { ++begin[std::size_t(column) + 1]; });
    for (std::size_t column = 1; column < begin.size(); ++column)
        begin[column] += begin[column - 1];
    std::vector<entry> entries(begin.back());
    std::vector<std::size_t> end(begin.begin(), begin.end() - 1);
    detail::for_each_entry(table, [&](index row, index column, double value) {
        entries[end[std::size_t(column)]++] = {value, class_of[std::size_t(row)]};
    });

    vector<double> score(table.features());
    std::vector<entry> rising;
    for (index column = 0; column < table.features(); ++column) {
        rising.assign(entries.begin() + std::ptrdiff_t(begin[std::size_t(column)]),
                      entries.begin() + std::ptrdiff_t(end[std::size_t(column)]));
        vector<index> absent = size;  // rows of each class whose zero is not stored
        for (entry const& each : rising)
            --absent[each.second];
        index const zeros = n - index(rising.size());
        // One entry stands for all those zeros; its class is none.
        if (zeros > 0)
            rising.push_back({0.0, -1});
        std::sort(rising.begin(), rising.end());
        detail::equal_count_bins features{options.bins, n, distinct(rising)};
        matrix<index> joint = matrix<index>::Zero(std::min(options.bins, n), classes);
        index below = 0, bin = 0;
        for (std::size_t i = 0; i < rising.size(); ++i) {
            if (i == 0 || rising[i].first != rising[i - 1].first)
                bin = features.next(below);
            if (rising[i].second < 0)
                joint.row(bin) += absent.transpose();
            else
                ++joint(bin, rising[i].second);
            below += rising[i].second < 0 ? zeros : 1;
        }
        double sum = 0;
        for (index b = 0; b < joint.rows(); ++b) {
            double const in_bin = double(joint.row(b).sum());
            for (index c = 0; c < classes; ++c)
                if (joint(b, c) > 0)
                    sum += double(joint(b, c)) *
                           std::log(double(joint(b, c)) * double(n) / (in_bin * double(size[c])));
        }
        score[column] = std::max(0.0, sum / double(n));
    }
    return score;
}

}  // namespace descent::data
