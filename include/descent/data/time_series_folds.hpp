// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <descent/data/folds.hpp>

namespace descent::data {

/// How time_series_folds divides the rows.
struct time_series_options {
    int folds = 5;
    index test = 0;        ///< rows that each fold tests; 0: samples / (folds + 1)
    index gap = 0;         ///< rows left out between train and test
    index most_train = 0;  ///< only so many rows before the gap train; 0: all
};

/// Folds of rows in the order of time: each tests a stretch, the last one ends with the last row, and trains on
/// what lies before it. The same folds as scikit-learn's TimeSeriesSplit. Throws descent::error for members out
/// of range and for too few rows.
inline std::vector<fold> time_series_folds(index samples, time_series_options const& options = {}) {
    expect(options.folds >= 1, "time_series_folds: folds = ", options.folds, ": must be >= 1");
    expect(options.test >= 0, "time_series_folds: test = ", options.test, ": must be >= 0");
    expect(options.gap >= 0, "time_series_folds: gap = ", options.gap, ": must be >= 0");
    expect(options.most_train >= 0, "time_series_folds: most_train = ", options.most_train, ": must be >= 0");
    index const test = options.test > 0 ? options.test : samples / (options.folds + 1);
    expect(test >= 1 && samples - options.gap > test * options.folds,
           "time_series_folds: folds = ", options.folds, ": there are only ", samples, " rows");
    std::vector<fold> made;
    for (index start = samples - options.folds * test; start < samples; start += test) {
        fold one;
        index const end = start - options.gap;
        for (index row = options.most_train > 0 ? std::max<index>(0, end - options.most_train) : 0; row < end;
             ++row)
            one.train.push_back(row);
        for (index row = start; row < start + test; ++row)
            one.test.push_back(row);
        made.push_back(std::move(one));
    }
    return made;
}

}  // namespace descent::data
