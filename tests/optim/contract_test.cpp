// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstring>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/pack.hpp>

#include "optim/rows.hpp"

using descent::params;
using rows::row;
using position = descent::index;  // index() is POSIX

namespace {

template <class T>
bool same_bits(T a, T b) {
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}
template <class T>
bool same_bits(params<T> const& a, params<T> const& b) {
    return a.arena_size() == b.arena_size() &&
           std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(T)) == 0;
}
template <class T>
bool same_bits(rows::optimizer_state<T> const& a, rows::optimizer_state<T> const& b) {
    bool same = a.steps == b.steps && a.calls == b.calls && a.memory == b.memory &&
                a.tensor_state == b.tensor_state && a.slots.size() == b.slots.size();
    for (std::size_t s = 0; same && s < a.slots.size(); ++s)
        same = same_bits(a.slots[s], b.slots[s]);
    return same;
}

template <class T>
bool padding_is_zero(params<T> const& numbers) {
    std::vector<bool> inside(std::size_t(numbers.arena_size()), false);
    for (auto const& entry : numbers.entries())
        for (position i = 0; i < entry.size(); ++i)
            inside[std::size_t(entry.offset + i)] = true;
    for (std::size_t i = 0; i < inside.size(); ++i)
        if (!inside[i] && !same_bits(numbers.data()[i], T(0)))
            return false;
    return true;
}

/// Calls of step() with gradients that depend on the call alone.
template <class T>
void train(rows::subject<T>& subject, params<T> const& weights, int calls, int first = 0) {
    params<T> gradients = weights.like();
    for (int call = first; call < first + calls; ++call) {
        rows::fill(gradients, 100'000 * std::uint64_t(call + 1));
        subject.step(gradients);
    }
}

template <class T>
params<T> some_weights(std::vector<descent::tensor_spec> const& specs) {
    params<T> weights(specs);
    rows::fill(weights, 0);
    return weights;
}

/// 1/2 sum of c_i (w_i - a_i)^2, curvatures c from 0.5 to 2, and its gradient.
template <class T>
double quadratic(params<T> const& weights, params<T>& gradients) {
    double loss = 0;
    position k = 0;
    for (auto const& entry : weights.entries())
        for (position i = entry.offset; i < entry.offset + entry.size(); ++i, ++k) {
            double const curvature = 0.5 + 1.5 * double(k % 4) / 3;
            double const off = double(weights.data()[i]) - (rows::draw(77 + std::uint64_t(k)) + 2);
            loss += curvature * off * off / 2;
            gradients.data()[i] = T(curvature * off);
        }
    return loss;
}

}  // namespace

TEMPLATE_TEST_CASE("optim contract: every rule descends on a quadratic", "", float, double) {
    using T = TestType;
    for (row<T> const& row : rows::all<T>()) {
        INFO(row.name);
        auto weights = some_weights<T>({{"matrix", {3, 2}}, {"bias", {4}}});
        auto gradients = weights.like();
        auto const subject = row.make(weights, 0);
        double const before = quadratic(weights, gradients);
        for (position call = 0; call < 300 * row.every; ++call) {
            quadratic(weights, gradients);
            CHECK(subject->step(gradients) == ((call + 1) % row.every == 0));
        }
        CHECK(subject->state().steps == 300);
        CHECK(quadratic(weights, gradients) < row.bound * before);
    }
}

TEMPLATE_TEST_CASE("optim contract: numbers and packs give the same bits", "", float, double) {
    for (auto const& row : rows::all<TestType>()) {
        INFO(row.name);
        CHECK(row.lanes_differ() == "");
    }
}

