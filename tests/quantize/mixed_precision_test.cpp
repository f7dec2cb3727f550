// SPDX-License-Identifier: MIT
#include <descent/quantize/mixed_precision.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>

#include "message.hpp"

using namespace descent;
using quantize::plan_precision;
using quantize::precision_table;

namespace {

generator const draws{.seed = 31, .stream = 0};

/// Tensors, of which some matter more than others.
struct toy {
    using scalar = float;
    descent::params<float> weights{
        {"a.weight", {4, 16}}, {"a.bias", {4}}, {"b.weight", {8, 4}}, {"c.weight", {6, 8, 1, 1}}};

    toy() {
        for (descent::index i = 0; i < weights.arena_size(); ++i)
            weights.data()[i] = draws.normal<float>(std::uint64_t(i));
    }
    descent::params<float>& params() { return weights; }
    descent::params<float> const& params() const { return weights; }

    double loss(toy const& exact) const {
        double const matters[] = {1, 0, 100, 5};
        double sum = 1;
        for (std::size_t t = 0; t < 4; ++t) {
            auto const& name = weights.entries()[t].name;
            sum += matters[t] *
                   double((weights[name].flat() - exact.weights[name].flat()).cast<double>().squaredNorm());
        }
        return sum;
    }
};

}  // namespace

TEST_CASE("quantize mixed_precision: what each tensor loses in each width, measured; the plan holds it") {
    toy const exact;
    toy model = exact;
    std::vector<int> const widths{2, 4, 8, 16, 32};
    std::string calls;
    auto const told = quantize::scan_precision(
        model, widths, [&](toy const& m) { return m.loss(exact); }, {.per = quantize::per::channel},
        [&](descent::index done, descent::index all) { calls += text(done, "/", all, " "); });
    CHECK(calls == "1/15 2/15 3/15 4/15 5/15 6/15 7/15 8/15 9/15 10/15 11/15 12/15 13/15 14/15 15/15 ");
    CHECK((model.weights["a.weight"].flat() - exact.weights["a.weight"].flat()).norm() == 0);
    CHECK(told.exact == 1);
    CHECK(told.tensors == std::vector<std::string>{"a.weight", "b.weight", "c.weight"});
    // Four scales of 4 bytes, and codes: so few teach the coder little, and it takes some room to learn.
    for (std::size_t w = 0; w < 5; ++w) {
        descent::index const most =
            std::vector<descent::index>{64 * 2 / 8 + 16, 64 / 2 + 16, 64 + 16, 128, 256}[w];
        CHECK(told.bytes[0][w] <= most * 9 / 8);
        CHECK(told.bytes[0][w] >= most * 3 / 4);
    }
    int wrong = 0;
    for (auto const& each : told.loss)
        for (std::size_t w = 1; w < each.size(); ++w)
            wrong += each[w] >= each[w - 1];
    CHECK(wrong == 0);
    CHECK(told.loss[1].back() == 1);
    auto other = exact;
    quantize::to_affine(other.weights["b.weight"], {.bits = 4}).copy_to(other.weights["b.weight"].data);
    CHECK(told.loss[1][1] == other.loss(exact));

    // Losses add up here: what is expected is what is measured, and the tensor that matters has more bits.
    auto const plan = plan_precision(told, 150 + told.rest);
    CHECK(plan.bytes <= 150 + told.rest);
    CHECK(plan.bits[1] > plan.bits[0]);
    auto const coded = quantize::round_by(model, plan);
    CHECK(std::fabs(model.loss(exact) - plan.loss) < 1e-9);
    CHECK(plan.bound <= plan.loss + 1e-12);
    for (auto const& each : coded)
        CHECK(each.codes.value(5) == model.weights[each.name].data[5]);
    CHECK(plan.picture().svg().find("b.weight") != std::string::npos);
    CHECK(quantize::pack(model, coded).table.bytes > 0);
    CHECK(plan_precision(told, 100000).bits == std::vector<int>{32, 32, 32});
    CHECK(plan_precision(told, 100000).loss == 1);
}

