// SPDX-License-Identifier: MIT
// A dense layer of 1024 x 1024 floats without its zeros against the product of the whole one, in one process by
// turns: one sample, 16, 64, 256. Judged where the documentation says that it is faster.
#include <descent/core/random.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/sparse_linear.hpp>

#include "measure.hpp"

using namespace descent;

int main() {
    measure::print_build("one thread");
    descent::index const n = 1024;
    matrix<float> const whole = matrix<float>::Random(n, n);
    vector<float> const bias = vector<float>::Random(n);
    float const* const numbers = bias.data();
    bool all = true;
    for (double const zeros : {0.5, 0.7, 0.8, 0.9, 0.95, 0.98}) {
        matrix<float> w = whole;
        for (descent::index i = 0; i < w.size(); ++i)
            if (generator{1}.uniform<double>(std::uint64_t(i)) < zeros)
                w.data()[i] = 0;
        prune::sparse_linear<float> const layer{w, bias};
        std::printf("%.0f %% zeros: %td bytes instead of %td; speed over the dense layer's:", zeros * 100,
                    layer.bytes(), n * n * 4);
        for (descent::index const samples : {1, 16, 64, 256}) {
            matrix<float> const x = matrix<float>::Random(samples, n);
            matrix<float> y(samples, n), dense(samples, n);
            prune::sparse_linear<float>::workspace memory;
            std::vector<measure::rival> rivals;
            int const repeats = int(512 / samples);
            rivals.push_back({"dense",
                              [&] {
                                  exec::gemm(exec::serial{}, x, exec::transposed(w), dense,
                                             [=](auto sum, exec::place at) {
                                                 return sum + at.by_column<decltype(sum)>(numbers);
                                             });
                              },
                              repeats});
            rivals.push_back({"sparse", [&] { layer(x, y, exec::serial{}, memory); }, repeats});
            measure::take_turns(rivals, 21);
            double const faster =
                measure::ratio(measure::find(rivals, "dense"), measure::find(rivals, "sparse"));
            std::printf(" %.2f (%td)", faster, samples);
            std::fflush(stdout);
            if ((samples > 1 && zeros == 0.7) || zeros == 0.9) {
                std::printf("\n");
                all &= measure::claim(text("1024 x 1024, ", zeros * 100, " % zeros, batch ", samples,
                                           ": speed over the dense layer"),
                                      faster, ">=", 1);
            }
        }
        std::printf("\n");
    }
    return all ? 0 : 1;
}
