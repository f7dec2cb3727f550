// SPDX-License-Identifier: MIT
#include <limits>

#include <catch2/catch_test_macros.hpp>

#include <descent/optim.hpp>

using namespace descent;

namespace {

double const not_a_number = std::numeric_limits<double>::quiet_NaN(),
             inf = std::numeric_limits<double>::infinity();

/// What rule_check says of the rule; empty if it is content.
template <class Rule>
std::string complaint(Rule const& rule) {
    try {
        rule_check(rule);
    } catch (error const& caught) {
        return caught.what();
    }
    return "";
}

}  // namespace

TEST_CASE("optim members: defaults are in range") {
    CHECK(complaint(chain(momentum{}, nesterov{}, adam{}, adamw{}, amsgrad{}, adamax{}, nadam{}, radam{})) ==
          "");
    CHECK(complaint(chain(adagrad{}, adadelta{}, rmsprop{}, rmsprop_centered{}, rprop{}, asgd{}, lion{})) ==
          "");
    CHECK(complaint(chain(yogi{}, lars{}, lamb{}, trust_ratio{}, sgd{}, sign_sgd{}, clip{}, clip_norm{})) ==
          "");
    CHECK(complaint(chain(decay{}, l2{}, keep_zeros{}, accumulate{}, ema{}, swa{}, lookahead{}, noise{})) ==
          "");
}

TEST_CASE("optim members: edges of the ranges are allowed") {
    CHECK(complaint(adam{0, 0, 0}) == "");
    CHECK(complaint(momentum{0, 0, true}) == "");
    CHECK(complaint(decay{0}) == "");
    CHECK(complaint(lookahead{1, 1}) == "");
    CHECK(complaint(noise{0, 0}) == "");
    CHECK(complaint(rprop{.step_min = 1, .step_max = 1}) == "");
}

