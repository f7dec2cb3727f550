// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <descent/exec/serial.hpp>
#include <descent/nn.hpp>
#include <descent/nn/gru.hpp>
#include <descent/nn/lstm.hpp>
#include <descent/nn/positions.hpp>
#include <descent/nn/transformer.hpp>

#include <exec/emulated.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
using namespace descent;

namespace {

/// One layer's arenas, workspace and numbers of a batch, as the host has them.
struct numbers {
    std::vector<double> weights, slopes, state, x, y, dy, dx, kept, passing, fixed;
    std::vector<descent::index> lengths;
    std::vector<std::uint64_t> seed;

    template <class F>
    void each(F const& f) {
        f(weights), f(slopes), f(state), f(x), f(y), f(dy), f(dx), f(kept), f(passing), f(fixed), f(lengths);
        f(seed);
    }
};

constexpr descent::index samples = 5;

/// Forward and backward of a batch in training where the numbers lie: one address for each vector, in order.
template <class Bound, class Engine>
void run(Bound const& layer, Engine const& engine, std::vector<void*> const& at) {
    auto const part = [&](std::size_t i) { return static_cast<double*>(at[i]); };
    nn::pass<double, Engine> p{engine};
    p.samples = p.room = samples;
    p.training = true;
    p.weights = part(0), p.slopes = part(1), p.state = part(2);
    p.kept = part(7), p.passing = part(8), p.fixed = part(9);
    p.lengths = static_cast<descent::index*>(at[10]);
    p.seed = 99;
    p.seed_there = static_cast<std::uint64_t*>(at[11]);
    layer.forward(p, part(3), part(4));
    layer.backward(p, part(3), part(4), part(5), part(6));
}

/// The largest difference of y, state and slopes between the device and the host.
template <class Layer, class Engine>
double far(Layer const& description, shape const& input, double (*number)(std::uint64_t),
           Engine const& engine) {
    nn::builder<double> b;
    auto const layer = description.template bind<double>(input, b);
    params<double> weights(b.trained()), state(b.state());
    b.start(weights, state, 3);
    auto const room = [](descent::index n) { return std::vector<double>(static_cast<std::size_t>(n + 16)); };
    descent::index const outputs = samples * layer.output().size(), inputs = samples * input.size();
    numbers here{room(weights.arena_size()),
                 room(weights.arena_size()),
                 room(state.arena_size()),
                 room(inputs),
                 room(outputs),
                 room(outputs),
                 room(inputs),
                 room(b.kept_room() * samples),
                 room(b.passing_room() * samples),
                 room(b.fixed_room()),
                 std::vector<descent::index>(16),
                 {99}};
    std::copy_n(weights.data(), weights.arena_size(), here.weights.data());
    std::copy_n(state.data(), state.arena_size(), here.state.data());
    for (std::size_t i = 0; i < std::size_t(inputs); ++i)
        here.x[i] = number(i);
    for (std::size_t i = 0; i < std::size_t(outputs); ++i)
        here.dy[i] = generator{7, 3}.normal<double>(i);

    numbers there = here;
    std::vector<void*> at;
    std::vector<typename Engine::template memory<std::byte>> memory;
    there.each([&](auto& v) {
        auto const bytes = descent::index(v.size() * sizeof v[0]);
        memory.emplace_back(std::size_t(bytes));
        engine.upload(reinterpret_cast<std::byte const*>(v.data()), bytes, memory.back().data());
        at.push_back(memory.back().data());
    });
    run(layer, engine, at);
    std::size_t next = 0;
    there.each([&](auto& v) {
        engine.download(memory[next].data(), descent::index(memory[next].size()),
                        reinterpret_cast<std::byte*>(v.data()));
        ++next;
    });

    at.clear();
    here.each([&](auto& v) { at.push_back(v.data()); });
    run(layer, exec::serial{}, at);
    double worst = 0;
    auto const see = [&](std::vector<double> const& a, std::vector<double> const& e) {
        double largest = 1;
        for (double const expected : e)
            largest = std::max(largest, std::abs(expected));
        for (std::size_t i = 0; i < a.size(); ++i) {
            double const off = std::abs(a[i] - e[i]) / largest;
            worst = off <= 1e300 ? std::max(worst, off) : INFINITY;
        }
    };
    there.y.resize(std::size_t(outputs)), here.y.resize(std::size_t(outputs));
    see(there.y, here.y);
    see(there.state, here.state);
    for (auto const& entry : weights.entries())
        for (auto i = std::size_t(entry.offset); i < std::size_t(entry.offset + entry.size()); ++i)
            see({there.slopes[i]}, {here.slopes[i]});
    return worst;
}

double normal(std::uint64_t i) { return generator{7, 2}.normal<double>(i); }
double id(std::uint64_t i) { return double(i % 6 < 4 ? i * 5 % 7 : 0) - (i % 6 == 5 ? 1.0 : 0.0); }

/// Networks that have every layer which runs on a device.
template <class Engine>
double worst_of_all(Engine const& engine) {
    nn::sequential const images{
        nn::conv2d{.channels = 4, .kernel = 3, .padding = 1},
        nn::batch_norm{},
        nn::relu{},
        nn::max_pool{.size = 2},
        nn::residual{nn::conv2d{.channels = 8, .kernel = 3, .stride = 2, .padding = 1},
                     nn::pad_channels{.channels = 8, .stride = 2}},
        nn::parallel{nn::average_pool{.size = 2}, nn::sequential{nn::silu{}, nn::max_pool{.size = 2}}},
        nn::global_average_pool{},
        nn::dense{9},
        nn::tanh_layer{},
        nn::dropout{0.3},
        nn::drop_path{0.2},
        nn::dense{4},
        nn::softmax{}};
    nn::sequential const words{nn::embedding{.vocabulary = 7, .width = 8},
                               nn::sinusoidal_positions{},
                               nn::learned_positions{},
                               nn::transformer_block{.heads = 2, .width = 12, .dropout = 0.2},
                               nn::layer_norm{},
                               nn::sequence_mean{}};
    nn::sequential const sequences{
        nn::embedding{.vocabulary = 7, .width = 8}, nn::lstm{.units = 5, .bidirectional = true},
        nn::gru{.units = 6, .bidirectional = true, .returns = nn::recurrent::last_state}};
    return std::max(
        {far(images, {2, 9, 8}, normal, engine), far(words, {6}, id, engine), far(sequences, {6}, id, engine)});
}

}  // namespace

TEST_CASE("nn device: nvcc's host code runs layers like the host", "[host]") {
    CHECK(worst_of_all(test::emulated_engine{}) <= 1e-11);
}

TEST_CASE("nn device: a GPU runs layers like the host") { CHECK(worst_of_all(exec::cuda_engine{}) <= 1e-11); }
