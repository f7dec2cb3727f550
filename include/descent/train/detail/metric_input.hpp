// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <type_traits>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/row_view.hpp>

// What metrics take: pairs of predictions and targets, sample weights, and models on tables.
namespace descent {

/// A model that answers each row of the table (a data::dataset, a data::sparse_dataset or a data::row_view)
/// with one number: a class or a value.
template <class M, class Table>
concept predicts_on = requires(M const& model, Table const& table, data::features_of<Table> const& x) {
    { model.predict(x) } -> std::convertible_to<vector<typename Table::scalar>>;
    table.weights;
};

/// A model that gives each row of the table a probability: of class 1 (a vector), or of every class (a matrix,
/// samples x classes).
template <class M, class Table>
concept predicts_probability_on = requires(M const& model, Table const& table,
                                           data::features_of<Table> const& x) {
    model.predict_probability(x);
    table.weights;
};

namespace detail {

inline void expect_pairs(std::string_view who, index predictions, index targets) {
    expect(predictions == targets, who, ": ", predictions, " predictions, ", targets, " targets");
    expect(targets > 0, who, ": there are no targets");
}

/// "r2: row 3: prediction is nan".
template <class Numbers>
void expect_finite(std::string_view who, std::string_view what, Numbers const& numbers) {
    for (index row = 0; row < numbers.size(); ++row)
        expect(std::isfinite(numbers[row]), who, ": row ", row, ": ", what, " is ", numbers[row]);
}

/// Labels in float are exact up to here, and the counts of so many classes fit any memory.
inline constexpr index most_classes = index(1) << 24;

template <class T>
void expect_class(std::string_view who, std::string_view what, index row, T value, index classes) {
    expect(value >= 0 && value < T(classes) && value == std::floor(value), who, ": row ", row, ": ", what, " ",
           value, ": must be an integer in [0, ", classes, ")");
}

template <class T>
void expect_binary(std::string_view who, vector<T> const& target) {
    for (index row = 0; row < target.size(); ++row)
        expect(target[row] == 0 || target[row] == 1, who, ": row ", row, ": target ", target[row],
               ": must be 0 or 1");
}

/// How often each row counts: 1 where there are no weights. Throws descent::error for another number of weights
/// than rows, for one that is negative or not finite, and where all are 0.
template <class T>
class row_weights {
public:
    row_weights(std::string_view who, vector<T> const& weights, index rows)
        : weights_(weights.size() ? weights.data() : nullptr), total_(double(rows)) {
        expect(weights.size() == 0 || weights.size() == rows, who, ": ", rows, " targets, ", weights.size(),
               " weights");
        if (!weights_)
            return;
        total_ = 0;
        for (index row = 0; row < rows; ++row) {
            expect(std::isfinite(weights_[row]) && weights_[row] >= 0, who, ": row ", row, ": weight is ",
                   weights_[row], ": must be finite and >= 0");
            total_ += double(weights_[row]);
        }
        expect(total_ > 0, who, ": all weights are 0");
    }

    double operator[](index row) const { return weights_ ? double(weights_[row]) : 1; }
    double total() const { return total_; }

private:
    T const* weights_;
    double total_;
};

/// The weights of the rows, behind a check that predictions and targets are as many finite numbers each.
template <class T>
row_weights<T> weights_of_pairs(std::string_view who, vector<T> const& predicted, vector<T> const& target,
                                vector<T> const& weights) {
    expect_pairs(who, predicted.size(), target.size());
    expect_finite(who, "prediction", predicted);
    expect_finite(who, "target", target);
    return {who, weights, target.size()};
}

/// ask(x) of the table's rows, whose answers are rows of a vector or a matrix. Of a view some rows are copied
/// at a time: so many that a model cuts them as it cuts all.
template <class Table, class Ask>
auto of_rows(Table const& table, Ask const& ask) {
    if constexpr (data::is_row_view<Table>) {
        constexpr index at_once = 1024;
        typename std::remove_cvref_t<decltype(ask(table.copied_features(0, 0)))>::PlainObject all;
        for (index first = 0; first < table.samples(); first += at_once) {
            auto const some = ask(table.copied_features(first, std::min(at_once, table.samples() - first)));
            if (first == 0)
                all.resize(table.samples(), some.cols());
            all.middleRows(first, some.rows()) = some;
        }
        return all;
    } else {
        return ask(table.x);
    }
}

/// What the model answers the rows of the table.
template <class M, class Table>
vector<typename Table::scalar> answers(M const& model, Table const& table) {
    return of_rows(table, [&](auto const& x) -> vector<typename Table::scalar> { return model.predict(x); });
}

}  // namespace detail

}  // namespace descent
