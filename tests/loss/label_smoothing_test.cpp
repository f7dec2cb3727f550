// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/loss/label_smoothing.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

TEMPLATE_TEST_CASE("loss label_smoothing: the numbers of torch.nn.CrossEntropyLoss(label_smoothing)", "", float,
                   double) {
    using T = TestType;
    struct known {
        double smoothing, label, value;
        std::vector<double> scores, slopes;
    };
    std::vector<known> const rows{
        {0.1,
         2,
         0.39095531643536596,
         {1.5, -0.25, 3.0},
         {0.14348684877411097, -0.0026065930068969005, -0.14088025576721408}},
        {0.1, 0, 1.0986122886681098, {0, 0, 0}, {-0.6, 0.3, 0.3}},
        {0.1,
         0,
         46.91721959814203,
         {-40, 10, 2.5},
         {-0.9333333333333333, 0.9661138880297431, -0.03278055469640973}},
        {0.4,
         2,
         0.8659553164353659,
         {1.5, -0.25, 3.0},
         {0.043486848774110964, -0.1026065930068969, 0.05911974423278599}},
        {1.0,
         2,
         1.815955316435366,
         {1.5, -0.25, 3.0},
         {-0.15651315122588902, -0.3026065930068969, 0.45911974423278595}},
    };
    double worst = 0;
    for (known const& row : rows) {
        std::vector<T> z(row.scores.begin(), row.scores.end());
        T const value = loss::smoothed_cross_entropy{row.smoothing}.value_and_slope(z.data(), 3, T(row.label));
        worst = std::max(worst, std::fabs(double(value) - row.value) / (1 + row.value));
        for (std::size_t c = 0; c < 3; ++c)
            worst = std::max(worst, std::fabs(double(z[c]) - row.slopes[c]));
    }
    CHECK(worst <= 4 * double(std::numeric_limits<T>::epsilon()));
}

TEMPLATE_TEST_CASE("loss label_smoothing: without smoothing the bits of the cross entropy; packs as numbers",
                   "", float, double) {
    using T = TestType;
    using V = native_pack<T>;
    constexpr descent::index lanes = lanes_of<V>, k = 7;
    std::vector<T> z(std::size_t(k * lanes)), sharp(z.size());
    alignas(alignment) T y[lanes], value[lanes];
    for (std::size_t i = 0; i < z.size(); ++i)
        z[i] = T(40 * generator{3}.uniform<double>(i) - 20);
    for (descent::index r = 0; r < lanes; ++r)
        y[r] = T(r % k);
    auto const start = z;
    loss::smoothed_cross_entropy const smoothed{0.2};
    store(value, smoothed.value_and_slope(z.data(), k, load<V>(y), lanes));
    bool equal = true, plain = true;
    for (descent::index r = 0; r < lanes; ++r) {
        std::vector<T> own, other;
        for (descent::index c = 0; c < k; ++c)
            own.push_back(start[std::size_t(c * lanes + r)]);
        other = sharp = own;
        equal = equal && smoothed.value_and_slope(own.data(), k, y[r]) == value[r];
        for (descent::index c = 0; c < k; ++c)
            equal = equal && own[std::size_t(c)] == z[std::size_t(c * lanes + r)];
        plain = plain && loss::smoothed_cross_entropy{0}.value_and_slope(other.data(), k, y[r]) ==
                             loss::softmax_cross_entropy::value_and_slope(sharp.data(), k, y[r]);
        plain = plain && other == sharp;
    }
    CHECK(equal);
    CHECK(plain);
}

TEST_CASE("loss label_smoothing: bad labels and settings") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    for (double const y : {3.0, -1.0, 0.5, nan}) {
        std::vector<double> z{0, 1, 2};
        CHECK(std::isnan(loss::smoothed_cross_entropy{}.value_and_slope(z.data(), 3, y)));
        CHECK((std::isnan(z[0]) && std::isnan(z[1]) && std::isnan(z[2])));
    }
    CHECK(message_of([] { loss::smoothed_cross_entropy{1.5}.check(); }) ==
          "smoothed_cross_entropy: smoothing = 1.5: must be in [0, 1]");
    CHECK(message_of([&] { loss::smoothed_cross_entropy{nan}.check(); }) ==
          "smoothed_cross_entropy: smoothing = nan: must be in [0, 1]");
}
