// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/tensor.hpp>

namespace descent::exec {

/// How a rule sweep is cut for one architecture.
struct cuda_tuning {
    int capability;  ///< compute capability from which it holds: 10 major + minor
    int threads;     ///< of a block: a power of two, at most cuda_max_threads
    int turns;       ///< 16-byte lumps of each stream that a thread takes, at least
    index blocks;    ///< pieces of an arena, about: their sums are added on the host
};

/// No block has more threads, so that the compiler may give each 65536 / cuda_max_threads registers.
inline constexpr int cuda_max_threads = 256;

/// Counted, not measured: bandwidth x latency (3.35 TB/s x 0.6 us on sm_90) asks for 15 KiB in flight on each
/// multiprocessor; Adam with clipping takes 42 registers, which lets five blocks of 256 threads share one, and
/// their four 16-byte loads make 80 KiB. More turns amortize a piece's constants, fewer fill more multiprocessors
/// where tensors are small.
inline constexpr cuda_tuning cuda_tunings[] = {
    {75, 128, 2, 16384},
    {80, 256, 2, 16384},
    {90, 256, 4, 16384},
};

/// The row for a device: the last whose capability it has.
constexpr cuda_tuning cuda_tuning_of(int capability) {
    cuda_tuning best = cuda_tunings[0];
    for (cuda_tuning const& row : cuda_tunings)
        if (row.capability <= capability)
            best = row;
    return best;
}

/// Numbers of `bytes` bytes for one block, out of n: the least that the row allows, or what keeps to its
/// blocks.
constexpr index cuda_stretch(cuda_tuning const& row, index n, index bytes) {
    index const turn = row.threads * (16 / bytes), least = turn * row.turns;
    index const each = (n + row.blocks - 1) / row.blocks;
    return std::max(least, (each + turn - 1) / turn * turn);
}

}  // namespace descent::exec
