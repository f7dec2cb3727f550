// SPDX-License-Identifier: MIT
// Layers of 4096 x 4096 and 1024 x 1024 whose weights have 4 bits, in groups of 64, inputs in floats: against
// the library's own products in floats (gemv for one sample, else gemm), on one thread and two, at batches of
// 1, 16, 64 and 256. Judged are the symmetric codes; those with zeros of their own are told beside them.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/gemv.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/quantize/int4_linear.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

matrix<float> normal(std::ptrdiff_t rows, std::ptrdiff_t columns, std::uint64_t seed) {
    matrix<float> m(rows, columns);
    for (std::ptrdiff_t i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    measure::print_build("1 and 2 threads");
    std::printf("kernels of 4 bits: %s\n", quantize::detail::int4_forms()[0]->name);
    bool holds = true;
    for (std::ptrdiff_t const width : {4096, 1024}) {
        matrix<float> const w = normal(width, width, 1);
        quantize::int4_linear const four{w}, affine{w, {}, {.symmetric = false}};
        for (int const threads : {1, 2})
            for (std::ptrdiff_t const batch : {1, 16, 64, 256}) {
                exec::openmp const executor{.threads = threads};
                matrix<float> const x = normal(batch, width, 2);
                matrix<float> y(batch, width);
                quantize::int4_linear::workspace memory;
                int const repeats = int(std::max<std::ptrdiff_t>(1, (8 << 20) * 8 / (width * width * batch)));
                std::vector<measure::rival> rivals{
                    {"4 bits", [&] { four(x, y, executor, memory); }, repeats},
                    {"4 bits with zeros", [&] { affine(x, y, executor, memory); }, repeats},
                    {"floats",
                     [&] {
                         if (batch == 1)
                             exec::gemv(executor, w, x.row(0), y.row(0));
                         else
                             exec::gemm(executor, x, exec::transposed(w), y);
                     },
                     repeats},
                };
                measure::take_turns(rivals, 31);
                std::printf("%td x %td, batch %td, %d threads, per sample:\n", width, width, batch, threads);
                measure::print_samples(rivals, double(batch));
                auto const speed = [&](char const* name, double bytes) {
                    return bytes / measure::median(measure::find(rivals, name).wall) / 1e9;
                };
                std::printf("weights read, GB/s: 4 bits %.2f, with zeros %.2f, floats %.2f\n",
                            speed("4 bits", double(four.bytes())),
                            speed("4 bits with zeros", double(affine.bytes())),
                            speed("floats", 4.0 * double(w.size())));
                auto const ratio = [&](char const* name) {
                    return measure::ratio(measure::find(rivals, "floats"), measure::find(rivals, name));
                };
                std::string const where = std::to_string(width) + " x " + std::to_string(width) + ", batch " +
                                          std::to_string(batch) + ", threads " + std::to_string(threads);
                std::printf("%s, with zeros: times faster than floats: %.3f\n", where.c_str(),
                            ratio("4 bits with zeros"));
                double const bar = batch == 1 ? (width == 4096 ? 3 : 1) : batch == 16 ? 1 : 0.8;
                holds &=
                    measure::claim("int4 " + where + ": times faster than floats", ratio("4 bits"), ">=", bar);
            }
    }
    return holds ? 0 : 1;
}
