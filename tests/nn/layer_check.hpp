// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/memory.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/layer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

// The contract of every layer: check_layer(description, shapes of one sample) checks all of it.
namespace layer_check {

using namespace descent;
using descent::index;  // POSIX has one too

struct options {
    std::vector<index> samples = {1, 3, 17};
    bool slope_of_input = true;                                  ///< false for layers that read class numbers
    double (*input)(generator const&, std::uint64_t) = nullptr;  ///< number i of x; else standard normal
    double step = 1e-5;                                          ///< of the central differences
    double tolerance = 1e-6;          ///< of slopes, relative to the largest of their tensor
    std::vector<index> lengths = {};  ///< sample i has lengths[i % size] steps; empty: all
};

/// One bound layer with its arenas. The workspace holds NaN before each run, so that what nobody wrote is seen.
template <class Layer, class T>
class bench {
public:
    bench(Layer const& description, shape const& input, index samples, options const& how)
        : input_(input),
          samples_(samples),
          room_((samples + 15) / 16 * 16),
          layer_(description.template bind<T>(input, b_)) {
        weights = params<T>(b_.trained());
        slopes = weights.like();
        state = params<T>(b_.state());
        b_.start(weights, state, 5);
        generator const draws{11, 1};
        // Biases and gains are not left at their round first values.
        std::uint64_t draw = 0;
        for (auto const& entry : weights.entries())
            for (index i = 0; i < entry.size(); ++i)
                weights.data()[entry.offset + i] += T(0.25 * draws.normal<double>(draw++));
        first_state_ = state;
        x = aligned_buffer<T>(std::size_t(input.size() * room_));
        dx = x;
        y = aligned_buffer<T>(std::size_t(layer_.output().size() * room_));
        dy = c = y;
        for (index i = 0; i < samples * input.size(); ++i)
            x[std::size_t(i)] = T(how.input ? how.input(generator{7, 2}, std::uint64_t(i))
                                            : generator{7, 2}.normal<double>(std::uint64_t(i)));
        for (index i = 0; i < samples * layer_.output().size(); ++i)
            c[std::size_t(i)] = T(generator{7, 3}.normal<double>(std::uint64_t(i)));
        kept_ = aligned_buffer<T>(std::size_t(b_.kept_room() * room_));
        passing_ = aligned_buffer<T>(std::size_t(b_.passing_room() * room_));
        fixed_ = aligned_buffer<T>(std::size_t(b_.fixed_room()));
        lengths_.assign(std::size_t(room_), 0);
        for (std::size_t i = 0; i < lengths_.size() && !how.lengths.empty(); ++i)
            lengths_[i] = how.lengths[i % how.lengths.size()];
        padded_ = !how.lengths.empty();
    }

    /// sum(c * y) in double after a forward in training.
    template <class Executor = exec::serial>
    double value(Executor const& executor = {}) {
        forward(executor, true);
        double total = 0;
        for (index i = 0; i < samples_ * outputs(); ++i)
            total += double(c[std::size_t(i)]) * double(y[std::size_t(i)]);
        return total;
    }

    template <class Executor = exec::serial>
    void forward(Executor const& executor, bool training) {
        T const nothing = std::numeric_limits<T>::quiet_NaN();
        std::fill(kept_.begin(), kept_.end(), nothing);
        std::fill(passing_.begin(), passing_.end(), nothing);
        std::fill(fixed_.begin(), fixed_.end(), nothing);
        std::fill(y.begin(), y.end(), nothing);
        state = first_state_;
        auto p = begin(executor, training);
        if constexpr (alias == nn::aliasing::view)
            y = x;
        else
            layer_.forward(p, x.data(), y.data());
    }

    /// Slopes of value() by the weights and by x, after a value().
    template <class Executor = exec::serial>
    void backward(Executor const& executor = {}, bool with_input = true) {
        dy = c;
        T const nothing = std::numeric_limits<T>::quiet_NaN();
        std::fill(passing_.begin(), passing_.end(), nothing);
        std::fill(fixed_.begin(), fixed_.end(), nothing);
        std::fill(dx.begin(), dx.end(), nothing);
        for (auto const& entry : slopes.entries())
            std::fill_n(slopes.data() + entry.offset, entry.size(), nothing);
        auto p = begin(executor, true);
        p.slopes = slopes.data();
        if constexpr (alias == nn::aliasing::view)
            dx = dy;
        else
            layer_.backward(p, x.data(), y.data(), dy.data(), with_input ? dx.data() : nullptr);
    }

    index outputs() const { return layer_.output().size(); }
    index inputs() const { return input_.size(); }
    index samples() const { return samples_; }
    shape output() const { return layer_.output(); }

