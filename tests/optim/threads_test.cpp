// SPDX-License-Identifier: MIT
#include <array>
#include <cstring>

#include <omp.h>

#include <catch2/catch_test_macros.hpp>

#include <descent/optim.hpp>

#include "optim/rows.hpp"

using namespace descent;

namespace {

/// OpenMP that notes how many chunks each thread took.
struct counting {
    static constexpr bool host = true;
    template <class T>
    using memory = aligned_buffer<T>;

    int threads;
    std::array<long, 8>* chunks;

    int width() const { return exec::openmp{threads}.width(); }

    template <class Body>
    void for_each(std::ptrdiff_t n, Body const& body) const {
        auto* const taken = chunks->data();
        exec::openmp{threads}.for_each(n, [taken, &body](std::ptrdiff_t i) {
            ++taken[omp_get_thread_num()];  // each thread its own
            body(i);
        });
    }
};

}  // namespace

TEST_CASE("optim threads: 50 steps on 1,000,003 parameters give the same bits on 1, 2, 3 and 7 threads") {
    params<float> const start = [] {
        params<float> weights{{"w", {1'000'003}}};
        rows::fill(weights, 0);
        return weights;
    }();
    auto gradients = start.like();
    auto const train = [&](auto executor) {
        auto weights = start;
        optimizer opt{chain(clip_norm{1.0}, adam{}, decay{0.01}, rate{cosine{1e-2, 60}}), weights, executor};
        for (int step = 0; step < 50; ++step) {
            for (std::ptrdiff_t i = 0; i < weights.size(); ++i)
                gradients.data()[i] = weights.data()[i] - start.data()[(i * 7 + step) % weights.size()];
            opt.step(gradients);
        }
        return weights;
    };
    auto const serial = train(exec::serial{});
    CHECK(std::memcmp(serial.data(), start.data(), sizeof(float) * std::size_t(serial.size())) != 0);
    for (int const threads : {1, 2, 3, 7}) {
        INFO(threads << " threads");
        std::array<long, 8> chunks{};
        auto const parallel = train(counting{threads, &chunks});
        CHECK(std::memcmp(serial.data(), parallel.data(), sizeof(float) * std::size_t(serial.arena_size())) ==
              0);
        int working = 0;
        for (long const taken : chunks)
            working += taken > 0;
        CHECK(working == threads);
    }
}
