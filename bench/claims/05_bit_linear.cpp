// SPDX-License-Identifier: MIT
// A layer of 1024 x 1024 whose weights and inputs have one or two bits, bits of the inputs taken, products
// counted and scaled: against the library's own layer in floats and in 8 bits, on one thread and two, at
// batches of 1, 16 and 256. All take turns in one program; threads wait as OpenMP's do when nothing is set:
// some of these products are shorter than waking a thread that sleeps.
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/quantize/bit_linear.hpp>
#include <descent/quantize/int8_linear.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

constexpr std::ptrdiff_t width = 1024;

matrix<float> normal(std::ptrdiff_t rows, std::uint64_t seed) {
    matrix<float> m(rows, width);
    for (std::ptrdiff_t i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

}  // namespace

int main() {
    measure::print_build("1 and 2 threads");
    matrix<float> const w = normal(width, 1);
    matrix<float> const signs = w.unaryExpr([](float x) { return x < 0 ? -0.5f : 0.5f; });
    matrix<float> const three = w.unaryExpr([](float x) { return x < -0.6f ? -0.5f : x > 0.6f ? 0.5f : 0.0f; });
    quantize::binary_linear const two{signs};
    quantize::ternary_linear const ternary{three, 1.0};
    quantize::int8_linear const eight{w};
    bool holds = true;
    for (int const threads : {1, 2})
        for (std::ptrdiff_t const batch : {1, 16, 256}) {
            exec::openmp const executor{.threads = threads};
            matrix<float> const x = normal(batch, 2);
            matrix<float> y(batch, width);
            quantize::binary_linear::workspace of_two;
            quantize::ternary_linear::workspace of_three;
            quantize::int8_linear::workspace of_eight;
            int const repeats = int(512 / batch);
            std::vector<measure::rival> rivals{
                {"binary", [&] { two(x, y, executor, of_two); }, 8 * repeats},
                {"ternary", [&] { ternary(x, y, executor, of_three); }, 8 * repeats},
                {"8 bits", [&] { eight(x, y, executor, of_eight); }, repeats},
                {"floats", [&] { exec::gemm(executor, x, exec::transposed(w), y); }, repeats},
            };
            measure::take_turns(rivals, 15);
            std::printf("batch %td, %d threads, per sample:\n", batch, threads);
            measure::print_samples(rivals, double(batch));
            for (char const* const name : {"binary", "ternary"}) {
                auto const& ours = measure::find(rivals, name);
                std::string const where = std::string(name) + ", batch " + std::to_string(batch) +
                                          ", threads " + std::to_string(threads);
                holds &= measure::claim(where + ": times faster than floats",
                                        measure::ratio(measure::find(rivals, "floats"), ours),
                                        ">=", name[0] == 'b' ? 5 : 2.5);
                holds &= measure::claim(where + ": times faster than 8 bits",
                                        measure::ratio(measure::find(rivals, "8 bits"), ours),
                                        ">=", name[0] == 'b' ? 2.5 : 1.5);
            }
        }
    return holds ? 0 : 1;
}