TEMPLATE_TEST_CASE("optim contract: a gradient that is not finite spoils its own element alone", "", float,
                   double) {
    using T = TestType;
    using limits = std::numeric_limits<T>;
    for (row<T> const& row : rows::all<T>()) {
        if (!row.elementwise)
            continue;
        INFO(row.name);
        for (T const bad : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
            auto weights = some_weights<T>({{"w", {37}}}), clean = weights;
            auto const subject = row.make(weights, 0), reference = row.make(clean, 0);
            auto gradients = weights.like();
            for (int call = 0; call < 6; ++call) {
                rows::fill(gradients, 100'000 * std::uint64_t(call));
                reference->step(gradients);
                if (call == 2)
                    gradients.data()[11] = bad;
                subject->step(gradients);
            }
            bool others = true;
            for (position i = 0; i < 37; ++i)
                others = others && (i == 11 || (same_bits(weights.data()[i], clean.data()[i]) &&
                                                std::isfinite(weights.data()[i])));
            CHECK(others);
            CHECK(padding_is_zero(weights));
        }
    }
}

TEMPLATE_TEST_CASE("optim contract: padding stays zero, whatever the sizes of the tensors", "", float, double) {
    using T = TestType;
    position const lanes = descent::lanes_of<descent::native_pack<T>>;
    for (row<T> const& row : rows::all<T>()) {
        INFO(row.name);
        auto weights = some_weights<T>(
            {{"none", {0}}, {"one", {1}}, {"less", {lanes - 1}}, {"pack", {lanes}}, {"more", {lanes + 1}}});
        position const n = weights.size();
        auto const start = weights;
        auto const subject = row.make(weights, 0);
        train(*subject, weights, 7);
        CHECK(padding_is_zero(weights));
        for (auto const& slot : subject->state().slots)
            CHECK(padding_is_zero(slot));
        bool moved = true, finite = true;
        for (auto const& entry : weights.entries())
            for (position i = entry.offset; i < entry.offset + entry.size(); ++i) {
                moved = moved && weights.data()[i] != start.data()[i];
                finite = finite && std::isfinite(weights.data()[i]);
            }
        CHECK(moved);
        CHECK(finite);

        // The same elements in one tensor.
        if (row.elementwise && !row.positional) {
            auto together = some_weights<T>({{"w", {n}}});
            auto const other = row.make(together, 0);
            train(*other, together, 7);
            bool same = true;
            position k = 0;
            for (auto const& entry : weights.entries())
                for (position i = entry.offset; i < entry.offset + entry.size(); ++i)
                    same = same && same_bits(weights.data()[i], together.data()[k++]);
            CHECK(same);
        }
    }
}

TEMPLATE_TEST_CASE("optim contract: OpenMP gives the bits of serial for every number of threads", "", float,
                   double) {
    using T = TestType;
    for (row<T> const& row : rows::all<T>()) {
        INFO(row.name);
        // Seven chunks, so that several threads have work.
        auto const start = some_weights<T>({{"a", {40'000}}, {"b", {3}}, {"c", {60'001}}, {"d", {10}}});
        auto weights = start;
        auto const serial = row.make(weights, 0);
        train(*serial, weights, 3);
        for (int const threads : {1, 2, 3, 7}) {
            auto others = start;
            auto const parallel = row.make(others, threads);
            train(*parallel, others, 3);
            CHECK(same_bits(weights, others));
            CHECK(same_bits(serial->state(), parallel->state()));
        }
    }
}

TEMPLATE_TEST_CASE("optim contract: a state put back goes on bit for bit", "", float, double) {
    using T = TestType;
    for (row<T> const& row : rows::all<T>()) {
        INFO(row.name);
        auto weights = some_weights<T>({{"matrix", {5, 7}}, {"bias", {5}}});
        auto const subject = row.make(weights, 0);
        train(*subject, weights, 7);  // not a whole number of accumulations
        auto const saved = subject->state();
        auto later = weights;
        train(*subject, weights, 7, 7);

        auto const other = row.make(later, 0);
        other->restore(saved);
        CHECK(same_bits(other->state(), saved));
        train(*other, later, 7, 7);
        CHECK(same_bits(weights, later));
        CHECK(same_bits(subject->state(), other->state()));

        // Also into an optimizer that has gone elsewhere, and back to the start.
        auto elsewhere = some_weights<T>({{"matrix", {5, 7}}, {"bias", {5}}});
        auto const start = elsewhere;
        auto const used = row.make(elsewhere, 0);
        auto const fresh = used->state();
        train(*used, elsewhere, 4, 50);
        elsewhere = start;
        used->restore(fresh);
        train(*used, elsewhere, 14);
        CHECK(same_bits(weights, elsewhere));
        CHECK(same_bits(subject->state(), used->state()));
    }
}

TEMPLATE_TEST_CASE("optim contract: a frozen tensor keeps its bits, the others do as without it", "", float,
                   double) {
    using T = TestType;
    for (row<T> const& row : rows::all<T>()) {
        INFO(row.name);
        auto const start = some_weights<T>({{"a", {20}}, {"head.w", {9}}, {"head.b", {3}}});
        auto weights = start, all = start;
        auto const subject = row.make(weights, 0), reference = row.make(all, 0);
        subject->freeze("head.*");
        train(*subject, weights, 7);
        train(*reference, all, 7);
        bool same = true;
        for (auto const& entry : weights.entries())
            for (position i = entry.offset; i < entry.offset + entry.size(); ++i)
                if (entry.name != "a")
                    same = same && same_bits(weights.data()[i], start.data()[i]);
                else if (row.elementwise)
                    same = same && same_bits(weights.data()[i], all.data()[i]);
                else
                    same = same && weights.data()[i] != start.data()[i];
        CHECK(same);
    }
}

TEST_CASE("optim contract: masked weights stay zero and touch neither norms nor slots of others") {
    using T = float;
    for (row<T> const& row : rows::all<T>()) {
        INFO(row.name);
        auto start = some_weights<T>({{"w", {41}}, {"bias", {5}}});
        for (position i = 0; i < 5; ++i)
            start["bias"].data[i] = 0;
        std::vector<bool> keep(41);
        for (std::size_t i = 0; i < 41; ++i)
            keep[i] = i % 3 != 0;
        start.set_mask("w", keep);

        auto calm = start, wild = start;
        auto const first = row.make(calm, 0), second = row.make(wild, 0);
        auto gradients = start.like();
        for (int call = 0; call < 7; ++call) {
            rows::fill(gradients, 100'000 * std::uint64_t(call));
            for (std::size_t i = 0; i < 41; i += 3)
                gradients.data()[i] = 0;
            first->step(gradients);
            for (std::size_t i = 0; i < 41; i += 3)
                gradients.data()[i] = i % 2 ? std::numeric_limits<T>::quiet_NaN() : T(1e30);
            second->step(gradients);
        }
        CHECK(same_bits(calm, wild));
        CHECK(same_bits(first->state(), second->state()));
        bool zero = true, trains = true;
        for (std::size_t i = 0; i < 41; ++i)
            zero = zero && (keep[i] || wild["w"].data[i] == 0);
        for (position i = 0; i < 5; ++i)
            trains = trains && wild["bias"].data[i] != 0;
        CHECK(zero);
        CHECK(trains);
    }
}
