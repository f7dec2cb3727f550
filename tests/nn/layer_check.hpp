// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/memory.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/device/layers.hpp>
#include <descent/nn/layer.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <exec/emulated.hpp>

#include <catch2/catch_test_macros.hpp>

#include "allocations.hpp"

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
    bool device = true;               ///< false for layers of the host alone
};

/// How many threads run a layer; told as an executor.
struct team {
    int threads;
    team(exec::serial = {}) : threads(1) {}
    team(exec::openmp const& executor) : threads(executor.threads) {}
};

/// One layer with its arenas. The workspace holds NaN before each run, so that what nobody wrote is seen. All
/// but the layer's own two calls compiles once for each T.
template <class T>
class any_bench {
public:
    virtual ~any_bench() = default;

    /// sum(c * y) in double after a forward in training.
    double value(team const& with = {}) {
        forward(with, true);
        double total = 0;
        for (index i = 0; i < samples_ * outputs(); ++i)
            total += double(c[std::size_t(i)]) * double(y[std::size_t(i)]);
        return total;
    }

    void forward(team const& with, bool training) {
        fill(kept_), fill(passing_), fill(fixed_), fill(y);
        state = first_state_;
        told_ = padded_;
        exec::openmp const executor{.threads = with.threads};
        auto p = begin(executor, training);
        run_forward(p);
        told_ = p.padded;
    }

    /// Slopes of value() by the weights and by x, after a value().
    void backward(team const& with = {}, bool with_input = true) {
        dy = c;
        fill(passing_), fill(fixed_), fill(dx);
        for (auto const& entry : slopes.entries())
            std::fill_n(slopes.data() + entry.offset, entry.size(), nothing);
        exec::openmp const executor{.threads = with.threads};
        auto p = begin(executor, true);
        p.slopes = slopes.data();
        run_backward(p, with_input);
    }

    /// The same two on an emulated device.
    void forward_there(bool training) {
        fill(kept_), fill(passing_), fill(fixed_), fill(y);
        state = first_state_;
        told_ = padded_;
        auto p = begin(device_, training);
        p.seed_there = &p.seed;
        run_forward_there(p);
        told_ = p.padded;
    }
    void backward_there(bool with_input = true) {
        dy = c;
        fill(passing_), fill(fixed_), fill(dx);
        for (auto const& entry : slopes.entries())
            std::fill_n(slopes.data() + entry.offset, entry.size(), nothing);
        auto p = begin(device_, true);
        p.slopes = slopes.data();
        p.seed_there = &p.seed;
        run_backward_there(p, with_input);
    }
    bool fault() const { return *device_.fault() != 0; }

    index outputs() const { return output_.size(); }
    index inputs() const { return input_.size(); }
    index samples() const { return samples_; }
    shape output() const { return output_; }

    params<T> weights, slopes, state;
    aligned_buffer<T> x, y, c, dy, dx;
    long taken = 0;  ///< allocations of the layer so far

protected:
    using pass = nn::pass<T, exec::openmp>;
    using pass_there = nn::pass<T, test::emulated_engine>;

    any_bench(shape const& input, index samples)
        : input_(input), samples_(samples), room_((samples + 15) / 16 * 16) {}

    void prepare(shape const& output, options const& how) {
        output_ = output;
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
        x = aligned_buffer<T>(std::size_t(input_.size() * room_));
        dx = x;
        y = aligned_buffer<T>(std::size_t(output.size() * room_));
        dy = c = y;
        for (index i = 0; i < samples_ * input_.size(); ++i)
            x[std::size_t(i)] = T(how.input ? how.input(generator{7, 2}, std::uint64_t(i))
                                            : generator{7, 2}.normal<double>(std::uint64_t(i)));
        for (index i = 0; i < samples_ * output.size(); ++i)
            c[std::size_t(i)] = T(generator{7, 3}.normal<double>(std::uint64_t(i)));
        kept_ = aligned_buffer<T>(std::size_t(b_.kept_room() * room_));
        passing_ = aligned_buffer<T>(std::size_t(b_.passing_room() * room_));
        fixed_ = aligned_buffer<T>(std::size_t(b_.fixed_room()));
        lengths_.assign(std::size_t(room_), 0);
        for (std::size_t i = 0; i < lengths_.size() && !how.lengths.empty(); ++i)
            lengths_[i] = how.lengths[i % how.lengths.size()];
        padded_ = !how.lengths.empty();
    }

