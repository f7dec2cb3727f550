// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <limits>

#include <descent/optim.hpp>

#include "optim/rows.hpp"

namespace rows {

/// Runs 200 elements 5 steps as numbers and as packs, zeros, subnormals and infinities among the gradients. Any
/// NaN equals any other: IEEE 754 leaves open which operand's survives.
template <class T, class Recipe>
std::string lanes_differ(Recipe const& recipe) {
    using namespace descent;
    using list = typename optimizer<Recipe, T, executor>::list;
    using layout = detail::layout_of<list>;
    using pass = detail::pass<list, 0, layout::count, detail::ending::weights>;
    constexpr index n = 200;
    constexpr std::size_t streams = layout::slots + 1;  // weights, then slots
    using limits = std::numeric_limits<T>;
    T const special[] = {T(0),          -T(0),         limits::denorm_min(), T(-3) * limits::denorm_min(),
                         limits::min(), limits::max(), limits::infinity(),   -limits::infinity()};

    std::vector<params<T>> number(streams, params<T>{{"w", {n}}}), packed(number);
    params<T> gradient{{"w", {n}}};
    fill(number[0], 7);
    fill(packed[0], 7);
    std::vector<double> memory(std::size_t(detail::memory_of<Recipe>) + 1);
    rule_start(recipe, memory.data());
    auto const addresses = [&](std::vector<params<T>>& from) {
        detail::streams<T, layout::slots> all;
        all.weights = from[0].data();
        all.input = gradient.data();
        for (std::size_t s = 1; s < streams; ++s)
            all.slot[s - 1].numbers = from[s].data();
        return all;
    };
    detail::piece const piece{0, n, 0, 0};
    for (std::int64_t step = 1; step <= 5; ++step) {
        fill(gradient, 1000 * std::uint64_t(step));
        for (index i = 0; i < 40; ++i)
            gradient.data()[5 * i + step % 2] = special[(i + step) % 8];
        list const ks = detail::as_kernels(rule_at<T>(recipe, step_count{step}, memory.data()));
        if (step == 1) {
            detail::start_piece<slots::full>(ks, addresses(number), piece);
            detail::start_piece<slots::full>(ks, addresses(packed), piece);
        }
        double unused[2];
        detail::run_piece<pass, slots::full, T>(ks, addresses(number), piece, unused);
        detail::run_piece<pass, slots::full, native_pack<T>>(ks, addresses(packed), piece, unused);
        for (std::size_t s = 0; s < streams; ++s)
            for (index i = 0; i < n; ++i) {
                T const a = number[s].data()[i], b = packed[s].data()[i];
                if (std::memcmp(&a, &b, sizeof(T)) != 0 && !(a != a && b != b))
                    return text("step ", step, ", stream ", s, ", element ", i, ": ", a, " and ", b);
            }
    }
    return {};
}

template <class T, class Recipe>
struct subject_of final : subject<T> {
    descent::optimizer<Recipe, T, executor> optimizer;

    subject_of(Recipe recipe, params<T>& weights, int threads)
        : optimizer(recipe, weights, executor{threads}) {}
    bool step(params<T> const& gradients) override { return optimizer.step(gradients); }
    optimizer_state<T> state() const override { return optimizer.state(); }
    void restore(optimizer_state<T> const& saved) override { optimizer.restore(saved); }
    void freeze(char const* pattern) override { optimizer.freeze(pattern); }
    void rate(double value) override {
        using scale = descent::rate<descent::constant>;
        if constexpr (requires { descent::get<scale>(optimizer.recipe()); })
            descent::get<scale>(optimizer.recipe()).eta.rate = value;
        else
            descent::fail("rows: the recipe has no rate");
    }
};

template <class Kernels>
inline constexpr bool positional = false;
template <class... K>
inline constexpr bool positional<descent::kernels<K...>> = (descent::detail::takes_element<K> || ...);

/// Gathers rows. A recipe is given as a function without captures, so that a row is plain data.
template <class T>
struct gather {
    std::vector<row<T>> found;

