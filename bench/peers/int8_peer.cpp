// SPDX-License-Identifier: MIT
// The library's side of bench/claims/05_int8_linear, and bare oneDNN where -DWITH_DNNL says that it is there:
// reads commands, one a line, and answers each with a line of seconds: CPU time of the calling thread, then the
// wall clock, of one call.
//
//     int8 <batch> <threads> <calls>     a layer of 1024 x 1024 in 8 bits, quantizing and scaling back included
//     float <batch> <threads> <calls>    the same layer in floats
//     dnnl <batch> <threads> <calls>     u8 x s8 to s32, weights packed before
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include <descent/core/random.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/quantize/int8_linear.hpp>

#include "measure.hpp"

#if defined(WITH_DNNL)
#include <omp.h>

#include <oneapi/dnnl/dnnl.hpp>
#endif

using namespace descent;

namespace {

constexpr descent::index width = 1024;

matrix<float> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

#if defined(WITH_DNNL)
/// One product of a batch, ready to run.
struct dnnl_product {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    dnnl::memory x, w, y;
    dnnl::matmul product;

    explicit dnnl_product(descent::index batch) {
        using type = dnnl::memory::data_type;
        using tag = dnnl::memory::format_tag;
        dnnl::memory::desc const of_x({batch, width}, type::u8, tag::ab),
            of_y({batch, width}, type::s32, tag::ab);
        dnnl::memory::desc const any({width, width}, type::s8, tag::any),
            plain({width, width}, type::s8, tag::ab);
        dnnl::matmul::primitive_desc const how(dnnl::matmul::desc(of_x, any, of_y), engine);
        x = dnnl::memory(of_x, engine), w = dnnl::memory(how.weights_desc(), engine),
        y = dnnl::memory(of_y, engine);
        dnnl::memory from(plain, engine);
        for (descent::index i = 0; i < batch * width; ++i)
            static_cast<std::uint8_t*>(x.get_data_handle())[i] = std::uint8_t(i * 37 % 128);
        for (descent::index i = 0; i < width * width; ++i)
            static_cast<std::int8_t*>(from.get_data_handle())[i] = std::int8_t(i * 91 % 255 - 127);
        dnnl::reorder(from, w).execute(stream, from, w);
        stream.wait();
        product = dnnl::matmul(how);
    }
    void run() {
        product.execute(stream, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
        stream.wait();
    }
};
#endif

/// Prints the seconds of a call, after a rest in which threads that wait for work have stopped spinning.
template <class F>
void timed(int calls, F const& f) {
    f();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    for (int i = 0; i < 3; ++i)
        f();
    double const wall = measure::wall_time(), cpu = measure::cpu_time();
    for (int i = 0; i < calls; ++i)
        f();
    std::printf("%.9f %.9f\n", (measure::cpu_time() - cpu) / calls, (measure::wall_time() - wall) / calls);
}

}  // namespace

int main() {
    measure::print_build("1 and 2 threads");
    std::fflush(stdout);
    matrix<float> const w = normal(width, width, 1), all = normal(256, width, 2);
    quantize::int8_linear const layer{w};
    quantize::int8_linear::workspace memory;
    matrix<float> y(256, width);
    std::string command;
    int batch, threads, calls;
    while (std::cin >> command >> batch >> threads >> calls) {
        exec::openmp const executor{.threads = threads};
        if (command == "int8") {
            timed(calls, [&] { layer(all.data(), batch, y.data(), executor, memory); });
        } else if (command == "float") {
            auto const rows = [&](matrix<float> const& of) {
                return exec::block<float const>{of.data(), batch, width, width};
            };
            timed(calls, [&] {
                exec::gemm(executor, rows(all), exec::transposed(w),
                           exec::block<float>{y.data(), batch, width, width});
            });
#if defined(WITH_DNNL)
        } else if (command == "dnnl") {
            omp_set_num_threads(threads);
            dnnl_product product(batch);
            timed(calls, [&] { product.run(); });
            omp_set_num_threads(2);
#endif
        } else {
            std::printf("unknown command %s\n", command.c_str());
        }
        std::fflush(stdout);
    }
}
