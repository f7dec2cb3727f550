// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/error_feedback.hpp>

namespace descent::quantize {

/// Settings of adaround.
struct adaround_options {
    int steps = 2000;         ///< of Adam, > 0
    double rate = 0.05;       ///< of Adam, > 0
    double pressure = 1;      ///< weight of the part that pushes to up or down, >= 0; no unit
    double warm_up = 0.2;     ///< share of the steps without it, in [0, 1)
    double first_power = 20;  ///< its power beta behind them, which falls by a cosine
    double last_power = 2;    ///< to this one; >= 1
    index batch = 256;        ///< of samples a step, where samples are given
    std::uint64_t seed = 0;   ///< which samples

    /// Throws descent::error for settings out of range.
    void check() const {
        expect(steps > 0, "adaround: steps = ", steps, ": must be > 0");
        expect(rate > 0 && std::isfinite(rate), "adaround: rate = ", rate, ": must be > 0");
        expect(pressure >= 0 && std::isfinite(pressure), "adaround: pressure = ", pressure, ": must be >= 0");
        expect(warm_up >= 0 && warm_up < 1, "adaround: warm_up = ", warm_up, ": must be in [0, 1)");
        expect(last_power >= 1 && first_power >= last_power && std::isfinite(first_power), "adaround: powers ",
               first_power, " to ", last_power, ": must fall, and be >= 1");
        expect(batch > 0, "adaround: batch = ", batch, ": must be > 0");
    }
};

/// What a layer read and gave before its weights were rounded: f(inputs weight^T + bias), f relu or nothing.
template <class T>
struct layer_samples {
    matrix<T> inputs = {};   ///< samples x columns of the weight; patches of a convolution
    matrix<T> outputs = {};  ///< samples x rows of the weight
    vector<T> bias = {};     ///< one a row, or none
    bool relu = false;       ///< the outputs are those behind relu: what is below 0 does not matter
};

namespace detail {

/// Codes that are to be rounded down or up, h of the way between: h = clip(sigmoid(v) (zeta - gamma) + gamma,
/// 0, 1) with zeta = 1.1, gamma = -0.1 (the rectified sigmoid of Louizos et al., 2018).
template <class T>
class soft_rounding {
public:
    /// `unit`: the mean square of the layer's inputs, by which errors of all layers become alike.
    soft_rounding(T const* weight, index rows, affine_tensor<T> const& nearest, adaround_options const& options,
                  double unit)
        : options_(options),
          codes_(nearest),
          soft_(rows, nearest.extents.size() / rows),
          v_(vector<T>::Zero(soft_.size())),
          first_(v_),
          second_(v_),
          steps_(v_),
          gains_(v_),
          low_(v_) {
        for (index r = 0; r < soft_.rows(); ++r) {
            double square = 0;
            for (index i = r * soft_.cols(); i < (r + 1) * soft_.cols(); ++i) {
                auto const& grid = codes_.grid_of(i);
                double const places = double(weight[i]) / double(grid.scale);
                double const down = std::floor(places), code = down + grid.zero;
                auto& chosen = codes_.codes[std::size_t(i)];
                square += double(grid.scale) * double(grid.scale) / double(soft_.cols());
                // Weights that are 0, pruned ones say, stay 0; those beyond the grid are at its end.
                if (weight[i] != 0 && code >= grid.format.lowest() && code < grid.format.highest()) {
                    chosen = std::int16_t(code);
                    steps_[i] = grid.scale;
                    v_[i] = T(-std::log(1.2 / (places - down + 0.1) - 1));
                }
                low_[i] = grid.value(chosen);
                soft_.data()[i] = low_[i] + steps_[i] * rising(v_[i]).first;
            }
            for (index i = r * soft_.cols(); i < (r + 1) * soft_.cols(); ++i)
                gains_[i] = T(double(steps_[i]) / (square * unit));
        }
    }

    /// The weights between their codes.
    matrix<T> const& weights() const { return soft_; }