    template <class Make>
    void add(char const* name, double bound, Make) {
        // In float the recipe is nested in a chain with keep_zeros, so that masks are tested with every rule.
        static constexpr auto make = [] {
            if constexpr (std::is_same_v<T, double>)
                return Make{}();
            else
                return chain(Make{}(), descent::keep_zeros{});
        };
        using recipe = decltype(make());
        using optimizer = descent::optimizer<recipe, T, executor>;
        using layout = typename optimizer::layout;
        found.push_back({name, layout::barrier_from(0) == layout::count, rule_every(make()),
                         positional<typename optimizer::list>, bound,
                         [](params<T>& weights, int threads) -> std::unique_ptr<subject<T>> {
                             return std::make_unique<subject_of<T, recipe>>(make(), weights, threads);
                         },
                         [] { return lanes_differ<T>(make()); }});
    }
};

/// add(name, bound, make) for each row: on the host here, on a device in tests/exec/rules_test.cu.
template <class Add>
void each_recipe(Add const& add) {
    using namespace descent;
    add("sgd", 1e-6, [] { return chain(sgd{}, rate{0.1}); });
    add("momentum", 1e-6, [] { return chain(momentum{0.9, 0.3}, rate{0.05}); });
    add("momentum averaged", 1e-6, [] { return chain(momentum{.averaged = true}, rate{0.3}); });
    add("nesterov", 1e-6, [] { return chain(nesterov{}, rate{0.05}); });
    add("adam", 1e-3, [] { return chain(adam{}, rate{0.05}); });
    add("adamw", 1e-2, [] { return chain(adamw{}, rate{0.05}); });
    add("adabelief", 1e-3, [] { return chain(adabelief{}, rate{0.05}); });
    add("amsgrad", 1e-3, [] { return chain(amsgrad{0.9, 0.95}, rate{0.05}); });
    add("adamax", 1e-3, [] { return chain(adamax{}, rate{0.05}); });
    add("nadam", 1e-3, [] { return chain(nadam{}, rate{0.05}); });
    add("radam", 1e-3, [] { return chain(radam{0.9, 0.99}, rate{0.05}); });
    add("adagrad", 1e-3, [] { return chain(adagrad{1e-10, 0.01, 0.1}, rate{0.5}); });
    add("adadelta", 1e-2, [] { return chain(adadelta{0.9, 1e-3}, rate{1.0}); });
    add("rmsprop", 1e-2, [] { return chain(rmsprop{0.9}, rate{0.01}); });
    add("rmsprop centered momentum", 1e-2,
        [] { return chain(rmsprop_centered{0.9}, momentum{0.5}, rate{0.005}); });
    add("rprop", 1e-6, [] { return chain(rprop{}); });
    add("asgd", 1e-3, [] { return chain(asgd{0.1, 1e-4, 0.75, 10}); });
    add("lion", 2e-2, [] { return chain(lion{}, rate{0.02}); });
    add("yogi", 1e-3, [] { return chain(yogi{}, rate{0.05}); });
    add("sign_sgd", 1e-2, [] { return chain(sign_sgd{}, rate{0.01}); });
    add("lars", 1e-2, [] { return chain(lars{.coefficient = 0.01, .lambda = 1e-4}, rate{1.0}); });
    add("lamb", 1e-2, [] { return chain(lamb{.decay = 1e-4}, rate{0.01}); });
    add("clip", 1e-3, [] { return chain(clip{0.5}, rate{0.1}); });
    add("clip_norm", 1e-3, [] { return chain(clip_norm{1.0}, rate{0.1}); });
    add("l2", 1e-2, [] { return chain(l2{0.01}, rate{0.1}); });
    add("decay", 1e-2, [] { return chain(momentum{}, decay{0.01}, rate{0.05}); });
    add("accumulate", 1e-3, [] { return chain(accumulate{3}, adam{}, rate{0.05}); });
    add("ema", 1e-6, [] { return chain(ema{0.9}, rate{0.1}); });
    add("swa", 1e-6, [] { return chain(rate{0.1}, swa{3, 2}); });
    add("lookahead", 1e-3, [] { return chain(rate{0.1}, lookahead{3, 0.5}); });
    add("noise", 1e-1, [] { return chain(noise{0.05, 0.55, 3}, momentum{0.5}, rate{0.05}); });
    add("vary", 1e-3, [] { return chain(vary(&adam::beta1, exponential{0.9, 0.999}, adam{}), rate{0.05}); });
    add("vary nadam", 1e-3, [] { return chain(vary(&nadam::beta2, constant{0.99}, nadam{}), rate{0.05}); });
    add("clip_norm adam decay rate", 1e-2, [] {
        return chain(clip_norm{1.0}, adam{.beta2 = 0.95}, decay{0.01}, rate{cosine{0.1, 300}});
    });
}

template <class T>
std::vector<row<T>> list() {
    gather<T> rows;
    each_recipe([&](char const* name, double bound, auto make) { rows.add(name, bound, make); });
    return std::move(rows.found);
}

}  // namespace rows
