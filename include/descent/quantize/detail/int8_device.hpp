// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/detail/int8_kernels.hpp>

// What a device does before and behind a product of 8-bit numbers: the arithmetic of int8_kernels, number for
// number, so that the bits are the host's.
namespace descent::quantize::detail {

/// For device_rows(): scales and codes of samples, as int8_kernels::encode has them with nothing added, four at
/// a time. Behind the numbers of a sample, and in samples behind the last, codes are 0.
struct int8_device_encode {
    using total = std::uint32_t;  ///< bits of the largest |x|
    static constexpr int rounds = 1;
    struct alignas(4) quad {
        std::int8_t v[4];
    };

    float const* x;
    index samples, inputs, quads;
    quad* codes;
    float* scales;

    DESCENT_FN total none(int) const { return 0; }
    DESCENT_FN total join(int, total a, total b) const { return a < b ? b : a; }
    DESCENT_FN total term(int, index row, index i, total const*) const {
        total largest = 0;
        for (int j = 0; j < 4; ++j)
            if (4 * i + j < live(row))
                largest = join(0, largest, to_bits(x[row * inputs + 4 * i + j]) & 0x7fffffffu);
        return largest;
    }
    DESCENT_FN void first(index row, total const* largest) const { scales[row] = row_scale(*largest).scale; }
    DESCENT_FN void each(index row, index i, total const* largest) const {
        float const inverse = row_scale(*largest).inverse;
        quad to{};
        for (int j = 0; j < 4; ++j)
            if (inverse > 0 && 4 * i + j < live(row))
                to.v[j] = std::int8_t(int(std::nearbyint(x[row * inputs + 4 * i + j] * inverse)));
        codes[row * quads + i] = to;
    }

private:
    DESCENT_FN index live(index row) const { return row < samples ? inputs : 0; }
};

/// y[r][c] = sums[r][c] times rows[r] columns[c], plus bias[c]: a block of threads for a stretch of a row.
struct int8_device_scale {
    static constexpr int threads = 256, each = 4, stretch = threads * each;
    struct shared_memory {};
    struct own {};

    std::int32_t const* sums;
    index stride;  ///< from one row of sums to the next
    float const *rows, *columns, *bias;
    float* y;
    index outputs, stretches;

    DESCENT_FN int steps(index) const { return 1; }

    DESCENT_FN void operator()(index block, int, int thread, shared_memory&, own&) const {
        index const row = block / stretches, from = block % stretches * stretch + thread;
        float const factor = rows[row];
        for (index o = from; o < from + stretch && o < outputs; o += threads)
            y[row * outputs + o] = std::fma(float(sums[row * stride + o]), factor * columns[o], bias[o]);
    }
};

}  // namespace descent::quantize::detail
