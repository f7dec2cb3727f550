// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/search/study.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using search::covariance;

namespace {

constexpr double pi = 3.14159265358979323846;

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * (1 + std::abs(b)); }

struct rows {
    std::vector<double> x, y;
};
rows waves(int n, int d) {
    generator const draws{3, 1};
    rows r;
    for (int i = 0; i < n; ++i) {
        double value = 0;
        for (int k = 0; k < d; ++k) {
            r.x.push_back(draws.uniform<double>(std::uint64_t(i * d + k)));
            value += std::sin((k + 2) * r.x.back());
        }
        r.y.push_back(value);
    }
    return r;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

TEST_CASE("search gp_regression: predictions and likelihood are scikit-learn's") {
    std::vector<double> const x{.1, .2, .4, .9, .7, .3, .9, .8, .5, .5}, y{1, -2, .5, 3, .25}, at{.3, .6};
    struct expected {
        covariance kernel;
        double mean, variance, base, process, likelihood;
    };
    for (expected const e : {expected{covariance::matern52, -0.739032044199918, 0.729771088684836,
                                      0.689500123127401, 7.13920300241025, -10.4886367091645},
                             expected{covariance::rbf, -0.794594794570046, 0.377703919432322,
                                      -0.0696119687242039, 13.1236250662581, -11.2364738756211}}) {
        search::gp_regression gp({0, 0});
        gp.kernel = e.kernel;
        gp.log_scale = {std::log(.4), std::log(.8)};
        gp.log_noise = std::log(1e-3);
        gp.belief.log_scale_deviation = gp.belief.log_noise_deviation = 1e9;
        gp.set(x.data(), y.data(), 5);
        gp.condition();
        auto const p = gp.predict(at.data());
        CHECK(close(p.mean, e.mean, 1e-12));
        CHECK(close(p.variance, e.variance, 1e-11));
        CHECK(close(gp.mean(), e.base, 1e-12));
        CHECK(close(gp.variance(), e.process, 1e-12));
        CHECK(close(-gp.cost() - 2.5 * (1 + std::log(2 * pi)), e.likelihood, 1e-9));
        CHECK(close(gp.predict_mean(at.data()), e.mean, 1e-12));
    }
}

TEST_CASE("search gp_regression: slopes, added points and fitted scales") {
    for (int n : {3, 17, 70})
        for (covariance kernel : {covariance::matern52, covariance::rbf}) {
            rows const r = waves(n, 3);
            search::gp_regression gp({0, 0, 1});
            gp.kernel = kernel;
            gp.set(r.x.data(), r.y.data(), n);
            gp.condition();
            double const before = gp.cost();
            gp.fit();
            CHECK(gp.cost() <= before);
            // No scale nor the noise can be moved to something likelier.
            double const best = gp.cost();
            for (std::size_t k = 0; k < 3; ++k)
                for (double const h : {-0.2, 0.2}) {
                    search::gp_regression other = gp;
                    other.log_scale[k] += h;
                    other.condition();
                    CHECK(other.cost() > best - 1e-3);
                }
            std::vector<double> at{.3, .7, r.x[2]}, mean(3), variance(3);
            gp.predict(at.data(), mean.data(), variance.data());
            CHECK((mean[2] == 0 && variance[2] == 0));
            for (std::size_t k = 0; k < 2; ++k) {
                double const h = 1e-5, was = at[k];
                at[k] = was + h;
                auto const right = gp.predict(at.data());
                at[k] = was - h;
                auto const left = gp.predict(at.data());
                at[k] = was;
                CHECK(close(mean[k], (right.mean - left.mean) / (2 * h), 1e-5));
                CHECK(close(variance[k], (right.variance - left.variance) / (2 * h), 1e-5));
            }
            search::gp_regression grown = gp, whole = gp;
            grown.set(r.x.data(), r.y.data(), 2);
            grown.condition();
            for (int i = 2; i < n; ++i)
                grown.add(r.x.data() + 3 * i, r.y[std::size_t(i)]);
            whole.condition();
            CHECK(close(grown.predict(at.data()).mean, whole.predict(at.data()).mean, 1e-6));
            std::vector<double> twice = r.y;
            for (double& v : twice)
                v = 2 * v + 1;
            double const mean_before = grown.predict_mean(at.data());
            grown.set_values(twice);
            CHECK(close(grown.predict_mean(at.data()), 2 * mean_before + 1, 1e-9));
        }
    CHECK(message_of([] { search::gp_regression gp(std::vector<char>{}); }) ==
          "gp_regression: variables = 0: must be > 0");
}

TEST_CASE("search gp_regression: equal points with unequal values are noise") {
    std::vector<double> const x{.5, .5, .5, .5, .2, .2}, y{1, 2, 1, 2, 5, 6};
    search::gp_regression gp({0});
    gp.set(x.data(), y.data(), 6);
    gp.fit();
    CHECK(std::abs(gp.predict(&x[0]).mean - 1.5) < 0.3);
    CHECK(gp.log_noise > -8);
}

TEST_CASE("search gaussian_process: logarithms of improvement and probability from 50 digits") {
    double const table[][5] = {
        {-40, -808.29856835661996, 40.049906657648518, -804.60844201375379, 40.024968847207264},
        {-6.5, -25.853424209777893, 6.7888035244073279, -23.938149495161839, 6.6473013611904907},
        {-1, -2.4851210257126413, 1.9042712333296918, -1.8410216450092635, 1.5251352761609812},
        {0, -0.91893853320467274, 1.2533141373155003, -0.69314718055994531, 0.79788456080286536},
        {2, 0.69738354578822831, 0.48655931878528387, -0.023012909328963488, 0.055247862678989959}};
    for (auto const& row : table) {
        auto const i = search::detail::log_expected(row[0]), p = search::detail::log_probability(row[0]);
        CHECK((close(i.value, row[1], 1e-10) && close(i.slope, row[2], 1e-9)));
        CHECK((close(p.value, row[3], 1e-10) && close(p.slope, row[4], 1e-9)));
    }
    CHECK(std::isfinite(search::detail::log_expected(-1e10).value));
}

TEST_CASE("search gaussian_process: Branin within 1e-3 by 25 trials, and a rising scale's bowl") {
    auto const branin = [](search::trial& t) {
        double const a = t["a"], b = t["b"], q = b - 5.1 / (4 * pi * pi) * a * a + 5 / pi * a - 6;
        return q * q + 10 * (1 - 1 / (8 * pi)) * std::cos(a) + 10;
    };
    search::space space;
    space.add("a", search::uniform(-5, 10)).add("b", search::uniform(0, 15));
    auto const found = [&](search::gaussian_process sampler, int trials) {
        std::vector<double> best;
        for (sampler.seed = 0; sampler.seed < 9; ++sampler.seed)
            best.push_back(search::study{space, sampler}.minimize({.trials = trials}, branin).value);
        return median(best);
    };
    CHECK(found({}, 25) < 0.397887 + 1e-3);
    CHECK(found({.acquire = search::acquisition::bound}, 40) < 0.397887 + 1e-2);
    CHECK(found({.acquire = search::acquisition::probability}, 40) < 0.397887 + 5e-2);
    // Maximizing the negative is the same search.
    search::study down{space, search::gaussian_process{}}, up{space, search::gaussian_process{}};
    double const low = down.minimize({.trials = 15}, branin).value;
    CHECK(up.maximize({.trials = 15}, [&](search::trial& t) { return -branin(t); }).value == -low);
}

TEST_CASE("search gaussian_process: whole numbers, categories, conditions, failures and batches") {
    search::space space;
    space.add("n", search::integer(0, 40))
        .add("kind", search::categorical({"a", "b", "c", "d"}))
        .add("x", search::log_uniform(1e-3, 1e3))
        .require([](search::setting const& s) { return s["n"] + std::log10(s["x"]) <= 38; });
    auto const f = [](search::trial& t) {
        CHECK(t["n"] + std::log10(t["x"]) <= 38);
        if (t["n"] < 4)
            return double(NAN);
        return std::abs(t["n"] - 29) / 10 + (t.label("kind") == "c" ? 0 : 1) +
               std::pow(std::log10(t["x"]) - 1, 2);
    };
    for (std::uint64_t seed : {1u, 2u, 3u}) {
        search::study one{space, search::gaussian_process{.seed = seed}};
        auto const best = one.minimize({.trials = 45}, f);
        CHECK((best["n"] == 29 && best.label("kind") == "c" && best.value < 1e-2));
        search::study four{space, search::gaussian_process{.seed = seed}};
        CHECK(four.minimize({.trials = 60, .parallel = 2, .batch = 4}, f).value < 0.1);
    }
    // All of a small space is seen before anything twice.
    search::space small;
    small.add("n", search::integer(0, 5)).add("kind", search::categorical({"a", "b"}));
    search::study study{small, search::gaussian_process{.initial = 3}};
    study.minimize({.trials = 12}, [](search::trial& t) { return std::abs(t["n"] - 2); });
    std::vector<std::vector<double>> seen;
    for (auto const& r : study.records())
        seen.push_back(r.chosen);
    std::sort(seen.begin(), seen.end());
    CHECK(std::unique(seen.begin(), seen.end()) - seen.begin() >= 11);  // the first three may meet
    // A constant objective and infinite values leave it at work.
    search::study flat{search::gaussian_process{}};
    flat.minimize({.trials = 20}, [](search::trial& t) { return t.uniform("x", 0, 1) > 0.5 ? INFINITY : 1.0; });
    CHECK(flat.best().value == 1);
}
