// SPDX-License-Identifier: MIT
#include <descent/optim.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

/// Does a rate in front of the rule, or behind it, set the length of its steps?
template <class Rule>
constexpr bool in_front = decltype(chain(rate{1.0}, Rule{}))::sets_rate;
template <class Rule>
constexpr bool behind = decltype(chain(Rule{}, rate{1.0}))::sets_rate;

/// As told, must the rate stand behind the rule because u and 2 u give the same update?
template <class Rule>
bool as_told() {
    double const step = [] {
        double steps[2] = {};
        for (int twice = 0; twice < 2; ++twice) {
            params<double> w{{"a", {2, 2}}};
            std::fill_n(w.data(), 4, 3.0);
            auto gradient = w.like();
            for (descent::index i = 0; i < 4; ++i)
                gradient.data()[i] = (twice + 1) * (1.0 + double(i * i));
            optimizer opt{chain(Rule{}, rate{1e-3}), w};
            opt.step(gradient);
            steps[twice] = 3 - w.data()[0];
        }
        return steps[1] / steps[0];
    }();
    bool const same = std::fabs(step - 1) < 1e-3;
    return behind<Rule> && (same ? !in_front<Rule> : in_front<Rule>);
}

}  // namespace

TEST_CASE("optim rate: rules that forget the length of what they take say so") {
    CHECK(as_told<sgd>());
    CHECK(as_told<momentum>());
    CHECK(as_told<nesterov>());
    CHECK(as_told<adam>());
    CHECK(as_told<adamax>());
    CHECK(as_told<adabelief>());
    CHECK(as_told<amsgrad>());
    CHECK(as_told<nadam>());
    CHECK(as_told<yogi>());
    CHECK(as_told<adagrad>());
    CHECK(as_told<rmsprop>());
    CHECK(as_told<rmsprop_centered>());
    CHECK(as_told<lion>());
    CHECK(as_told<sign_sgd>());
    CHECK(as_told<lamb>());
    CHECK(as_told<lars>());
    CHECK(as_told<trust_ratio>());
    CHECK(as_told<muon>());
    CHECK(as_told<lazy_adam>());
    STATIC_REQUIRE_FALSE(in_front<radam>);  // its first steps are those of momentum
    STATIC_REQUIRE(in_front<decay>);
    STATIC_REQUIRE_FALSE(decltype(chain(rate{1.0}, vary(&adam::beta1, constant{0.9}, adam{})))::sets_rate);
    STATIC_REQUIRE_FALSE(decltype(chain(rate{1.0}, chain(decay{}, adam{})))::sets_rate);
    STATIC_REQUIRE(decltype(chain(rate{1.0}, chain(decay{}, ema{})))::sets_rate);
    STATIC_REQUIRE(in_front<rprop>);
}

TEST_CASE("optim rate: a lambda that captures is a schedule") {
    params<double> w{{"a", {1}}};
    auto gradient = w.like();
    gradient["a"].data[0] = 1;
    double eta = 0.5;
    auto const now = [&eta](std::int64_t done) { return eta / double(done + 1); };
    optimizer opt{chain(vary(&decay::lambda, now), rate{now}), w};
    opt.step(gradient);
    CHECK(w["a"].data[0] == -0.5);
    eta = 1;
    opt.step(gradient);
    CHECK(w["a"].data[0] == -0.5 - 0.5 * (1 + 0.5 * -0.5));
}
