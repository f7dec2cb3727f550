// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/core/pack.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/device_int8_linear.hpp>

namespace descent::test {

inline matrix<float> normal_numbers(index rows, index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

/// How many numbers differ in a bit; one NaN is like the other.
inline index other_bits(matrix<float> const& a, matrix<float> const& b) {
    if (a.rows() != b.rows() || a.cols() != b.cols())
        return a.size() + b.size() + 1;
    index other = 0;
    for (index i = 0; i < a.size(); ++i) {
        float const x = a.data()[i], y = b.data()[i];
        other += to_bits(x) != to_bits(y) && !(std::isnan(x) && std::isnan(y));
    }
    return other;
}

/// Outputs of a device that are not the host's, for samples among which some are all 0, too small for a scale,
/// near the least and the largest scale, or have a number that is none.
template <class Executor>
index unlike_host(index samples, index inputs, index outputs, Executor const& executor) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    matrix<float> w = normal_numbers(outputs, inputs, 1), x = normal_numbers(samples, inputs, 2);
    if (outputs > 2)
        w.row(2).setZero();
    for (index s = 0; s < samples && inputs > 0; ++s) {
        index const place = s * 7 % inputs;
        switch (s % 11) {
            case 2:
                x.row(s).setZero();
                break;
            case 3:
                x(s, place) = infinity;
                break;
            case 4:
                x(s, place) = -infinity;
                break;
            case 5:
                x(s, place) = std::nanf("");
                break;
            case 6:
                x.row(s) *= 1e-37f;
                break;  // about 2^-120, below which scales are 0
            case 7:
                x.row(s) *= 5e-37f;
                break;
            case 8:
                x.row(s) *= 1e37f;
                break;
            case 9:
                x.row(s) *= 1e-42f;
                break;  // denormal
            default:
                break;
        }
    }
    quantize::int8_linear const layer =
        samples % 2 ? quantize::int8_linear{w, normal_numbers(outputs, 1, 3).col(0)} : quantize::int8_linear{w};
    quantize::int8_linear::workspace memory;
    matrix<float> here, there;
    layer(x, here, exec::serial{}, memory);
    quantize::device_int8_linear on_device{layer, executor};
    on_device(x, there);
    return other_bits(here, there);
}

/// Their number over shapes that fill what products are filled up to, and some that do not.
template <class Executor>
index unlike_host(Executor const& executor) {
    index unlike = 0;
    for (index samples = 1; samples <= 70; ++samples)
        unlike += unlike_host(samples, 37, 19, executor);
    for (index const samples : {0, 1, 31, 32, 33, 65}) {
        for (index const inputs : {0, 1, 3, 4, 5, 31, 32, 33, 127, 128, 511, 513})
            unlike += unlike_host(samples, inputs, 17, executor);
        for (index const outputs : {0, 1, 4, 15, 16, 33, 255, 1023, 1024, 1030})
            unlike += unlike_host(samples, 33, outputs, executor);
    }
    return unlike;
}

}  // namespace descent::test
