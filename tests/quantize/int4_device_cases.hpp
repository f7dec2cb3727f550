// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/core/random.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/device_int4_linear.hpp>

namespace descent::test {

inline matrix<float> normal(index rows, index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

/// The largest difference between a device's outputs and the host's, as a share of sum |w| |x| + |b|; NaN where
/// the device gave none.
template <class Executor>
double far_from_host(index samples, index inputs, index outputs, quantize::int4_options const& options,
                     Executor const& executor) {
    matrix<float> const w = normal(outputs, inputs, 1), x = normal(samples, inputs, 2);
    vector<float> const bias = normal(outputs, 1, 3).col(0);
    quantize::int4_linear const layer{w, bias, options};
    quantize::int4_linear::workspace memory;
    matrix<float> here, there = matrix<float>::Constant(samples, outputs, std::nanf(""));
    layer(x, here, exec::serial{}, memory);
    quantize::device_int4_linear on_device{layer, executor};
    on_device(x, there);
    double worst = 0;
    for (index s = 0; s < samples; ++s)
        for (index o = 0; o < outputs; ++o) {
            double size = std::abs(double(bias[o])) + 1e-30;
            for (index i = 0; i < inputs; ++i)
                size += std::abs(double(layer.weight(o, i)) * double(x(s, i)));
            double const off = std::abs(double(there(s, o)) - double(here(s, o))) / size;
            worst = std::isnan(worst) || std::isnan(off) ? std::nan("") : std::max(worst, off);
        }
    return worst;
}

/// The largest of them over shapes that fill panels, blocks, groups and stretches, and some that do not.
template <class Executor>
double far_from_host(Executor const& executor) {
    double worst = 0;
    auto const meet = [&](double far) {
        worst = std::isnan(far) || std::isnan(worst) ? std::nan("") : std::max(worst, far);
    };
    for (bool const symmetric : {true, false})
        for (index const samples : {0, 1, 2, 8, 9, 16, 17, 40}) {
            for (index const inputs : {0, 1, 9, 64, 511, 512, 513, 1100})
                meet(far_from_host(samples, inputs, 33, {.group = 64, .symmetric = symmetric}, executor));
            for (index const outputs : {0, 1, 31, 32, 70})
                meet(far_from_host(samples, 77, outputs, {.group = 24, .symmetric = symmetric}, executor));
            meet(far_from_host(samples, 700, 40, {.group = 1024, .symmetric = symmetric}, executor));
        }
    return worst;
}

}  // namespace descent::test
