// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <descent/optim.hpp>

#include "message.hpp"

using namespace descent;

namespace {

params<double> ones() {
    params<double> weights{{"layer.w", {2, 3}}, {"layer.bias", {2}}, {"head.bias", {1}}};
    for (auto const& entry : weights.entries())
        for (std::ptrdiff_t i = 0; i < entry.size(); ++i)
            weights.data()[entry.offset + i] = 1;
    return weights;
}

template <class Optimizer>
concept averages = requires(Optimizer const opt) {
    opt.averaged();
};

using adam_recipe = decltype(chain(adam{}, rate{0.1}));

}  // namespace

TEST_CASE("optim optimizer: bad members are found at once") {
    auto weights = ones();
    CHECK(message_of([&] {
              optimizer{chain(adam{.beta1 = 1}), weights};
          }) == "adam: beta1 = 1: must be in [0, 1)");
    optimizer opt{chain(adam{}, rate{0.1}), weights};
    CHECK(message_of([&] { opt.group("*.bias", chain(adam{.epsilon = -1}, rate{0.1})); }) ==
          "adam: epsilon = -1: must be finite and >= 0");
}

TEST_CASE("optim optimizer: gradients of another layout are refused and change nothing") {
    auto weights = ones();
    optimizer opt{chain(adam{}, rate{0.1}), weights};
    params<double> few{{"layer.w", {2, 3}}},
        other{{"layer.w", {3, 2}}, {"layer.bias", {2}}, {"head.bias", {1}}};
    CHECK(message_of([&] { opt.step(few); }) ==
          "optimizer: gradients: 1 tensors given, 3 expected: tensor 1, 'layer.bias', is missing");
    CHECK(message_of([&] { opt.step(other); }) ==
          "optimizer: gradients: tensor 0 is 'layer.w' [3, 2], expected 'layer.w' [2, 3]");
    CHECK(opt.steps() == 0);
    CHECK(opt.state().calls == 0);
    CHECK(weights["layer.w"].flat()[0] == 1);
}

TEST_CASE("optim optimizer: groups take other constants for the tensors they name") {
    auto weights = ones();
    auto gradients = weights.like();
    gradients["layer.w"].flat().setConstant(0.5);
    gradients["layer.bias"].flat().setConstant(0.5);
    gradients["head.bias"].flat().setConstant(0.5);
    optimizer opt{chain(decay{0.5}, rate{0.1}), weights};
    opt.group("*.bias", chain(decay{0}, rate{0.2})).group("head.bias", chain(decay{0}, rate{0.4}));
    opt.step(gradients);
    CHECK(weights["layer.w"].flat()[5] == 1 - 0.1 * (0.5 + 0.5));
    CHECK(weights["layer.bias"].flat()[1] == 1 - 0.2 * 0.5);
    CHECK(weights["head.bias"].flat()[0] == 1 - 0.4 * 0.5);  // the last that names it
    get<rate<constant>>(opt.recipe()).eta.rate = 1;
    opt.step(gradients);
    CHECK(weights["layer.w"].flat()[5] == 0.9 - (0.5 + 0.5 * 0.9));
    CHECK(weights["layer.bias"].flat()[1] == 0.9 - 0.2 * 0.5);
}

TEST_CASE("optim optimizer: groups with slots, memory and norms over all of them") {
    auto const run = [](auto recipe, auto biases) {
        auto weights = ones();
        optimizer opt{recipe, weights};
        opt.group("*.bias", biases);
        auto gradients = ones();
        for (int step = 0; step < 4; ++step)
            opt.step(gradients);
        return std::pair{weights["layer.w"].flat()[0], weights["head.bias"].flat()[0]};
    };
    // nadam's product differs between the groups; each must keep its own.
    auto const slow = chain(nadam{}, rate{0.1}), fast = chain(nadam{.beta1 = 0.5}, rate{0.1});
    auto const mixed = run(slow, fast);
    CHECK(mixed.first == run(slow, slow).first);
    CHECK(mixed.second == run(fast, fast).second);
    CHECK(mixed.first != mixed.second);
    // The norm of nine ones is 3, whatever the groups.
    auto const clipped = run(chain(clip_norm{1}, rate{0.3}), chain(clip_norm{1}, rate{0.6}));
    CHECK(std::abs(clipped.first - 0.6) < 1e-15);
    CHECK(std::abs(clipped.second - 0.2) < 1e-15);
    // A trust ratio is each tensor's own, with its group's coefficient.
    auto const trusted = run(chain(trust_ratio{0.1}), chain(trust_ratio{0.2}));
    CHECK(std::abs(trusted.first - 0.6561) < 1e-15);
    CHECK(std::abs(trusted.second - 0.4096) < 1e-15);
}

