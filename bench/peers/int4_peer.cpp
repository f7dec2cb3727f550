// SPDX-License-Identifier: MIT
// The library's side of bench/claims/05_int4_torch: reads commands `<width> <batch> <threads> <calls>`, one a
// line, and answers each with a line of seconds of one call of a layer of width x width whose weights have 4
// bits: CPU time of the calling thread, then the wall clock.
#include <cstdio>
#include <iostream>
#include <map>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/quantize/int4_linear.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

matrix<float> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    measure::print_build(quantize::detail::int4_forms()[0]->name);
    std::fflush(stdout);
    std::map<descent::index, quantize::int4_linear> layers;
    quantize::int4_linear::workspace memory;
    descent::index width, batch;
    int threads, calls;
    while (std::cin >> width >> batch >> threads >> calls) {
        auto found = layers.find(width);
        if (found == layers.end())
            found = layers.emplace(width, quantize::int4_linear{normal(width, width, 1)}).first;
        exec::openmp const executor{.threads = threads};
        matrix<float> const x = normal(batch, width, 2);
        matrix<float> y(batch, width);
        found->second(x, y, executor, memory);
        double const wall = measure::wall_time(), cpu = measure::cpu_time();
        for (int i = 0; i < calls; ++i)
            found->second(x, y, executor, memory);
        std::printf("%.9f %.9f\n", (measure::cpu_time() - cpu) / calls, (measure::wall_time() - wall) / calls);
        std::fflush(stdout);
    }
}
