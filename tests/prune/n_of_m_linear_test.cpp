// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/n_of_m_linear.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
matrix<T> normals(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<T> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<T>(std::uint64_t(i));
    return m;
}

/// Weights of which each group keeps 0 to N, at places that are drawn.
template <class T>
matrix<T> thinned(descent::index rows, descent::index cols, int kept, int of, std::uint64_t seed) {
    matrix<T> m = normals<T>(rows, cols, seed);
    std::uint64_t draws = 0;
    generator const random{seed + 1};
    for (descent::index r = 0; r < rows; ++r)
        for (descent::index first = 0; first < cols; first += of) {
            auto const live = std::min<descent::index>(of, cols - first);
            auto const stay = std::min<descent::index>(
                live,
                random.integer(draws++, 4) == 0 ? descent::index(random.integer(draws++, kept + 1)) : kept);
            for (auto left = live; left > stay;) {
                T& one = m(r, first + descent::index(random.integer(draws++, std::uint64_t(live))));
                left -= one != 0;
                one = 0;
            }
        }
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
            double const error = std::abs(sum - double(y(s, o)));
            worst = error <= worst ? worst : error;  // NaN counts
        }
    return worst;
}

/// All forms against the definition; the best one with other threads, and each sample alone.
template <class T>
bool right(int kept, int of, descent::index inputs, descent::index outputs,
           std::vector<descent::index> const& batches) {
    double const tolerance = sizeof(T) == 4 ? 3e-4 : 1e-11;
    typename prune::n_of_m_linear<T>::workspace memory;  // of all calls, large and small
    auto const w = thinned<T>(outputs, inputs, kept, of, std::uint64_t(100 * kept + of));
    vector<T> const bias = outputs % 2 ? vector<T>(normals<T>(outputs, 1, 5)) : vector<T>();
    prune::n_of_m_linear<T> const layer{w, prune::n_of_m(kept, of), bias};
    bool fine = layer.inputs() == inputs && layer.outputs() == outputs;
    for (auto const samples : batches) {
        auto const x = normals<T>(samples, inputs, 9);
        for (auto const* form : prune::detail::n_of_m_forms<T>()) {
            matrix<T> y = matrix<T>::Constant(samples, outputs, T(NAN)), threads = y;
            layer.run(*form, x.data(), samples, y.data(), exec::serial{}, memory);
            layer.run(*form, x.data(), samples, threads.data(), exec::openmp{2}, memory);
            bool const same = y == threads;
            double const error = error_of<T>(w, bias, x, y);
            UNSCOPED_INFO(form->name << ", " << kept << " of " << of << ", " << outputs << " x " << inputs
                                     << ", batch " << samples << ": error " << error << ", threads " << same);
            fine = fine && same && error <= tolerance;
        }
        matrix<T> y, alone;
        layer(x, y, exec::openmp{2}, memory);
        for (descent::index s = 0; s < std::min<descent::index>(samples, 3); ++s) {
            layer(matrix<T>(x.row(s)), alone, exec::serial{}, memory);
            fine = fine && (outputs == 0 || alone.row(0) == y.row(s));
        }
    }
    return fine;
}

}  // namespace

TEMPLATE_TEST_CASE("prune n_of_m_linear: the dense layer's scores for every N and M", "", float, double) {
    for (int of = 2; of <= 16; ++of)
        for (int kept = 1; kept < of; ++kept) {
            CHECK(right<TestType>(kept, of, 37, 19, {1, 5}));
            CHECK(right<TestType>(kept, of, 2 * of, 16, {40}));
        }
}

