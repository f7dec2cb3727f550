// SPDX-License-Identifier: MIT
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"

// Layers against torch in float64: x, weights and the slopes c of y are sines of their positions,
//
//     def wave(*s, a, b): return torch.sin(torch.arange(math.prod(s)) * a + b).reshape(s)
//
// so that a test holds nothing but the numbers that torch gives.
namespace golden {

/// to[i] = base + sin(a i + b)
inline void wave(double* to, descent::index count, double a, double b, double base = 0) {
    for (descent::index i = 0; i < count; ++i)
        to[i] = base + std::sin(double(i) * a + b);
}

template <class Bench>
void wave(Bench& b, char const* tensor, double a, double shift, double base = 0) {
    auto const view = b.weights[tensor];
    wave(view.data, view.size(), a, shift, base);
}

/// The first numbers of `at` and the sum of all `count`.
struct numbers {
    std::vector<double> first;
    double sum;
};

inline bool agree(double const* at, descent::index count, numbers const& expected) {
    double sum = 0;
    bool good = true;
    for (descent::index i = 0; i < count; ++i)
        sum += at[i];
    for (std::size_t i = 0; i < expected.first.size(); ++i)
        good = good && std::fabs(at[i] - expected.first[i]) <= 1e-12 * std::max(1.0, std::fabs(at[i]));
    return good && std::fabs(sum - expected.sum) <= 1e-11 * std::max(1.0, std::fabs(sum));
}
template <class View>
bool agree(View const& view, numbers const& expected) {
    return agree(view.data, view.size(), expected);
}

}  // namespace golden
