// SPDX-License-Identifier: MIT
#include <descent/distill/student.hpp>

#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

bool near(double a, double b, double within) { return std::fabs(a - b) <= within; }

/// Three overlapping clouds.
data::dataset<double> clouds(descent::index samples, std::uint64_t seed) {
    data::dataset<double> table{matrix<double>(samples, 4), vector<double>(samples)};
    generator const draws{seed};
    for (descent::index i = 0; i < samples; ++i) {
        table.y[i] = double(i % 3);
        for (descent::index j = 0; j < 4; ++j)
            table.x(i, j) = draws.normal<double>(std::uint64_t(4 * i + j)) + 1.5 * double(j == i % 3);
    }
    return table;
}

auto net_of(descent::index hidden, std::uint64_t seed) {
    return nn::network(nn::input<double>{4}, nn::sequential{nn::dense{hidden}, nn::gelu{}, nn::dense{3}},
                       loss::softmax_cross_entropy{}, {.seed = seed});
}
using net_type = decltype(net_of(1, 0));

/// Scores that are multiples of the features; counts the rows it was asked about.
struct counting_teacher {
    descent::index* asked;
    descent::index outputs = 3;
    matrix<double> operator()(matrix<double> const& x) const {
        *asked += x.rows();
        matrix<double> z(x.rows(), outputs);
        for (descent::index c = 0; c < outputs; ++c)
            z.col(c) = 2 * x.col(c);
        return z;
    }
};

}  // namespace

TEMPLATE_TEST_CASE("distill objective: value and slopes as torch has them", "", float, double) {
    using T = TestType;
    double const within = sizeof(T) == 4 ? 1e-6 : 1e-14;
    distill::objective const to{.temperature = 3, .soft = 0.7};
    T const z[] = {T(1), T(-0.5), T(2), T(0.25)}, teacher[] = {T(0.5), T(1.5), T(3), T(-1)};
    T taught[4], slopes[4], room[4];
    to.soften(teacher, 4, taught);
    // torch 2: 0.3 cross_entropy(z, 1) + 0.7 * 9 * kl_div(log_softmax(z / 3), softmax(t / 3), reduction="sum")
    double const p[] = {0.1885682754967035, 0.2631682282602562, 0.433891055705151, 0.1143724405378892};
    double const g[] = {0.22739246339081678, -0.500609992063253, 0.048734292257369666, 0.22448323641506712};
    CHECK(near(to.value_and_slope(z, 4, taught, T(1), T(1), 1, slopes, room), 1.3322476071052636, 4 * within));
    double worst = 0;
    for (int c = 0; c < 4; ++c)
        worst = std::max({worst, std::fabs(double(taught[c]) - p[c]), std::fabs(double(slopes[c]) - g[c])});
    CHECK(worst < within);
    // Two labels: the mean of both. Labels alone: the cross entropy. Features: their mean square.
    T both[4], one[4];
    double const first = to.value_and_slope(z, 4, taught, T(1), T(1), 1, both, room),
                 second = to.value_and_slope(z, 4, taught, T(2), T(2), 1, one, room),
                 mixed = to.value_and_slope(z, 4, taught, T(1), T(2), 0.25, slopes, room);
    CHECK(near(mixed, 0.25 * first + 0.75 * second, 8 * within));
    CHECK(near(double(slopes[2]), 0.25 * double(both[2]) + 0.75 * double(one[2]), 2 * within));
    distill::objective const labels{.soft = 0, .classes = 2, .features = 0.5};
    T const say[] = {T(9), T(9), T(1), T(0.25)};
    double const value = labels.value_and_slope(z, 4, say, T(0), T(0), 1, slopes, room);
    CHECK(near(value, std::log1p(std::exp(-1.5)) + 0.5 * (1.0 + 0) / 2, 4 * within));
    CHECK(near(double(slopes[2]), 0.5, within));
    CHECK(slopes[3] == 0);
    CHECK(std::isnan(labels.value_and_slope(z, 4, say, T(5), T(5), 1, slopes, room)));
    // A teacher that is sure, a student that gives it no chance: finite.
    T const far[] = {T(-4e4), T(4e4)}, sure[] = {T(1), T(0)};
    distill::objective const hot{.temperature = 1, .soft = 1};
    CHECK(std::isfinite(hot.value_and_slope(far, 2, sure, T(0), T(0), 1, slopes, room)));
    CHECK(slopes[0] == T(-1));
}

