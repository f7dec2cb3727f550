// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/detail/int4_panel.hpp>

// What a device computes from weights of 4 bits: see int4_panel for how they lie.
namespace descent::quantize::detail {

/// Panels one behind the other, in a device's memory.
struct int4_device_panels {
    std::uint32_t const* words;
    float const* scales;
    std::uint8_t const* zeros;  ///< null: all are 8
    int blocks, group, groups;

    DESCENT_FN float zero(index at) const { return zeros ? float(zeros[at]) : 8.0f; }

    /// The lowest code of a word, less a zero: the code becomes the last bits of a number that is a power of
    /// two; a device makes few numbers of integers at a time.
    static DESCENT_FN float number(std::uint32_t word, float zero) {
        return from_bits<float>(0x4b000000u | (word & 15u)) - (8388608.0f + zero);
    }
};

/// y = x W^T + b for R samples and a panel by each block of threads: a thread has one of the panel's outputs
/// and an eighth of the inputs, whose words neighbours read side by side. Samples come to the block's own
/// memory, a stretch of inputs at a time.
template <int R>
struct int4_device_rows {
    static constexpr int threads = 256, parts = threads / int(int4_columns);
    static constexpr int part_blocks = 8, stretch = parts * part_blocks;  // in blocks of 8 inputs

    struct alignas(16) quad {
        float v[4];
    };
    union shared_memory {
        quad x[R][stretch * 2];
        float sums[parts][R][int4_columns];
    };
    struct own {
        float sums[R] = {};
    };

    int4_device_panels panels;
    float const* bias;
    index inputs, outputs, samples, chunks;  ///< chunks of R samples
    float const* x;
    float* y;

    DESCENT_FN int stretches() const { return (panels.blocks + stretch - 1) / stretch; }
    DESCENT_FN int steps(index) const { return 2 * stretches() + 2; }

    DESCENT_FN void operator()(index block, int step, int thread, shared_memory& shared, own& mine) const {
        index const panel = block / chunks, sample = block % chunks * R;
        int const column = thread % int(int4_columns), part = thread / int(int4_columns);
        if (step < 2 * stretches()) {
            if (step % 2 == 0)
                fetch(sample, step / 2, thread, shared);
            else
                add(panel, step / 2, column, part, shared, mine);
        } else if (step == 2 * stretches()) {
            for (int r = 0; r < R; ++r)
                shared.sums[part][r][column] = mine.sums[r];
        } else {
            index const output = panel * int4_columns + column;
            for (int r = part; r < R; r += parts) {
                float sum = 0;
                for (int p = 0; p < parts; ++p)
                    sum += shared.sums[p][r][column];
                if (sample + r >= samples || output >= outputs)
                    continue;
                // Codes times numbers can leave the floats before the scale brings them back.
                if (!is_finite(sum))
                    sum = of_numbers(panel, column, x + (sample + r) * inputs);
                y[(sample + r) * outputs + output] = sum + bias[output];
            }
        }
    }

private:
    /// The sum over all inputs, weights as numbers.
    DESCENT_FN float of_numbers(index panel, int column, float const* numbers) const {
        float sum = 0;
        for (index i = 0; i < inputs; ++i) {
            int const b = int(i / int4_inputs), j = int(i % int4_inputs);
            index const at = (panel * panels.groups + b / panels.group) * int4_columns + column;
            std::uint32_t const word = panels.words[(panel * panels.blocks + b) * int4_columns + column];
            sum +=
                int4_device_panels::number(word >> (4 * j), panels.zero(at)) * panels.scales[at] * numbers[i];
        }
        return sum;
    }

    DESCENT_FN void fetch(index sample, int turn, int thread, shared_memory& shared) const {
        constexpr int each = stretch * int(int4_inputs);
        for (int i = thread; i < R * each; i += threads) {
            int const r = i / each, k = i % each;
            index const input = index(turn) * each + k;
            bool const there = sample + r < samples && input < inputs;
            shared.x[r][k / 4].v[k % 4] = there ? x[(sample + r) * inputs + input] : 0.0f;
        }
    }

    DESCENT_FN void add(index panel, int turn, int column, int part, shared_memory const& shared,
                        own& mine) const {
        int const from = turn * stretch + part * part_blocks,
                  end = from + part_blocks < panels.blocks ? from + part_blocks : panels.blocks;
        if (from >= end)
            return;
        int left = panels.group - from % panels.group;
        index at = (panel * panels.groups + from / panels.group) * int4_columns + column;
        float zero = panels.zero(at), sums[R] = {};
        std::uint32_t const* words = panels.words + (panel * panels.blocks + from) * int4_columns + column;
        for (int b = from; b < end; ++b, --left, words += int4_columns) {
            if (left == 0) {
                for (int r = 0; r < R; ++r)
                    mine.sums[r] += sums[r] * panels.scales[at], sums[r] = 0;
                at += int4_columns, left = panels.group, zero = panels.zero(at);
            }
            std::uint32_t word = *words;
            for (int half = 0; half < 2; ++half) {
                float w[4];
                for (int j = 0; j < 4; ++j, word >>= 4)
                    w[j] = int4_device_panels::number(word, zero);
                for (int r = 0; r < R; ++r) {
                    quad const numbers = shared.x[r][(b - turn * stretch) * 2 + half];
                    for (int j = 0; j < 4; ++j)
                        sums[r] += w[j] * numbers.v[j];
                }
            }
        }
        for (int r = 0; r < R; ++r)
            mine.sums[r] += sums[r] * panels.scales[at];
    }
};

/// The weights of some panels as numbers [outputs][8 blocks]: thread i unpacks word i.
struct int4_device_spread {
    int4_device_panels panels;
    index first;  ///< panel
    float* to;

    DESCENT_FN void operator()(index i) const {
        index const column = i % int4_columns, panel = i / int4_columns / panels.blocks,
                    block = i / int4_columns % panels.blocks;
        index const at = ((first + panel) * panels.groups + block / panels.group) * int4_columns + column;
        std::uint32_t word = panels.words[first * panels.blocks * int4_columns + i];
        float* const row = to + ((panel * int4_columns + column) * panels.blocks + block) * int4_inputs;
        float const scale = panels.scales[at], zero = panels.zero(at);
        for (int j = 0; j < int4_inputs; ++j, word >>= 4)
            row[j] = int4_device_panels::number(word, zero) * scale;
    }
};

/// What a product's last numbers become: the bias of each output is added.
struct int4_device_bias {
    float const* bias;

    template <class V, class Place>
    DESCENT_FN V operator()(V sum, Place const& at) const {
        return sum + at.template by_column<V>(bias);
    }
};

}  // namespace descent::quantize::detail
