// SPDX-License-Identifier: MIT
#include <descent/prune/batch_norm_scale.hpp>
#include <descent/prune/fisher.hpp>
#include <descent/prune/gradient.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/movement.hpp>
#include <descent/prune/rewind.hpp>
#include <descent/prune/sensitivity.hpp>
#include <descent/prune/sparsity.hpp>
#include <descent/prune/taylor.hpp>

#include <descent/data/dataset.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/keep_zeros.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/minimize.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// One output w x under half the square of w x - y: the gradient of a batch is the mean of (w x - y) x. Counts
/// its steps and keeps a state, as networks do.
struct line {
    using scalar = double;
    descent::params<double> w{{"weight", {1, 4}}}, memory{{"running", {1}}};
    std::uint64_t done = 0;

    descent::params<double>& params() { return w; }
    descent::params<double> const& params() const { return w; }
    descent::params<double>& state() { return memory; }
    std::uint64_t& steps() { return done; }
    template <class Table>
    void check(Table const& table) const {
        expect(table.features() == 4, "line: 4 features");
    }
    template <class Executor>
    double gradient(data::batch<double> const& rows, descent::params<double>& g, Executor const&) {
        ++done;
        memory.data()[0] += 1;
        g.set_zero();
        for (descent::index i = 0; i < rows.count; ++i) {
            double away = -rows.target(i);
            for (int j = 0; j < 4; ++j)
                away += w.data()[j] * rows.row(i)[j];
            for (int j = 0; j < 4; ++j)
                g.data()[j] += away * rows.row(i)[j] / double(rows.count);
        }
        return 0;
    }
};

std::string kept(params<double> const& p, std::string const& name) {
    std::string bits;
    for (bool const keep : p.mask(name))
        bits += keep ? '1' : '0';
    return bits;
}

}  // namespace

TEST_CASE("prune criteria: taylor, fisher and gradient by hand, and nothing but masks is left behind") {
    line model;
    for (int j = 0; j < 4; ++j)
        model.w.data()[j] = j + 1;
    // w x = 11 and 5, y = 10 and 9: off by 1 and -4.
    data::dataset<double> table{matrix<double>{{0, 4, 1, 0}, {1, 2, 0, 0}}, vector<double>{{10, 9}}};
    auto const says = [&](auto const& score, std::vector<double> const& expected) {
        double worst = 0;
        for (std::size_t j = 0; j < 4; ++j)
            worst = std::max(worst, std::fabs(score.data()[j] - expected[j]));
        return worst < 1e-14;
    };
    // Gradients of single samples: (0, 4, 1, 0) and (-4, -8, 0, 0); of both: (-2, -2, 0.5, 0).
    CHECK(says(prune::gradient{.batch = 1}.scores(model, table), {2, 6, 0.5, 0}));
    CHECK(says(prune::gradient{}.scores(model, table), {2, 2, 0.5, 0}));
    CHECK(says(prune::taylor{.batch = 1}.scores(model, table), {2, 12, 1.5, 0}));
    CHECK(says(prune::taylor{}.scores(model, table), {2, 4, 1.5, 0}));
    CHECK(says(prune::fisher{}.scores(model, table), {4, 80, 2.25, 0}));
    CHECK(says(prune::fisher{.samples = 1}.scores(model, table), {0, 32, 4.5, 0}));
    CHECK(model.done == 0);
    CHECK(model.memory.data()[0] == 0);
    prune::taylor{.sparsity = 0.5}(model, table);
    CHECK(kept(model.w, "weight") == "1100");
    CHECK(message_of([&] { prune::fisher{.sparsity = 1}(model, table); }) ==
          "prune: sparsity = 1: must be in [0, 1)");
    CHECK(message_of([&] { prune::taylor{.batch = 0}(model, table); }) ==
          "prune::taylor: batch = 0: must be >= 1");
    CHECK(message_of([&] { prune::gradient{.samples = 0}(model, table); }) ==
          "prune::gradient: samples = 0: must be >= 1");
    data::dataset<double> const nobody{matrix<double>(0, 4), vector<double>()};
    CHECK(message_of([&] { prune::gradient{}(model, nobody); }) == "prune::gradient: there are no samples");
}

TEST_CASE("prune movement: what training moves to 0 goes, at the end or on the way") {
    // Plain steps toward (0, 3, -8, 6) from (4, 2, -4, 1): the first moves in, the others out.
    auto const bowl = [](params<double> const& x, params<double>& g) {
        double const to[] = {0, 3, -8, 6};
        double sum = 0;
        for (int i = 0; i < 4; ++i) {
            g.data()[i] = x.data()[i] - to[i];
            sum += 0.5 * g.data()[i] * g.data()[i];
        }
        return sum;
    };
    params<double> start{{"w", {2, 2}}};
    double const from[] = {4, 2, -4, 1};
    std::copy(from, from + 4, start.data());
    auto const recipe = chain(sgd{}, rate{0.5}, keep_zeros{});
    params<double> x = start;
    prune::movement<double> moved{.sparsity = 0.5};
    CHECK(message_of([&] { moved(x); }) == "prune::movement: no fit was watched");
    minimize(bowl, x, recipe, {.epochs = 1}, moved);
    CHECK(moved.sum.data()[0] == 4 * -2);
    CHECK(moved.sum.data()[1] == 2 * 0.5);
    CHECK(moved.sum.data()[2] == -4 * -2);
    CHECK(moved.sum.data()[3] == 1 * 2.5);
    prune::movement<double> again = moved;
    again.sum = {};
    again.recall(moved.memory());
    moved(x);
    CHECK(kept(x, "w") == "0011");
    // Resumed, the sums go on.
    params<double> y = x;
    minimize(bowl, y, recipe, {.epochs = 0}, again);
    CHECK(again.sum.data()[2] == 8);

    x = start;
    minimize(bowl, x, recipe, {.epochs = 6},
             prune::gradual{x, prune::movement<double>{.sparsity = 0.5}, {.last = 4, .every = 2}});
    CHECK(kept(x, "w") == "0011");
    CHECK(x.data()[0] == 0);
}

