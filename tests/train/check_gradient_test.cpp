// SPDX-License-Identifier: MIT
#include <descent/linear/softmax_regression.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/train/check_gradient.hpp>

#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

namespace {

/// y = factor x, whose backward forgets the factor.
struct forgetful {
    double factor;
    static constexpr std::string_view name = "forgetful";

    template <class T>
    struct bound {
        static constexpr nn::aliasing alias = nn::aliasing::none;
        static constexpr bool reads_output = false;
        shape extents;
        T factor;
        shape output() const { return extents; }
        void forward(auto& p, T const* x, T* y) const {
            for (descent::index i = 0; i < p.samples * extents.size(); ++i)
                y[i] = factor * x[i];
        }
        void backward(auto& p, T const*, T const*, T* dy, T* dx) const {
            for (descent::index i = 0; dx && i < p.samples * extents.size(); ++i)
                dx[i] = dy[i];
        }
    };
    template <class T>
    bound<T> bind(shape const& input, nn::builder<T>& b) const {
        expect(factor != 0, b.where(name), ": factor = 0");
        return {input, T(factor)};
    }
};

auto net_of(double factor) {
    return nn::network(nn::input<double>{4}, nn::sequential{nn::dense{6}, nn::tanh_layer{}, nn::dropout{0.3},
                                                            nn::dense{5}, forgetful{factor}, nn::dense{3}});
}

}  // namespace

TEST_CASE("train check_gradient: a right gradient passes, a wrong one is found and named") {
    auto const table = clouds<double>(20, 4);
    auto right = net_of(1), wrong = net_of(2);
    auto const before = right.params();
    auto const good = check_gradient(right, table, {.probes = 40});
    CHECK(good.error < 1e-6);
    CHECK_FALSE(good.tensor.empty());
    CHECK(same_bits(before, right.params()));
    CHECK(right.steps() == 0);
    auto const bad = check_gradient(wrong, table);
    CHECK((bad.error > 0.49 && bad.error < 0.51));  // half of what it should be
    CHECK((bad.tensor.starts_with("0.") || bad.tensor.starts_with("3.")));
    CHECK(std::fabs(bad.difference - 2 * bad.gradient) < 1e-5 * std::fabs(bad.difference));
    linear::softmax_regression<double> model{4, 3};
    CHECK(check_gradient(model, table).error < 1e-6);
    CHECK(message_of([&] { check_gradient(right, table, {.probes = 0}); }) ==
          "check_gradient: probes = 0: must be >= 1");
}
