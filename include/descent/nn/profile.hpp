// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <descent/exec/serial.hpp>
#include <descent/nn/network.hpp>

namespace descent::nn {

/// One layer's part of a training step; see profile. A container's row is what it does itself, such as the sum
/// of a residual block.
struct layer_profile {
    std::string name = {};  ///< the front of its tensors' names: "0.body"; empty for a network of one layer
    std::string kind = {};  ///< "dense"; "input" for the batch's copy, "loss" for the loss and its slopes
    shape output = {};
    index parameters = 0;      ///< numbers that are trained
    index weight_bytes = 0;    ///< of them and of its other tensors, in the arenas
    index kept_bytes = 0;      ///< of activations from forward to backward
    index multiply_adds = -1;  ///< of the batch's forward; backward: about twice as many; -1: not told
    double forward_ms = 0;     ///< 0 where nothing runs, or the layer in front does it too
    double backward_ms = 0;
    double share = 0;  ///< of the time of all rows
};

/// What a training step spends where; see profile.
struct network_profile {
    std::vector<layer_profile> rows = {};
    index samples = 0;        ///< in the batch
    index passing_bytes = 0;  ///< beside what is kept: shared by all layers, per sample of the batch
    index fixed_bytes = 0;    ///< likewise, whatever the batch

    /// All rows as one, named "total".
    layer_profile total() const {
        layer_profile sum{.name = "total"};
        for (layer_profile const& row : rows) {
            sum.parameters += row.parameters;
            sum.weight_bytes += row.weight_bytes;
            sum.kept_bytes += row.kept_bytes;
            if (row.multiply_adds >= 0)
                sum.multiply_adds = std::max<index>(sum.multiply_adds, 0) + row.multiply_adds;
            sum.forward_ms += row.forward_ms;
            sum.backward_ms += row.backward_ms;
            sum.share += row.share;
        }
        return sum;
    }

    /// A table of fixed columns, for terminals: bytes in KiB, multiply-adds in millions.
    std::string text() const;
};

/// Settings of profile.
struct profile_options {
    int repeats = 11;  ///< steps that are measured, behind one that is not; told are medians
};

namespace detail {

/// Time by layer: what passes between two calls belongs to the innermost layer that was entered.
class layer_clock {
public:
    enum node : int { outside, input, loss, first_place };

    explicit layer_clock(std::vector<bound_place> const& places) : children_(places.size() + first_place) {
        children_[outside] = {input, first_place, loss};
        for (std::size_t i = 1; i < places.size(); ++i)
            children_[std::size_t(places[i].parent + first_place)].push_back(int(i) + first_place);
        restart();
    }
    void restart() {
        seconds_.assign(children_.size(), {});
        path_.assign(1, outside);
        backward_ = false;
        last_ = std::chrono::steady_clock::now();
    }
    void enter(std::size_t child) {
        charge();
        path_.push_back(children_[std::size_t(path_.back())][child]);
    }
    void leave() {
        charge();
        backward_ = backward_ || path_.back() == loss;
        path_.pop_back();
    }
    /// Seconds of forward and backward.
    std::array<double, 2> const& of(std::size_t place) const { return seconds_[place]; }

private:
    void charge() {
        auto const now = std::chrono::steady_clock::now();
        seconds_[std::size_t(path_.back())][backward_] += std::chrono::duration<double>(now - last_).count();
        last_ = now;
    }

    std::vector<std::vector<int>> children_;
    std::vector<std::array<double, 2>> seconds_;
    std::vector<int> path_;
    bool backward_ = false;
    std::chrono::steady_clock::time_point last_;
};

/// An executor that containers tell which layer runs: see watched.hpp.
template <class Executor>
struct clocked {
    static constexpr bool host = true;
    template <class T>
    using memory = typename Executor::template memory<T>;

    Executor const& executor;
    layer_clock& clock;