TEST_CASE("optim optimizer: group errors") {
    auto weights = ones();
    optimizer opt{chain(adam{}, rate{0.1}), weights};
    adam_recipe const other = chain(adam{}, rate{0.2});
    CHECK(message_of([&] { opt.group("tail.*", other); }) ==
          "optimizer: group 'tail.*' matches no tensor, only " + weights.names() + " are there");
    CHECK(message_of([&] { opt.group("bias", other); }) ==
          "optimizer: group 'bias' matches no tensor, only " + weights.names() + " are there");
    CHECK(message_of([&] { opt.freeze("*.w*"); }) ==
          "optimizer: group '*.w*' matches no tensor, only " + weights.names() + " are there");
    opt.step(weights.like());
    CHECK(message_of([&] { opt.group("*.bias", other); }) ==
          "optimizer: group '*.bias': must be named before the first step");
    CHECK(message_of([&] { opt.freeze("*.bias"); }) ==
          "optimizer: group '*.bias': must be named before the first step");

    optimizer waits{chain(accumulate{2}), weights};
    CHECK(message_of([&] { waits.group("*.bias", chain(accumulate{3})); }) ==
          "optimizer: group '*.bias': accumulates 3 calls, the recipe 2");
}

TEST_CASE("optim optimizer: a state of another recipe or layout is refused and changes nothing") {
    auto weights = ones();
    optimizer opt{chain(adam{}, rate{0.1}), weights};
    opt.step(ones());
    auto const good = opt.state();

    auto few = good;
    few.slots.pop_back();
    CHECK(message_of([&] { opt.restore(few); }) == "optimizer: state has 1 slots, the recipe has 2");
    auto remembers = good;
    remembers.memory.push_back(1);
    CHECK(message_of([&] { opt.restore(remembers); }) ==
          "optimizer: state has 1 numbers of memory, the recipe has 0");
    auto whole = good;
    whole.tensor_state.resize(2);
    CHECK(message_of([&] { opt.restore(whole); }) == "optimizer: state has 2 tensor states, the recipe has 0");
    auto shaped = good;
    shaped.slots[1] = params<double>{{"w", {9}}};
    CHECK(message_of([&] { opt.restore(shaped); }) ==
          "optimizer: state: 1 tensors given, 3 expected: tensor 0, 'layer.w', is missing");
    CHECK(opt.steps() == 1);
    CHECK(opt.slot(0)["layer.w"].flat()[0] == good.slots[0]["layer.w"].flat()[0]);
}

TEST_CASE("optim optimizer: slots and averages can be read") {
    auto weights = ones();
    optimizer opt{chain(momentum{0.5}, rate{0.25}, ema{0.5}), weights};
    CHECK(opt.averaged()["layer.w"].flat()[0] == 1);  // as they are, before the first step
    CHECK(opt.slot(0)["layer.w"].flat()[0] == 0);
    opt.freeze("head.*");
    opt.step(ones());
    opt.step(ones());
    CHECK(opt.slot(0)["layer.w"].flat()[0] == 1.5);
    CHECK(weights["layer.w"].flat()[0] == 0.375);
    CHECK(opt.averaged()["layer.w"].flat()[0] == 0.5 * 0.75 + 0.5 * 0.375);
    CHECK(opt.averaged()["head.bias"].flat()[0] == 1);  // frozen
    CHECK(message_of([&] { opt.slot(2); }) == "optimizer: slot 2: must be in [0, 2)");
    CHECK(message_of([&] { opt.slot(-1); }) == "optimizer: slot -1: must be in [0, 2)");

    // Two averages: the last in the chain.
    auto others = ones();
    optimizer both{chain(rate{0.25}, ema{0.5}, swa{}), others};
    both.step(ones());
    both.step(ones());
    CHECK(both.averaged()["layer.w"].flat()[0] == (0.75 + 0.5) / 2);
    static_assert(averages<decltype(both)>);
    static_assert(!averages<optimizer<recipe<sgd>, double>>);
}

