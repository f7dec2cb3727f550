// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <exec/emulated.hpp>
#include <quantize/int8_device_cases.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "message.hpp"

using namespace descent;
using descent::test::emulated;

namespace {

/// Counts what is taken: memory that is made, and scratch memory that grows.
struct counting : emulated {
    static inline int made = 0;

    template <class T>
    struct memory : emulated::memory<T> {
        memory() = default;
        explicit memory(std::size_t n) : emulated::memory<T>(n) { ++made; }
    };
    struct engine_type : test::emulated_engine {
        mutable descent::index most = 0;

        template <class T>
        T* scratch(descent::index n) const {
            if (n * descent::index(sizeof(T)) > most)
                ++made, most = n * descent::index(sizeof(T));
            return test::emulated_engine::scratch<T>(n);
        }
    };
    engine_type engine() const { return {*this}; }
};

}  // namespace

TEST_CASE("quantize device_int8_linear: the host's bits, in any order of threads") {
    CHECK(test::unlike_host(emulated{}) == 0);
    CHECK(test::unlike_host(33, 70, 40, emulated{.forwards = true}) == 0);
    CHECK(test::unlike_host(65, 1200, 5, emulated{.forwards = true}) == 0);
}

TEST_CASE("quantize device_int8_linear: from codes of every kernel of the host") {
    matrix<float> const w = test::normal_numbers(21, 45, 1), x = test::normal_numbers(5, 45, 2);
    quantize::int8_linear layer{w};
    quantize::int8_linear::workspace memory;
    matrix<float> here, there;
    layer(x, here, exec::serial{}, memory);
    for (auto const* kernels : {&quantize::detail::int8_rows_plain, &quantize::detail::int8_rows_quads,
                                quantize::detail::all_int8_kernels().front()}) {
        layer.use(*kernels);
        quantize::device_int8_linear on_device{layer, emulated{}};
        on_device(x, there);
        CHECK(test::other_bits(here, there) == 0);
    }
}

TEST_CASE("quantize device_int8_linear: by the definition, from a table of codes") {
    // x / (2 / 127) = 127, -63.5, 0.635 -> 127, -64 (even), 1; w / (1 / 127) = 127, 127, -127 and 0.
    matrix<float> w(2, 3), x(1, 3), y;
    w << 1, 1, -1, 0, 0, 0;
    x << 2, -1, 0.01f;
    vector<float> bias(2);
    bias << 0.25f, -3;
    quantize::device_int8_linear layer{quantize::int8_linear{w, bias}, emulated{}};
    layer(x, y);
    CHECK(std::abs(double(y(0, 0)) - (127 - 64 - 1) * 127 * (2.0 / 127) * (1.0 / 127) - 0.25) < 1e-6);
    CHECK(y(0, 1) == -3);
}

TEST_CASE("quantize device_int8_linear: numbers that are none give NaN, and spoil no other sample") {
    matrix<float> x = test::normal_numbers(40, 20, 2), y;
    quantize::device_int8_linear layer{quantize::int8_linear{test::normal_numbers(3, 20, 1)}, emulated{}};
    x(1, 7) = std::numeric_limits<float>::quiet_NaN();
    x(33, 19) = -std::numeric_limits<float>::infinity();
    x.row(4).setZero();
    layer(x, y);
    for (descent::index s = 0; s < 40; ++s)
        for (descent::index o = 0; o < 3; ++o)
            CHECK(std::isnan(y(s, o)) == (s == 1 || s == 33));
    CHECK(y.row(4).isZero(0));
}

TEST_CASE("quantize device_int8_linear: more numbers than are multiplied at once") {
    CHECK(test::unlike_host(70, 1, 140'000, emulated{}) == 0);
}

TEST_CASE("quantize device_int8_linear: numbers that are there stay there") {
    descent::index const samples = 9, inputs = 50, outputs = 13;
    matrix<float> const x = test::normal_numbers(samples, inputs, 1);
    quantize::int8_linear const small{test::normal_numbers(outputs, inputs, 2)};
    quantize::int8_linear::workspace memory;
    matrix<float> here, there(samples, outputs);
    small(x, here, exec::serial{}, memory);
    quantize::device_int8_linear const layer{small, emulated{}};
    CHECK((layer.inputs() == inputs && layer.outputs() == outputs));
    emulated::memory<float> x_there(std::size_t(x.size())), y_there(std::size_t(there.size() + 1));
    emulated{}.upload(x.data(), x.size(), x_there.data());
    y_there.data()[there.size()] = 7;
    layer(x_there.data(), samples, y_there.data());
    emulated{}.download(y_there.data(), there.size(), there.data());
    CHECK(test::other_bits(here, there) == 0);
    CHECK(y_there.data()[there.size()] == 7);
}

TEST_CASE("quantize device_int8_linear: many calls take no more memory than the largest") {
    quantize::device_int8_linear layer{quantize::int8_linear{test::normal_numbers(30, 40, 1)}, counting{}};
    matrix<float> y;
    layer(test::normal_numbers(70, 40, 2), y);
    int const made = counting::made;
    for (int call = 0; call < 100; ++call)
        layer(test::normal_numbers(call % 71, 40, 2), y);
    CHECK(counting::made == made);
    layer(test::normal_numbers(200, 40, 2), y);
    CHECK(counting::made == made + 3);  // x, y, scratch
}

TEST_CASE("quantize device_int8_linear: what it refuses") {
    quantize::device_int8_linear layer{quantize::int8_linear{test::normal_numbers(20, 20, 1)}, emulated{}};
    matrix<float> x = matrix<float>::Ones(2, 20), y = matrix<float>::Zero(1, 1);
    CHECK(message_of([&] { layer(matrix<float>(matrix<float>::Zero(2, 21)), y); }) ==
          "device_int8_linear: 21 features: must be 20");
    CHECK(message_of([&] { layer(x, x); }) == "device_int8_linear: x is y: must be another matrix");
    CHECK((x == matrix<float>::Ones(2, 20) && y == matrix<float>::Zero(1, 1)));
}
