// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <exec/device_cases.hpp>
#include <exec/emulated.hpp>
#include <exec/products.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/exec/gemm.hpp>
#include <descent/exec/reduce.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "message.hpp"

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
using namespace descent;

namespace {

struct squares {
    descent::index* to;
    DESCENT_FN void operator()(descent::index i) const { to[i] += i * i; }
};

struct term {
    DESCENT_FN double operator()(descent::index i) const { return 1.0 / double(i + 1); }
};

/// The sum of 2^-thread for each block: its halves added to halves are exact.
struct thread_bits {
    static constexpr int sums = 2;
    DESCENT_FN void operator()(descent::index block, int thread, int threads, double* sum) const {
        sum[0] = thread < 50 ? 1.0 / double(std::uint64_t(1) << thread) : 0.0;
        sum[1] = double(block) / threads;
    }
};

template <class T>
exec::cuda_buffer<T> on_device(matrix<T> const& m) {
    exec::cuda_buffer<T> buffer{std::size_t(m.size())};
    exec::cuda{}.upload(m.data(), m.size(), buffer.data());
    return buffer;
}

template <class T>
exec::block<T> by_rows(exec::cuda_buffer<T>& buffer, descent::index rows, descent::index cols) {
    return {buffer.data(), rows, cols, cols};
}

}  // namespace