    virtual void run_forward(pass& p) = 0;
    virtual void run_backward(pass& p, bool with_input) = 0;
    virtual void run_forward_there(pass_there& p) = 0;
    virtual void run_backward_there(pass_there& p, bool with_input) = 0;

    nn::builder<T> b_;

private:
    static constexpr T nothing = std::numeric_limits<T>::quiet_NaN();
    static void fill(aligned_buffer<T>& numbers) { std::fill(numbers.begin(), numbers.end(), nothing); }

    template <class Executor>
    nn::pass<T, Executor> begin(Executor const& executor, bool training) {
        nn::pass<T, Executor> p{executor};
        p.samples = samples_;
        p.training = training;
        p.weights = weights.data();
        p.state = state.data();
        p.lengths = lengths_.data();
        p.padded = told_;
        p.seed = 99;
        p.kept = kept_.data(), p.passing = passing_.data(), p.fixed = fixed_.data();
        p.room = room_;
        return p;
    }

    shape input_, output_;
    index samples_, room_;
    params<T> first_state_;
    aligned_buffer<T> kept_, passing_, fixed_;
    std::vector<index> lengths_;
    bool padded_ = false, told_ = false;
    test::emulated_engine device_;
};

template <class Layer, class T>
class bench : public any_bench<T> {
public:
    bench(Layer const& description, shape const& input, index samples, options const& how)
        : any_bench<T>(input, samples), layer_(description.template bind<T>(input, this->b_)) {
        this->prepare(layer_.output(), how);
    }

private:
    static constexpr bool view = nn::bound_layer<Layer, T>::alias == nn::aliasing::view;
    using typename any_bench<T>::pass;
    using typename any_bench<T>::pass_there;

    void run_forward(pass& p) override { run_forward_by(p); }
    void run_backward(pass& p, bool with_input) override { run_backward_by(p, with_input); }
    // In double alone: what a device does in float the host does in double.
    void run_forward_there([[maybe_unused]] pass_there& p) override {
        if constexpr (sizeof(T) == 8)
            run_forward_by(p);
    }
    void run_backward_there([[maybe_unused]] pass_there& p, [[maybe_unused]] bool with_input) override {
        if constexpr (sizeof(T) == 8)
            run_backward_by(p, with_input);
    }

    template <class Pass>
    void run_forward_by(Pass& p) {
        if constexpr (view)
            this->y = this->x;
        else
            this->taken += allocations::during([&] { layer_.forward(p, this->x.data(), this->y.data()); });
    }
    template <class Pass>
    void run_backward_by(Pass& p, bool with_input) {
        if constexpr (view)
            this->dx = this->dy;
        else
            this->taken += allocations::during([&] {
                layer_.backward(p, this->x.data(), this->y.data(), this->dy.data(),
                                with_input ? this->dx.data() : nullptr);
            });
    }

    nn::bound_layer<Layer, T> layer_;
};

template <class T>
bool same_numbers(T const* a, T const* b, index count) {
    return std::equal(a, a + count, b, [](T left, T right) { return left == right; });
}

template <class T>
void compare_runs(any_bench<T>& one, any_bench<T>& other, std::string const& what) {
    INFO(what);
    CHECK(same_numbers(one.y.data(), other.y.data(), one.samples() * one.outputs()));
    for (auto const& entry : one.slopes.entries()) {
        INFO(entry.name);
        CHECK(same_numbers(one.slopes.data() + entry.offset, other.slopes.data() + entry.offset, entry.size()));
    }
    CHECK(same_numbers(one.state.data(), other.state.data(), one.state.arena_size()));
}

/// The largest |a - b|, in parts of the largest |b| or 1; NaN counts as infinite.
inline double distance(double const* a, double const* b, index count) {
    double worst = 0, largest = 1;
    for (index i = 0; i < count; ++i) {
        double const off = std::fabs(a[i] - b[i]);
        worst = std::max(worst, off <= 1e300 ? off : std::numeric_limits<double>::infinity());
        largest = std::max(largest, std::fabs(b[i]));
    }
    return worst / largest;
}

