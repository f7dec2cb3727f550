// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/detail/classes_of.hpp>

namespace descent::data {

/// Consecutive rows of a dataset, in the dataset's own memory: a batch, or all of it. Valid while the dataset
/// lives and does not change its size.
template <class T>
struct dataset_view {
    using scalar = T;

    matrix_view<T const> x;  ///< samples x features
    vector_view<T const> y;  ///< one target per sample

    index samples() const { return x.rows(); }
    index features() const { return x.cols(); }
};

/// A table to learn from: one sample per row of x, and its target in y.
template <class T = float>
struct dataset {
    using scalar = T;

    matrix<T> x = {};  ///< samples x features, row-major
    vector<T> y = {};  ///< one target per sample: a number, or the class index 0..k-1
    std::vector<std::string> feature_names = {};  ///< one per column of x, or empty
    std::vector<std::string> class_names = {};    ///< one per class; empty for a numeric target
    std::string target_name = {};                 ///< what y is, where known
    vector<T> weights = {};                       ///< how often each sample counts, >= 0; empty: each once

    index samples() const { return x.rows(); }
    index features() const { return x.cols(); }

    /// Number of classes: that of class_names if given, else the largest label + 1. 0 if y holds anything but
    /// labels (a fraction, a negative or non-finite number, or 2^31 and above).
    index classes() const { return detail::classes_of(y, index(class_names.size())); }

    /// A copy of the rows with these indices, in this order. Throws descent::error for an index out of range.
    template <class Indices>
    dataset rows(Indices const& indices) const {
        dataset chosen{{}, {}, feature_names, class_names, target_name, {}};
        chosen.x.resize(index(indices.size()), features());
        chosen.y.resize(y.size() ? index(indices.size()) : 0);
        chosen.weights.resize(weights.size() ? index(indices.size()) : 0);
        index to = 0;
        for (auto const from : indices) {
            expect(index(from) >= 0 && index(from) < samples(), "dataset: row ", index(from),
                   ": must be in [0, ", samples(), ")");
            chosen.x.row(to) = x.row(index(from));
            if (y.size())
                chosen.y[to] = y[index(from)];
            if (weights.size())
                chosen.weights[to] = weights[index(from)];
            ++to;
        }
        return chosen;
    }

    /// The rows first .. first + count - 1 without a copy. Throws descent::error if they reach beyond the data.
    dataset_view<T> view(index first, index count) const {
        expect(first >= 0 && count >= 0 && first <= samples() - count, "dataset: rows ", first, " to ",
               first + count - 1, ": must be in [0, ", samples(), ")");
        index const targets = y.size() ? count : 0;
        return {{x.data() + first * features(), count, features()},
                {y.data() + (targets ? first : 0), targets}};
    }

    /// All rows without a copy.
    dataset_view<T> view() const { return view(0, samples()); }
};

}  // namespace descent::data
