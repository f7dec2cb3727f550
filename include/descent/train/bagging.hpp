// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include <descent/core/random.hpp>
#include <descent/exec/serial.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/detail/members.hpp>
#include <descent/train/regression_metrics.hpp>

namespace descent {

namespace detail {

/// The random streams of bagging: other users of the same seed draw other numbers.
inline constexpr std::uint32_t bag_stream = 0x62616773, bag_seed_stream = 0x62616764;  // "bags", "bagd"

}  // namespace detail

/// What bagging{}.fit gives: a model made of models.
template <class Model, class T>
struct bagged {
    std::vector<Model> models = {};
    bool vote = false;            ///< see bagging
    vector<T> out_of_bag = {};    ///< of each row, by the models that did not see it; NaN where all did
    double out_of_bag_score = 0;  ///< of those rows: accuracy of classes, else r2; NaN where too few

    /// The mean probability: of class 1, or samples x classes.
    template <class X>
    requires detail::gives_probability<Model, X>
    auto predict_probability(X const& x) const {
        auto const mean = detail::mean_answer("bagging", models, {},
                                              [&](auto const& model) { return detail::answer(model, x); });
        using answer = decltype(detail::answer(models.front(), x));
        if constexpr (answer::ColsAtCompileTime == 1)
            return vector<T>(mean.col(0).template cast<T>());
        else
            return matrix<T>(mean.template cast<T>());
    }

    /// The class with most votes, or the most probable class, or the mean value: see bagging.
    template <class X>
    vector<T> predict(X const& x) const {
        if (vote)
            return detail::most_voted<T>("bagging", detail::all_labels<T>("bagging", models, x),
                                         detail::member_weights("bagging", index(models.size()), {}));
        auto const mean = detail::mean_answer("bagging", models, {},
                                              [&](auto const& model) { return detail::answer(model, x); });
        if constexpr (detail::gives_probability<Model, X>)
            return detail::most_probable<T>(mean);
        else
            return mean.col(0).template cast<T>();
    }
};

/// Bagging (Breiman, 1996): models trained on bootstrap samples (rows drawn with replacement), joined by their
/// mean probability where they have predict_probability(x), by their mean value otherwise, or by vote. The rows
/// that a model did not draw judge it (out-of-bag score).
///
///     auto forest = bagging{.models = 20, .seed = 1}.fit(train, [](auto const& part, std::uint64_t seed) {
///         linear::logistic_regression<float> model{part.features()};
///         fit(model, part, chain(adam{}, rate{1e-2}), {.epochs = 5, .batch = mini_batch{64}, .seed = seed});
///         return model;
///     });
struct bagging {
    int models = 10;         ///< >= 1
    std::uint64_t seed = 0;  ///< same seed, same models on every executor
    double share = 1;        ///< rows drawn for each model, as a share of all; in (0, 1]
    bool vote = false;       ///< join by the class with most votes: for models that answer with a bare class