TEMPLATE_TEST_CASE("prune n_of_m_linear: the dense layer's scores at every shape and batch", "", float,
                   double) {
    using pattern = std::pair<int, int>;
    for (auto const& [kept, of] : {pattern{2, 4}, pattern{1, 4}, pattern{3, 6}, pattern{4, 16}})
        for (descent::index const inputs : {0, 1, 3, 4, 5, 31, 32, 33})
            for (descent::index const outputs : {0, 1, 15, 16, 17, 64, 65, 130})
                CHECK(right<TestType>(kept, of, inputs, outputs, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17}));
    CHECK(right<TestType>(2, 4, 70, 33, {15, 16, 31, 32, 33, 63, 64, 65, 130}));
    CHECK(right<TestType>(2, 4, 1100, 17, {1, 13, 70}));  // several stretches of groups
    CHECK(right<TestType>(12, 16, 600, 17, {1, 13, 70}));
    CHECK(right<TestType>(1, 3, 1700, 17, {1, 13, 70}));
    CHECK(right<TestType>(2, 4, 8, 5, {300}));  // several stripes of tiles
}

TEST_CASE("prune n_of_m_linear: bytes, and weights that lie transposed") {
    matrix<float> w = matrix<float>::Zero(16, 64);
    prune::n_of_m_linear<float> const layer{w, prune::n_of_m(2, 4)};
    CHECK(layer.bytes() == 16 * 32 * 4 + 16 * 32 / 4 + 16 * 4);  // half the values, 2 bits each, biases
    CHECK(prune::n_of_m_linear<float>{w, prune::n_of_m(2, 8)}.bytes() == 16 * 16 * 4 + 16 * 16 / 2 + 16 * 4);
    CHECK(prune::n_of_m_linear<float>{exec::transposed(w), prune::n_of_m(2, 4)}.inputs() == 16);
}

TEST_CASE(
    "prune n_of_m_linear: Inf and NaN of x arrive where their weights are, and nowhere that dense has none") {
    float const inf = std::numeric_limits<float>::infinity();
    descent::index const inputs = 8, outputs = 3;
    matrix<float> w = matrix<float>::Zero(outputs, inputs);
    w(0, 1) = 2, w(0, 2) = -1;  // a full group and one without weights
    w(1, 0) = 1, w(1, 6) = 3;   // a group of one weight each
    w(2, 4) = 1, w(2, 7) = 1;
    prune::n_of_m_linear<float> const layer{w, prune::n_of_m(2, 4)};
    prune::n_of_m_linear<float>::workspace memory;
    for (descent::index const samples : {1, 4, 20, 70})
        for (auto const* form : prune::detail::n_of_m_forms<float>())
            for (float const special : {inf, -inf, float(NAN)})
                for (descent::index i = 0; i < inputs; ++i) {
                    matrix<float> x = matrix<float>::Ones(samples, inputs), y(samples, outputs);
                    x(samples - 1, i) = special;
                    layer.run(*form, x.data(), samples, y.data(), exec::serial{}, memory);
                    bool fine = true;
                    for (descent::index o = 0; o < outputs; ++o) {
                        float const at = y(samples - 1, o);
                        if (w(o, i) != 0)
                            fine &= special == special ? at == w(o, i) * special : at != at;
                        else  // a zero that was multiplied gives NaN, as in the dense product
                            fine &= at != at || at == w.row(o).sum();
                        fine &= samples == 1 || y(0, o) == w.row(o).sum();
                    }
                    // Where a group is full, zeros meet nothing.
                    fine &= y(samples - 1, 0) == w.row(0).sum() || w(0, i) != 0 || i >= 4;
                    CAPTURE(form->name, samples, special, i);
                    CHECK(fine);
                }
}

