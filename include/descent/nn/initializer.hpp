// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>

namespace descent::nn {

/// How the weights of a tensor begin: random numbers whose spread suits the numbers of inputs (fan in) and
/// outputs (fan out) of one unit, so that signals keep their size through many layers. Draw i of tensor number
/// t of a network is a pure function of (seed, t, i).
///
///     nn::dense{128, .weight = nn::glorot_uniform}
struct initializer {
    enum class law { constant, normal, uniform, orthogonal };
    enum class fan { none, in, out, average };

    law drawn = law::constant;
    fan by = fan::none;
    double size =
        0;  ///< the constant; the standard deviation times sqrt(fan); the gain of an orthogonal matrix
};

inline constexpr initializer zeros{}, ones{initializer::law::constant, initializer::fan::none, 1};

/// Variance 2 / fan in: for layers before relu (He, Zhang, Ren, Sun: "Delving deep into rectifiers", 2015).
inline constexpr initializer he_normal{initializer::law::normal, initializer::fan::in, 1.4142135623730951};
inline constexpr initializer he_uniform{initializer::law::uniform, initializer::fan::in, 1.4142135623730951};
/// Variance 2 / (fan in + fan out) (Glorot, Bengio: "Understanding the difficulty of training deep feedforward
/// neural networks", 2010).
inline constexpr initializer glorot_normal{initializer::law::normal, initializer::fan::average, 1};
inline constexpr initializer glorot_uniform{initializer::law::uniform, initializer::fan::average, 1};
/// Variance 1 / fan in (LeCun, Bottou, Orr, Mueller: "Efficient backprop", 1998).
inline constexpr initializer lecun_normal{initializer::law::normal, initializer::fan::in, 1};
inline constexpr initializer lecun_uniform{initializer::law::uniform, initializer::fan::in, 1};
/// Uniform in +-1 / sqrt(fan in): what torch.nn.Linear, Conv2d, LSTM and GRU begin with.
inline constexpr initializer torch_uniform{initializer::law::uniform, initializer::fan::in,
                                           0.57735026918962573};
/// Rows or columns, whichever are fewer, at right angles and of length 1 (Saxe, McClelland, Ganguli: "Exact
/// solutions to the nonlinear dynamics of learning in deep linear networks", 2014).
inline constexpr initializer orthogonal{initializer::law::orthogonal, initializer::fan::none, 1};

/// Normal with this standard deviation, whatever the fans.
constexpr initializer normal(double deviation) {
    return {initializer::law::normal, initializer::fan::none, deviation};
}
/// Uniform in [-bound, bound], whatever the fans.
constexpr initializer uniform(double bound) {
    return {initializer::law::uniform, initializer::fan::none, bound * 0.57735026918962573};
}

namespace detail {

/// Gram and Schmidt, twice for the rounding, on the rows of a rows x cols matrix with rows <= cols.
inline void orthonormalize(std::vector<double>& m, index rows, index cols) {
    for (index r = 0; r < rows; ++r) {
        double* const row = m.data() + r * cols;
        for (int turn = 0; turn < 2; ++turn)
            for (index before = 0; before < r; ++before) {
                double const* const other = m.data() + before * cols;
                double along = 0;
                for (index c = 0; c < cols; ++c)
                    along += row[c] * other[c];
                for (index c = 0; c < cols; ++c)
                    row[c] -= along * other[c];
            }
        double square = 0;
        for (index c = 0; c < cols; ++c)
            square += row[c] * row[c];
        for (index c = 0; c < cols; ++c)
            row[c] /= std::sqrt(square);
    }
}

/// Fills rows x cols numbers at `to`.
template <class T>
void initialize(initializer const& how, T* to, index rows, index cols, double fan_in, double fan_out,
                generator draws) {
    double fan = 1;
    if (how.by == initializer::fan::in)
        fan = fan_in;
    else if (how.by == initializer::fan::out)
        fan = fan_out;
    else if (how.by == initializer::fan::average)
        fan = (fan_in + fan_out) / 2;
    double const deviation = how.size / std::sqrt(fan > 0 ? fan : 1);
    index const count = rows * cols;
    switch (how.drawn) {
        case initializer::law::constant:
            for (index i = 0; i < count; ++i)
                to[i] = T(how.size);
            break;
        case initializer::law::normal:
            for (index i = 0; i < count; ++i)
                to[i] = T(deviation * draws.normal<double>(std::uint64_t(i)));
            break;
        case initializer::law::uniform:
            for (index i = 0; i < count; ++i)
                to[i] = T(deviation * 1.7320508075688772 * (2 * draws.uniform<double>(std::uint64_t(i)) - 1));
            break;
        case initializer::law::orthogonal: {
            bool const wide = rows <= cols;
            index const few = wide ? rows : cols, many = wide ? cols : rows;
            std::vector<double> m(static_cast<std::size_t>(count));
            for (index i = 0; i < count; ++i)
                m[std::size_t(i)] = draws.normal<double>(std::uint64_t(i));
            orthonormalize(m, few, many);
            for (index r = 0; r < rows; ++r)
                for (index c = 0; c < cols; ++c)
                    to[r * cols + c] = T(how.size * m[std::size_t(wide ? r * cols + c : c * rows + r)]);
            break;
        }
    }
}

}  // namespace detail

}  // namespace descent::nn