    /// A step of Adam, from the slopes of the layer's squared error by the weights.
    template <class Executor>
    void step(int now, matrix<T> const& slopes, Executor const& executor) {
        double const passed = (double(now) / options_.steps - options_.warm_up) / (1 - options_.warm_up);
        T const beta = T(options_.last_power + (options_.first_power - options_.last_power) *
                                                   (1 + std::cos(3.141592653589793 * passed)) / 2);
        T const pressure = T(passed < 0 ? 0 : options_.pressure);
        T const unbias1 = T(1 / (1 - std::pow(0.9, now + 1))), unbias2 = T(1 / (1 - std::pow(0.999, now + 1)));
        T const rate = T(options_.rate);
        index const columns = soft_.cols();
        executor.for_each(soft_.rows(), [&, this](index row) {
            for (index i = row * columns; i < (row + 1) * columns; ++i) {
                if (steps_[i] == 0)
                    continue;
                auto const [h, steepness] = rising(v_[i]);
                T const away = 2 * h - 1;
                T slope = gains_[i] * slopes.data()[i];
                // d/dh of 1 - |2 h - 1|^beta
                if (pressure > 0 && steepness > 0)
                    slope -= pressure * 2 * beta * std::copysign(std::pow(std::abs(away), beta - 1), away);
                slope *= steepness;
                first_[i] += T(0.1) * (slope - first_[i]);
                second_[i] += T(0.001) * (slope * slope - second_[i]);
                v_[i] -= rate * unbias1 * first_[i] / (std::sqrt(unbias2 * second_[i]) + T(1e-8));
                soft_.data()[i] = low_[i] + steps_[i] * rising(v_[i]).first;
            }
        });
    }

    /// The codes, each the nearer one.
    affine_tensor<T> codes() const {
        auto rounded = codes_;
        for (index i = 0; i < soft_.size(); ++i)
            if (steps_[i] > 0 && rising(v_[i]).first >= T(0.5))
                ++rounded.codes[std::size_t(i)];
        return rounded;
    }

private:
    /// h and its slope by v.
    static std::pair<T, T> rising(T v) {
        T const s = 1 / (1 + std::exp(-v)), h = s * T(1.2) - T(0.1);
        return {std::clamp(h, T(0), T(1)), h > 0 && h < 1 ? T(1.2) * s * (1 - s) : T(0)};
    }

