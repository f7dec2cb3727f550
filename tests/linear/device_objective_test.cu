// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <descent/linear/logistic_regression.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/multiclass_hinge.hpp>
#include <descent/loss/poisson.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/train/fit.hpp>

#include <exec/emulated.hpp>
#include <linear/device_cases.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <vector>

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
using namespace descent;
using descent::test::device_table;
using descent::test::emulated;

namespace {

/// Rounds: thread t adds up the numbers t, t + 1, ... of those that its neighbours wrote in the step before.
struct shifts {
    static constexpr int threads = 128;
    struct shared_memory {
        int number[2][threads];
    };
    struct own {
        int total = 0;
    };

    int* to;

    DESCENT_FN int steps(descent::index block) const { return 3 + int(block); }
    DESCENT_FN void operator()(descent::index block, int step, int thread, shared_memory& shared,
                               own& mine) const {
        shared.number[step % 2][thread] =
            step == 0 ? thread : shared.number[(step + 1) % 2][(thread + 1) % threads];
        mine.total += shared.number[step % 2][thread];
        if (step == steps(block) - 1)
            to[block * threads + thread] = mine.total;
    }
};

}  // namespace

TEST_CASE("linear device_objective: nvcc's host code sweeps like the host", "[host]") {
    auto const seen = test::judge<double>(loss::logistic{}, emulated{}, emulated{.forwards = true}, 300, 9,
                                          {.weights = true});
    CHECK(seen.far <= 1e-12);
    CHECK(seen.same);
}

TEST_CASE("exec cuda: threads of a block see what the step before has written") {
    constexpr int blocks = 3;
    exec::cuda_buffer<int> to(blocks * shifts::threads);
    exec::cuda{}.launch_steps(blocks, shifts{to.data()});
    std::vector<int> here(blocks * shifts::threads);
    exec::cuda{}.download(to.data(), descent::index(here.size()), here.data());
    int wrong = 0;
    for (int block = 0; block < blocks; ++block)
        for (int thread = 0; thread < shifts::threads; ++thread) {
            int expected = 0;
            for (int step = 0; step < 3 + block; ++step)
                expected += (thread + step) % shifts::threads;
            wrong += here[std::size_t(block * shifts::threads + thread)] != expected;
        }
    CHECK(wrong == 0);
    exec::cuda{}.launch_steps(0, shifts{nullptr});
    exec::cuda{}.wait();
}

TEST_CASE("linear device_objective: a GPU gives the host's answers, the same bits on another stream") {
    exec::cuda_stream const stream;
    exec::cuda const one, two{stream.get()};
    auto const wide = test::judge_edges<double>(one, two, loss::logistic{}, loss::softmax_cross_entropy{});
    CHECK(wide.far <= 1e-12);
    CHECK(wide.same);
    auto const narrow = test::judge_edges<float>(one, two, loss::logistic{});
    CHECK(narrow.far <= 2e-6);
    CHECK(narrow.same);
    auto const deep =
        test::judge<double>(loss::softmax_cross_entropy{}, one, two, 34000, 17, {.weights = true});
    CHECK(deep.far <= 1e-12);
    CHECK(deep.same);
    CHECK(test::judge<double, false>(loss::poisson{}, one, two, 150, 9, {}).far <= 1e-12);
    CHECK(test::judge<double, false>(loss::multiclass_hinge{}, one, two, 150, 9, {}).far <= 1e-12);
}

TEST_CASE("linear device_objective: fit goes to the GPU, and ends where the host's gradient is 0") {
    device_table const table(400, 12, 2, {});
    auto const train = table.dense<double>();
    linear::logistic_regression<double> model{12}, usual{12};
    auto const report = fit(model, train, solve::lbfgs{.tolerance = 1e-10}, exec::cuda{}, validate_on{train});
    CHECK(report.status == status::converged);
    CHECK(std::abs(report.history.back().validation - report.loss) <= 1e-12);
    params<double> slope = model.params().like();
    CHECK(std::abs(model.gradient(data::all_of(train), slope) - report.loss) <= 1e-12);
    CHECK(slope["weight"].flat().norm() <= 1e-8);
    CHECK(fit(usual, train, exec::cuda{}).loss <= report.loss * (1 + 1e-3));
}