TEST_CASE("quantize mixed_precision: the budget is that of the packed file") {
    toy exact;
    exact.weights = params<float>{{"a.weight", {40, 30}},
                                  {"a.bias", {40}},
                                  {"b.weight", {30, 40}},
                                  {"long.name.of.a.layer.bias", {90}},
                                  {"c.weight", {10, 9, 3, 3}}};
    for (descent::index i = 0; i < exact.weights.arena_size(); ++i)
        exact.weights.data()[i] = draws.normal<float>(std::uint64_t(i));
    for (bool const pruned : {false, true}) {
        if (pruned)
            for (descent::index i = 0; i < 1200; i += 2)
                exact.weights["b.weight"].data[i] = 0;
        toy model = exact;
        auto const told = quantize::scan_precision(model, {2, 3, 4, 8, 16, 32}, [&](toy const& m) {
            double sum = 1;
            for (char const* name : {"a.weight", "b.weight", "c.weight"})
                sum += double((m.weights[name].flat() - exact.weights[name].flat()).squaredNorm());
            return sum;
        });
        CHECK(told.rest > 4 * (40 + 90));
        CHECK(told.rest < 4 * (40 + 90) + 90);
        for (descent::index const budget : {1900, 2500, 4000, 7000, 12'000, 20'000}) {
            INFO(budget);
            model = exact;
            auto const plan = plan_precision(told, budget);
            CHECK(plan.bytes <= budget);
            auto const packed = quantize::pack(model, quantize::round_by(model, plan));
            CHECK(packed.table.bytes <= plan.bytes + 1);
            CHECK(packed.table.bytes >= plan.bytes - 8);
            CHECK(packed.table.bytes <= budget);
        }
        CHECK(message_of([&] { plan_precision(told, told.rest); }) ==
              text("mixed_precision: budget = ", told.rest, " bytes: the narrowest widths need ",
                   told.rest + told.bytes[0][0] + told.bytes[1][0] + told.bytes[2][0], ", ", told.rest,
                   " of them for biases, names and what else has no width"));
    }
}

