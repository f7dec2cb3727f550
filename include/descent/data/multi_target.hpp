// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/detail/finite.hpp>

namespace descent::data {

/// Some samples of a multi_target_dataset, in its own memory. See data::batch.
template <class T>
struct multi_target_batch {
    using scalar = T;

    T const* x = nullptr;  ///< row-major, `features` numbers a row
    T const* y = nullptr;  ///< row-major, `targets` numbers a row
    index features = 0, targets = 0;
    index count = 0;
    index const* order = nullptr;  ///< row numbers; nullptr for 0, 1, 2, ...

    index samples() const { return count; }
    T const* row(index i) const { return x + (order ? order[i] : i) * features; }
    /// Target k of sample i stands at number i * targets + k.
    T target(index number) const {
        index const i = number / targets;
        return y[(order ? order[i] : i) * targets + number % targets];
    }

    /// Samples [first, first + n) of these.
    multi_target_batch part(index first, index n) const {
        if (order)
            return {x, y, features, targets, n, order + first};
        return {x + first * features, y + first * targets, features, targets, n, nullptr};
    }
};

/// A table whose samples have several targets each: the numbers that a network with several outputs shall give
/// (for an autoencoder its own input), or the classes of the steps of a sequence. A target that is unknown,
/// such as that of a step behind a sequence's end, is NaN and counts nowhere.
template <class T = float>
struct multi_target_dataset {
    using scalar = T;

    matrix<T> x = {};  ///< samples x features
    matrix<T> y = {};  ///< samples x targets
    std::vector<std::string> class_names = {};

    index samples() const { return x.rows(); }
    index features() const { return x.cols(); }
    index targets() const { return y.cols(); }
};

/// All samples of the table.
template <class T>
multi_target_batch<T> all_of(multi_target_dataset<T> const& table) {
    return {table.x.data(), table.y.data(), table.features(), table.targets(), table.samples(), nullptr};
}

/// Throws descent::error unless there are samples, features and as many rows of targets, every element of x is
/// finite, and targets are finite or NaN, not all of them NaN: "fit: row 3, column 10 is inf", "fit: row 3, target 2 is inf".
template <class T>
void check(multi_target_dataset<T> const& table, std::string_view who = "dataset") {
    expect(table.y.rows() == table.samples(), who, ": ", table.samples(), " samples, ", table.y.rows(),
           " rows of targets");
    expect(table.samples() > 0 && table.features() > 0 && table.targets() > 0, who, ": ", table.samples(),
           " samples x ", table.features(), " features, ", table.targets(), " targets: the data is empty");
    if (!detail::all_finite(table.x.data(), table.x.size()))
        for (index row = 0; row < table.samples(); ++row)
            for (index column = 0; column < table.features(); ++column)
                expect(std::isfinite(table.x(row, column)), who, ": row ", row, ", column ", column, " is ",
                       table.x(row, column));
    bool known = false;
    for (index row = 0; row < table.samples(); ++row)
        for (index k = 0; k < table.targets(); ++k) {
            expect(!std::isinf(table.y(row, k)), who, ": row ", row, ", target ", k, " is ", table.y(row, k));
            known = known || !std::isnan(table.y(row, k));
        }
    expect(known, who, ": all targets are nan: none is known");
}

/// Throws descent::error unless every target is NaN or a class index: "fit: row 7, target 2: label 12: must be
/// an integer in [0, 10)".
template <class T>
void check_labels(multi_target_dataset<T> const& table, index classes, std::string_view who = "dataset") {
    for (index row = 0; row < table.samples(); ++row)
        for (index k = 0; k < table.targets(); ++k) {
            T const label = table.y(row, k);
            expect(std::isnan(label) || (label >= 0 && label < T(classes) && label == std::floor(label)), who,
                   ": row ", row, ", target ", k, ": label ", label, ": must be an integer in [0, ", classes,
                   ")");
        }
}

}  // namespace descent::data
