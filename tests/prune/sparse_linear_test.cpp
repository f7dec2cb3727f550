// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <type_traits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/sparse_linear.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Numbers of which about a share is zero.
template <class T>
matrix<T> thinned(descent::index rows, descent::index cols, double zeros, std::uint64_t seed) {
    matrix<T> m(rows, cols);
    generator const random{seed};
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = random.uniform<double>(std::uint64_t(2 * i)) < zeros
                          ? T(0)
                          : random.normal<T>(std::uint64_t(2 * i + 1));
    return m;
}

/// The largest difference from the definition, in double.
template <class T>
double error_of(matrix<T> const& w, vector<T> const& bias, matrix<T> const& x, matrix<T> const& y) {
    double worst = 0;
    for (descent::index s = 0; s < x.rows(); ++s)
        for (descent::index o = 0; o < w.rows(); ++o) {
            double sum = bias.size() ? double(bias[o]) : 0;
            for (descent::index i = 0; i < w.cols(); ++i)
                sum += double(w(o, i)) * double(x(s, i));
            worst = std::max(worst, std::abs(sum - double(y(s, o))));
        }
    return worst;
}

}  // namespace

TEMPLATE_TEST_CASE("prune sparse_linear: the dense layer's scores at every shape, sparsity and batch", "",
                   float, double) {
    double const tolerance = sizeof(TestType) == 4 ? 2e-4 : 1e-12;
    typename prune::sparse_linear<TestType>::workspace memory;  // of all calls, large and small
    matrix<TestType> y, alone, threads;
    for (descent::index const inputs : {0, 1, 3, 4, 5, 130})
        for (descent::index const outputs : {0, 1, 63, 64, 65, 200})
            for (double const zeros : {0.0, 0.6, 1.0}) {
                auto const w = thinned<TestType>(outputs, inputs, zeros, std::uint64_t(outputs + inputs));
                vector<TestType> const bias =
                    outputs % 2 ? vector<TestType>(thinned<TestType>(outputs, 1, 0, 5)) : vector<TestType>();
                prune::sparse_linear<TestType> const layer{w, bias};
                for (descent::index const samples : {0, 1, 2, 8, 9, 16, 17, 40}) {
                    auto const x = thinned<TestType>(samples, inputs, 0, 9);
                    layer(x, y, exec::serial{}, memory);
                    bool right = y.rows() == samples && y.cols() == outputs &&
                                 error_of<TestType>(w, bias, x, y) <= tolerance;
                    layer(x, threads, exec::openmp{3}, memory);
                    right &= threads == y;
                    for (descent::index s = 0; s < std::min<descent::index>(samples, 3); ++s) {
                        layer(matrix<TestType>(x.row(s)), alone, exec::serial{}, memory);
                        right &= outputs == 0 || alone.row(0) == y.row(s);
                    }
                    CAPTURE(inputs, outputs, zeros, samples);
                    CHECK(right);
                }
            }
}

TEST_CASE("prune sparse_linear: counts, bytes, and what was left out meets nothing") {
    matrix<float> w(2, 3);
    w << 1, 0, 2, 0, 0, -3;
    prune::sparse_linear<float> const layer{w};
    CHECK(layer.kept() == 3);
    CHECK(layer.bytes() == 3 * 6 + 3 * 8 + 2 * 4);
    prune::sparse_linear<float>::workspace memory;
    matrix<float> x(2, 3), y;
    x << 1, std::numeric_limits<float>::infinity(), 1, 2, NAN, std::numeric_limits<float>::infinity();
    layer(x, y, exec::serial{}, memory);
    CHECK(y(0, 0) == 3);
    CHECK(y(0, 1) == -3);
    CHECK(y(1, 0) == std::numeric_limits<float>::infinity());
    CHECK(prune::sparse_linear<float>{exec::transposed(w)}.inputs() == 2);
}

TEST_CASE("prune sparse_linear: tensors of parameters; calls without memory and executor") {
    params<float> from{{"weight", {5, 8}}};
    for (descent::index i = 0; i < 40; ++i)
        from["weight"].data[i] = i % 4 < 2 ? 0.0f : float(i) - 17;
    prune::sparse_linear<float> const layer{from["weight"]};
    matrix<float> const x = matrix<float>::Ones(3, 8);
    matrix<float> y, z;
    prune::sparse_linear<float>::workspace memory;
    layer(x, y, exec::serial{}, memory);
    layer(x, z);
    CHECK(y == z);
    layer(x, z, exec::openmp{.threads = 2});
    CHECK(y == z);
    static_assert(!std::is_constructible_v<prune::sparse_linear<float>, decltype(matrix<float>::Random(3, 4))>);
}

TEST_CASE("prune sparse_linear: bad weights, biases and samples are refused") {
    auto const told = [](auto const& f) { return message_of(f); };
    matrix<float> w = matrix<float>::Ones(2, 3);
    CHECK(told([&] {
              prune::sparse_linear<float>{w, vector<float>::Ones(3)};
          }) == "sparse_linear: 3 biases for 2 outputs");
    CHECK(told([&] { prune::sparse_linear<float>{matrix<float>(0, 65'537)}; }) ==
          "sparse_linear: inputs = 65537: must be at most 65536");
    prune::sparse_linear<float> const layer{w};
    prune::sparse_linear<float>::workspace memory;
    matrix<float> y;
    CHECK(told([&] { layer(matrix<float>::Ones(1, 4), y, exec::serial{}, memory); }) ==
          "sparse_linear: 4 features: must be 3");
    y.setOnes(1, 3);
    CHECK(told([&] { layer(y, y, exec::serial{}, memory); }) ==
          "sparse_linear: x is y: must be another matrix");
    CHECK(told([&] { prune::sparse_linear<float>{matrix<double>(matrix<double>::Constant(1, 1, 1e300))}; }) ==
          "sparse_linear: weight (0, 0) = 1e+300: must be finite");
    w(1, 2) = NAN;
    CHECK(told([&] { prune::sparse_linear<float>{w}; }) ==
          "sparse_linear: weight (1, 2) = nan: must be finite");
}
