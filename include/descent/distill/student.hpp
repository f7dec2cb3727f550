// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/loading.hpp>
#include <descent/data/mixed_batch.hpp>
#include <descent/distill/objective.hpp>
#include <descent/exec/serial.hpp>
#include <descent/loss/concepts.hpp>

namespace descent::distill {

/// A network that learns from teachers: a model that fit trains in its place, under the objective above.
/// Teachers are copied; each is a model with scores(x), such as a network or a linear model, or a callable of
/// that kind: samples x features in, samples x outputs out. Of several the softened probabilities are averaged,
/// and the features. A copy of the network is its own teacher (Furlanello et al.: "Born-again neural networks",
/// 2018).
///
///     distill::student pupil{net, {.temperature = 4, .soft = 0.9}, teacher};
///     fit(pupil, train, chain(adam{}, rate{1e-3}), {.epochs = 10, .batch = 64}, exec::openmp{});
///
/// What the teachers say of the rows of a dataset is asked once a fit and kept (samples x outputs numbers);
/// tables that make their batches are asked about anew. The network must outlive this. Throws descent::error
/// for settings out of range and teachers with another number of outputs.
template <class Network, class... Teacher>
class student {
    static_assert(sizeof...(Teacher) > 0, "a student needs a teacher");
    static_assert(loss::of_scores<std::remove_cvref_t<decltype(std::declval<Network&>().sample_loss())>>,
                  "distillation is of networks with a loss of classes");

public:
    using scalar = typename Network::scalar;

    student(Network& net, objective const& options, Teacher... teachers)
        : net_(net), objective_(options), teachers_(std::move(teachers)...) {
        objective_.check(net.outputs());
    }

    descent::params<scalar>& params() { return net_.params(); }
    descent::params<scalar>& state() { return net_.state(); }
    std::uint64_t& steps() { return net_.steps(); }
    decltype(auto) needs_two() const requires requires(Network const& n) { n.needs_two(); }
    { return net_.needs_two(); }

    template <class Table>
    void check(Table const& table) const {
        net_.check(table);
    }

    /// Checks the table, and keeps what teachers say of its rows from now on.
    template <class Table>
    void prepare(Table const& table) {
        check(table);
        known_.clear();
        if constexpr (!data::loading_table<Table>) {
            first_ = table.x.data();
            known_.assign(std::size_t(table.samples()), false);
            kept_.resize(table.samples(), net_.outputs());
        }
        auto const all = data::all_of(data::source_of(table));
        if (all.count > 0)
            taught(all.part(0, 1), exec::serial{});
    }

    /// What the network answers, for metrics: accuracy(pupil, test).
    vector<scalar> predict(matrix<scalar> const& x) const { return net_.predict(x); }
    matrix<scalar> predict_probability(matrix<scalar> const& x) const requires requires(Network const& n) {
        n.predict_probability(x);
    }
    { return net_.predict_probability(x); }

    /// Mean objective of the samples (a data::batch or a data::mixed_batch) in training, and its gradient.
    template <class Executor = exec::serial>
    double gradient(data::mixed_batch<scalar> const& mixed, descent::params<scalar>& g,
                    Executor const& executor = {}) {
        scalar const* const said = taught(mixed.rows, executor);
        return net_.gradient(mixed.rows, g, executor, [&](scalar const* z, scalar* slopes, double scale) {
            return sum(mixed, z, said, scale, slopes);
        });
    }
    template <class Executor = exec::serial>
    double gradient(data::batch<scalar> const& rows, descent::params<scalar>& g,
                    Executor const& executor = {}) {
        return gradient(data::mixed_batch<scalar>{rows, nullptr, 1}, g, executor);
    }

    /// Mean objective of the samples in evaluation.
    template <class Executor = exec::serial>
    double loss(data::batch<scalar> const& rows, Executor const& executor = {}) {
        double const weight = data::total_weight(rows);
        double total = 0;
        for (index first = 0; first < rows.count; first += at_once) {
            auto const part = rows.part(first, std::min(at_once, rows.count - first));
            scalar const* const said = taught(part, executor);
            gather(part, [](index) { return true; });
            net_.scores(x_, z_, executor);
            slopes_.resize(z_.rows(), z_.cols());
            total += sum({part, nullptr, 1}, z_.data(), said, 1, slopes_.data());
        }
        return weight > 0 ? total / weight : 0;
    }

private:
    static constexpr index at_once = 1024;