    params<T> weights, slopes, state;
    aligned_buffer<T> x, y, c, dy, dx;

private:
    static constexpr nn::aliasing alias = nn::bound_layer<Layer, T>::alias;

    template <class Executor>
    nn::pass<T, Executor> begin(Executor const& executor, bool training) {
        nn::pass<T, Executor> p{executor};
        p.samples = samples_;
        p.training = training;
        p.weights = weights.data();
        p.state = state.data();
        p.lengths = lengths_.data();
        p.padded = padded_;
        p.seed = 99;
        p.kept = kept_.data(), p.passing = passing_.data(), p.fixed = fixed_.data();
        p.room = room_;
        return p;
    }

    nn::builder<T> b_;
    shape input_;
    index samples_, room_;
    nn::bound_layer<Layer, T> layer_;
    params<T> first_state_;
    aligned_buffer<T> kept_, passing_, fixed_;
    std::vector<index> lengths_;
    bool padded_ = false;
};

template <class T>
bool same_numbers(T const* a, T const* b, index count) {
    return std::equal(a, a + count, b, [](T left, T right) { return left == right; });
}

template <class A, class B>
void compare_runs(A& one, B& other, std::string const& what) {
    INFO(what);
    CHECK(same_numbers(one.y.data(), other.y.data(), one.samples() * one.outputs()));
    for (auto const& entry : one.slopes.entries()) {
        INFO(entry.name);
        CHECK(same_numbers(one.slopes.data() + entry.offset, other.slopes.data() + entry.offset, entry.size()));
    }
    CHECK(same_numbers(one.state.data(), other.state.data(), one.state.arena_size()));
}

/// Slopes against central differences, in double: `at` are the numbers that are moved.
template <class Bench>
void check_slopes(Bench& b, double* at, double const* slope, index count, std::string const& name,
                  options const& how) {
    INFO(name);
    double largest = 0;
    for (index i = 0; i < count; ++i) {
        CHECK(std::isfinite(slope[i]));
        largest = std::max(largest, std::fabs(slope[i]));
    }
    // Large tensors are probed at 60 places.
    index const stride = std::max<index>(1, count / 60);
    for (index i = 0; i < count; i += stride) {
        double const before = at[i];
        at[i] = before + how.step;
        double const above = b.value();
        at[i] = before - how.step;
        double const below = b.value();
        at[i] = before;
        double const difference = (above - below) / (2 * how.step);
        INFO("number " << i << ": slope " << slope[i] << ", difference " << difference << ", largest "
                       << largest);
        CHECK(std::fabs(slope[i] - difference) <= how.tolerance * std::max(1.0, largest));
    }
}

/// The contract of a layer on inputs of these shapes: slopes equal central differences; 1, 2 and 3 threads give
/// the same bits; float agrees with double; no slope by the input is computed where none is asked for, and the
/// rest stays the same; nothing that was not written is read; evaluation gives finite numbers.
template <class Layer>
void check_layer(Layer const& description, std::vector<shape> const& inputs, options const& how = {}) {
    for (shape const& input : inputs)
        for (index const samples : how.samples) {
            INFO(Layer::name << " of " << input.text() << ", " << samples << " samples");
            bench<Layer, double> b(description, input, samples, how);
            b.value();
            b.backward();
            {
                bench<Layer, double> fresh(description, input, samples, how);
                auto const slopes = b.slopes;
                auto const dx = b.dx;
                for (auto const& entry : slopes.entries())
                    check_slopes(fresh, fresh.weights.data() + entry.offset, slopes.data() + entry.offset,
                                 entry.size(), entry.name, how);
                if (how.slope_of_input)
                    check_slopes(fresh, fresh.x.data(), dx.data(), samples * input.size(), "x", how);
            }
            for (int const threads : {2, 3}) {
                bench<Layer, double> other(description, input, samples, how);
                exec::openmp const executor{.threads = threads};
                other.value(executor);
                other.backward(executor);
                compare_runs(b, other, "threads " + std::to_string(threads));
                if (how.slope_of_input)
                    CHECK(same_numbers(b.dx.data(), other.dx.data(), samples * input.size()));
            }
            {
                bench<Layer, double> first(description, input, samples, how);
                first.value();
                first.backward(exec::serial{}, false);
                compare_runs(b, first, "without slopes of x");
            }
            bench<Layer, float> narrow(description, input, samples, how);
            double const wide_value = b.value(), value = narrow.value();
            CHECK(std::fabs(value - wide_value) <= 1e-3 * std::max(1.0, std::fabs(wide_value)));
            b.forward(exec::serial{}, false);
            for (index i = 0; i < samples * b.outputs(); ++i)
                CHECK(std::isfinite(b.y[std::size_t(i)]));
        }
}

}  // namespace layer_check