TEST_CASE("quantize mixed_precision: an accuracy is no loss") {
    toy const exact;
    auto const near = [&](toy const& m) { return 0.9 / m.loss(exact); };  // of the exact model 0.9
    for (std::vector<int> const& widths : {std::vector<int>{2, 4, 8}, std::vector<int>{8, 3}}) {
        toy model = exact;
        std::string const said = message_of([&] { quantize::scan_precision(model, widths, near); });
        CHECK(said.starts_with(
            text("mixed_precision: evaluate gives 0.9, less in ", widths.size() == 3 ? 2 : 3, " bits, and ")));
        CHECK(
            said.ends_with(" where all these tensors are 0: must be a loss, which is lower for a better model; "
                           "of an accuracy a take 1 - a"));
        CHECK(std::equal(model.weights.data(), model.weights.data() + model.weights.arena_size(),
                         exact.weights.data()));
        auto const told = quantize::scan_precision(model, widths, [&](toy const& m) { return 1 - near(m); });
        CHECK(told.exact == 1 - 0.9);
    }
    // A loss that rounding happens to lower, and that zeros do not, is one.
    toy model = exact;
    auto const told = quantize::scan_precision(model, {4, 8}, [&](toy const& m) {
        double const off = m.loss(exact);
        return off == 1 ? 0.5 : off > 1000 ? 9.0 : 0.49;
    });
    CHECK(plan_precision(told, 10'000).loss < 0.5);
}

TEST_CASE("quantize mixed_precision: the exact minimum under the budget") {
    int wrong = 0;
    for (std::uint64_t trial = 0; trial < 40; ++trial) {
        precision_table table{.exact = 0.5, .widths = {2, 3, 4, 8}};
        descent::index whole = 0;
        for (std::uint64_t t = 0; t < 6; ++t) {
            table.tensors.push_back(text("t", t));
            table.loss.emplace_back(), table.bytes.emplace_back();
            for (std::uint64_t w = 0; w < 4; ++w) {
                std::uint64_t const at = (trial * 6 + t) * 4 + w;
                // Noise: more bits may measure worse, or better than exact.
                table.loss.back().push_back(0.5 + draws.uniform<double>(2 * at) / double(w + 1) - 0.05);
                table.bytes.back().push_back(10 + descent::index(draws.integer(100000 + at, 40)) *
                                                      descent::index(w));
            }
            whole += table.bytes.back()[2];
        }
        descent::index const budget = whole * descent::index(60 + trial) / 100 + 20;
        double least = 1e9;
        for (int all = 0; all < 4096; ++all) {
            descent::index bytes = 0;
            double loss = table.exact;
            for (std::size_t t = 0; t < 6; ++t) {
                bytes += table.bytes[t][std::size_t(all >> (2 * t) & 3)];
                loss += table.loss[t][std::size_t(all >> (2 * t) & 3)] - table.exact;
            }
            if (bytes <= budget)
                least = std::min(least, loss);
        }
        auto const plan = plan_precision(table, budget);
        wrong += std::fabs(plan.loss - least) > 1e-12 || plan.bytes > budget || plan.bound > least + 1e-12;
    }
    CHECK(wrong == 0);

    // As many tensors as a large network has, of any sizes: near its bound, which no plan can reach.
    precision_table table{.exact = 0, .widths = {2, 3, 4, 5, 6, 7, 8}};
    descent::index four = 0;
    for (std::uint64_t t = 0; t < 120; ++t) {
        table.tensors.push_back(text("t", t));
        table.loss.emplace_back(), table.bytes.emplace_back();
        auto const size = descent::index(1000 + draws.integer(t, 1 << 20));
        for (int bits = 2; bits <= 8; ++bits) {
            table.bytes.back().push_back(size * bits / 8);
            table.loss.back().push_back(std::exp2(-2.0 * bits) * (0.1 + draws.uniform<double>(7000 + t)));
        }
        four += size / 2;
    }
    auto const plan = plan_precision(table, four);
    CHECK(plan.bytes <= four);
    CHECK(plan.loss >= plan.bound);
    CHECK(plan.loss < 1.001 * plan.bound);
}

TEST_CASE("quantize mixed_precision: bad input") {
    toy const exact;
    toy model = exact;
    auto const told = [&](std::vector<int> const& widths, double loss = 1) {
        return message_of([&] { quantize::scan_precision(model, widths, [&](toy const&) { return loss; }); });
    };
    double const nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(told({}) == "mixed_precision: there are no widths");
    CHECK(told({1}) == "mixed_precision: 1 bits: must be in [2, 8], 16 or 32");
    CHECK(told({4, 8, 4}) == "mixed_precision: 4 bits are named twice");
    CHECK(told({4}, nan) == "mixed_precision: the loss is nan: must be finite");
    int calls = 0;
    CHECK(message_of([&] {
              quantize::scan_precision(model, {8, 2}, [&](toy const&) { return ++calls == 3 ? nan : 1; });
          }) == "mixed_precision: the loss with 'a.weight' in 2 bits is nan: must be finite");
    CHECK((model.weights["a.weight"].flat() - exact.weights["a.weight"].flat()).norm() == 0);
    precision_table table{.exact = 0,
                          .widths = {2, 8},
                          .tensors = {"x", "y"},
                          .loss = {{1, 0}, {1, 0}},
                          .bytes = {{60, 200}, {60, 300}}};
    CHECK(message_of([&] { plan_precision(table, 119); }) ==
          "mixed_precision: budget = 119 bytes: the narrowest widths need 120, 0 of them for biases, names and "
          "what "
          "else has no width");
    table.tensors[1] = "x";
    CHECK(message_of([&] { plan_precision(table, 500); }) == "mixed_precision: tensor 'x' is named twice");
    table.loss.pop_back();
    CHECK(message_of([&] { plan_precision(table, 500); }) ==
          "mixed_precision: the table has not 2 losses and bytes for each of 2 tensors");
    CHECK(message_of([&] { quantize::round_by(model, {.tensors = {"a.weight"}, .bits = {9}}); }) ==
          "mixed_precision: 9 bits: must be in [2, 8], 16 or 32");
    CHECK(message_of([&] { quantize::round_by(model, {.tensors = {"a.weight"}}); }) ==
          "mixed_precision: the plan has 0 widths for 1 tensors");
    CHECK(message_of([&] {
              quantize::round_by(model, {.tensors = {"a.weight", "b.weight", "a.weight"}, .bits = {4, 4, 2}});
          }) == "mixed_precision: tensor 'a.weight' is named twice");
    CHECK(message_of([&] {
              quantize::round_by(model, {.tensors = {"a.weight", "d"}, .bits = {4, 4}});
          }).starts_with("params: there is no tensor 'd'"));
    CHECK((model.weights["a.weight"].flat() - exact.weights["a.weight"].flat()).norm() == 0);
    toy empty;
    empty.weights = descent::params<float>{{"bias", {4}}};
    CHECK(message_of([&] { quantize::scan_precision(empty, {4}, [](toy const&) { return 1.0; }); }) ==
          "mixed_precision: the model has no tensor of two or more axes");
}
