// SPDX-License-Identifier: MIT
// A dense layer of 1024 x 1024 floats of which each group of M inputs keeps N weights, packed, against the
// product of the whole one, in one process by turns: one sample (against the faster of gemm and gemv), 16, 64
// and 256. 2 of 4 are judged, the other patterns told.
#include <algorithm>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/gemv.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/n_of_m_linear.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

/// Zeros at random places until each group of M along the inputs keeps N.
matrix<float> thinned(matrix<float> w, prune::granularity const& pattern) {
    generator const random{1};
    std::uint64_t draws = 0;
    for (std::ptrdiff_t first = 0; first < w.size(); first += pattern.second)
        for (std::ptrdiff_t left = pattern.second; left > pattern.first;) {
            float& one =
                w.data()[first + std::ptrdiff_t(random.integer(draws++, std::uint64_t(pattern.second)))];
            left -= one != 0;
            one = 0;
        }
    return w;
}

}  // namespace

int main() {
    measure::print_build("one thread");
    std::ptrdiff_t const n = 1024;
    matrix<float> const whole = matrix<float>::Random(n, n);
    vector<float> const bias = vector<float>::Random(n);
    float const* const numbers = bias.data();
    bool all = true;
    for (auto const& pattern : {prune::n_of_m(2, 4), prune::n_of_m(1, 4), prune::n_of_m(4, 8),
                                prune::n_of_m(2, 8), prune::n_of_m(4, 16), prune::n_of_m(2, 16)}) {
        matrix<float> const w = thinned(whole, pattern);
        prune::n_of_m_linear<float> const layer{w, pattern, bias};
        std::printf(
            "%td of %td: %td bytes instead of %td; times in ns a weight and sample, speed over dense:\n",
            pattern.first, pattern.second, layer.bytes(), n * n * 4);
        for (std::ptrdiff_t const samples : {1, 16, 64, 256}) {
            matrix<float> const x = matrix<float>::Random(samples, n);
            vector<float> const alone = x.row(0).transpose();
            matrix<float> y(samples, n), dense(samples, n);
            vector<float> scores(n);
            prune::n_of_m_linear<float>::workspace memory;
            std::vector<measure::rival> rivals;
            std::printf("batch %td, kernels: %s\n", samples,
                        prune::detail::best_n_of_m_form<float>(pattern.second, samples).name);
            int const repeats = int(512 / samples);
            rivals.push_back({"dense",
                              [&] {
                                  exec::gemm(exec::serial{}, x, exec::transposed(w), dense,
                                             [=](auto sum, exec::place at) {
                                                 return sum + at.by_column<decltype(sum)>(numbers);
                                             });
                              },
                              repeats});
            if (samples == 1)
                rivals.push_back({"dense, gemv",
                                  [&] {
                                      exec::gemv(exec::serial{}, w, alone, scores);
                                      scores += bias;
                                  },
                                  repeats});
            rivals.push_back({"packed", [&] { layer(x, y, exec::serial{}, memory); }, repeats});
            measure::take_turns(rivals, 21);
            measure::print_samples(rivals, double(n * n * samples));
            double faster = measure::ratio(measure::find(rivals, "dense"), measure::find(rivals, "packed"));
            if (samples == 1)
                faster = std::min(faster, measure::ratio(measure::find(rivals, "dense, gemv"),
                                                         measure::find(rivals, "packed")));
            auto const name = text("1024 x 1024, ", pattern.first, " of ", pattern.second, ", batch ", samples,
                                   ": speed over the dense layer");
            if (pattern.second == 4 && pattern.first == 2)
                all &= measure::claim(name, faster, ">=", samples == 1 ? 1.3 : 1.2);
            else
                std::printf("%s: %.3f\n", name.c_str(), faster);
            std::fflush(stdout);
        }
    }
    return all ? 0 : 1;
}