    /// train(part, seed) gives a model of the rows drawn; it must be safe to call from several threads where
    /// the executor has them (one call a model). The table is a dataset or a sparse_dataset with targets; drawn
    /// rows keep their weights. Throws descent::error for members out of range, too few rows to draw one, and
    /// what train throws.
    template <class Table, class Train, class Executor = exec::serial>
    auto fit(Table const& table, Train const& train, Executor const& executor = {}) const {
        using T = typename Table::scalar;
        using model_type = std::decay_t<decltype(train(table, seed))>;
        expect(models >= 1, "bagging: models = ", models, ": must be >= 1");
        expect(share > 0 && share <= 1, "bagging: share = ", share, ": must be in (0, 1]");
        index const n = table.samples(), draws = index(std::llround(share * double(n)));
        expect(table.y.size() == n, "bagging: ", n, " samples, ", table.y.size(), " targets");
        expect(draws > 0, "bagging: share = ", share, " of ", n, " rows: there is no row to draw");

        std::vector<job<model_type>> jobs(static_cast<std::size_t>(models));
        executor.for_each(models, [this, &table, &train, &jobs, n, draws](index m) {
            auto& mine = jobs[std::size_t(m)];
            std::vector<index> drawn;
            std::vector<bool> seen(static_cast<std::size_t>(n));
            for (index i = 0; i < draws; ++i) {
                auto const row =
                    generator{seed, detail::bag_stream}.integer(std::uint64_t(m * draws + i), std::uint64_t(n));
                drawn.push_back(index(row));
                seen[std::size_t(row)] = true;
            }
            auto const own =
                generator{seed, detail::bag_seed_stream}.template bits<std::uint64_t>(std::uint64_t(m));
            mine.model.emplace(train(table.rows(drawn), own));
            for (index row = 0; row < n; ++row)
                if (!seen[std::size_t(row)])
                    mine.rest.push_back(row);
            if (mine.rest.empty())
                return;
            auto const unseen = table.rows(mine.rest);
            if (vote)
                mine.answer = mine.model->predict(unseen.x).template cast<double>();
            else
                mine.answer = detail::answer(*mine.model, unseen.x).template cast<double>();
        });

        bagged<model_type, T> made;
        made.vote = vote;
        constexpr bool probable = detail::gives_probability<model_type, decltype(table.x)>;
        made.out_of_bag = vote ? voted<T>(jobs, n) : averaged<T>(jobs, n, probable);
        made.out_of_bag_score = score(made.out_of_bag, table, vote || probable);
        for (auto& each : jobs)
            made.models.push_back(std::move(*each.model));
        return made;
    }

private:
    template <class Model>
    struct job {
        std::optional<Model> model = {};
        std::vector<index> rest = {};  ///< rows that it did not draw
        matrix<double> answer = {};    ///< to them
    };

    template <class T, class Jobs>
    static vector<T> voted(Jobs const& jobs, index n) {
        auto const count = index(jobs.size());
        matrix<T> labels = matrix<T>::Constant(n, count, std::numeric_limits<T>::quiet_NaN());
        for (index m = 0; m < count; ++m)
            for (index i = 0; auto const row : jobs[std::size_t(m)].rest)
                labels(row, m) = T(jobs[std::size_t(m)].answer(i++, 0));
        return detail::most_voted<T>("bagging", labels, detail::member_weights("bagging", count, {}));
    }

    template <class T, class Jobs>
    static vector<T> averaged(Jobs const& jobs, index n, bool probable) {
        matrix<double> sum;
        vector<double> count = vector<double>::Zero(n);
        for (auto const& each : jobs) {
            if (each.rest.empty())
                continue;
            if (sum.size() == 0)
                sum = matrix<double>::Zero(n, each.answer.cols());
            expect(each.answer.cols() == sum.cols(), "bagging: a model answers ", each.answer.cols(),
                   " columns, another ", sum.cols());
            for (index i = 0; auto const row : each.rest) {
                sum.row(row) += each.answer.row(i++);
                ++count[row];
            }
        }
        vector<T> mean = vector<T>::Constant(n, std::numeric_limits<T>::quiet_NaN());
        for (index row = 0; row < n; ++row)
            if (count[row] > 0) {
                sum.row(row) /= count[row];
                mean[row] = probable ? detail::most_probable<T>(sum.row(row))[0] : T(sum(row, 0));
            }
        return mean;
    }

    template <class T, class Table>
    static double score(vector<T> const& answer, Table const& table, bool classes) {
        vector<T> said(answer.size()), target(answer.size()), weight(table.weights.size());
        index judged = 0;
        for (index row = 0; row < answer.size(); ++row) {
            if (std::isnan(answer[row]) || (weight.size() && table.weights[row] == 0))
                continue;
            said[judged] = answer[row];
            target[judged] = table.y[row];
            if (weight.size())
                weight[judged] = table.weights[row];
            ++judged;
        }
        if (judged < (classes ? 1 : 2))  // r2 needs two
            return std::numeric_limits<double>::quiet_NaN();
        said.conservativeResize(judged);
        target.conservativeResize(judged);
        if (weight.size())
            weight.conservativeResize(judged);
        return classes ? accuracy(said, target, weight) : r2(said, target, weight);
    }
};

}  // namespace descent
