// SPDX-License-Identifier: MIT
// The library's side of bench/claims/04_lstm: reads commands, one a line, and answers each with a line.
//
//     step <samples> <steps> <inputs> <units> <bidirectional> <times>
//                        so many forward and backward passes of an LSTM that gives every step
//
// Answers are seconds of one: CPU time of the calling thread, then the wall clock.
#include <iostream>
#include <string>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/lstm.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

aligned_buffer<float> normals(std::ptrdiff_t count) {
    aligned_buffer<float> numbers(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = generator{1, 1}.normal<float>(i);
    return numbers;
}

}  // namespace

int main() {
    std::string word;
    while (std::cin >> word) {
        std::ptrdiff_t samples, steps, inputs, units;
        int bidirectional, times;
        std::cin >> samples >> steps >> inputs >> units >> bidirectional >> times;
        nn::builder<float> b;
        auto const layer =
            nn::lstm{.units = units, .bidirectional = bidirectional != 0}.bind<float>({steps, inputs}, b);
        params<float> weights(b.trained()), state(b.state());
        auto slopes = weights.like();
        b.start(weights, state, 1);
        std::ptrdiff_t const room = (samples + 15) / 16 * 16;
        aligned_buffer<float> kept(std::size_t(b.kept_room() * room)),
            passing(std::size_t(b.passing_room() * room)), fixed(std::size_t(b.fixed_room()));
        auto const x = normals(room * steps * inputs);
        auto dx = x, y = normals(room * layer.output().size()), dy = y;
        std::vector<std::ptrdiff_t> lengths(std::size_t(room), steps);
        exec::openmp const executor{.threads = 2};
        double cpu = 0, wall = 0;
        for (int turn = 0; turn <= times; ++turn) {
            if (turn == 1)
                cpu = measure::cpu_time(), wall = measure::wall_time();
            nn::pass<float, exec::openmp> p{executor};
            p.samples = samples, p.room = room, p.training = true;
            p.weights = weights.data(), p.slopes = slopes.data(), p.state = state.data(),
            p.lengths = lengths.data();
            p.kept = kept.data(), p.passing = passing.data(), p.fixed = fixed.data();
            layer.forward(p, x.data(), y.data());
            layer.backward(p, x.data(), y.data(), dy.data(), dx.data());
        }
        std::cout << (measure::cpu_time() - cpu) / times << ' ' << (measure::wall_time() - wall) / times
                  << std::endl;
    }
}
