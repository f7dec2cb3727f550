// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/quantize/int8_network.hpp>

/// A network with every kind of layer that an int8 file knows but the end that decodes, and codes of both
/// kinds.
inline descent::quantize::int8_network int8_network_of_all_kinds() {
    using namespace descent::quantize;
    auto const filled = [](int8_convolution how, int depth, int modulus) {
        for (int i = 0; i < int(how.outputs) * depth; ++i)
            how.codes.push_back(std::int8_t(i * 7 % modulus - modulus / 2));
        for (int o = 0; o < int(how.outputs); ++o)
            how.scales.push_back(0.01f), how.bias.push_back(0.1f * float(o));
        return how;
    };
    int8_grid const above{0.05f, 0, 255}, even{0.1f, -127, 127};
    int8_network net({2, 5, 4, {0.03f, -100, 155}});
    int const a =
        net.convolve(0, filled({.outputs = 3, .kernel = 2, .padding = 1, .relu = true}, 8, 200), above);
    int const b = net.pool(a, {.size = 2, .stride = 2}, {}), c = net.pad_channels(b, 4, 1);
    int const d = net.convolve(c, filled({.outputs = 4, .beside = c}, 4, 5), even);
    int const e = net.pool(d, {.largest = false, .size = {3, 2}}, even);
    int const f = net.convolve(e, filled({.outputs = 64}, 4, 3), even);
    net.scores(net.pool(f, {.least = 0}, {}), filled({.outputs = 2}, 64, 250));
    net.answer(int8_answer::highest);
    return net;
}