TEST_CASE("prune rewind: kept weights go back, rounds take equal shares of what is left") {
    params<double> x{{"w", {10, 10}}, {"b", {3}}};
    for (int i = 0; i < 100; ++i)
        x.data()[i] = i + 1;
    auto const early = [&] {
        auto e = x;
        for (descent::index i = 0; i < e.arena_size(); ++i)
            e.data()[i] *= 0.5;
        return e;
    }();
    std::vector<double> shares;
    double first = 0;
    prune::iterative(x, prune::magnitude{.sparsity = 0.75}, 2, early, [&] {
        shares.push_back(prune::sparsity(x));
        first = x["w"].flat().sum();
    });
    CHECK(shares == std::vector<double>{0.5, 0.75});
    CHECK(first == (76 + 100) * 25 / 2 * 0.5);
    CHECK(message_of([&] { prune::iterative(x, prune::magnitude{}, 0, early, [] {}); }) ==
          "prune::iterative: rounds = 0: must be >= 1");
    CHECK(message_of([&] { prune::iterative(x, prune::magnitude{.sparsity = 2}, 1, early, [] {}); }) ==
          "prune: sparsity = 2: must be in [0, 1)");
    CHECK(message_of([&] {
              prune::rewind(x, params<double>{{"w", {1}}});
          }) == "prune::rewind: 1 tensors given, 2 expected: tensor 1, 'b', is missing");
}

TEST_CASE("prune sensitivity: one tensor at a time, and all is put back") {
    params<double> x{{"a", {2, 2}}, {"b", {2, 2}}, {"bias", {2}}};
    for (descent::index i = 0; i < x.arena_size(); ++i)
        x.data()[i] = double(i % 8 < 4 ? i % 8 + 1 : 0);
    x.set_mask("b", {true, true, true, false});
    auto const before = x;
    auto const sum = [](params<double> const& p) { return p["a"].flat().sum() + p["b"].flat().sum(); };
    auto const told = prune::scan_sensitivity(x, prune::magnitude{}, {0.25, 0.5}, sum);
    CHECK(told.dense == 16);
    CHECK(told.tensors == std::vector<std::string>{"a", "b"});
    CHECK(told.metric == std::vector<std::vector<double>>{{15, 13}, {16, 15}});
    CHECK(told.picture("sum").svg().find(">b<") != std::string::npos);
    CHECK(message_of([&] { prune::scan_sensitivity(x, prune::magnitude{}, {1}, sum); }) ==
          "prune: sparsity = 1: must be in [0, 1)");
    CHECK(std::equal(x.data(), x.data() + x.arena_size(), before.data()));
    CHECK(kept(x, "b") == "1110");
}

TEST_CASE("prune batch_norm_scale: scales and shifts of channels over all norms") {
    struct norms {
        descent::params<double> w{{"conv.weight", {3, 1}}, {"bn1.weight", {3}}, {"bn1.bias", {3}},
                                  {"n.bn2.weight", {2}},   {"n.bn2.bias", {2}}, {"ln.weight", {2}}};
        descent::params<double> s{{"bn1.running_mean", {3}}, {"n.bn2.running_mean", {2}}};
        descent::params<double>& params() { return w; }
        descent::params<double>& state() { return s; }
    } net;
    net.w["bn1.weight"].flat() << 0.1, -0.9, 0.4;
    net.w["n.bn2.weight"].flat() << -0.05, 0.6;
    net.w["bn1.bias"].flat().setOnes();
    prune::batch_norm_scale{.sparsity = 0.6}(net);
    CHECK(kept(net.w, "bn1.weight") == "010");
    CHECK(kept(net.w, "bn1.bias") == "010");
    CHECK(net.w["bn1.bias"].flat().sum() == 1);
    CHECK(kept(net.w, "n.bn2.bias") == "01");
    CHECK(kept(net.w, "ln.weight") == "11");
    CHECK(message_of([&] { prune::batch_norm_scale{.sparsity = 0.5, .on = {.tensors = "ln.weight"}}(net); }) ==
          "prune: 'ln.weight' matches no such tensor, only 'conv.weight', 'bn1.weight', 'bn1.bias', "
          "'n.bn2.weight', 'n.bn2.bias', 'ln.weight' are there");
    CHECK(message_of([&] { prune::batch_norm_scale{.sparsity = 0.8}(net); }) ==
          "prune: sparsity = 0.8: nothing would be left of 'n.bn2.weight' [2]: scope::tensor or a limit < 1 "
          "leaves something of each");
}
