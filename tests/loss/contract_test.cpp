// SPDX-License-Identifier: MIT
#include <descent/core/pack.hpp>
#include <descent/core/random.hpp>
#include <descent/loss.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity(),
                 not_a_number = std::numeric_limits<double>::quiet_NaN();

/// All that a loss tells of one score and target.
struct sample {
    double value, slope, curvature;
    float value_float, slope_float, curvature_float;
    bool packs_equal;  ///< packs around it, float and double, have the bits of numbers
};

/// One loss without its type, so that the tests compile once.
struct row {
    std::string name;
    std::vector<double> targets;
    std::vector<double> kinks;  ///< of the slope: residuals z - y, or margins where the targets are labels
    std::function<sample(double, double)> at;
    bool has_curvature;
    double smoothness = inf;

    bool labels() const { return targets == std::vector<double>{0, 1}; }
    double kink(double where, double y) const { return labels() ? (2 * y - 1) * where : y + where; }
    bool near_kink(double z, double y, double by) const {
        for (double const each : kinks)
            if (std::fabs(z - kink(each, y)) <= by)
                return true;
        return false;
    }
};

template <class T, class Loss>
bool packs_equal(Loss const& loss, double z_at, double y_at) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    alignas(alignment) T z[lanes], y[lanes], value[lanes], slope[lanes], curvature[lanes] = {};
    for (int i = 0; i < lanes; ++i) {
        z[i] = T(i % 2 ? -z_at : z_at) * (T(1) - T(i) / T(7));
        y[i] = T(y_at);
    }
    store(value, loss.value(load<V>(z), load<V>(y)));
    store(slope, loss.slope(load<V>(z), load<V>(y)));
    if constexpr (loss::has_curvature<Loss>)
        store(curvature, loss.curvature(load<V>(z), load<V>(y)));
    bool equal = true;
    for (int i = 0; i < lanes; ++i) {
        equal = equal && value[i] == loss.value(z[i], y[i]) && slope[i] == loss.slope(z[i], y[i]);
        if constexpr (loss::has_curvature<Loss>)
            equal = equal && curvature[i] == loss.curvature(z[i], y[i]);
    }
    return equal;
}

template <class Loss>
row row_of(std::string name, Loss const& loss, std::vector<double> targets, std::vector<double> kinks) {
    static_assert(loss::of_score<Loss>);
    auto const at = [loss](double z, double y) {
        float const x = float(z), t = float(y);
        sample told{loss.value(z, y), loss.slope(z, y), 0, loss.value(x, t), loss.slope(x, t), 0, false};
        if constexpr (loss::has_curvature<Loss>) {
            told.curvature = loss.curvature(z, y);
            told.curvature_float = loss.curvature(x, t);
        }
        told.packs_equal = packs_equal<float>(loss, z, y) && packs_equal<double>(loss, z, y);
        return told;
    };
    row made{std::move(name), std::move(targets), std::move(kinks), at, loss::has_curvature<Loss>};
    if constexpr (loss::smooth<Loss>)
        made.smoothness = loss::smoothness_of(loss);
    return made;
}

/// The list: a new loss of one score needs one row.
std::vector<row> const& rows() {
    static std::vector<double> const numbers{-2.5, 0, 0.75, 100}, counts{0, 1, 7}, labels{0, 1};
    static std::vector<row> const all{
        row_of("squared", loss::squared{}, numbers, {}),
        row_of("absolute", loss::absolute{}, numbers, {0}),
        row_of("huber", loss::huber{}, numbers, {-1, 1}),
        row_of("huber 0.3", loss::huber{.delta = 0.3}, numbers, {-0.3, 0.3}),
        row_of("quantile", loss::quantile{}, numbers, {0}),
        row_of("quantile 0.9", loss::quantile{.tau = 0.9}, numbers, {0}),
        row_of("logistic", loss::logistic{}, labels, {}),
        row_of("hinge", loss::hinge{}, labels, {1}),
        row_of("squared_hinge", loss::squared_hinge{}, labels, {1}),
        row_of("smooth_hinge", loss::smooth_hinge{}, labels, {0, 1}),
        row_of("smooth_hinge 0.2", loss::smooth_hinge{.gamma = 0.2}, labels, {0.8, 1}),
        row_of("poisson", loss::poisson{}, counts, {}),
    };
    return all;
}

/// Calls test(row, y) for each row and target.
template <class Test>
void for_each_row(Test const& test) {
    for (row const& each : rows())
        for (double const y : each.targets) {
            INFO(each.name << ", y = " << y);
            test(each, y);
        }
}

/// Scores with few bits, around the kinks, too.
std::vector<double> scores(row const& each, double y) {
    std::vector<double> all;
    for (double z = -8; z <= 8; z += 0.125)
        all.push_back(z);
    for (double const at : each.kinks)
        for (double const beside : {0.0, 1e-3, -1e-3, 0.25})
            all.push_back(each.kink(at, y) + beside);
    return all;
}

}  // namespace

