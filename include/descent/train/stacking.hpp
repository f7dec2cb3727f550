// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <descent/core/random.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/folds.hpp>
#include <descent/exec/serial.hpp>
#include <descent/train/detail/members.hpp>

namespace descent {

/// What stacking{}.fit gives: a model that asks base models, and a final model about their answers.
template <class Final, class T, class... Base>
struct stacked {
    std::tuple<Base...> bases;
    Final last;

    /// The base models' answers, which the final model sees: samples x (one column a value or a probability of
    /// class 1; as many as classes for a matrix of probabilities).
    template <class X>
    matrix<T> features(X const& x) const {
        matrix<T> all;
        detail::each_model(bases, [&](auto const& model, index number) {
            auto const one = detail::answer(model, x);
            expect(number == 0 || one.rows() == all.rows(), "stacking: model ", number, " answers ", one.rows(),
                   " rows, model 0 ", all.rows());
            all.conservativeResize(one.rows(), all.cols() + one.cols());
            all.rightCols(one.cols()) = one.template cast<T>();
        });
        return all;
    }

    template <class X>
    vector<T> predict(X const& x) const {
        return last.predict(features(x));
    }
    template <class X>
    requires detail::gives_probability<Final, matrix<T>>
    auto predict_probability(X const& x) const { return last.predict_probability(features(x)); }
};

/// Stacking (Wolpert, 1992): a final model learns from the answers of base models, each row answered by models
/// that did not see it (k-fold). Answers are probabilities where a model has predict_probability(x), else what
/// it predicts. The base models that are kept are trained on all rows.
///
///     auto model = stacking{.folds = 5}.fit(train, std::tuple{train_linear, train_net}, train_final);
///
/// where each train_*(part, seed) gives a model, the final one from a data::dataset of answers.
struct stacking {
    int folds = 5;           ///< >= 2, at most the number of rows
    std::uint64_t seed = 0;  ///< same seed, same models on every executor
    bool stratify = false;   ///< each class spread evenly over the folds

    /// The table is a dataset or a sparse_dataset with targets. Base trainers must be safe to call from several
    /// threads where the executor has them. Throws descent::error for bad folds, missing targets, answers of
    /// unequal widths (a fold without one of the classes), and what trainers throw.
    template <class Table, class... Train, class TrainFinal, class Executor = exec::serial>
    auto fit(Table const& table, std::tuple<Train...> const& bases, TrainFinal const& train_final,
             Executor const& executor = {}) const {
        using T = typename Table::scalar;
        static_assert(sizeof...(Train) > 0, "stacking: needs a base model");
        expect(table.y.size() == table.samples(), "stacking: ", table.samples(), " samples, ", table.y.size(),
               " targets");
        auto const parts =
            data::k_folds(table, {.folds = folds, .seed = seed, .shuffle = true, .stratify = stratify});

        // Job b * (folds + 1) + k trains base b without fold k; the last one of each base trains on all rows.
        index const jobs = index(sizeof...(Train)) * (folds + 1);
        std::tuple<std::optional<std::decay_t<decltype(std::declval<Train const&>()(table, seed))>>...> kept;
        std::vector<matrix<T>> answers(static_cast<std::size_t>(jobs));
        executor.for_each(jobs, [this, &table, &bases, &parts, &kept, &answers](index j) {
            auto const k = std::size_t(j % (folds + 1));
            auto const own =
                generator{seed, stream}.template bits<std::uint64_t>(static_cast<std::uint64_t>(j));
            auto const run = [&](auto const& train, auto& keep) {
                if (k == parts.size()) {
                    keep.emplace(train(table, own));
                    return;
                }
                auto const model = train(table.rows(parts[k].train), own);
                answers[std::size_t(j)] = detail::answer(model, table.rows(parts[k].test).x).template cast<T>();
            };
            pick_base(std::size_t(j / (folds + 1)), bases, kept, run, std::index_sequence_for<Train...>{});
        });

        data::dataset<T> features{{}, table.y, {}, table.class_names, table.target_name, table.weights};
        features.x.resize(table.samples(), 0);
        for (index b = 0; b < index(sizeof...(Train)); ++b)
            append(features.x, answers, parts, b);
        auto const own = generator{seed, stream}.template bits<std::uint64_t>(static_cast<std::uint64_t>(jobs));
        return std::apply(
            [&](auto&... model) {
                return stacked<std::decay_t<decltype(train_final(features, own))>, T,
                               std::decay_t<decltype(*model)>...>{{std::move(*model)...},
                                                                  train_final(features, own)};
            },
            kept);
    }

private:
    /// The random stream of stacking: other users of the same seed draw other numbers.
    static constexpr std::uint32_t stream = 0x73746163;  // "stac"

    template <class Bases, class Kept, class Run, std::size_t... B>
    static void pick_base(std::size_t wanted, Bases const& bases, Kept& kept, Run const& run,
                          std::index_sequence<B...>) {
        ((B == wanted ? run(std::get<B>(bases), std::get<B>(kept)) : void()), ...);
    }

    /// Puts base b's answers behind the columns of x.
    template <class T>
    void append(matrix<T>& x, std::vector<matrix<T>> const& answers, std::vector<data::fold> const& parts,
                index b) const {
        auto const base = std::size_t(b * (folds + 1));
        index const before = x.cols(), width = answers[base].cols();
        x.conservativeResize(x.rows(), before + width);
        for (std::size_t k = 0; k < parts.size(); ++k) {
            auto const& answer = answers[base + k];
            expect(answer.cols() == width, "stacking: model ", b, " answers ", answer.cols(),
                   " columns without fold ", k, ", ", width, " without fold 0: give the data class_names");
            expect(answer.rows() == index(parts[k].test.size()), "stacking: model ", b, " answers ",
                   answer.rows(), " rows of ", parts[k].test.size());
            for (index i = 0; auto const row : parts[k].test)
                x.row(row).tail(width) = answer.row(i++);
        }
    }
};

}  // namespace descent