TEST_CASE("prune n_of_m_linear: what magnitude pruning leaves of a layer fits") {
    params<float> weights({{"weight", {20, 30}}, {"bias", {20}}});
    weights["weight"].matrix() = normals<float>(20, 30, 3);
    auto const dense = matrix<float>(weights["weight"].matrix());
    params<float> scores = weights.like();
    scores["weight"].matrix() = dense.cwiseAbs();
    prune::mask_lowest(weights, scores, 0, {.unit = prune::n_of_m(2, 4)});
    auto const keep = weights.mask("weight");
    for (descent::index i = 0; i < dense.size(); ++i)
        if (!keep[std::size_t(i)])
            weights["weight"].matrix().data()[i] = 0;
    auto const view = weights["weight"].matrix();
    prune::n_of_m_linear<float> const layer{view, prune::n_of_m(2, 4), vector<float>::Ones(20)};
    prune::n_of_m_linear<float>::workspace memory;
    matrix<float> const x = normals<float>(7, 30, 4);
    matrix<float> y;
    layer(x, y, exec::serial{}, memory);
    CHECK(error_of<float>(matrix<float>(view), vector<float>::Ones(20), x, y) < 1e-4);
    CHECK(message_of([&] {
              prune::n_of_m_linear<float>{dense, prune::n_of_m(2, 4)};
          }) == "n_of_m_linear: output 0, group 0 (from input 0): more than 2 of 4 weights are not 0");
}

TEST_CASE("prune n_of_m_linear: tensors of parameters; calls without memory and executor") {
    params<float> from{{"weight", {5, 8}}};
    for (descent::index i = 0; i < 40; ++i)
        from["weight"].data[i] = i % 4 < 2 ? 0.0f : float(i) - 17;
    prune::n_of_m_linear<float> const layer{from["weight"], prune::n_of_m(2, 4)};
    matrix<float> const x = matrix<float>::Ones(3, 8);
    matrix<float> y, z;
    prune::n_of_m_linear<float>::workspace memory;
    layer(x, y, exec::serial{}, memory);
    layer(x, z);
    CHECK(y == z);
    layer(x, z, exec::openmp{.threads = 2});
    CHECK(y == z);
    static_assert(!std::is_constructible_v<prune::n_of_m_linear<float>, decltype(matrix<float>::Random(3, 4))>);
}

TEST_CASE("prune n_of_m_linear: bad patterns, weights, biases and samples are refused") {
    auto const told = [](auto const& f) { return message_of(f); };
    matrix<float> w = matrix<float>::Zero(3, 10);
    auto const two = prune::n_of_m(2, 4);
    CHECK(told([&] {
              prune::n_of_m_linear<float>{w, prune::each_row};
          }) == "n_of_m_linear: the pattern must be prune::n_of_m(N, M)");
    CHECK(told([&] {
              prune::n_of_m_linear<float>{w, prune::n_of_m(2, 17)};
          }) == "n_of_m_linear: 2 of 17: must be of at most 16");
    CHECK(told([&] {
              prune::n_of_m_linear<float>{w, two, vector<float>::Ones(2)};
          }) == "n_of_m_linear: 2 biases for 3 outputs");
    prune::n_of_m_linear<float> const layer{w, two};
    prune::n_of_m_linear<float>::workspace memory;
    matrix<float> y;
    CHECK(told([&] { layer(matrix<float>::Ones(1, 9), y, exec::serial{}, memory); }) ==
          "n_of_m_linear: 9 features: must be 10");
    y.setOnes(1, 10);
    CHECK(told([&] { layer(y, y, exec::serial{}, memory); }) ==
          "n_of_m_linear: x is y: must be another matrix");
    CHECK(told([&] {
              prune::n_of_m_linear<float>{matrix<double>(matrix<double>::Constant(1, 1, 1e300)), two};
          }) == "n_of_m_linear: weight (0, 0) = 1e+300: must be finite");
    w(2, 5) = w(2, 6) = w(2, 7) = 1;
    CHECK(told([&] {
              prune::n_of_m_linear<float>{w, two};
          }) == "n_of_m_linear: output 2, group 1 (from input 4): more than 2 of 4 weights are not 0");
    w(1, 9) = float(NAN);
    w(2, 5) = 0;
    CHECK(told([&] {
              prune::n_of_m_linear<float>{w, two};
          }) == "n_of_m_linear: weight (1, 9) = nan: must be finite");
}