TEST_CASE("loss contract: the slope is the difference of the value, the curvature that of the slope") {
    for_each_row([](row const& each, double y) {
        double const h = 1e-5;
        bool slopes = true, curvatures = true;
        for (double const z : scores(each, y)) {
            if (each.near_kink(z, y, 2 * h))
                continue;
            sample const here = each.at(z, y), above = each.at(z + h, y), below = each.at(z - h, y);
            auto const near = [&](double exact, double high, double low) {
                return std::fabs(exact - (high - low) / (2 * h)) <=
                       1e-7 * (1 + std::fabs(exact) + std::fabs(y));
            };
            slopes = slopes && near(here.slope, above.value, below.value);
            curvatures = curvatures && near(here.curvature, above.slope, below.slope);
        }
        CHECK(slopes);
        CHECK((curvatures || !each.has_curvature));
    });
}

TEST_CASE("loss contract: convex, with subgradients at the kinks") {
    for_each_row([](row const& each, double y) {
        bool convex = true;
        for (double const a : scores(each, y)) {
            sample const from = each.at(a, y);
            for (double const b : scores(each, y)) {
                double const bound = from.value + from.slope * (b - a);
                convex = convex && each.at(b, y).value >= bound - 1e-11 * (1 + std::fabs(bound));
            }
        }
        CHECK(convex);
    });
}

TEST_CASE("loss contract: smoothness is the largest curvature") {
    for_each_row([](row const& each, double y) {
        double highest = 0;
        for (double const z : scores(each, y))
            highest = std::fmax(highest, each.at(z, y).curvature);
        CHECK(highest <= each.smoothness);
        CHECK((highest == each.smoothness) == (each.smoothness < inf));
    });
}

TEST_CASE("loss contract: float is double rounded") {
    for_each_row([](row const& each, double y) {
        bool close = true;
        for (double const z : scores(each, y)) {
            sample const of_floats = each.at(double(float(z)), double(float(y)));
            double const scale = 16 * double(std::numeric_limits<float>::epsilon());
            auto const agree = [&](float f, double d) {
                return std::fabs(f - d) <= scale * (1 + std::fabs(d) + std::fabs(z) + std::fabs(y));
            };
            close = close && agree(of_floats.value_float, of_floats.value);
            if (!each.near_kink(z, y, 1e-6))
                close = close && agree(of_floats.slope_float, of_floats.slope) &&
                        agree(of_floats.curvature_float, of_floats.curvature);
        }
        CHECK(close);
    });
}

TEST_CASE("loss contract: a pack gives the bits of its numbers") {
    for_each_row([](row const& each, double y) {
        bool equal = true;
        for (double const z : scores(each, y))
            equal = equal && each.at(z, y).packs_equal;
        for (double const z : {1e-30, 20.0, 80.0, 1e3, 1e4})
            equal = equal && each.at(z, y).packs_equal;
        CHECK(equal);
    });
}

TEST_CASE("loss contract: scores of +-1e4 overflow nowhere, but for poisson's rate") {
    for_each_row([](row const& each, double y) {
        for (double const z : {-1e4, 1e4}) {
            sample const far = each.at(z, y);
            bool const rate = each.name == "poisson" && z > 0;
            CHECK((rate ? far.value == inf && far.slope == inf
                        : std::isfinite(far.value) && std::isfinite(far.slope)));
            CHECK(std::isfinite(far.value_float) == !rate);
            CHECK(std::isfinite(far.slope_float) == !rate);
            CHECK(std::isfinite(far.curvature_float) == !rate);
        }
    });
}

TEST_CASE("loss contract: NaN in, NaN out") {
    for_each_row([](row const& each, double y) {
        sample const score = each.at(not_a_number, y), target = each.at(1.5, not_a_number);
        CHECK((std::isnan(score.value) && std::isnan(score.slope)));
        CHECK((std::isnan(score.value_float) && std::isnan(score.slope_float)));
        CHECK((std::isnan(target.value) && std::isnan(target.value_float)));
        CHECK((std::isnan(target.slope) && std::isnan(target.slope_float)));
    });
}

TEST_CASE("loss contract: what settings must be") {
    CHECK(message_of([] { loss::huber{.delta = 0}.check(); }) == "huber: delta = 0: must be finite and > 0");
    CHECK(message_of([] { loss::huber{.delta = inf}.check(); }) ==
          "huber: delta = inf: must be finite and > 0");
    CHECK(message_of([] { loss::quantile{.tau = 1}.check(); }) == "quantile: tau = 1: must be in (0, 1)");
    CHECK(message_of([] { loss::quantile{.tau = not_a_number}.check(); }) ==
          "quantile: tau = nan: must be in (0, 1)");
    CHECK(message_of([] { loss::smooth_hinge{.gamma = -1}.check(); }) ==
          "smooth_hinge: gamma = -1: must be finite and > 0");
    CHECK(message_of([] {
              loss::huber{}.check();
              loss::quantile{}.check();
              loss::smooth_hinge{}.check();
          }) == "(no error)");
}
