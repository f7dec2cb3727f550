// SPDX-License-Identifier: MIT
//
// One pass for the mean logistic loss and its gradient, float data in ordinary new[] memory, against Eigen's
// two matrix-vector products (scores, then gradient; the sigmoid between them is not even counted) and against
// plainly reading the same memory. Rivals take turns in one process (measure.hpp). Arguments: rounds (default
// 41).
//
// The floor of the pass is one read of X. 60000 x 784 with 10 classes is bound by arithmetic instead: 4 x 784 x
// 10 operations a row.
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <measure.hpp>

namespace {

using descent::index;
using V = descent::native_pack<float>;

volatile float sink;

/// A claim whose bar is of -march=native: plain -O3 has registers of 128 bits and no fused multiply-add on
/// x86-64.
bool native_claim(std::string const& text, double measured, double bar) {
#if defined(__AVX2__) || !defined(__SSE2__)
    return measure::claim(text, measured, ">=", bar);
#else
    std::printf("%s: %.3f (with -march=native >= %.2f)\n", text.c_str(), measured, bar);
    return true;
#endif
}

/// The sum of n numbers by eight packs: what reading costs.
void read(float const* x, index n) {
    constexpr int lanes = descent::lanes_of<V>;
    V total[8];
    for (V& each : total)
        each = V(0.f);
    for (index i = 0; i + 8 * lanes <= n; i += 8 * lanes)
        for (int k = 0; k < 8; ++k)
            total[k] += descent::load_unaligned<V>(x + i + k * lanes);
    for (int k = 1; k < 8; ++k)
        total[0] += total[k];
    sink = descent::sum(total[0]);
}

struct table {
    index rows, features, outputs;
    std::unique_ptr<float[]> x;
    std::vector<float> y, w, bias, g, g_bias;
    descent::linear::workspace<float> alone = {}, shared = {};

    table(index n, index d, index k)
        : rows(n),
          features(d),
          outputs(k),
          x(new float[std::size_t(n * d)]),
          y(std::size_t(n)),
          w(std::size_t(k * d)),
          bias(std::size_t(k)),
          g(w.size()),
          g_bias(bias.size()) {
        descent::generator const draw{1};
        for (index i = 0; i < n * d; ++i)
            x[std::size_t(i)] = draw.uniform<float>(std::uint64_t(i)) - 0.5f;
        for (index i = 0; i < n; ++i)
            y[std::size_t(i)] = float(i % (k == 1 ? 2 : k));
        for (std::size_t i = 0; i < w.size(); ++i)
            w[i] = draw.uniform<float>(i) * 0.1f;
    }

    template <class Loss, class Executor>
    void pass(Loss const& loss, Executor const& executor, descent::linear::workspace<float>& work) {
        descent::data::batch<float> const batch{x.get(), y.data(), features, rows};
        descent::linear::mean_loss_gradient(loss, batch, w.data(), bias.data(), outputs, g.data(),
                                            g_bias.data(), executor, work);
        sink = g[0];
    }
};

bool one_output(index n, index d, int rounds) {
    table t(n, d, 1);
    descent::matrix_view<float const> const x(t.x.get(), n, d);
    descent::vector<float> const w = descent::vector<float>::Constant(d, 0.01f);
    descent::vector<float> z(n), g(d);
    bool const cached = n * d < index(1) << 21;
    int const repeats = cached ? 16 : 1;
    std::vector<measure::rival> rivals{
        {"read", [&] { read(t.x.get(), n * d); }, repeats},
        {"eigen gemv pair",
         [&] {
             z.noalias() = x * w;
             g.noalias() = x.transpose() * z;
             sink = g[0];
         },
         repeats},
        {"fused", [&] { t.pass(descent::loss::logistic{}, descent::exec::serial{}, t.alone); }, repeats},
    };
#if DESCENT_OPENMP_ENABLED
    rivals.push_back({"read, 2 threads",
                      [&] {
                          float const* const from = t.x.get();
                          descent::exec::openmp{2}.for_each(
                              8, [from, part = n * d / 8](index i) { read(from + i * part, part); });
                      },
                      repeats});
    rivals.push_back({"fused, 2 threads",
                      [&] { t.pass(descent::loss::logistic{}, descent::exec::openmp{2}, t.shared); }, repeats});
#endif
    measure::take_turns(rivals, rounds);
    measure::print_samples(rivals, double(n * d));
    auto const of = [&](char const* a, char const* b) {
        return measure::ratio(measure::find(rivals, a), measure::find(rivals, b));
    };
    std::string const at = ", " + std::to_string(n) + "x" + std::to_string(d);
    std::printf("read%s: %.1f GB/s\n", at.c_str(), 4e-9 * double(n * d) / measure::median(rivals[0].seconds));
    bool holds = true;
    if (!cached) {
        holds &=
            native_claim("fused pass: speed over Eigen's gemv pair" + at, of("eigen gemv pair", "fused"), 2);
        holds &= native_claim("fused pass: share of the read bandwidth" + at, of("read", "fused"), 0.7);
    }
#if DESCENT_OPENMP_ENABLED
    if (cached)
        holds &=
            measure::claim("fused pass: two threads over one" + at, of("fused", "fused, 2 threads"), ">=", 1.7);
    else
        holds &= native_claim("fused pass: share of the two-thread read bandwidth" + at,
                              of("read, 2 threads", "fused, 2 threads"), 0.8);
#endif
    return holds;
}

bool ten_outputs(int rounds) {
    index const n = 60000, d = 784, k = 10;
    table t(n, d, k);
    descent::matrix_view<float const> const x(t.x.get(), n, d), w(t.w.data(), k, d);
    descent::matrix<float> z(n, k), g(k, d);
    std::vector<measure::rival> rivals{
        {"eigen gemm pair",
         [&] {
             z.noalias() = x * w.transpose();
             g.noalias() = z.transpose() * x;
             sink = g(0, 0);
         }},
        {"fused", [&] { t.pass(descent::loss::softmax_cross_entropy{}, descent::exec::serial{}, t.alone); }},
    };
    measure::take_turns(rivals, rounds);
    measure::print_samples(rivals, double(n * d));
    std::printf("fused pass, 60000x784x10: %.1f GFLOP/s\n",
                4e-9 * double(n * d * k) / measure::median(rivals[1].seconds));
    return measure::claim("fused pass: speed over Eigen's gemm pair, 60000x784x10",
                          measure::ratio(rivals[0], rivals[1]), ">=", 1.5);
}

}  // namespace

int main(int argc, char** argv) {
    measure::wait_passively(argv);
    Eigen::setNbThreads(1);  // its gemm would take several, of which only one is counted
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 41;
    measure::print_build("rivals in turns, median of the rounds' ratios");
    std::printf("CPU time of the calling thread, in ns per number of X; Eigen %d.%d.%d\n", EIGEN_WORLD_VERSION,
                EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
    bool holds = one_output(200000, 100, rounds);
    holds &= one_output(20000, 784, rounds);
    holds &= one_output(20000, 50, rounds);
    holds &= ten_outputs((rounds + 1) / 2);
    return holds ? 0 : 1;
}