TEST_CASE("exec cuda: available() answers without an error left behind", "[host]") {
    bool const first = exec::cuda::available();
    CHECK(exec::cuda::available() == first);
    if (first)  // without a driver every call reports an error, this one too
        CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("exec cuda: codes become messages that name the call", "[host]") {
    CHECK(message_of([] { exec::check(cudaSuccess, "cudaMalloc"); }) == "(no error)");
    CHECK(message_of([] { exec::check(cudaErrorMemoryAllocation, "cudaMalloc"); }) ==
          "cudaMalloc: out of memory");
    CHECK(message_of([] { exec::check(CUBLAS_STATUS_SUCCESS, "cublasCreate"); }) == "(no error)");
    CHECK(message_of([] { exec::check(CUBLAS_STATUS_ALLOC_FAILED, "cublasCreate"); }) ==
          "cublasCreate: the resource allocation failed");
}

TEST_CASE("exec cuda: an empty buffer needs no device", "[host]") {
    exec::cuda_buffer<float> empty;
    exec::cuda_buffer<float> none(0);
    empty = std::move(none);
    CHECK(empty.size() == 0);
    CHECK(empty.data() == nullptr);
}

TEST_CASE("exec cuda: without a device its use is an error that names the call", "[host]") {
    if (exec::cuda::available())
        return;
    CHECK(message_of([] { exec::cuda_buffer<float>{1}; }).starts_with("cudaMalloc: "));
    CHECK(message_of([] { exec::cuda_stream{}; }).starts_with("cudaStreamCreate: "));
    CHECK(message_of([] { exec::cuda_blas{}; }).starts_with("cublasCreate: "));
    CHECK(message_of([] { exec::cuda{}.for_each(1, squares{nullptr}); }).starts_with("exec::cuda: launch"));
}

TEST_CASE("exec cuda: tuning rows are for blocks that the sweep can cut", "[host]") {
    for (exec::cuda_tuning const& row : exec::cuda_tunings) {
        CHECK((row.threads & (row.threads - 1)) == 0);
        CHECK(row.threads <= exec::cuda_max_threads);
        CHECK(exec::cuda_tuning_of(row.capability).capability == row.capability);
        for (descent::index const n : {0, 1, 100'000, 100'000'000})
            for (descent::index const bytes : {4, 8}) {
                descent::index const each = exec::cuda_stretch(row, n, bytes);
                CHECK(each >= row.threads * row.turns * 16 / bytes);
                CHECK(each % (row.threads * 16 / bytes) == 0);
                CHECK(each * row.blocks >= n);
            }
    }
    CHECK(exec::cuda_tuning_of(86).capability == 80);
    CHECK(exec::cuda_tuning_of(10).capability == 75);
    CHECK(exec::cuda_tuning_of(200).capability == 90);
}

TEST_CASE("exec cuda: nvcc's host code sweeps like the serial executor", "[host]") {
    for (auto const& [name, seen] : test::every_way<float>(test::emulated{32, 256})) {
        INFO(name);
        CHECK(seen.weights <= 1e-6);
        CHECK(seen.slots <= 1e-6);
        CHECK(seen.padding == 0);
    }
}

TEMPLATE_TEST_CASE("exec cuda: the sweep agrees with the serial executor, padding stays 0", "", float, double) {
    double const tolerance = test::device_tolerance<TestType>;
    exec::cuda_stream const stream;
    for (exec::cuda const executor : {exec::cuda{}, exec::cuda{stream.get()}})
        for (auto const& [name, seen] : test::every_way<TestType>(executor)) {
            INFO(name);
            CHECK(seen.weights <= tolerance);
            CHECK(seen.slots <= tolerance);
            CHECK(seen.padding == 0);
        }
}

TEST_CASE("exec cuda: a run repeats bit for bit, from a state put back, and without copies between steps") {
    test::check_state_and_residence<float>(exec::cuda{});
}

TEST_CASE("exec cuda: bfloat16 slots round as on the host") { test::check_bf16(exec::cuda{}, 1e-2); }

TEST_CASE("exec cuda: for_each covers each index once") {
    exec::cuda const executor;
    for (descent::index const n : {0, 1, 3, 4, 1000, 100'003}) {
        exec::cuda_buffer<descent::index> to{std::size_t(n)};
        executor.for_each(n, squares{to.data()});
        std::vector<descent::index> here(static_cast<std::size_t>(n));
        executor.download(to.data(), n, here.data());
        descent::index wrong = 0;
        for (descent::index i = 0; i < n; ++i)
            wrong += here[std::size_t(i)] != i * i;
        CHECK(wrong == 0);
    }
}

TEST_CASE("exec cuda: reduce joins in the order of exec::serial") {
    auto const add = [](double all, double next) { return all + next; };
    for (descent::index const n : {0, 1, 5, 10'007})
        CHECK(exec::reduce(exec::cuda{}, n, 0.25, term{}, add) ==
              exec::reduce(exec::serial{}, n, 0.25, term{}, add));
}

TEST_CASE("exec cuda: the sums of a block's threads are added in one order, exactly where they can be") {
    exec::cuda_buffer<double> partial(6);
    exec::cuda{}.launch(3, thread_bits{}, partial.data());
    double here[6];
    exec::cuda{}.download(partial.data(), 6, here);
    for (int block = 0; block < 3; ++block) {
        CHECK(here[2 * block] == 2 - 1.0 / double(std::uint64_t(1) << 49));
        CHECK(here[2 * block + 1] == block);
    }
}

TEST_CASE("exec cuda: memory starts as zeros, moves, and reports what it cannot have") {
    exec::cuda_buffer<int> buffer(1000);
    std::vector<int> here(1000, 7);
    exec::cuda{}.download(buffer.data(), 1000, here.data());
    CHECK(here == std::vector<int>(1000));
    exec::cuda_buffer<int> other = std::move(buffer);
    CHECK(buffer.size() == 0);
    CHECK(other.size() == 1000);
    CHECK(message_of([] { exec::cuda_buffer<char>(std::size_t(1) << 60); }) == "cudaMalloc: out of memory");
    // The error is gone: the next call is judged by itself.
    exec::cuda{}.clear(other.data(), 1000);
    exec::cuda{}.wait();
}

TEMPLATE_TEST_CASE("exec cuda: products in all forms agree with Eigen's in double", "", float, double) {
    using T = TestType;
    exec::cuda const executor;
    exec::cuda_blas const blas{executor};
    struct extent {
        descent::index m, k, n;
    };
    for (auto const& [m, k, n] :
         {extent{0, 3, 2}, extent{2, 0, 3}, extent{1, 1, 1}, extent{7, 33, 5}, extent{97, 257, 65}}) {
        INFO(m << " x " << k << " x " << n);
        matrix<T> const a = test::some_matrix<T>(m, k, 1), b = test::some_matrix<T>(k, n, 2);
        matrix<double> const oracle = a.template cast<double>() * b.template cast<double>();
        auto there_a = on_device<T>(a), there_b = on_device<T>(b);
        auto turned_a = on_device<T>(a.transpose()), turned_b = on_device<T>(b.transpose());
        auto const plain_a = by_rows(there_a, m, k), plain_b = by_rows(there_b, k, n);
        auto const from_a = exec::transposed(by_rows(turned_a, k, m)),
                   from_b = exec::transposed(by_rows(turned_b, n, k));
        for (int form = 0; form < 5; ++form) {
            auto there_c = on_device<T>(matrix<T>::Constant(m, n, T(7)));
            auto const c = form < 4 ? by_rows(there_c, m, n) : exec::transposed(by_rows(there_c, n, m));
            exec::gemm(blas, form & 1 ? from_a : plain_a, form & 2 ? from_b : plain_b, c);
            matrix<T> here(c.turned ? n : m, c.turned ? m : n);
            executor.download(there_c.data(), here.size(), here.data());
            if (c.turned)
                here = here.transpose().eval();
            CHECK(test::worst(here, oracle) <= test::product_tolerance<T>(k));
        }
        matrix<T> const x = test::some_matrix<T>(k, 1, 3);
        matrix<double> const product = a.template cast<double>() * x.template cast<double>();
        auto there_x = on_device<T>(x);
        for (auto const& form : {plain_a, from_a}) {
            auto there_y = on_device<T>(matrix<T>::Constant(m, 1, T(7)));
            exec::gemv(blas, form, there_x, there_y);
            matrix<T> here(m, 1);
            executor.download(there_y.data(), m, here.data());
            CHECK(test::worst(here, product) <= test::product_tolerance<T>(k));
        }
    }
    exec::block<T> const a{nullptr, 2, 3, 3}, b{nullptr, 4, 5, 5}, c{nullptr, 2, 5, 5};
    CHECK(message_of([&] { exec::gemm(blas, a, b, c); }) ==
          "gemm: a is [2, 3], b is [4, 5]: inner extents must be equal");
}
