// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstring>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/math.hpp>
#include <descent/core/random.hpp>

#include <cuda_runtime_api.h>

using namespace descent;

namespace {

constexpr int functions = 12;

/// Every function of core/math and every kind of draw, for argument or position i.
template <class T>
DESCENT_FN void evaluate(T x, std::uint64_t i, T* out) {
    generator const draws{11, 2};
    T const results[functions] = {
        descent::sqrt(x),    descent::exp(x),      descent::expm1(x),
        descent::log(x),     descent::log1p(x),    descent::tanh(x),
        descent::sigmoid(x), descent::softplus(x), descent::sign(x),
        draws.uniform<T>(i), draws.normal<T>(i),   T(draws.integer(i, (std::uint64_t(3) << 30) - 1) % 65536)};
    for (int f = 0; f < functions; ++f)
        out[f] = results[f];
}

template <class T>
__global__ void evaluate_all(T const* x, int n, T* out) {
    int const i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n)
        evaluate(x[i], std::uint64_t(i), out + functions * i);
}

template <class T>
std::vector<T> on_host(std::vector<T> const& x) {
    std::vector<T> out(functions * x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        evaluate(x[i], i, &out[functions * i]);
    return out;
}

template <class T>
std::vector<T> on_device(std::vector<T> const& x) {
    std::vector<T> out(functions * x.size());
    T *from = nullptr, *to = nullptr;
    REQUIRE(cudaMalloc(&from, x.size() * sizeof(T)) == cudaSuccess);
    REQUIRE(cudaMalloc(&to, out.size() * sizeof(T)) == cudaSuccess);
    REQUIRE(cudaMemcpy(from, x.data(), x.size() * sizeof(T), cudaMemcpyHostToDevice) == cudaSuccess);
    evaluate_all<<<unsigned(x.size() + 127) / 128, 128>>>(from, int(x.size()), to);
    REQUIRE(cudaMemcpy(out.data(), to, out.size() * sizeof(T), cudaMemcpyDeviceToHost) == cudaSuccess);
    cudaFree(from);
    cudaFree(to);
    return out;
}

/// Bit patterns as whole numbers in the order of the numbers: neighbours differ by 1.
template <class T>
std::int64_t place(T x) {
    typename detail::integer_of_bytes<sizeof(T)>::type bits;
    std::memcpy(&bits, &x, sizeof x);
    auto const magnitude = std::int64_t(bits & ~detail::sign_bit<T>);
    return bits & detail::sign_bit<T> ? -magnitude : magnitude;
}

}  // namespace

TEMPLATE_TEST_CASE("core device: a device gives the host's numbers", "", float, double) {
    using T = TestType;
    std::vector<T> x = {T(0), T(-0.0), T(1), T(-1), T(1e-40), T(1e30), T(89), T(-104)};
    generator const draws{5, 0};
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        x.push_back(from_bits<T>(draws.bits<bits_type<T>>(i)));
        x.push_back((draws.uniform<T>(i) - T(0.5)) * 40);
    }
    std::vector<T> const host = on_host(x), device = on_device(x);
    // The device always fuses multiply and add; a host that does too gives the same bits.
    std::int64_t const allowed = DESCENT_FUSED ? 0 : 4;
    for (std::size_t k = 0; k < host.size(); ++k) {
        bool const both_nan = host[k] != host[k] && device[k] != device[k];
        std::int64_t const apart = both_nan ? 0 : std::abs(place(host[k]) - place(device[k]));
        std::size_t const f = k % functions;
        bool const exact = f == 0 || f == 8 || f == 9 || f == 11;
        if (apart > (exact ? 0 : allowed)) {
            INFO("function " << f << " of " << x[k / functions] << ": host " << host[k] << ", device "
                             << device[k]);
            CHECK(false);
            break;
        }
    }
    CHECK(host.size() == device.size());
}

TEST_CASE("core device: the host compiled by nvcc gives Philox's known answer", "[host]") {
    auto const b = philox::at({{0, 0, 0, 0}}, {{0, 0}});
    CHECK(b.word[0] == 0x6627e8d5);
    CHECK(b.word[3] == 0x9b00dbd8);
}
