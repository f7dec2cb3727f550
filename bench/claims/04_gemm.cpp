// SPDX-License-Identifier: MIT
// The packed product of exec/ against the measured peak of fused multiplications and against Eigen's product,
// in one process, by turns.
#define EIGEN_DONT_PARALLELIZE  // with -fopenmp Eigen's product would start threads of its own

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/row.hpp>
#include <descent/exec/serial.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

/// A product of an m x k by a k x n matrix, a or b stored transposed.
struct form {
    char const* name;
    descent::index m, k, n;
    bool left_turned = false, right_turned = false;
};

template <class T>
T volatile sink;

/// Twelve independent chains of fused multiplications that stay in registers: `rounds` of each.
template <class T>
void multiply_in_registers(long rounds) {
    using V = native_pack<T>;
    constexpr int chains = 12;
    V sum_of[chains], factor(T(0.999)), term(T(1e-3));
    for (int i = 0; i < chains; ++i)
        sum_of[i] = V(T(i));
    for (long round = 0; round < rounds; ++round) {
        exec::unrolled<chains>(
            [&](auto i) { sum_of[i] = fused_multiply_add(sum_of[i], factor, term); });
#if defined(__GNUC__)
        asm volatile("" : "+x"(factor.v));  // else a compiler may fold rounds
#endif
    }
    V total = sum_of[0];
    for (int i = 1; i < chains; ++i)
        total += sum_of[i];
    sink<T> = sum(total);
}

template <class T>
double operations_of(long rounds) {
    return 2.0 * 12 * lanes_of<native_pack<T>> * double(rounds);
}

template <class T>
bool measure_type(char const* type, bool judged) {
    // Native: what a network of 784-256-128-10 asks for, forward, slopes of the weights, slopes of the inputs.
    std::vector<form> forms;
    for (descent::index const n : {16, 32, 64, 100, 128, 256, 512, 1024})
        forms.push_back({"square", n, n, n});
    for (descent::index const rows : {64, 256}) {
        descent::index const width[] = {784, 256, 128, 10};
        for (int i = 0; i < 3; ++i) {
            forms.push_back({"forward", rows, width[i], width[i + 1], false, true});
            forms.push_back({"slopes of w", width[i + 1], rows, width[i], true, false});
            forms.push_back({"slopes of x", rows, width[i + 1], width[i]});
        }
    }
    forms.push_back({"one row", 1, 64, 10, false, true});
    forms.push_back({"one row", 1, 784, 256, false, true});
    bool all = true;
    double slowest = 1e9;
    for (form const& f : forms) {
        matrix<T> const a = matrix<T>::Random(f.left_turned ? f.k : f.m, f.left_turned ? f.m : f.k);
        matrix<T> const b = matrix<T>::Random(f.right_turned ? f.n : f.k, f.right_turned ? f.k : f.n);
        matrix<T> c(f.m, f.n), other(f.m, f.n);
        auto const left = f.left_turned ? exec::transposed(a) : exec::as_block(a);
        auto const right = f.right_turned ? exec::transposed(b) : exec::as_block(b);
        double const work = 2.0 * double(f.m) * double(f.k) * double(f.n);
        int const repeats = int(std::max(1.0, 2e7 / work));
        long const rounds = long(3e7 / operations_of<T>(1));
        std::vector<measure::rival> rivals;
        rivals.push_back({"peak", [&] { multiply_in_registers<T>(rounds); }});
        rivals.push_back({"descent", [&] { exec::gemm(exec::serial{}, left, right, c); }, repeats});
        rivals.push_back({"Eigen",
                          [&] {
                              if (f.left_turned)
                                  other.noalias() = a.transpose() * b;
                              else if (f.right_turned)
                                  other.noalias() = a * b.transpose();
                              else
                                  other.noalias() = a * b;
                          },
                          repeats});
#if DESCENT_OPENMP_ENABLED
        rivals.push_back({"2 threads", [&] { exec::gemm(exec::openmp{2}, left, right, c); }, repeats});
#endif
        measure::take_turns(rivals, f.m == 1024 ? 11 : f.m == 1 ? 101 : 21);
        double const peak = operations_of<T>(rounds) / measure::median(measure::find(rivals, "peak").seconds);
        auto const share = [&](char const* name) {
            measure::rival const& r = measure::find(rivals, name);
            std::vector<double> each;
            auto const& tops = measure::find(rivals, "peak").seconds;
            for (std::size_t i = 0; i < tops.size(); ++i)
                each.push_back(work / r.seconds[i] / (operations_of<T>(rounds) / tops[i]));
            return measure::median(each);
        };
        double const faster = measure::ratio(measure::find(rivals, "Eigen"), measure::find(rivals, "descent"));
        slowest = std::min(slowest, faster);
        std::printf("%s %s %td x %td x %td: %.1f GFLOP/s peak, share %.3f", type, f.name, f.m, f.k, f.n,
                    peak * 1e-9, share("descent"));
#if DESCENT_OPENMP_ENABLED
        std::printf(", with 2 threads %.3f of two peaks", share("2 threads") / 2);
#endif
        std::printf(", Eigen %.3f, speed over Eigen's %.3f\n", share("Eigen"), faster);
        std::fflush(stdout);
        if (f.m == 1024 && judged) {
            all &= measure::claim(text("gemm: share of the FMA peak at 1024, ", type, ", one thread"),
                                  share("descent"), ">=", 0.80);
#if DESCENT_OPENMP_ENABLED
            all &= measure::claim(text("gemm: share of the FMA peak at 1024, ", type, ", two threads"),
                                  share("2 threads") / 2, ">=", 0.80);
#endif
        }
    }
    return all & measure::claim(text("gemm: least speed over Eigen's product, ", type), slowest, ">=", 1.0);
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    measure::print_build("one thread and two");
    // Without the instruction the peak is that of a product and a sum.
    bool const judged = DESCENT_FUSED;
    bool const all = measure_type<float>("float", judged) & measure_type<double>("double", judged);
    return all ? 0 : 1;
}