TEST_CASE("optim optimizer: accumulation moves weights, steps and memory once in k calls") {
    auto weights = ones(), others = ones();
    optimizer waits{chain(clip{10}, accumulate{4}, nadam{}, rate{cosine{0.1, 10}}), weights};
    optimizer plain{chain(nadam{}, rate{cosine{0.1, 10}}), others};
    auto gradients = ones();
    for (int call = 1; call <= 12; ++call) {
        gradients["layer.w"].flat().setConstant(call % 4);  // mean 1.5
        auto const before = weights["layer.w"].flat()[0];
        CHECK(waits.step(gradients) == (call % 4 == 0));
        if (call % 4) {
            CHECK(weights["layer.w"].flat()[0] == before);
        } else {
            gradients["layer.w"].flat().setConstant(1.5);
            plain.step(gradients);
            CHECK(weights["layer.w"].flat()[0] == others["layer.w"].flat()[0]);
            CHECK(waits.state().memory == plain.state().memory);
        }
    }
    CHECK(waits.steps() == 3);
    CHECK(waits.state().calls == 12);
}

TEST_CASE("optim optimizer: a recipe without tensors or with empty ones steps all the same") {
    params<float> none, empty{{"w", {0}}};
    optimizer opt{chain(clip_norm{}, adam{}, rate{0.1}), none};
    CHECK(opt.step(none.like()));
    optimizer other{chain(clip_norm{}, adam{}, rate{0.1}), empty};
    CHECK(other.step(empty.like()));
    CHECK(other.steps() == 1);
}

TEST_CASE("optim optimizer: a state that is refused leaves it as it was, an initial state makes it forget") {
    auto weights = ones();
    optimizer opt{chain(nadam{}, rate{0.1}), weights};
    optimizer_state<double> wrong;
    wrong.calls = 3;
    CHECK(message_of([&] { opt.restore(wrong); }) == "optimizer: state has 0 slots, the recipe has 2");
    opt.freeze("*.bias");  // refused once training has begun

    opt.step(weights);
    CHECK(opt.state().memory.size() == 1);
    opt.restore({});
    CHECK(opt.state().memory.empty());
    CHECK(opt.state().slots.empty());
    CHECK(opt.steps() == 0);
}

TEST_CASE("optim optimizer: what is edited between steps is checked") {
    auto weights = ones();
    optimizer opt{chain(adam{}, rate{0.1}), weights};
    opt.step(weights);
    auto const before = weights;
    get<adam>(opt.recipe()).beta1 = 1.5;
    CHECK(message_of([&] { opt.step(weights); }) == "adam: beta1 = 1.5: must be in [0, 1)");
    CHECK(opt.steps() == 1);
    CHECK(weights.data()[0] == before.data()[0]);
    get<adam>(opt.recipe()).beta1 = 0.5;
    CHECK(opt.step(weights));
}

TEST_CASE("optim optimizer: averaged weights are zero where a mask says so") {
    params<double> weights{{"w", {3}}};
    weights["w"].flat().setOnes();
    auto const gradients = weights.like();
    optimizer opt{chain(sgd{}, rate{0.1}, keep_zeros{}, ema{}), weights};
    opt.step(gradients);
    weights.set_mask("w", {true, false, true});
    auto const average = opt.averaged();
    CHECK(average["w"].data[0] == 1);
    CHECK(average["w"].data[1] == 0);
    CHECK(average["w"].data[2] == 1);
}

TEST_CASE("optim optimizer: weights that are masked are not trained by a recipe that keeps no zeros") {
    params<float> weights{{"a", {3}}, {"b", {2}}};
    weights["a"].flat().setOnes(), weights["b"].flat().setOnes();
    weights.set_mask("a", {true, true, true});
    auto g = weights.like();
    g["a"].flat().setOnes(), g["b"].flat().setOnes();
    auto const recipe = chain(adam{}, rate{0.1});
    optimizer{recipe, weights}.step(g);  // nothing is masked
    weights.set_mask("b", {true, false});
    auto const before = weights;
    optimizer opt{recipe, weights};
    std::string const told =
        "optimizer: 1 of 2 weights of 'b' are masked, and the recipe would train them: give "
        "it keep_zeros{}, or take the masks away (clear_masks())";
    CHECK(message_of([&] { opt.step(g); }) == told);
    CHECK(std::equal(weights.data(), weights.data() + weights.arena_size(), before.data()));
    // What stays as it is, may be masked.
    optimizer frozen{recipe, weights};
    frozen.freeze("b").step(g);
    CHECK(weights["b"].data[1] == 0);
    weights.clear_masks();
    opt.step(g);
    CHECK(weights["b"].data[1] != 0);
}
