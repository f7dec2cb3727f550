// SPDX-License-Identifier: MIT
#pragma once

#include <descent/data/mixed_batch.hpp>
#include <descent/data/multi_target.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/loss/squared.hpp>
#include <descent/nn.hpp>
#include <descent/nn/device_network.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/clip_norm.hpp>
#include <descent/optim/ema.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "train/problems.hpp"

// Networks trained by fit on an emulated device in device_network_test.cpp and on a GPU in
// device_network_test.cu: the executor is a parameter, the answer is exec::serial's.
namespace descent::test {

inline auto device_recipe() { return chain(clip_norm{1.0}, adam{}, rate{0.02}, ema{0.9}); }

/// The largest |a - b|, in parts of the largest |b| or 1; NaN counts as infinite.
template <class T>
double apart(params<T> const& a, params<T> const& b) {
    double worst = 0, largest = 1;
    for (index i = 0; i < b.arena_size(); ++i) {
        double const off = std::abs(double(a.data()[i]) - double(b.data()[i]));
        worst = off <= 1e300 ? std::max(worst, off) : INFINITY;
        largest = std::max(largest, std::abs(double(b.data()[i])));
    }
    return worst / largest;
}

/// Every layer that draws, keeps a state or reads both in a small convnet.
template <class T>
auto convnet() {
    return nn::network(
        nn::input<T>{1, 3, 4},
        nn::sequential{nn::conv2d{.channels = 4, .kernel = 3, .padding = 1, .bias = false}, nn::batch_norm{},
                       nn::relu{}, nn::flatten{}, nn::dropout{0.2}, nn::dense{3}},
        loss::softmax_cross_entropy{}, nn::network_options{.seed = 5});
}

/// Trains the same network here and there; how far apart are weights, state and what the reports say?
template <class Network, class Table, class Recipe, class Executor, class... Argument>
double trained_apart(Network here, Table const& train, Recipe const& recipe, fit_options const& options,
                     Executor const& executor, Argument const&... arguments) {
    Network there = here;
    auto const expected = fit(here, train, recipe, options, arguments...);
    auto const got = fit(there, train, recipe, options, executor, arguments...);
    double worst = std::max({apart(there.params(), here.params()), apart(there.state(), here.state()),
                             apart(got.averaged, expected.averaged), apart(got.best, expected.best)});
    auto const see = [&](double a, double b) {
        if (!(std::isnan(a) && std::isnan(b)))
            worst = std::abs(a - b) <= 1e300 ? std::max(worst, std::abs(a - b)) : INFINITY;
    };
    see(got.loss, expected.loss);
    see(got.gradient_norm, expected.gradient_norm);
    see(double(there.steps()), double(here.steps()));
    see(double(got.status), double(expected.status));
    see(double(got.history.size()), double(expected.history.size()));
    for (std::size_t i = 0; i < std::min(got.history.size(), expected.history.size()); ++i) {
        see(got.history[i].loss, expected.history[i].loss);
        see(got.history[i].validation, expected.history[i].validation);
        see(got.history[i].gradient_norm, expected.history[i].gradient_norm);
    }
    return worst;
}

/// One gradient of the batch here and there: loss and slopes.
template <class Network, class Batch, class Executor>
double gradient_apart(Network net, Batch const& batch, Executor const& executor) {
    using T = typename Network::scalar;
    nn::device_network there{net, executor};
    std::size_t const size = std::size_t(net.params().arena_size());
    typename Executor::template memory<T> weights(size), slopes(size);
    executor.upload(net.params().data(), index(size), weights.data());
    there.train_at(weights.data());
    double const got = there.gradient(batch, slopes);
    params<T> back = net.params().like(), expected = net.params().like();
    executor.download(slopes.data(), index(size), back.data());
    --net.steps();  // the same draws again
    double const loss = net.gradient(batch, expected);
    return std::max(std::abs(got - loss), apart(back, expected));
}

/// The first gradient of the convnet in floats.
template <class Executor>
std::vector<float> float_slopes(Executor const& executor) {
    auto const train = clouds<float>(64, 12, 1);
    auto net = convnet<float>();
    nn::device_network there{net, executor};
    index const size = net.params().arena_size();
    typename Executor::template memory<float> weights{std::size_t(size)}, slopes{std::size_t(size)};
    executor.upload(net.params().data(), size, weights.data());
    there.train_at(weights.data());
    there.gradient(data::all_of(train), slopes);
    std::vector<float> back(std::size_t(size), 0.0f);
    executor.download(slopes.data(), size, back.data());
    return back;
}

/// The worst over kinds of batches, losses and tables.
template <class Executor>
double worst_apart(Executor const& executor) {
    auto train = clouds<double>(50, 12, 1);
    auto const held_out = clouds<double>(300, 12, 2);
    double worst = 0;
    auto const see = [&](double one) { worst = std::max(worst, one); };
    for (index const batch : {16, 0}) {  // 0: full batches
        see(trained_apart(convnet<double>(), train, device_recipe(),
                          {.epochs = 3, .batch = batch_policy(batch, batch > 0)}, executor,
                          validate_on{held_out}, evaluate_averaged{}));
        train.weights = vector<double>::Constant(50, 0.5);
        train.weights[3] = 0;
    }
    vector<double> const others = train.y.reverse();
    see(gradient_apart(convnet<double>(), data::mixed_batch<double>{data::all_of(train), others.data(), 0.3},
                       executor));

    // An autoencoder whose targets are partly unknown.
    data::multi_target_dataset<double> several{train.x, train.x};
    several.y(3, 2) = several.y(49, 0) = std::numeric_limits<double>::quiet_NaN();
    see(gradient_apart(nn::network(nn::input<double>{12},
                                   nn::sequential{nn::dense{4}, nn::silu{}, nn::dense{12}}, loss::squared{}),
                       data::all_of(several), executor));

    // Words; one score of two classes.
    data::dataset<double> words{matrix<double>(30, 5), vector<double>(30)};
    for (index i = 0; i < 30; ++i) {
        words.y[i] = double(i % 2);
        for (index t = 0; t < 5; ++t)
            words.x(i, t) = t < 1 + i % 5 ? double((i + t * t) % 7) : -1.0;
    }
    see(gradient_apart(nn::network(nn::input<double>{5},
                                   nn::sequential{nn::embedding{.vocabulary = 7, .width = 4}, nn::layer_norm{},
                                                  nn::sequence_mean{}, nn::dense{1}},
                                   loss::logistic{}),
                       data::all_of(words).part(3, 20), executor));
    return worst;
}

}  // namespace descent::test