TEST_CASE("distill student: the gradient is that of the objective, with weights and features") {
    auto table = clouds(13, 1);
    table.weights = vector<double>::LinSpaced(13, 0.5, 2);
    nn::network net{nn::input<double>{4},
                    nn::sequential{nn::dense{5}, nn::gelu{}, nn::parallel{nn::dense{2}, nn::identity{}}}};
    for (descent::index i = 0; i < 13; ++i)
        table.y[i] = double(i % 2);
    auto const wide = [&](matrix<double> const& x) {
        matrix<double> z = matrix<double>::Zero(x.rows(), 7);
        z.leftCols(3) = x.leftCols(3);
        return z;
    };
    distill::student pupil{net, {.temperature = 2, .soft = 0.6, .classes = 2, .features = 0.3}, wide};
    auto const rows = data::all_of(table);
    auto g = net.params().like();
    double const value = pupil.gradient(rows, g);
    CHECK(near(value, pupil.loss(rows), 1e-12));
    double worst = 0;
    for (auto const& entry : net.params().entries())
        for (descent::index i = entry.offset; i < entry.offset + entry.size(); ++i) {
            double& w = net.params().data()[i];
            double const at = w, step = 1e-5;
            w = at + step;
            double const above = pupil.loss(rows);
            w = at - step;
            double const below = pupil.loss(rows);
            w = at;
            worst = std::max(worst, std::fabs((above - below) / (2 * step) - g.data()[i]));
        }
    CHECK(worst < 1e-8);
}

TEST_CASE("distill student: asks once a row, learns from ensembles and itself, on every thread count") {
    auto const train = clouds(60, 2), test = clouds(30, 3);
    descent::index asked = 0;
    auto net = net_of(4, 1);
    using pupil_type = distill::student<net_type, counting_teacher, net_type>;
    auto const run = [&](net_type& of, int threads) {
        pupil_type pupil{of, {.temperature = 2, .soft = 0.8}, counting_teacher{&asked}, of};
        auto const report = fit(pupil, train, chain(adam{}, rate{1e-2}), {.epochs = 5, .batch = 16},
                                exec::openmp{.threads = threads}, validate_on{test});
        CHECK(report.status == status::finished);
        CHECK(report.history.back().validation < report.history.front().validation);
    };
    run(net, 1);
    CHECK(asked == 60 + 5 * 30);  // the rows of another table are asked about anew
    auto other = net_of(4, 1);
    run(other, 2);
    CHECK(std::equal(net.params().data(), net.params().data() + net.params().arena_size(),
                     other.params().data()));

    // The gradient toward the mean of two softened teachers is the mean of the gradients toward each.
    distill::objective const soft{.temperature = 2, .soft = 1};
    auto const first = net_of(3, 5), second = net_of(6, 6);
    auto g = net.params().like(), h = g, both = g;
    auto const rows = data::all_of(train);
    distill::student{net, soft, first}.gradient(rows, g);
    distill::student{net, soft, second}.gradient(rows, h);
    distill::student{net, soft, first, second}.gradient(rows, both);
    double worst = 0;
    for (descent::index i = 0; i < g.arena_size(); ++i)
        worst = std::max(worst, std::fabs(both.data()[i] - 0.5 * (g.data()[i] + h.data()[i])));
    CHECK(worst < 1e-14);
    // It answers as its network does.
    distill::student const pupil{net, soft, first};
    CHECK(accuracy(pupil, test) == accuracy(net, test));
    CHECK(log_loss(pupil, test) == log_loss(net, test));
    // A student that says what its teacher says has nothing to learn from it.
    distill::student{net, soft, net}.gradient(rows, g);
    CHECK(g.sum_of_squares() < 1e-28);
}

TEST_CASE("distill student: settings out of range, teachers of other shapes") {
    auto net = net_of(4, 1);
    descent::index asked = 0;
    auto const told = [&](distill::objective const& how) {
        return message_of([&] { distill::student{net, how, counting_teacher{&asked}}; });
    };
    double const nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(told({.temperature = 0}) == "distill: temperature = 0: must be > 0");
    CHECK(told({.temperature = nan}) == "distill: temperature = nan: must be > 0");
    CHECK(told({.soft = 1.5}) == "distill: soft = 1.5: must be in [0, 1]");
    CHECK(told({.features = -1}) == "distill: features = -1: must be >= 0");
    CHECK(told({.classes = 4}) == "distill: classes = 4: must be in [0, 3], the outputs");
    auto train = clouds(9, 1);
    distill::student pupil{net, {}, counting_teacher{&asked, 2}};
    CHECK(message_of([&] { pupil.prepare(train); }) ==
          "distill: teacher 0 gives 1 x 2 scores of 1 samples, the student 3 of each");
    train.y[3] = 7;
    CHECK(message_of([&] { pupil.prepare(train); }).find("network: ") == 0);
}
