// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/data/sparse.hpp>
#include <descent/data/unit_rows.hpp>

namespace descent::data {

/// What tf_idf makes of counts.
struct tf_idf_options {
    bool sublinear = false;  ///< 1 + ln(count) in place of the count
    bool unit_rows = true;   ///< then divide each row by its Euclidean norm
};

/// The weight of each term that tf_idf fits. Public, so that it can be stored beside the model it belongs to.
struct term_weights {
    vector<double> idf = {};  ///< one per column
    tf_idf_options options = {};

    /// Weighs the counts in place. Throws descent::error if the number of columns differs, and with sublinear
    /// for a stored count that is not > 0.
    template <class T>
    void operator()(sparse_matrix<T>& x) const {
        expect(x.cols() == idf.size(), "tf_idf: ", x.cols(), " features: was fitted on ", idf.size());
        for (std::size_t k = 0; k < x.values.size(); ++k) {
            double count = double(x.values[k]);
            expect(!options.sublinear || count > 0, "tf_idf: column ", x.columns[k], ": count = ", count,
                   ": must be > 0");
            if (options.sublinear)
                count = 1 + std::log(count);
            x.values[k] = T(count * idf[index(x.columns[k])]);
        }
        if (options.unit_rows)
            unit_rows(x, norm::l2);
    }

    /// The same on the features of a sparse_dataset.
    template <class T>
    void operator()(sparse_dataset<T>& table) const {
        (*this)(table.x);
    }
};

/// Term frequency times inverse document frequency (Sparck Jones, 1972): a term in d of n texts has the weight
/// ln((1 + n) / (1 + d)) + 1, as if one more text held every term, so that a term that `table` never showed has
/// a weight too. Same numbers as scikit-learn's TfidfTransformer.
///
///     auto const weigh = data::tf_idf(train);
///     weigh(train), weigh(test);
///
/// Throws descent::error for empty data or an unsound sparse table.
template <class T>
term_weights tf_idf(sparse_dataset<T> const& table, tf_idf_options const& options = {}) {
    check_features(table, "tf_idf");
    vector<double> documents = vector<double>::Zero(table.features());
    for (auto const column : table.x.columns)
        ++documents[index(column)];
    for (double& each : documents)
        each = std::log((1 + double(table.samples())) / (1 + each)) + 1;
    return {documents, options};
}

}  // namespace descent::data
