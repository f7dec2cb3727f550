// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/exec/device_int8.hpp>

// Products of 8-bit numbers on an emulated device and on a GPU: the executor is a parameter.
namespace descent::test {

/// Random codes of all 256 values, `length` a row, `stride` apart, 77 between the rows.
inline std::vector<std::int8_t> some_codes(index rows, index length, index stride, std::uint64_t seed) {
    std::vector<std::int8_t> codes(std::size_t(rows * stride), std::int8_t(77));
    for (index r = 0; r < rows; ++r)
        for (index i = 0; i < length; ++i)
            codes[std::size_t(r * stride + i)] =
                std::int8_t(int(generator{seed}.bits(std::uint64_t(r * length + i)) & 255) - 128);
    return codes;
}

/// How many numbers of c = a b differ from the definition, those between the rows included, which stay.
template <class Executor>
index wrong_int8_sums(index m, index k, index n, index spare, Executor const& executor) {
    auto const engine = executor.engine();
    index const a_step = k + spare, b_step = k + 2 * spare, c_step = n + spare;
    std::vector<std::int8_t> const a = some_codes(m, k, a_step, 1), b = some_codes(n, k, b_step, 2);
    std::vector<std::int32_t> c(std::size_t(m * c_step), -5);
    typename Executor::template memory<std::int8_t> there_a(a.size()), there_b(b.size());
    typename Executor::template memory<std::int32_t> there_c(c.size());
    engine.upload(a.data(), index(a.size()), there_a.data());
    engine.upload(b.data(), index(b.size()), there_b.data());
    engine.upload(c.data(), index(c.size()), there_c.data());
    exec::block<std::int8_t const> const w{there_b.data(), n, k, b_step};
    for (int twice = 0; twice < 2; ++twice)
        exec::gemm_int8(engine, {there_a.data(), m, k, a_step}, exec::transposed(w),
                        {there_c.data(), m, n, c_step});
    engine.download(there_c.data(), index(c.size()), c.data());
    index wrong = 0;
    for (index r = 0; r < m; ++r)
        for (index o = 0; o < c_step; ++o) {
            std::int64_t sum = o < n ? 0 : -5;
            for (index i = 0; i < k && o < n; ++i)
                sum += std::int64_t(a[std::size_t(r * a_step + i)]) * b[std::size_t(o * b_step + i)];
            wrong += c[std::size_t(r * c_step + o)] != sum;
        }
    return wrong;
}

/// The same of all shapes that a library is asked for: 32 rows and more.
template <class Executor>
index wrong_int8_sums(Executor const& executor) {
    index wrong = 0;
    for (index const m : {0, 32, 33, 40, 64, 257})
        for (index const k : {0, 16, 32, 48, 512})
            for (index const n : {0, 4, 16, 20, 128})
                for (index const spare : {0, 16})
                    wrong += wrong_int8_sums(m, k, n, spare, executor);
    return wrong;
}

}  // namespace descent::test