/// What an emulated device gives is the host's within rounding: forward and backward, in training and
/// evaluation.
inline void check_device(any_bench<double>& here, any_bench<double>& there, bool slope_of_input) {
    constexpr double rounding = 1e-12;
    index const inputs = here.samples() * here.inputs(), outputs = here.samples() * here.outputs();
    here.value();
    here.backward();
    for (bool const with_input : {true, false}) {
        INFO("on a device, slopes of x: " << with_input);
        there.forward_there(true);
        CHECK(distance(there.y.data(), here.y.data(), outputs) <= rounding);
        CHECK(distance(there.state.data(), here.state.data(), here.state.arena_size()) <= rounding);
        there.backward_there(with_input);
        for (auto const& entry : here.slopes.entries()) {
            INFO(entry.name);
            CHECK(distance(there.slopes.data() + entry.offset, here.slopes.data() + entry.offset,
                           entry.size()) <= rounding);
        }
        if (with_input && slope_of_input)
            CHECK(distance(there.dx.data(), here.dx.data(), inputs) <= rounding);
    }
    INFO("on a device, evaluation");
    here.forward({}, false);
    there.forward_there(false);
    CHECK(distance(there.y.data(), here.y.data(), outputs) <= rounding);
    CHECK_FALSE(there.fault());
}

/// Slopes against central differences, in double: `at` are the numbers that are moved.
inline void check_slopes(any_bench<double>& b, double* at, double const* slope, index count,
                         std::string const& name, options const& how) {
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

/// Makes a bench for an input of a shape and a number of samples.
template <class T>
using factory = std::function<std::unique_ptr<any_bench<T>>(shape const&, index)>;

inline void check_one(shape const& input, index samples, options const& how, factory<double> const& wide,
                      factory<float> const& narrow) {
    auto const b = wide(input, samples);
    b->value();
    b->backward();
    {
        auto const fresh = wide(input, samples);
        for (auto const& entry : b->slopes.entries())
            check_slopes(*fresh, fresh->weights.data() + entry.offset, b->slopes.data() + entry.offset,
                         entry.size(), entry.name, how);
        if (how.slope_of_input)
            check_slopes(*fresh, fresh->x.data(), b->dx.data(), samples * input.size(), "x", how);
    }
    for (int const threads : {2, 3}) {
        auto const other = wide(input, samples);
        other->value(exec::openmp{.threads = threads});
        other->backward(exec::openmp{.threads = threads});
        compare_runs(*b, *other, "threads " + std::to_string(threads));
        if (how.slope_of_input)
            CHECK(same_numbers(b->dx.data(), other->dx.data(), samples * input.size()));
        other->taken = 0;  // the threads are there now
        other->value(exec::openmp{.threads = threads});
        other->backward(exec::openmp{.threads = threads});
        CHECK(other->taken == 0);
    }
    auto const first = wide(input, samples);
    first->value();
    first->backward({}, false);
    compare_runs(*b, *first, "without slopes of x");

    if (how.device)
        check_device(*b, *wide(input, samples), how.slope_of_input);

    double const wide_value = b->value(), value = narrow(input, samples)->value();
    CHECK(std::fabs(value - wide_value) <= 1e-3 * std::max(1.0, std::fabs(wide_value)));
    b->forward({}, false);
    for (index i = 0; i < samples * b->outputs(); ++i)
        CHECK(std::isfinite(b->y[std::size_t(i)]));
    CHECK(b->taken == 0);
}

/// The contract of a layer on inputs of these shapes: slopes equal central differences; 1, 2 and 3 threads give
/// the same bits; none of them takes memory; a device, emulated, agrees with them; float agrees with double; no
/// slope by the input is computed where none is asked for, and the rest stays the same; nothing that was not
/// written is read; evaluation gives finite numbers.
template <class Layer>
void check_layer(Layer const& description, std::vector<shape> const& inputs, options const& how = {}) {
    for (shape const& input : inputs)
        for (index const samples : how.samples) {
            INFO(Layer::name << " of " << input.text() << ", " << samples << " samples");
            check_one(
                input, samples, how,
                [&](shape const& of, index n) {
                    return std::make_unique<bench<Layer, double>>(description, of, n, how);
                },
                [&](shape const& of, index n) {
                    return std::make_unique<bench<Layer, float>>(description, of, n, how);
                });
        }
}

}  // namespace layer_check