TEST_CASE("optim members: a fraction must be in [0, 1)") {
    CHECK(complaint(momentum{.beta = 1}) == "momentum: beta = 1: must be in [0, 1)");
    CHECK(complaint(momentum{.dampening = -0.5}) == "momentum: dampening = -0.5: must be in [0, 1)");
    CHECK(complaint(nesterov{not_a_number}) == "nesterov: beta = nan: must be in [0, 1)");
    CHECK(complaint(adam{.beta1 = 1.5}) == "adam: beta1 = 1.5: must be in [0, 1)");
    CHECK(complaint(adam{.beta2 = -1}) == "adam: beta2 = -1: must be in [0, 1)");
    CHECK(complaint(adamw{.beta1 = 1}) == "adamw: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(adamw{.beta2 = 1}) == "adamw: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(amsgrad{.beta1 = 1}) == "amsgrad: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(amsgrad{.beta2 = 1}) == "amsgrad: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(adamax{.beta1 = 1}) == "adamax: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(adamax{.beta2 = 1}) == "adamax: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(nadam{.beta1 = 1}) == "nadam: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(nadam{.beta2 = 1}) == "nadam: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(radam{.beta1 = 1}) == "radam: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(radam{.beta2 = 1}) == "radam: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(adadelta{.rho = 1}) == "adadelta: rho = 1: must be in [0, 1)");
    CHECK(complaint(rmsprop{.alpha = 1}) == "rmsprop: alpha = 1: must be in [0, 1)");
    CHECK(complaint(rmsprop_centered{.alpha = 1}) == "rmsprop_centered: alpha = 1: must be in [0, 1)");
    CHECK(complaint(lion{.beta1 = 1}) == "lion: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(lion{.beta2 = 1}) == "lion: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(yogi{.beta1 = 1}) == "yogi: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(yogi{.beta2 = 1}) == "yogi: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(lars{.beta = 1}) == "lars: beta = 1: must be in [0, 1)");
    CHECK(complaint(lamb{.beta1 = 1}) == "lamb: beta1 = 1: must be in [0, 1)");
    CHECK(complaint(lamb{.beta2 = 1}) == "lamb: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(ema{1}) == "ema: beta = 1: must be in [0, 1)");
}

TEST_CASE("optim members: what must be finite and >= 0") {
    auto const must = [](std::string name, std::string value) {
        return name + " = " + value + ": must be finite and >= 0";
    };
    CHECK(complaint(adam{.epsilon = -1}) == must("adam: epsilon", "-1"));
    CHECK(complaint(adamw{.epsilon = -1}) == must("adamw: epsilon", "-1"));
    CHECK(complaint(adamw{.decay = inf}) == must("adamw: decay", "inf"));
    CHECK(complaint(amsgrad{.epsilon = -1}) == must("amsgrad: epsilon", "-1"));
    CHECK(complaint(nadam{.epsilon = -1}) == must("nadam: epsilon", "-1"));
    CHECK(complaint(nadam{.momentum_decay = -1}) == must("nadam: momentum_decay", "-1"));
    CHECK(complaint(radam{.epsilon = -1}) == must("radam: epsilon", "-1"));
    CHECK(complaint(adagrad{.epsilon = -1}) == must("adagrad: epsilon", "-1"));
    CHECK(complaint(adagrad{.rate_decay = -1}) == must("adagrad: rate_decay", "-1"));
    CHECK(complaint(adagrad{.initial = -1}) == must("adagrad: initial", "-1"));
    CHECK(complaint(rmsprop{.epsilon = -1}) == must("rmsprop: epsilon", "-1"));
    CHECK(complaint(rmsprop_centered{.epsilon = -1}) == must("rmsprop_centered: epsilon", "-1"));
    CHECK(complaint(asgd{.lambda = -1}) == must("asgd: lambda", "-1"));
    CHECK(complaint(asgd{.alpha = -1}) == must("asgd: alpha", "-1"));
    CHECK(complaint(asgd{.t0 = not_a_number}) == must("asgd: t0", "nan"));
    CHECK(complaint(yogi{.epsilon = -1}) == must("yogi: epsilon", "-1"));
    CHECK(complaint(yogi{.initial = -1}) == must("yogi: initial", "-1"));
    CHECK(complaint(trust_ratio{.epsilon = -1}) == must("trust_ratio: epsilon", "-1"));
    CHECK(complaint(lars{.lambda = -1}) == must("lars: lambda", "-1"));
    CHECK(complaint(lars{.epsilon = -1}) == must("lars: epsilon", "-1"));
    CHECK(complaint(lamb{.epsilon = -1}) == must("lamb: epsilon", "-1"));
    CHECK(complaint(lamb{.decay = -1}) == must("lamb: decay", "-1"));
    CHECK(complaint(decay{-0.1}) == must("decay: lambda", "-0.1"));
    CHECK(complaint(l2{not_a_number}) == must("l2: lambda", "nan"));
    CHECK(complaint(noise{.sigma = -1}) == must("noise: sigma", "-1"));
    CHECK(complaint(noise{.gamma = inf}) == must("noise: gamma", "inf"));
}

TEST_CASE("optim members: what must be finite and > 0") {
    auto const must = [](std::string name, std::string value) {
        return name + " = " + value + ": must be finite and > 0";
    };
    CHECK(complaint(adamax{.epsilon = 0}) == must("adamax: epsilon", "0"));
    CHECK(complaint(adadelta{.epsilon = 0}) == must("adadelta: epsilon", "0"));
    CHECK(complaint(rprop{.step = 0}) == must("rprop: step", "0"));
    CHECK(complaint(rprop{.eta_plus = inf}) == must("rprop: eta_plus", "inf"));
    CHECK(complaint(rprop{.step_min = -1}) == must("rprop: step_min", "-1"));
    CHECK(complaint(rprop{.step_max = not_a_number}) == must("rprop: step_max", "nan"));
    CHECK(complaint(asgd{.rate = 0}) == must("asgd: rate", "0"));
    CHECK(complaint(trust_ratio{.coefficient = 0}) == must("trust_ratio: coefficient", "0"));
    CHECK(complaint(lars{.coefficient = 0}) == must("lars: coefficient", "0"));
    CHECK(complaint(clip{0}) == must("clip: bound", "0"));
    CHECK(complaint(clip_norm{-2}) == must("clip_norm: bound", "-2"));
}

TEST_CASE("optim members: other ranges") {
    CHECK(complaint(momentum{.dampening = 0.5, .averaged = true}) ==
          "momentum: dampening = 0.5: must be 0 where averaged");
    CHECK(complaint(rprop{.eta_minus = 1}) == "rprop: eta_minus = 1: must be in (0, 1)");
    CHECK(complaint(rprop{.eta_plus = 1}) == "rprop: eta_plus = 1: must be > 1");
    CHECK(complaint(rprop{.step_min = 2, .step_max = 1}) == "rprop: step_min = 2: must be <= step_max = 1");
    CHECK(complaint(accumulate{0}) == "accumulate: k = 0: must be >= 1");
    CHECK(complaint(swa{.start = 0}) == "swa: start = 0: must be >= 1");
    CHECK(complaint(swa{.period = 0}) == "swa: period = 0: must be >= 1");
    CHECK(complaint(lookahead{.period = 0}) == "lookahead: period = 0: must be >= 1");
    CHECK(complaint(lookahead{.alpha = 0}) == "lookahead: alpha = 0: must be in (0, 1]");
    CHECK(complaint(lookahead{.alpha = 1.5}) == "lookahead: alpha = 1.5: must be in (0, 1]");
}

TEST_CASE("optim members: a chain and a varied rule name the rule inside") {
    CHECK(complaint(chain(sgd{}, chain(adam{.beta1 = 2}))) == "adam: beta1 = 2: must be in [0, 1)");
    CHECK(complaint(vary(&adam::beta1, constant{0.5}, adam{.beta2 = 1})) ==
          "adam: beta2 = 1: must be in [0, 1)");
    CHECK(complaint(rate{-0.1}) == complaint(rate{constant{-0.1}}));
    CHECK(complaint(rate{0.0}) != "");
    CHECK(complaint(rate{not_a_number}) != "");
    CHECK(complaint(vary(&adam::beta1, constant{-1}, adam{})) != "");
}
