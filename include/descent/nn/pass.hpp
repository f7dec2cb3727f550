// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/device.hpp>
#include <descent/nn/builder.hpp>
#include <descent/nn/detail/there.hpp>

namespace descent::nn {

/// One run of a batch through a network: what each layer's forward and backward see beside their numbers.
template <class T, class Executor>
struct pass {
    static constexpr bool host = Executor::host;

    Executor const& executor;
    index samples = 0;
    index first = 0;             ///< what messages call the first sample
    bool training = false;       ///< batch statistics, dropout, and all that backward needs is kept
    T const* weights = nullptr;  ///< the arena of the trainable tensors
    T* slopes = nullptr;         ///< the gradient's arena; backward overwrites each layer's part
    T* state = nullptr;          ///< the arena of the other tensors
    index* lengths = nullptr;    ///< steps of each sample's sequence
    bool padded = false;         ///< are lengths told? else all sequences are full
    std::uint64_t seed = 0;      ///< of this step's random numbers
    std::uint64_t const* seed_there = nullptr;  ///< the same in a device's memory, where that runs the layers
    double share = 0;  ///< of this batch in running statistics; 0: what the layer's own momentum says
    T* kept = nullptr;
    T* passing = nullptr;
    T* fixed = nullptr;
    index room = 0;  ///< samples that the workspace was made for

    T* at(region const& r) const {
        switch (r.from) {
            case region::pool::kept:
                return kept + r.offset * room;
            case region::pool::passing:
                return passing + r.offset * room;
            default:
                return fixed + r.offset;
        }
    }
    T const* weight(parameter const& p) const { return weights + p.offset; }
    T* slope(parameter const& p) const { return slopes + p.offset; }
    T* stored(parameter const& p) const { return state + p.offset; }
    /// This step's random numbers of one layer.
    generator draws(std::uint32_t stream) const { return {seed, stream}; }
};

}  // namespace descent::nn
