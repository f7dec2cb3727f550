// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/random.hpp>
#include <descent/exec/device.hpp>
#include <descent/nn/detail/there.hpp>

// dropout and drop_path on a device: the draws of the host.
namespace descent::nn::detail {

/// This step's random numbers of one layer; the seed lies on the device, so that a recorded step may be played
/// with another one.
struct device_draws {
    std::uint64_t const* seed;
    std::uint32_t stream;

    DESCENT_FN generator get() const { return {*seed, stream}; }
};

template <class T>
struct drop_body {
    device_draws draws;
    std::uint32_t least;
    T scale;
    index count;
    T const* from;
    T* to;

    DESCENT_FN void operator()(index block) const {
        auto const four = draws.get().block(std::uint64_t(block));
        for (index k = 0; k < 4 && 4 * block + k < count; ++k) {
            index const i = 4 * block + k;
            to[i] = four.word[k] < least ? T(0) : scale * from[i];
        }
    }
};

/// to[i] = 0 where draw i is below the probability, else from[i] / (1 - probability).
template <class T, class Pass>
void device_drop(there, Pass const& p, std::uint32_t stream, double probability, index count, T const* from,
                 T* to) {
    p.executor.for_each((count + 3) / 4, drop_body<T>{{p.seed_there, stream},
                                                      std::uint32_t(probability * 0x1p32),
                                                      T(1 / (1 - probability)),
                                                      count,
                                                      from,
                                                      to});
}

template <class T>
struct drop_samples_body {
    device_draws draws;
    std::uint32_t least;
    T scale;
    index size;
    bool training;
    T const* from;
    T* to;

    DESCENT_FN void operator()(index i) const {
        if (!training)
            to[i] = from[i];
        else
            to[i] = draws.get().bits<std::uint32_t>(std::uint64_t(i / size)) < least ? T(0) : scale * from[i];
    }
};

/// The same for whole samples of `size` numbers, in training; else a copy.
template <class T, class Pass>
void device_drop_samples(there, Pass const& p, std::uint32_t stream, double probability, index size,
                         T const* from, T* to) {
    p.executor.for_each(p.samples * size, drop_samples_body<T>{{p.seed_there, stream},
                                                               std::uint32_t(probability * 0x1p32),
                                                               T(1 / (1 - probability)),
                                                               size,
                                                               p.training,
                                                               from,
                                                               to});
}

}  // namespace descent::nn::detail
