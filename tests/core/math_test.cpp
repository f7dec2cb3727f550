// SPDX-License-Identifier: MIT
// Packs wider than a register have no ABI of their own; here everything is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/math.hpp>
#include <descent/core/random.hpp>

using namespace descent;

namespace {

/// The wider type whose standard functions serve as the exact value.
template <class T>
using wide = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T not_a_number = std::numeric_limits<T>::quiet_NaN();
template <class T>
constexpr T smallest = std::numeric_limits<T>::denorm_min();
template <class T>
constexpr T largest = std::numeric_limits<T>::max();

/// |got - exact| in units of the last place of the exact value; subnormal results have the smallest number's.
template <class T>
double ulps(T got, wide<T> exact) {
    using limits = std::numeric_limits<T>;
    T const rounded = T(exact);
    if (std::isnan(rounded) || std::isinf(rounded) || std::isinf(got))
        return got == rounded || (std::isnan(rounded) && std::isnan(got)) ? 0 : infinity<double>;
    int exponent = 0;
    std::frexp(exact, &exponent);
    exponent = std::max(exponent, limits::min_exponent);
    return double(std::abs((wide<T>(got) - exact) / std::ldexp(wide<T>(1), exponent - limits::digits)));
}

template <class T>
bool same_bits(T a, T b) {
    return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

/// Special values, then random bit patterns (every exponent), then numbers near 0 and up to the ends of exp.
template <class T>
std::vector<T> arguments() {
    using limits = std::numeric_limits<T>;
    std::vector<T> list = {0,
                           1,
                           2,
                           smallest<T>,
                           3 * smallest<T>,
                           limits::min(),
                           limits::epsilon(),
                           largest<T>,
                           infinity<T>,
                           not_a_number<T>,
                           T(0.5),
                           T(1) - limits::epsilon() / 2,
                           T(1) + limits::epsilon(),
                           T(0.70710678),
                           T(1.41421356),
                           T(88.72284),
                           T(87.336),
                           T(103.97),
                           T(709.782712893384),
                           T(708.3964),
                           T(745.1332191019),
                           T(9.02),
                           T(19.1),
                           limits::min() * T(0.75)};
    for (std::size_t k = 0, n = list.size(); k < n; ++k)
        list.push_back(-list[k]);
    generator const draws{7, sizeof(T)};
    T const ends = sizeof(T) == 4 ? T(110) : T(760);
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        list.push_back(from_bits<T>(draws.bits<bits_type<T>>(i)));
        list.push_back((draws.uniform<T>(20'000 + i) - T(0.5)) * 4);
        list.push_back((draws.uniform<T>(40'000 + i) - T(0.5)) * 2 * ends);
    }
    list.resize(list.size() / 64 * 64);
    return list;
}

/// The largest error of f over all arguments, and that packs give the bits of numbers.
template <class T, class F, class Exact>
double worst(F f, Exact exact) {
    using V = native_pack<T>;
    double largest_error = 0;
    std::vector<T> const list = arguments<T>();
    for (std::size_t k = 0; k < list.size(); k += std::size_t(lanes_of<V>)) {
        T from_pack[lanes_of<V>];
        store_unaligned(from_pack, f(load_unaligned<V>(&list[k])));
        for (int lane = 0; lane < lanes_of<V>; ++lane) {
            T const x = list[k + std::size_t(lane)], got = f(x);
            if (!same_bits(got, from_pack[lane])) {
                INFO("x = " << x << ", number " << got << ", pack " << from_pack[lane]);
                CHECK(false);
                return infinity<double>;
            }
            double const error = ulps<T>(got, exact(wide<T>(x)));
            if (!(error <= 3)) {
                INFO("x = " << x << ", got " << got << ", exact " << double(exact(wide<T>(x))));
                CHECK(false);
                return infinity<double>;
            }
            largest_error = std::max(largest_error, error);
        }
    }
    return largest_error;
}

}  // namespace

TEMPLATE_TEST_CASE("core math: errors stay below the stated ulp, packs give the bits of numbers", "", float,
                   double) {
    using T = TestType;
    using R = wide<T>;
    // sqrt to half an ulp is the correctly rounded root; the long double root may sit on a tie, hence the hair.
    CHECK(worst<T>([](auto x) { return descent::sqrt(x); }, [](R x) { return std::sqrt(x); }) < 0.5001);
    CHECK(worst<T>([](auto x) { return descent::exp(x); }, [](R x) { return std::exp(x); }) < 1);
    CHECK(worst<T>([](auto x) { return descent::expm1(x); }, [](R x) { return std::expm1(x); }) < 2);
    CHECK(worst<T>([](auto x) { return descent::log(x); }, [](R x) { return std::log(x); }) < 1);
    CHECK(worst<T>([](auto x) { return descent::log1p(x); }, [](R x) { return std::log1p(x); }) < 1.5);
    CHECK(worst<T>([](auto x) { return descent::tanh(x); }, [](R x) { return std::tanh(x); }) < 3);
    CHECK(worst<T>([](auto x) { return descent::sigmoid(x); },
                   [](R x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }) < 2.5);
    CHECK(worst<T>([](auto x) { return descent::softplus(x); },
                   [](R x) { return (x < 0 ? R(0) : x) + std::log1p(std::exp(-std::abs(x))); }) < 2);
    CHECK(worst<T>([](auto x) { return descent::abs(x); }, [](R x) { return std::abs(x); }) == 0);
    CHECK(worst<T>([](auto x) { return descent::square(x); }, [](R x) { return R(T(x) * T(x)); }) == 0);
    CHECK(worst<T>([](auto x) { return descent::sign(x); },
                   [](R x) { return x > 0   ? R(1)
                                    : x < 0 ? R(-1)
                                            : x; }) == 0);
}

TEMPLATE_TEST_CASE("core math: special values", "", float, double) {
    using T = TestType;
    T const inf = infinity<T>, zero = T(0), minus_zero = T(-0.0);

    CHECK(same_bits(descent::sqrt(minus_zero), minus_zero));
    CHECK(descent::sqrt(inf) == inf);
    CHECK(std::isnan(descent::sqrt(T(-1))));

    CHECK(descent::exp(inf) == inf);
    CHECK(same_bits(descent::exp(-inf), zero));
    CHECK(same_bits(descent::exp(-largest<T>), zero));
    CHECK(descent::exp(largest<T>) == inf);
    CHECK(descent::exp(zero) == 1);
    T const subnormal = descent::exp(sizeof(T) == 4 ? T(-100) : T(-740));
    CHECK((subnormal > 0 && subnormal < std::numeric_limits<T>::min()));

    CHECK(descent::log(zero) == -inf);
    CHECK(descent::log(minus_zero) == -inf);
    CHECK(descent::log(inf) == inf);
    CHECK(std::isnan(descent::log(T(-1))));
    CHECK(std::isnan(descent::log(-inf)));
    CHECK(same_bits(descent::log(T(1)), zero));

    CHECK(descent::log1p(T(-1)) == -inf);
    CHECK(std::isnan(descent::log1p(T(-2))));
    CHECK(std::isnan(descent::log1p(-inf)));
    CHECK(descent::log1p(inf) == inf);
    for (T const tiny : {zero, minus_zero, smallest<T>, -smallest<T>, T(1e-30), T(-1e-30)}) {
        CHECK(same_bits(descent::log1p(tiny), tiny));
        CHECK(same_bits(descent::expm1(tiny), tiny));
        CHECK(same_bits(descent::tanh(tiny), tiny));
    }
    CHECK(descent::expm1(-inf) == -1);
    CHECK(descent::expm1(inf) == inf);
    CHECK(descent::tanh(inf) == 1);
    CHECK(descent::tanh(-inf) == -1);
    CHECK(descent::sigmoid(inf) == 1);
    CHECK(same_bits(descent::sigmoid(-inf), zero));
    CHECK(descent::sigmoid(zero) == T(0.5));
    CHECK(descent::softplus(inf) == inf);
    CHECK(same_bits(descent::softplus(-inf), zero));
    CHECK(descent::softplus(largest<T>) == largest<T>);

    CHECK(std::isnan(descent::exp(not_a_number<T>)));
    CHECK(std::isnan(descent::expm1(not_a_number<T>)));
    CHECK(std::isnan(descent::log(not_a_number<T>)));
    CHECK(std::isnan(descent::log1p(not_a_number<T>)));
    CHECK(std::isnan(descent::tanh(not_a_number<T>)));
    CHECK(std::isnan(descent::sigmoid(not_a_number<T>)));
    CHECK(std::isnan(descent::softplus(not_a_number<T>)));
    CHECK(std::isnan(descent::sqrt(not_a_number<T>)));
    CHECK(std::isnan(descent::sign(not_a_number<T>)));
    CHECK(descent::sign(zero) == 0);
}

TEMPLATE_TEST_CASE("core math: min, max, clamp keep a NaN value and ignore a NaN bound", "", float, double) {
    using T = TestType;
    T const inf = infinity<T>;
    CHECK(descent::min(T(1), T(2)) == 1);
    CHECK(descent::min(T(2), T(1)) == 1);
    CHECK(descent::max(T(1), T(2)) == 2);
    CHECK(descent::max(T(2), T(1)) == 2);
    CHECK(std::isnan(descent::min(not_a_number<T>, T(1))));
    CHECK(std::isnan(descent::max(not_a_number<T>, T(1))));
    CHECK(descent::min(T(1), not_a_number<T>) == 1);
    CHECK(descent::max(T(1), not_a_number<T>) == 1);
    CHECK(same_bits(descent::min(T(0), T(-0.0)), T(0)));
    CHECK(same_bits(descent::max(T(-0.0), T(0)), T(-0.0)));
    CHECK(descent::clamp(T(-3), T(-1), T(2)) == -1);
    CHECK(descent::clamp(T(3), T(-1), T(2)) == 2);
    CHECK(descent::clamp(T(0.25), T(-1), T(2)) == T(0.25));
    CHECK(descent::clamp(inf, T(-1), T(2)) == 2);
    CHECK(std::isnan(descent::clamp(not_a_number<T>, T(-1), T(2))));

    CHECK(descent::copysign(T(3), T(-0.0)) == -3);
    CHECK(descent::copysign(T(-3), T(1)) == 3);
    CHECK(std::signbit(descent::copysign(T(0), T(-1))));

    CHECK(descent::is_nan(not_a_number<T>));
    CHECK(!descent::is_nan(inf));
    CHECK(!descent::is_nan(T(0)));
    CHECK(descent::is_finite(largest<T>));
    CHECK(descent::is_finite(-largest<T>));
    CHECK(!descent::is_finite(inf));
    CHECK(!descent::is_finite(-inf));
    CHECK(!descent::is_finite(not_a_number<T>));
}

TEMPLATE_TEST_CASE("core math: functions of two and three packs equal those of numbers", "", float, double) {
    using T = TestType;
    using V = native_pack<T>;
    std::vector<T> const x = arguments<T>();
    for (std::size_t k = 0; k + 64 < x.size(); k += 7) {
        V const a = load_unaligned<V>(&x[k]), b = load_unaligned<V>(&x[k + 21]),
                c = load_unaligned<V>(&x[k + 48]);
        T got[6][lanes_of<V>];
        store_unaligned(got[0], descent::min(a, b));
        store_unaligned(got[1], descent::max(a, b));
        store_unaligned(got[2], descent::copysign(a, b));
        store_unaligned(got[3], descent::clamp(a, V(-1), b));
        store_unaligned(got[4], descent::fused_multiply_add(a, b, c));
        store_unaligned(got[5], select(descent::is_finite(a) || descent::is_nan(b), a, b));
        bool same = true;
        for (int lane = 0; lane < lanes_of<V>; ++lane) {
            auto const l = std::size_t(lane);
            T const p = x[k + l], q = x[k + 21 + l], r = x[k + 48 + l];
            same = same && same_bits(got[0][l], descent::min(p, q)) &&
                   same_bits(got[1][l], descent::max(p, q)) && same_bits(got[2][l], descent::copysign(p, q)) &&
                   same_bits(got[3][l], descent::clamp(p, T(-1), q)) &&
                   same_bits(got[4][l], descent::fused_multiply_add(p, q, r)) &&
                   same_bits(got[5][l], std::isfinite(p) || std::isnan(q) ? p : q);
        }
        REQUIRE(same);
    }
}

TEMPLATE_TEST_CASE("core math: fused_multiply_add rounds once where the target can", "", float, double) {
    using T = TestType;
    T const e = std::numeric_limits<T>::epsilon(),
            product_error = descent::fused_multiply_add(1 + e, 1 + e, -(1 + 2 * e));
    CHECK(product_error == (DESCENT_FUSED ? e * e : T(0)));
}

TEMPLATE_TEST_CASE("core math: packs of every width give the bits of numbers", "", (pack<float, 2>),
                   (pack<float, 4>), (pack<float, 8>), (pack<float, 16>), (pack<double, 2>), (pack<double, 4>),
                   (pack<double, 8>)) {
    using V = TestType;
    using T = number_of<V>;
    std::vector<T> const x = arguments<T>();
    for (std::size_t k = 0; k + 64 < x.size(); k += 16) {
        V const a = load_unaligned<V>(&x[k]), b = load_unaligned<V>(&x[k + 21]),
                c = load_unaligned<V>(&x[k + 48]);
        T root[lanes_of<V>], sum[lanes_of<V>], power[lanes_of<V>];
        store_unaligned(root, descent::sqrt(a));
        store_unaligned(sum, descent::fused_multiply_add(a, b, c));
        store_unaligned(power, descent::exp(a));
        bool same = true;
        for (int lane = 0; lane < lanes_of<V>; ++lane) {
            auto const l = std::size_t(lane);
            T const p = x[k + l], q = x[k + 21 + l], r = x[k + 48 + l];
            same = same && same_bits(root[l], descent::sqrt(p)) && same_bits(power[l], descent::exp(p)) &&
                   same_bits(sum[l], descent::fused_multiply_add(p, q, r));
        }
        REQUIRE(same);
    }
}
