// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/exec/serial.hpp>
#include <descent/search/detail/improvement.hpp>

namespace descent::search {

/// How bootstrap makes an interval.
struct bootstrap_options {
    double confidence = 0.95;
    int resamples = 9999;
    std::uint64_t seed = 0;
};

/// A statistic and what a bootstrap tells of it.
struct interval {
    double value = 0;  ///< of the sample itself
    double low = 0, high = 0;
    double error = 0;  ///< the deviation over the resamples: the standard error
};

namespace detail {

/// The z that a standard normal stays below with this probability.
inline double normal_quantile(double p) {
    if (!(p > 0 && p < 1))
        return p == 0 ? -HUGE_VAL : p == 1 ? HUGE_VAL : p * NAN;
    double low = -40, high = 40;
    for (;;) {
        double const middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return middle;
        (normal_below(middle) < p ? low : high) = middle;
    }
}

/// The percentile of sorted numbers, interpolated between neighbours.
inline double percentile(std::vector<double> const& sorted, double share) {
    double const at = std::min(std::max(share, 0.0), 1.0) * double(sorted.size() - 1);
    auto const below = std::size_t(at);
    double const next = sorted[std::min(below + 1, sorted.size() - 1)];
    return sorted[below] + (at - double(below)) * (next - sorted[below]);
}

inline constexpr std::uint32_t bootstrap_stream = 0x626f6f74;  // "boot"

inline void draw_rows(std::uint64_t seed, index resample, std::vector<index>& rows) {
    auto const n = std::uint64_t(rows.size());
    generator const draws{seed, bootstrap_stream};
    for (std::uint64_t i = 0; i < n; ++i)
        rows[std::size_t(i)] = index(draws.integer(std::uint64_t(resample) * n + i, n));
}

/// The statistic of each resample, sorted, and of the sample.
template <class Statistic, class Executor>
std::vector<double> resample(index samples, Statistic const& statistic, bootstrap_options const& options,
                             interval& found, Executor const& executor) {
    expect(samples >= 2, "bootstrap: samples = ", samples, ": must be >= 2");
    expect(options.confidence > 0 && options.confidence < 1, "bootstrap: confidence = ", options.confidence,
           ": must be in (0, 1)");
    expect(options.resamples >= 2, "bootstrap: resamples = ", options.resamples, ": must be >= 2");
    std::vector<index> all(static_cast<std::size_t>(samples));
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = index(i);
    found.value = statistic(static_cast<std::vector<index> const&>(all));
    expect(found.value == found.value, "bootstrap: the statistic of the sample is not a number");
    std::vector<double> values(static_cast<std::size_t>(options.resamples));
    constexpr index chunk = 64;
    executor.for_each((index(values.size()) + chunk - 1) / chunk, [&](index task) {
        std::vector<index> rows(static_cast<std::size_t>(samples));
        for (index r = task * chunk; r < std::min(index(values.size()), (task + 1) * chunk); ++r) {
            draw_rows(options.seed, r, rows);
            values[std::size_t(r)] = statistic(static_cast<std::vector<index> const&>(rows));
        }
    });
    double mean = 0, squares = 0;
    for (double const v : values) {
        expect(v == v, "bootstrap: the statistic of a resample is not a number");
        mean += v;
    }
    mean /= double(values.size());
    for (double const v : values)
        squares += (v - mean) * (v - mean);
    found.error = std::sqrt(squares / double(values.size() - 1));
    std::sort(values.begin(), values.end());
    return values;
}

}  // namespace detail

/// The percentile interval (Efron, 1979): the middle of what the statistic is on resamples with replacement.
/// statistic(std::vector<index> const& rows) gives the number of those rows of whatever it judges; it must be
/// safe to call from several threads where the executor has them. Throws descent::error for options out of
/// range, fewer than two samples, and a statistic that is not a number.
///
///     auto const [value, low, high, error] = search::percentile_interval(test.samples(),
///         [&](std::vector<index> const& rows) { return share of rows that are right; });
template <class Statistic, class Executor = exec::serial>
interval percentile_interval(index samples, Statistic const& statistic, bootstrap_options const& options = {},
                             Executor const& executor = {}) {
    interval found;
    auto const values = detail::resample(samples, statistic, options, found, executor);
    double const tail = (1 - options.confidence) / 2;
    found.low = detail::percentile(values, tail);
    found.high = detail::percentile(values, 1 - tail);
    return found;
}

/// The bias-corrected and accelerated interval (Efron, 1987): percentiles moved by how often the resamples lie
/// below the sample's value, and by the skewness of what the statistic is without one row each. Second-order
/// exact, and right for skewed statistics, where the percentile interval leans to one side. As
/// scipy.stats.bootstrap(method="BCa"). A statistic that no resample changes has the interval [value, value].
/// Throws descent::error as percentile_interval, and where the statistic without a row is not finite.
template <class Statistic, class Executor = exec::serial>
interval bca_interval(index samples, Statistic const& statistic, bootstrap_options const& options = {},
                      Executor const& executor = {}) {
    interval found;
    auto const values = detail::resample(samples, statistic, options, found, executor);
    if (values.front() == values.back() && values.front() == found.value) {
        found.low = found.high = found.value;
        return found;
    }
    auto const below = std::lower_bound(values.begin(), values.end(), found.value) - values.begin();
    auto const upto = std::upper_bound(values.begin(), values.end(), found.value) - values.begin();
    double const bias = detail::normal_quantile(double(below + upto) / (2 * double(values.size())));

    std::vector<double> without(static_cast<std::size_t>(samples));
    executor.for_each(samples, [&](index left_out) {
        std::vector<index> rows;
        for (index i = 0; i < samples; ++i)
            if (i != left_out)
                rows.push_back(i);
        without[std::size_t(left_out)] = statistic(static_cast<std::vector<index> const&>(rows));
    });
    for (std::size_t row = 0; row < without.size(); ++row)
        expect(std::isfinite(without[row]), "bca_interval: the statistic without row ", row, " is ",
               without[row]);
    double mean = 0, cubes = 0, squares = 0;
    for (double const w : without)
        mean += w / double(samples);
    for (double const w : without) {
        squares += (mean - w) * (mean - w);
        cubes += (mean - w) * (mean - w) * (mean - w);
    }
    double const acceleration = squares > 0 ? cubes / (6 * squares * std::sqrt(squares)) : 0;
    auto const end = [&](double tail) {
        double const z = bias + detail::normal_quantile(tail);
        return detail::percentile(values, std::isfinite(bias)
                                              ? detail::normal_below(bias + z / (1 - acceleration * z))
                                          : bias < 0 ? 0.0
                                                     : 1.0);
    };
    double const tail = (1 - options.confidence) / 2;
    found.low = end(tail);
    found.high = end(1 - tail);
    return found;
}

/// What bootstrap_error found.
struct error_estimate {
    double training = 0;        ///< of the model of all rows on those rows
    double leave_one_out = 0;   ///< of each row by the models that did not see it
    double no_information = 0;  ///< of every prediction against every target
    double overfitting = 0;  ///< how far leave_one_out is on the way from training to no_information, in [0, 1]
    double value = 0;        ///< the .632+ estimate
};

/// The .632+ estimate of a model's error (Efron & Tibshirani, 1997): (1 - w) training + w leave_one_out with w
/// = 0.632 / (1 - 0.368 overfitting). train(table) gives a model, predict(model, table) the predictions of its
/// rows as anything with [row], error(target, prediction) the loss of one. Throws descent::error for fewer than
/// two samples, resamples < 1, or where a row was in every resample.
template <class Table, class Train, class Predict, class Error, class Executor = exec::serial>
error_estimate bootstrap_error(Table const& table, Train const& train, Predict const& predict,
                               Error const& error, int resamples = 50, std::uint64_t seed = 0,
                               Executor const& executor = {}) {
    index const n = table.samples();
    expect(n >= 2, "bootstrap_error: samples = ", n, ": must be >= 2");
    expect(resamples >= 1, "bootstrap_error: resamples = ", resamples, ": must be >= 1");
    error_estimate e;
    auto const whole = train(table);
    auto const all = predict(whole, table);
    double const count = double(n);
    for (index i = 0; i < n; ++i) {
        e.training += double(error(table.y[i], all[i])) / count;
        for (index j = 0; j < n; ++j)
            e.no_information += double(error(table.y[i], all[j])) / (count * count);
    }
    struct part {
        std::vector<index> rows;
        std::vector<double> losses;
    };
    std::vector<part> parts(static_cast<std::size_t>(resamples));
    executor.for_each(resamples, [&](index r) {
        std::vector<index> drawn(static_cast<std::size_t>(n));
        detail::draw_rows(seed, r, drawn);
        std::vector<char> seen(static_cast<std::size_t>(n));
        for (index const row : drawn)
            seen[std::size_t(row)] = 1;
        part& mine = parts[std::size_t(r)];
        for (index row = 0; row < n; ++row)
            if (!seen[std::size_t(row)])
                mine.rows.push_back(row);
        if (mine.rows.empty())
            return;
        auto const model = train(table.rows(drawn));
        auto const held = table.rows(mine.rows);
        auto const given = predict(model, held);
        for (index i = 0; i < index(mine.rows.size()); ++i)
            mine.losses.push_back(double(error(held.y[i], given[i])));
    });
    std::vector<double> sums(static_cast<std::size_t>(n)), times(static_cast<std::size_t>(n));
    for (part const& p : parts)
        for (std::size_t i = 0; i < p.rows.size(); ++i) {
            sums[std::size_t(p.rows[i])] += p.losses[i];
            ++times[std::size_t(p.rows[i])];
        }
    for (index row = 0; row < n; ++row) {
        expect(times[std::size_t(row)] > 0, "bootstrap_error: resamples = ", resamples, ": row ", row,
               " is in each of them");
        e.leave_one_out += sums[std::size_t(row)] / times[std::size_t(row)] / count;
    }
    double const outside = std::min(e.leave_one_out, e.no_information);
    e.overfitting = outside > e.training && e.no_information > e.training
                        ? (outside - e.training) / (e.no_information - e.training)
                        : 0;
    double const w = 0.632 / (1 - 0.368 * e.overfitting);
    e.value = (1 - w) * e.training + w * outside;
    return e;
}

}  // namespace descent::search