    double sum(data::mixed_batch<scalar> const& mixed, scalar const* z, scalar const* said, double scale,
               scalar* slopes) {
        index const n = net_.outputs();
        room_.resize(std::size_t(n));
        double total = 0;
        for (index i = 0; i < mixed.rows.count; ++i) {
            scalar* const to = slopes + i * n;
            auto const weight = double(mixed.rows.weight(i));
            scalar const y = mixed.rows.target(i);
            total += weight * objective_.value_and_slope(z + i * n, n, said + i * n, y,
                                                         mixed.others ? mixed.others[i] : y,
                                                         mixed.others ? mixed.share : 1, to, room_.data());
            for (index c = 0; c < n; ++c)
                to[c] *= scalar(weight * scale);
        }
        return total;
    }

    /// The number of the sample's row in the table that prepare saw; -1: it is of another one.
    index place_of(scalar const* row, index features) const {
        std::less<scalar const*> const before;
        if (known_.empty() || features == 0 || before(row, first_) ||
            !before(row, first_ + index(known_.size()) * features))
            return -1;
        return (row - first_) / features;
    }

    /// The samples that `wanted` are, into x_.
    template <class Wanted>
    void gather(data::batch<scalar> const& rows, Wanted const& wanted) {
        index count = 0;
        for (index i = 0; i < rows.count; ++i)
            count += wanted(i);
        x_.resize(count, rows.features);
        count = 0;
        for (index i = 0; i < rows.count; ++i)
            if (wanted(i))
                std::copy_n(rows.row(i), rows.features, x_.data() + rows.features * count++);
    }

    /// Softened probabilities and features of the samples, one behind the other.
    template <class Executor>
    scalar const* taught(data::batch<scalar> const& rows, Executor const& executor) {
        index const n = net_.outputs();
        auto const place = [&](index i) { return place_of(rows.row(i), rows.features); };
        unknown_.resize(std::size_t(rows.count));
        for (index i = 0; i < rows.count; ++i) {
            index const at = place(i);
            unknown_[std::size_t(i)] = at < 0 || !known_[std::size_t(at)];
        }
        auto const unknown = [&](index i) { return bool(unknown_[std::size_t(i)]); };
        said_.resize(rows.count, n);
        gather(rows, unknown);
        if (x_.rows() > 0)
            ask(executor);
        for (index i = 0, next = 0; i < rows.count; ++i) {
            index const at = place(i);
            scalar* const to = said_.data() + i * n;
            if (unknown(i)) {
                std::copy_n(mean_.data() + n * next++, n, to);
                if (at >= 0) {
                    std::copy_n(to, n, kept_.data() + at * n);
                    known_[std::size_t(at)] = true;
                }
            } else {
                std::copy_n(kept_.data() + at * n, n, to);
            }
        }
        return said_.data();
    }

    /// What the teachers say of x_, into mean_.
    template <class Executor>
    void ask(Executor const& executor) {
        index const n = net_.outputs(), k = objective_.classes_of(n);
        mean_.setZero(x_.rows(), n);
        room_.resize(std::size_t(n));
        index number = 0;
        auto const one = [&](auto const& teacher) {
            if constexpr (requires { teacher.scores(x_, z_, executor); })
                teacher.scores(x_, z_, executor);
            else if constexpr (requires { teacher.scores(x_); })
                z_ = teacher.scores(x_);
            else
                z_ = teacher(x_);
            expect(z_.rows() == x_.rows() && z_.cols() == n, "distill: teacher ", number, " gives ", z_.rows(),
                   " x ", z_.cols(), " scores of ", x_.rows(), " samples, the student ", n, " of each");
            ++number;
            scalar const part = scalar(1.0 / double(sizeof...(Teacher)));
            for (index i = 0; i < z_.rows(); ++i) {
                scalar const* const z = z_.data() + i * n;
                scalar* const to = mean_.data() + i * n;
                objective_.soften(z, k, room_.data());
                for (index c = 0; c < n; ++c)
                    to[c] += part * (c < k ? room_[std::size_t(c)] : z[c]);
            }
        };
        std::apply([&](auto const&... each) { (one(each), ...); }, teachers_);
    }

    Network& net_;
    objective objective_;
    std::tuple<Teacher...> teachers_;
    scalar const* first_ = nullptr;  ///< the table that prepare saw
    std::vector<bool> known_;        ///< which of its rows the teachers were asked about
    std::vector<bool> unknown_;      ///< likewise of a batch
    matrix<scalar> kept_, x_, z_, mean_, said_, slopes_;
    std::vector<scalar> room_;
};

}  // namespace descent::distill
