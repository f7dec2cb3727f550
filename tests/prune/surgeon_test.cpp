// SPDX-License-Identifier: MIT
#include <descent/prune/magnitude.hpp>
#include <descent/prune/sparsity.hpp>
#include <descent/prune/surgeon.hpp>

#include <descent/core/random.hpp>

#include <cmath>
#include <string>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Sums of products of columns, as quantize::input_moments has them.
struct moments {
    matrix<double> h;
    descent::index seen = 1;
    double at(descent::index i, descent::index j) const { return h(i, j); }
    descent::index columns() const { return h.rows(); }
    descent::index count() const { return seen; }
};

/// Samples whose features are mixtures of few.
matrix<double> mixed(descent::index samples, descent::index features) {
    generator const draws{9};
    matrix<double> few(samples, 5), mix(5, features), own(samples, features);
    std::uint64_t i = 0;
    for (auto* m : {&few, &mix, &own})
        for (descent::index k = 0; k < m->size(); ++k)
            m->data()[k] = draws.normal<double>(i++);
    return few * mix + 0.3 * own;
}

}  // namespace

TEMPLATE_TEST_CASE("prune surgeon: what goes is made up for", "", float, double) {
    using T = TestType;
    // By hand: w = (1, 1), H = (1, c; c, 4). The first goes (1 / [H^-1] = det / 4 < det), and the second
    // becomes the least squares fit 1 + c / 4.
    double const c = 1.2;
    params<T> pair{{"w", {1, 2}}};
    pair.data()[0] = pair.data()[1] = T(1);
    moments const both{matrix<double>{{1, c}, {c, 4}}};
    prune::surgeon{.sparsity = 0.5, .damping = 1e-12}(pair, "w", both);
    CHECK(pair.data()[0] == 0);
    CHECK(std::fabs(double(pair.data()[1]) - (1 + c / 4)) < 1e-6);

    // Without correlations it is the magnitude, and what is kept stays.
    params<T> w{{"w", {6, 4, 1, 2}}, {"b", {6}}};
    generator const draws{2};
    for (descent::index i = 0; i < 48; ++i)
        w.data()[i] = draws.normal<T>(std::uint64_t(i));
    auto plain = w, same = w;
    prune::magnitude{.sparsity = 0.5, .on = {.tensors = "w"}}(plain);
    prune::surgeon{.sparsity = 0.5}(same, "w", moments{matrix<double>::Identity(8, 8)});
    CHECK(plain.mask("w") == same.mask("w"));
    CHECK((plain["w"].flat() - same["w"].flat()).norm() < T(1e-6));

    // With them the outputs stay nearer, whatever the unit; masked weights stay masked.
    matrix<double> const x = mixed(200, 8);
    moments const inputs{x.transpose() * x};
    auto const error = [&](params<T> const& now) {
        return (x * (now["w"].matrix() - w["w"].matrix()).template cast<double>().transpose()).norm();
    };
    for (auto const unit : {prune::each_weight, prune::n_of_m(2, 4)}) {
        bool const pattern = unit.of == prune::granularity::kind::n_of_m;
        auto by_size = w, by_loss = w;
        prune::magnitude{.sparsity = pattern ? 0 : 0.5, .on = {.unit = unit, .tensors = "w"}}(by_size);
        prune::surgeon{.sparsity = pattern ? 0 : 0.5, .on = {.unit = unit}}(by_loss, "w", inputs);
        CHECK(prune::sparsity(by_loss) == 0.5);
        CHECK(error(by_loss) < 0.9 * error(by_size));
        auto const keep = by_loss.mask("w");
        bool zero = true;
        for (std::size_t i = 0; i < 48; ++i)
            zero = zero && (keep[i] || by_loss.data()[i] == 0);
        CHECK(zero);
    }
}

TEST_CASE("prune surgeon: refused are other moments and settings out of range") {
    params<float> w{{"w", {2, 3}}};
    w.data()[0] = 1;
    auto const told = [&](prune::surgeon const& by, moments const& inputs) {
        auto const text = message_of([&] { by(w, "w", inputs); });
        CHECK(!w.masked());
        CHECK(w.data()[0] == 1);
        return text;
    };
    moments const good{matrix<double>::Identity(3, 3)};
    CHECK(told({}, {matrix<double>::Identity(2, 2)}) == "prune::surgeon: inputs of 2 columns, 'w' has 3");
    CHECK(told({}, {matrix<double>::Identity(3, 3), 0}) == "prune::surgeon: no inputs were seen");
    CHECK(told({.damping = 0}, good) == "prune::surgeon: damping = 0: must be > 0");
    CHECK(told({.sparsity = 1}, good) == "prune: sparsity = 1: must be in [0, 1)");
    CHECK(told({}, {matrix<double>{{1, 9, 0}, {9, 1, 0}, {0, 0, 1}}}) ==
          "prune::surgeon: the inputs' moments are not positive: column 0");
}