    int width() const { return executor.width(); }
    template <class Body>
    void for_each(index n, Body const& body) const {
        executor.for_each(n, body);
    }
    void enter(std::size_t child) const { clock.enter(child); }
    void leave() const { clock.leave(); }
};

inline double median(std::vector<double>& values) {
    auto const middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

inline std::string fixed_point(double value, int digits) {
    std::array<char, 64> written{};
    std::snprintf(written.data(), written.size(), "%.*f", digits, value);
    return written.data();
}

}  // namespace detail

/// Runs training steps on the batch with a copy of the network and tells the time and memory of each layer: a
/// row for the batch's copy, one for each layer in order (for sequential, its layers), one for the loss.
/// Weights and state of the network stay as they are.
///
///     std::cout << nn::profile(net, data::all_of(train).part(0, 64), exec::openmp{}).text();
///
/// Throws descent::error for a batch without samples and for repeats < 1. The batch itself is not checked: see
/// network::check.
template <class T, class Layers, class Loss, class Batch, exec::host Executor = exec::serial>
requires requires(Batch const& samples) { samples.count; }
network_profile profile(network<T, Layers, Loss> const& net, Batch const& samples,
                        Executor const& executor = {}, profile_options const& options = {}) {
    using detail::layer_clock;
    expect(samples.count > 0, "profile: the batch has no samples");
    expect(options.repeats >= 1, "profile: repeats = ", options.repeats, ": must be >= 1");
    builder<T> plan;
    plan.inside("", net.layers(), net.input_shape());
    auto const& places = plan.places();
    layer_clock clock(places);
    detail::clocked<Executor> const watching{executor, clock};
    auto own = net;
    auto gradient = own.params().like();
    std::size_t const nodes = places.size() + layer_clock::first_place;
    std::vector<std::vector<double>> forward(nodes), backward(nodes);
    for (int run = 0; run <= options.repeats; ++run) {
        clock.restart();
        own.gradient(samples, gradient, watching);
        for (std::size_t node = 0; run > 0 && node < nodes; ++node) {
            forward[node].push_back(1e3 * clock.of(node)[0]);
            backward[node].push_back(1e3 * clock.of(node)[1]);
        }
    }

    // What is kept lies in rooms of whole registers of samples: how many bytes is that for a number of each?
    auto const room = net.workspace(samples.count);
    index const read = params<T>::padded(net.features()), made = params<T>::padded(net.outputs());
    index numbers = read + made;
    for (bound_place const& place : places)
        numbers += place.kept_room;
    index const each = room.kept / numbers;

    network_profile told{{}, samples.count, room.passing, room.fixed};
    auto const add = [&](std::size_t node, layer_profile row) {
        row.forward_ms = detail::median(forward[node]);
        row.backward_ms = detail::median(backward[node]);
        told.rows.push_back(std::move(row));
    };
    add(layer_clock::input, {.kind = "input", .output = net.input_shape(), .kept_bytes = read * each});
    for (std::size_t i = 0; i < places.size(); ++i) {
        bound_place const& place = places[i];
        if (place.kind == "sequential")  // nothing but its layers, which stand behind it
            continue;
        add(i + layer_clock::first_place,
            {place.name, place.kind, place.output, place.parameters,
             (place.trained_room + place.state_room) * index(sizeof(T)), place.kept_room * each,
             place.multiply_adds < 0 ? -1 : place.multiply_adds * samples.count});
    }
    add(layer_clock::loss, {.kind = "loss", .output = net.output_shape(), .kept_bytes = made * each});
    layer_profile const all = told.total();
    for (layer_profile& row : told.rows)
        row.share = (row.forward_ms + row.backward_ms) / (all.forward_ms + all.backward_ms);
    return told;
}

inline std::string network_profile::text() const {
    using line = std::array<std::string, 10>;
    std::vector<line> lines{{"layer", "kind", "output", "parameters", "weights KiB", "kept KiB",
                             "multiply-adds M", "forward ms", "backward ms", "share %"}};
    auto const add = [&](layer_profile const& row, std::string extents) {
        auto const some = [](double value, int digits) {
            return value > 0 ? detail::fixed_point(value, digits) : std::string("-");
        };
        lines.push_back({row.name.empty() ? "-" : row.name, row.kind.empty() ? "-" : row.kind,
                         std::move(extents), row.parameters ? std::to_string(row.parameters) : "-",
                         some(double(row.weight_bytes) / 1024, 1), some(double(row.kept_bytes) / 1024, 1),
                         some(double(row.multiply_adds) / 1e6, 3), some(row.forward_ms, 3),
                         some(row.backward_ms, 3), some(100 * row.share, 1)});
    };
    for (layer_profile const& row : rows)
        add(row, row.output.text());
    add(total(), "-");
    std::array<std::size_t, 10> widths{};
    for (line const& each : lines)
        for (std::size_t column = 0; column < each.size(); ++column)
            widths[column] = std::max(widths[column], each[column].size());
    std::string table;
    for (line const& each : lines) {
        for (std::size_t column = 0; column < each.size(); ++column) {
            std::string const space(widths[column] - each[column].size(), ' ');
            bool const word = column < 3;  // words stand left, numbers right
            table += descent::text(column ? "  " : "", word ? "" : space, each[column], word ? space : "");
        }
        table += '\n';
    }
    return table + descent::text(samples, " samples; beside this, for all layers together, ",
                                 detail::fixed_point(double(passing_bytes + fixed_bytes) / 1024, 1),
                                 " KiB of workspace\n");
}

}  // namespace descent::nn
