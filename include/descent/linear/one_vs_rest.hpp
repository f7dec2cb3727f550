// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <descent/data/check.hpp>
#include <descent/linear/detail/mixed.hpp>

namespace descent::linear {

/// k classes by k models of two classes, each of which tells one class from all others; the largest decision
/// value wins. Model: any two-class model for targets 0 and 1 with decision_values(x) or scores(x), samples x 1
/// and positive for class 1, that can be copied.
///
///     linear::one_vs_rest all{10, linear::logistic_regression<float>{64}};
///     fit(all, train, [](auto& model, auto const& table) { fit(model, table, chain(adam{}, rate{1e-2})); });
template <class Model>
class one_vs_rest {
public:
    using scalar = typename Model::scalar;
    using T = scalar;

    /// A copy of `untrained` for each class. Throws descent::error for classes < 2.
    one_vs_rest(index classes, Model const& untrained) : models_(checked(classes), untrained) {}

    index classes() const { return index(models_.size()); }
    std::vector<Model>& models() { return models_; }
    std::vector<Model> const& models() const { return models_; }

    /// Throws descent::error unless the data is sound and its labels are 0 .. classes - 1.
    template <class Table>
    void check(Table const& table) const {
        data::check(table, "one_vs_rest");
        expect(index(table.class_names.size()) <= classes(), "one_vs_rest: the data has ",
               table.class_names.size(), " classes, the model ", classes());
        data::check_labels(table, classes(), "one_vs_rest");
    }

    /// Trains each model by trainer(model, table): the data with target 1 for the model's class and 0 for the
    /// rest. Move the data in to save the copy. Throws as check, and descent::error if all targets are equal.
    template <class Table, class Trainer>
    friend void fit(one_vs_rest& model, Table train, Trainer const& trainer) {
        model.check(train);
        expect((train.y.array() != train.y[0]).any(), "one_vs_rest: the data has one class only (", train.y[0],
               "): must have two");
        model.each(std::move(train), trainer);
    }

    /// The same for a stream: each model's partial_fit(table).
    template <class Table>
    requires requires(Model& model, Table const& next) { model.partial_fit(next); }
    void partial_fit(Table const& next) {
        check(next);
        each(next, [](Model& model, Table const& table) { model.partial_fit(table); });
    }

    /// Each model's decision value: samples x classes. x is what the models take.
    template <class X>
    matrix<T> scores(X const& x) const {
        matrix<T> all(x.rows(), classes());
        for (index c = 0; c < classes(); ++c)
            all.col(c) = decision(models_[std::size_t(c)], x).col(0);
        return all;
    }

    /// The class with the largest decision value, the lowest of equal ones.
    template <class X>
    vector<T> predict(X const& x) const {
        matrix<T> const all = scores(x);
        vector<T> label(all.rows());
        for (index row = 0; row < all.rows(); ++row) {
            index best = 0;
            for (index c = 1; c < classes(); ++c)
                best = all(row, c) > all(row, best) ? c : best;
            label[row] = T(best);
        }
        return label;
    }

    /// The share of rows whose class is predicted, each counted by its weight.
    template <class Table>
    double score(Table const& table) const {
        check(table);
        return detail::weighted_accuracy(predict(table.x), table);
    }

private:
    static std::size_t checked(index classes) {
        expect(classes >= 2, "one_vs_rest: classes = ", classes, ": must be >= 2");
        return std::size_t(classes);
    }

    template <class X>
    static matrix<T> decision(Model const& model, X const& x) {
        if constexpr (requires { model.decision_values(x); })
            return model.decision_values(x);
        else
            return model.scores(x);
    }

    template <class Table, class Trainer>
    void each(Table table, Trainer const& trainer) {
        vector<T> const labels = table.y;
        table.class_names.clear();
        for (index c = 0; c < classes(); ++c) {
            table.y = (labels.array() == T(c)).template cast<T>();
            trainer(models_[std::size_t(c)], std::as_const(table));
        }
    }

    std::vector<Model> models_;
};

}  // namespace descent::linear