    adaround_options options_;
    affine_tensor<T> codes_;  // the lower ones
    matrix<T> soft_;
    vector<T> v_, first_, second_, steps_, gains_, low_;
};

/// The rounding by slopes(step, weights, result) of the squared error a sample, where it is better than the
/// nearest codes by errors(weights), row by row.
template <class T, class Slopes, class Errors, class Executor>
affine_tensor<T> round_softly(T const* weight, index rows, affine_tensor<T> nearest,
                              adaround_options const& options, double unit, Slopes const& slopes,
                              Errors const& errors, Executor const& executor) {
    expect(std::isfinite(unit), "adaround: the inputs' mean square is ", unit, ": must be finite");
    if (unit <= 0)
        return nearest;
    index const columns = nearest.extents.size() / rows;
    soft_rounding<T> soft(weight, rows, nearest, options, unit);
    matrix<T> by_weight(rows, columns);
    for (int now = 0; now < options.steps; ++now) {
        slopes(now, soft.weights(), by_weight);
        soft.step(now, by_weight, executor);
    }
    auto const learned = soft.codes();
    matrix<T> rounded(rows, columns);
    learned.copy_to(rounded.data());
    auto const by_learned = errors(rounded);
    nearest.copy_to(rounded.data());
    auto const by_nearest = errors(rounded);
    for (index r = 0; r < rows; ++r)
        if (by_learned[std::size_t(r)] < by_nearest[std::size_t(r)])
            std::copy_n(learned.codes.begin() + r * columns, columns, nearest.codes.begin() + r * columns);
    return nearest;
}

}  // namespace detail

/// The weights in codes of to_affine's grids, each rounded down or up so that the layer's outputs over these
/// inputs change least in the square (Nagel et al.: "Up or down? Adaptive rounding for post-training
/// quantization", 2020): Adam moves a rectified sigmoid h between down and up, and the sum of
/// 1 - |2 h - 1|^beta presses it to one of them. Never worse than the nearest codes, row by row; weights that
/// are 0 stay 0. The same for every number of threads.
///
///     quantize::input_moments inputs(weight.extents[1]);
///     ... inputs.add(x) for what the layer reads ...
///     quantize::adaround(weight, inputs, {.bits = 4}).copy_to(weight.data);
///
/// Throws descent::error as to_affine does, for inputs of another width, for none, for those that are not
/// finite, and for settings out of range.
template <class T, class Executor = exec::serial>
affine_tensor<std::remove_const_t<T>> adaround(tensor_view<T> const& weight, input_moments const& inputs,
                                               affine_options const& options = {},
                                               adaround_options const& how = {},
                                               Executor const& executor = {}) {
    using number = std::remove_const_t<T>;
    how.check();
    auto nearest = to_affine(weight, options);
    index const rows = weight.extents.rank() > 0 ? weight.extents[0] : 1,
                n = rows > 0 ? weight.size() / rows : 0;
    expect(inputs.columns() == n, "adaround: inputs of ", inputs.columns(), " columns, the weight ",
           weight.extents.text(), " has ", n);
    inputs.check("adaround");
    matrix<number> moments(n, n), away(rows, n);
    double unit = 0;
    for (index i = 0; i < n; ++i)
        for (index j = i; j < n; ++j) {
            double const mean = inputs.at(i, j) / double(inputs.count());
            moments(i, j) = moments(j, i) = number(mean);
            expect(std::isfinite(moments(i, j)), "adaround: the inputs' mean of products ", i, " and ", j,
                   " is ", mean, ": must fit the weight's scalar");
            unit += i == j ? mean / double(n) : 0;
        }
    auto const slopes = [&](int, matrix<number> const& w, matrix<number>& result) {
        for (index i = 0; i < away.size(); ++i)
            away.data()[i] = 2 * (w.data()[i] - weight.data[i]);
        exec::gemm(executor, away, moments, result);
    };
    auto const errors = [&](matrix<number> const& w) {
        matrix<number> turned(rows, n);
        slopes(0, w, turned);
        std::vector<double> told(std::size_t(rows), 0.0);
        for (index i = 0; i < away.size(); ++i)
            told[std::size_t(i / n)] += double(away.data()[i]) * double(turned.data()[i]);
        return told;
    };
    return detail::round_softly<number>(weight.data, rows, std::move(nearest), how, unit, slopes, errors,
                                        executor);
}

/// The same from samples of what the layer read and gave: `inputs` may be those that layers in front give once
/// they are rounded, so that this layer makes up for their errors too, and outputs may be taken behind relu.
/// Throws descent::error as above, and for samples of other extents.
template <class T, class Executor = exec::serial>
affine_tensor<std::remove_const_t<T>> adaround(tensor_view<T> const& weight,
                                               layer_samples<std::remove_const_t<T>> const& samples,
                                               affine_options const& options = {},
                                               adaround_options const& how = {},
                                               Executor const& executor = {}) {
    using number = std::remove_const_t<T>;
    how.check();
    auto nearest = to_affine(weight, options);
    index const rows = weight.extents.rank() > 0 ? weight.extents[0] : 1,
                n = rows > 0 ? weight.size() / rows : 0;
    auto const& x = samples.inputs;
    auto const& y = samples.outputs;
    expect(x.cols() == n && y.cols() == rows && y.rows() == x.rows(), "adaround: inputs ",
           shape{x.rows(), x.cols()}.text(), ", outputs ", shape{y.rows(), y.cols()}.text(), ", the weight ",
           weight.extents.text());
    expect(samples.bias.size() == 0 || samples.bias.size() == rows, "adaround: ", samples.bias.size(),
           " biases for ", rows, " outputs");
    expect(x.rows() > 0, "adaround: no inputs were seen");
    for (index i = 0; i < y.size(); ++i)
        expect(std::isfinite(y.data()[i]), "adaround: output ", i % rows, " of sample ", i / rows, " is ",
               y.data()[i], ": must be finite");
    index const batch = std::min(how.batch, x.rows());
    matrix<number> some(batch, n), wanted(batch, rows), given(batch, rows), all(x.rows(), rows);
    // Sums become their errors; where relu holds them back they have no slope.
    auto const to_errors = [&](matrix<number> const& target, matrix<number>& sums, number flat, number scale) {
        for (index i = 0; i < sums.size(); ++i) {
            number const z = sums.data()[i] + (samples.bias.size() ? samples.bias[i % rows] : number(0));
            bool const held = samples.relu && !(z > 0);
            sums.data()[i] = scale * (held ? flat * -target.data()[i] : z - target.data()[i]);
        }
    };
    generator const draws{how.seed, 0};
    auto const slopes = [&](int now, matrix<number> const& w, matrix<number>& result) {
        for (index i = 0; i < batch; ++i) {
            auto const draw = std::uint64_t(now) * std::uint64_t(batch) + std::uint64_t(i);
            index const from = batch == x.rows() ? i : index(draws.integer(draw, std::uint64_t(x.rows())));
            some.row(i) = x.row(from), wanted.row(i) = y.row(from);
        }
        exec::gemm(executor, some, exec::transposed(w), given);
        to_errors(wanted, given, 0, number(2 / double(batch)));
        exec::gemm(executor, exec::transposed(given), some, result);
    };
    auto const errors = [&](matrix<number> const& w) {
        exec::gemm(executor, x, exec::transposed(w), all);
        to_errors(y, all, 1, 1);
        std::vector<double> told(std::size_t(rows), 0.0);
        for (index i = 0; i < all.size(); ++i)
            told[std::size_t(i % rows)] += double(all.data()[i]) * double(all.data()[i]);
        return told;
    };
    double unit = 0;
    for (index i = 0; i < x.size(); ++i)
        unit += double(x.data()[i]) * double(x.data()[i]) / double(x.size());
    return detail::round_softly<number>(weight.data, rows, std::move(nearest), how, unit, slopes, errors,
                                        executor);
}

}  // namespace descent::quantize
