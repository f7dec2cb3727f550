// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <descent/search/detail/jacobi.hpp>
#include <descent/search/detail/variation.hpp>

namespace descent::search {

/// Covariance matrix adaptation (Hansen & Ostermeier, 2001; constants of Hansen's tutorial, 2016): trials are
/// drawn from a normal distribution; when all `population` of a generation have ended, its mean moves to the
/// better half, and width and covariance follow the path it takes. Trials asked for before the generation has
/// ended are drawn from the same distribution. Failed trials count as the worst. Categories, which have no
/// distance, are those of one of the better half, or drawn anew with chance 0.1.
struct cma_es {
    std::uint64_t seed = 0;
    std::int64_t population = 0;  ///< 0: 4 + floor(3 log(variables))
    double width = 0.2;           ///< the first deviation, of the range

    // What it has learned, its own.
    std::int64_t generation = 0;
    double sigma = 0;
    std::vector<double> mean = {}, covariance = {}, path = {}, sigma_path = {}, values = {}, vectors = {};
    std::vector<std::vector<double>> better = {};

    void check() const {
        expect(population == 0 || population >= 4, "cma_es: population = ", population, ": must be 0 or >= 4");
        expect(width > 0, "cma_es: width = ", width, ": must be > 0");
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) {
        search::space const& space = past.space;
        auto const d = std::size_t(space.size());
        auto const size =
            population > 0 ? population : 4 + std::int64_t(3 * std::log(double(std::max<std::size_t>(d, 1))));
        if (mean.size() != d || generation * size > std::int64_t(past.records.size()))
            begin(d);
        for (; (generation + 1) * size <= std::int64_t(past.records.size()); ++generation) {
            std::vector<record const*> members;
            for (std::int64_t i = generation * size; i < (generation + 1) * size; ++i)
                members.push_back(&past.records[std::size_t(i)]);
            if (std::any_of(members.begin(), members.end(), [](record const* r) {
                    return r->state == trial_state::running || r->state == trial_state::waiting;
                }))
                break;
            learn(past, members);
        }
        detail::until_allowed(space, to, [&](int attempt) {
            auto draws = detail::draws_of(seed, 0xc3ae5u, number, attempt);
            std::vector<double> at(d);
            bool inside = false;
            for (int tries = 0; tries < 100 && !inside; ++tries) {
                at = mean;
                for (std::size_t j = 0; j < d; ++j) {
                    double const z = sigma * std::sqrt(values[j]) * draws.normal();
                    for (std::size_t i = 0; i < d; ++i)
                        at[i] += z * vectors[i * d + j];
                }
                inside = std::all_of(at.begin(), at.end(), [](double v) { return v >= 0 && v <= 1; });
            }
            for (index k = 0; k < space.size(); ++k) {
                auto const i = std::size_t(k);
                to[i] = std::min(std::max(at[i], 0.0), 1.0);
                if (space[k].nominal()) {
                    double const u = draws.uniform(), v = draws.uniform();
                    auto const from = std::size_t(draws.integer(std::max<std::size_t>(better.size(), 1)));
                    to[i] = better.empty() || u < 0.1 ? detail::coordinate_of(space[k], v) : better[from][i];
                }
            }
        });
    }

private:
    void begin(std::size_t d) {
        generation = 0;
        sigma = width;
        mean.assign(d, 0.5);
        path.assign(d, 0);
        sigma_path.assign(d, 0);
        covariance.assign(d * d, 0);
        for (std::size_t i = 0; i < d; ++i)
            covariance[i * d + i] = 1;
        values.assign(d, 1);
        vectors = covariance;
        better.clear();
    }

    void learn(history const& past, std::vector<record const*> members) {
        std::size_t const d = mean.size(), half = members.size() / 2;
        double const n = double(d);
        auto const cost = [&](record const* r) {
            double const loss = past.loss(*r);
            return loss == loss ? loss : HUGE_VAL;
        };
        std::stable_sort(members.begin(), members.end(),
                         [&](record const* a, record const* b) { return cost(a) < cost(b); });
        std::vector<double> weights;
        double total = 0, squares = 0;
        for (std::size_t i = 0; i < half; ++i) {
            weights.push_back(std::log((double(members.size()) + 1) / 2) - std::log(double(i) + 1));
            total += weights.back();
        }
        for (double& w : weights) {
            w /= total;
            squares += w * w;
        }
        double const mass = 1 / squares;
        double const c_sigma = (mass + 2) / (n + mass + 5),
                     damping = 1 + 2 * std::max(0.0, std::sqrt((mass - 1) / (n + 1)) - 1) + c_sigma,
                     c_path = (4 + mass / n) / (n + 4 + 2 * mass / n),
                     c_one = 2 / ((n + 1.3) * (n + 1.3) + mass),
                     c_many = std::min(1 - c_one, 2 * (mass - 2 + 1 / mass) / ((n + 2) * (n + 2) + mass)),
                     expected = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
        // Steps y = (x - mean) / sigma of the better half, and their mean.
        std::vector<std::vector<double>> steps(half, std::vector<double>(d));
        std::vector<double> step(d, 0);
        better.clear();
        for (std::size_t m = 0; m < half; ++m) {
            std::vector<double> whole;
            for (std::size_t i = 0; i < d; ++i) {
                bool const nominal = past.space[index(i)].nominal();
                double const at = history::coordinate(*members[m], index(i), nominal ? 0 : mean[i]);
                whole.push_back(at);
                steps[m][i] = nominal ? 0 : (at - mean[i]) / sigma;
                step[i] += weights[m] * steps[m][i];
            }
            better.push_back(std::move(whole));
        }
        // C^(-1/2) step.
        std::vector<double> white(d, 0);
        for (std::size_t j = 0; j < d; ++j) {
            double along = 0;
            for (std::size_t i = 0; i < d; ++i)
                along += vectors[i * d + j] * step[i];
            along /= std::sqrt(values[j]);
            for (std::size_t i = 0; i < d; ++i)
                white[i] += vectors[i * d + j] * along;
        }
        double length = 0;
        for (std::size_t i = 0; i < d; ++i) {
            mean[i] += sigma * step[i];
            sigma_path[i] =
                (1 - c_sigma) * sigma_path[i] + std::sqrt(c_sigma * (2 - c_sigma) * mass) * white[i];
            length += sigma_path[i] * sigma_path[i];
        }
        length = std::sqrt(length);
        double const fresh = 1 - std::pow(1 - c_sigma, 2 * double(generation + 1));
        bool const slow = length / std::sqrt(fresh) < (1.4 + 2 / (n + 1)) * expected;
        for (std::size_t i = 0; i < d; ++i)
            path[i] = (1 - c_path) * path[i] + (slow ? std::sqrt(c_path * (2 - c_path) * mass) * step[i] : 0.0);
        double const lost = slow ? 0 : c_one * c_path * (2 - c_path);
        for (std::size_t i = 0; i < d; ++i)
            for (std::size_t j = 0; j < d; ++j) {
                double many = 0;
                for (std::size_t m = 0; m < half; ++m)
                    many += weights[m] * steps[m][i] * steps[m][j];
                double& c = covariance[i * d + j];
                c = (1 - c_one - c_many + lost) * c + c_one * path[i] * path[j] + c_many * many;
            }
        sigma = std::min(1.0, sigma * std::exp(std::min(1.0, c_sigma / damping * (length / expected - 1))));
        detail::symmetric_eigen(covariance, d, values, vectors);
        for (double& v : values)
            v = std::max(v, 1e-14);
    }
};
static_assert(sampler<cma_es>);

}  // namespace descent::search
