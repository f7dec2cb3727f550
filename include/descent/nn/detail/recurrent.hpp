// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <descent/exec/gemm.hpp>
#include <descent/exec/row.hpp>
#include <descent/nn/detail/packed_weights.hpp>
#include <descent/nn/detail/rows.hpp>
#include <descent/nn/detail/sequence.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// What a recurrent layer gives.
enum class recurrent : char {
    every_step,  ///< [steps, units]; zeros behind a sample's length
    last_state   ///< [units]: the state behind each sample's own last step; zeros for an empty sequence
};

namespace detail {

/// One direction of a recurrent layer in a batch, for devices: its extents and where its numbers lie.
template <class T>
struct recurrent_place {
    index steps, inputs, units, outputs, way;  ///< outputs: of both directions
    T const *input_weight, *recurrent_weight, *input_bias, *recurrent_bias;
    T *rows, *before, *states, *row, *product, *h, *c;
};
template <class T>
struct recurrent_slopes {
    T *input, *recurrent, *input_bias, *recurrent_bias, *sums;
};

/// What lstm and gru share: each task takes some samples through all steps, so that no thread waits for another
/// within a sequence; only steps that are there are computed. Cell tells a step's arithmetic:
///
///     gates                      rows of the weights, in units
///     first, second              gates whose slopes by the recurrent product stand in front, and those at 3
///     stateful                   is there a state beside the output?
///     forward(n, row, recurrent, input_bias, recurrent_bias, h, c)
///         row: the product of the input, of the first gates with that of the state on it, becomes the 4 n
///         numbers that backward needs; recurrent: the state's product of the other gates; h, c: states,
///         updated
///     backward(n, row, h_before, c_now, c_before, dh, dc)
///         row: becomes the slopes of the products; dh: becomes what goes straight on to the step before
///
/// and forward_at<K, Joined>(n, j, ...), backward_at<K>(n, j, ...) the same of the units that begin at j, as a
/// K; Joined is whether the first gates' products are one sum in row, else recurrent has the state's.
///
/// A step's input and the state before it stand side by side in one row: one product gives the first gates'
/// sums, and one the slopes of both weights.
template <class Cell, class T>
class recurrent_layer {
public:
    static constexpr aliasing alias = aliasing::none;
    static constexpr bool reads_output = false;

    template <class Description>
    recurrent_layer(Description const& d, shape const& input, builder<T>& b)
        : steps_(input[0]),
          inputs_(input[1]),
          units_(d.units),
          directions_(d.bidirectional ? 2 : 1),
          every_step_(d.returns == recurrent::every_step) {
        index const wide = Cell::gates * units_;
        initializer const spread = uniform(1 / std::sqrt(double(units_)));
        for (index way = 0; way < directions_; ++way) {
            tensors& own = tensors_[std::size_t(way)];
            std::string const end = way ? "_l0_reverse" : "_l0";
            own.input = b.add("weight_ih" + end, {wide, inputs_}, spread);
            own.recurrent = b.add("weight_hh" + end, {wide, units_}, spread);
            own.input_bias = b.add("bias_ih" + end, {wide}, spread);
            own.recurrent_bias = b.add("bias_hh" + end, {wide}, spread);
            own.rows = b.keep(steps_ * 4 * units_);
            own.before = b.keep(steps_ * (inputs_ + units_));
            if (Cell::stateful)
                own.states = b.keep(steps_ * units_);
        }
        b.work(directions_ * steps_ * wide * (inputs_ + units_));
        index const front = Cell::first * units_, back = Cell::second * units_;
        row_ = b.pass(4 * units_);
        joined_ = b.pass(inputs_ + units_);
        product_ = b.pass(wide);
        h_ = b.pass(units_);
        c_ = b.pass(units_);
        panels_ = b.fix(std::max(packed_size<T>(inputs_ + units_, front) + packed_size<T>(inputs_, back) +
                                     packed_size<T>(units_, back),
                                 packed_size<T>(wide, inputs_) + packed_size<T>(wide, units_)));
        slopes_ = b.fix(front * (inputs_ + units_));
        sums_ = b.fix(4 * units_);
    }

    shape output() const {
        return every_step_ ? shape{steps_, directions_ * units_} : shape{directions_ * units_};
    }

    template <class Pass>
    void forward(Pass& p, T const* x, T* y) const {
        if constexpr (Pass::host)
            forward_here(p, x, y);
        else
            for (index way = 0; way < directions_; ++way)
                device_recurrent(there{}, p, Cell{}, place(p, way), x, y, every_step_);
    }

    template <class Pass>
    void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
        if constexpr (Pass::host)
            backward_here(p, dy, dx);
        else
            for (index way = 0; way < directions_; ++way) {
                tensors const& own = tensors_[std::size_t(way)];
                device_recurrent_backward(
                    there{}, p, Cell{}, place(p, way), x, static_cast<T const*>(dy), dx, every_step_,
                    recurrent_slopes<T>{p.slope(own.input), p.slope(own.recurrent), p.slope(own.input_bias),
                                        p.slope(own.recurrent_bias), p.at(sums_)});
            }
    }

private:
    static constexpr index most = 24;  // samples of a task

    struct tensors {
        parameter input, recurrent, input_bias, recurrent_bias;
        region rows, before, states;
    };

    template <class Pass>
    recurrent_place<T> place(Pass const& p, index way) const {
        tensors const& own = tensors_[std::size_t(way)];
        return {steps_,
                inputs_,
                units_,
                directions_ * units_,
                way,
                p.weight(own.input),
                p.weight(own.recurrent),
                p.weight(own.input_bias),
                p.weight(own.recurrent_bias),
                p.at(own.rows),
                p.at(own.before),
                p.at(own.states),
                p.at(row_),
                p.at(product_),
                p.at(h_),
                p.at(c_)};
    }

    template <class Pass>
    void forward_here(Pass& p, T const* x, T* y) const {
        index const front = Cell::first * units_, back = Cell::second * units_, both = inputs_ + units_;
        T *const joint = p.at(panels_), *const of_input = joint + packed_size<T>(both, front),
                 *const of_state = of_input + packed_size<T>(inputs_, back);
        for (index way = 0; way < directions_; ++way) {
            tensors const& own = tensors_[std::size_t(way)];
            auto const weights = [](T const* from, index rows, index columns) {
                return exec::transposed(matrix(from, rows, columns));
            };
            T const *const input = p.weight(own.input), *const recurrent = p.weight(own.recurrent);
            pack_weights(p.executor, weights(input, front, inputs_), joint, both);
            pack_weights(p.executor, weights(recurrent, front, units_), joint, both, inputs_);
            if (back) {
                pack_weights(p.executor, weights(input + front * inputs_, back, inputs_), of_input, inputs_);
                pack_weights(p.executor, weights(recurrent + front * units_, back, units_), of_state, units_);
            }
            each_group(p, [this, &p, way, x, y](index first, index last) { run(p, way, first, last, x, y); });
        }
    }

    template <class Pass>
    void backward_here(Pass& p, T* dy, T* dx) const {
        index const wide = Cell::gates * units_, rows = p.samples * steps_, both = inputs_ + units_;
        index const front = Cell::first * units_, back = Cell::second * units_;
        T *const of_input = p.at(panels_), *const of_state = of_input + packed_size<T>(wide, inputs_);
        for (index way = 0; way < directions_; ++way) {
            tensors const& own = tensors_[std::size_t(way)];
            if (dx)
                pack_weights(p.executor, matrix(p.weight(own.input), wide, inputs_), of_input, wide);
            pack_weights(p.executor, matrix(p.weight(own.recurrent), wide, units_), of_state, wide);
            each_group(p, [this, &p, way, dy, dx](index first, index last) {
                run_back(p, way, first, last, static_cast<T const*>(dy), dx);
            });
            T const *const slopes = p.at(own.rows), *const before = p.at(own.before);
            auto const columns = [&](index first, index count) {
                return exec::transposed(exec::block<T const>{slopes + first, rows, count, 4 * units_});
            };
            T *const input = p.slope(own.input), *const recurrent = p.slope(own.recurrent),
                     *const joint = p.at(slopes_);
            exec::gemm(p.executor, columns(0, front), matrix(before, rows, both), matrix(joint, front, both));
            for (index i = 0; i < front; ++i) {
                std::copy_n(joint + i * both, inputs_, input + i * inputs_);
                std::copy_n(joint + i * both + inputs_, units_, recurrent + i * units_);
            }
            if (back) {
                exec::gemm(p.executor, columns(front, back), exec::block<T const>{before, rows, inputs_, both},
                           matrix(input + front * inputs_, back, inputs_));
                exec::gemm(p.executor, columns(3 * units_, back),
                           exec::block<T const>{before + inputs_, rows, units_, both},
                           matrix(recurrent + front * units_, back, units_));
            }
            T* const sums = p.at(sums_);
            sum_rows(p.executor, slopes, rows, 4 * units_, sums);
            std::copy_n(sums, wide, p.slope(own.input_bias));
            std::copy_n(sums, front, p.slope(own.recurrent_bias));
            std::copy_n(sums + 3 * units_, back, p.slope(own.recurrent_bias) + front);
        }
    }

    template <class U>
    static exec::block<U> matrix(U* data, index rows, index columns) {
        return {data, rows, columns, columns};
    }

    /// Samples in at least four groups, where there are as many.
    template <class Pass, class Body>
    static void each_group(Pass& p, Body const& body) {
        index const each = std::clamp<index>((p.samples + 3) / 4, 1, most), samples = p.samples;
        p.executor.for_each((samples + each - 1) / each,
                            [=](index i) { body(i * each, std::min(samples, (i + 1) * each)); });
    }

    /// The samples of a group, whose sequences end one after the other.
    struct group {
        index length[most], longest = 0, active[most];

        template <class Pass>
        group(Pass const& p, index first, index last, index steps) {
            for (index s = first; s < last; ++s) {
                length[s - first] = live_steps(p, s, steps);
                longest = std::max(longest, length[s - first]);
            }
        }
        /// Fills `active` with those that have a turn k.
        index count(index samples, index k) {
            index found = 0;
            for (index i = 0; i < samples; ++i)
                if (length[i] > k)
                    active[found++] = i;
            return found;
        }
        /// The step of turn k.
        index step(index i, index k, index way) const { return way ? length[i] - 1 - k : k; }
    };

    template <class Pass>
    void run(Pass& p, index way, index first, index last, T const* x, T* y) const {
        tensors const& own = tensors_[std::size_t(way)];
        index const n = units_, wide = Cell::gates * n, out = directions_ * n, both = inputs_ + n;
        index const front = Cell::first * n, back = Cell::second * n;
        T const *const input_bias = p.weight(own.input_bias), *const recurrent_bias =
                                                                  p.weight(own.recurrent_bias);
        T const *const joint = p.at(panels_), *const of_input = joint + packed_size<T>(both, front),
                       *const of_state = of_input + packed_size<T>(inputs_, back);
        T *const h = p.at(h_), *const c = p.at(c_), *const product = p.at(product_), *const row = p.at(row_);
        bool const keeps = p.training;
        T* const rows = keeps ? p.at(own.rows) : nullptr;
        T* const before = keeps ? p.at(own.before) : p.at(joined_);
        T* const states = keeps && Cell::stateful ? p.at(own.states) : nullptr;
        group g(p, first, last, steps_);
        std::fill(h + first * n, h + last * n, T(0));
        std::fill(c + first * n, c + last * n, T(0));
        std::fill(product + first * wide, product + last * wide, T(0));  // of the first turn's zeros
        T const *from[most], *state[most];
        T *to[most], *behind[most], *sum[most];
        for (index k = 0; k < g.longest; ++k) {
            index const count = g.count(last - first, k);
            for (index i = 0; i < count; ++i) {
                index const s = first + g.active[i], at = s * steps_ + g.step(g.active[i], k, way);
                T* const pair = before + (keeps ? at : s) * both;
                std::copy_n(x + at * inputs_, inputs_, pair);
                std::copy_n(h + s * n, n, pair + inputs_);
                from[i] = pair;
                state[i] = pair + inputs_;
                to[i] = keeps ? rows + at * 4 * n : row + s * 4 * n;
                behind[i] = to[i] + front;
                sum[i] = product + s * wide + front;
            }
            packed_product(joint, both, front, 0, k > 0 ? both : inputs_, count, from, to, true);
            if (back) {
                packed_product(of_input, inputs_, back, 0, inputs_, count, from, behind, true);
                if (k > 0)
                    packed_product(of_state, n, back, 0, n, count, state, sum, true);
            }
            for (index i = 0; i < count; ++i) {
                index const s = first + g.active[i], at = s * steps_ + g.step(g.active[i], k, way);
                Cell::forward(n, to[i], product + s * wide, input_bias, recurrent_bias, h + s * n, c + s * n);
                if (states)
                    std::copy_n(c + s * n, n, states + at * n);
                if (every_step_)
                    std::copy_n(h + s * n, n, y + at * out + way * n);
            }
        }
        for (index s = first; s < last; ++s) {
            if (!every_step_)
                std::copy_n(h + s * n, n, y + s * out + way * n);
            for (index t = g.length[s - first]; t < steps_; ++t) {
                index const at = s * steps_ + t;
                if (every_step_)
                    std::fill_n(y + at * out + way * n, n, T(0));
                if (keeps)
                    std::fill_n(before + at * both, both, T(0));
            }
        }
    }

    template <class Pass>
    void run_back(Pass& p, index way, index first, index last, T const* dy, T* dx) const {
        tensors const& own = tensors_[std::size_t(way)];
        index const n = units_, wide = Cell::gates * n, out = directions_ * n, both = inputs_ + n;
        index const front = Cell::first * n, back = Cell::second * n;
        T *const dh = p.at(h_), *const dc = p.at(c_), *const rows = p.at(own.rows);
        T const* const before = p.at(own.before) + inputs_;
        T const *const of_input = p.at(panels_), *const of_state = of_input + packed_size<T>(wide, inputs_);
        T const* const states = Cell::stateful ? p.at(own.states) : nullptr;
        group g(p, first, last, steps_);
        std::fill(dc + first * n, dc + last * n, T(0));
        for (index s = first; s < last; ++s) {
            if (every_step_)
                std::fill_n(dh + s * n, n, T(0));
            else
                std::copy_n(dy + s * out + way * n, n, dh + s * n);
            for (index t = g.length[s - first]; t < steps_; ++t) {
                std::fill_n(rows + (s * steps_ + t) * 4 * n, 4 * n, T(0));
                if (dx && way == 0)
                    std::fill_n(dx + (s * steps_ + t) * inputs_, inputs_, T(0));
            }
        }
        T const *from[most], *behind[most];
        T* to[most];
        for (index k = g.longest - 1; k >= 0; --k) {
            index const count = g.count(last - first, k);
            for (index i = 0; i < count; ++i) {
                index const s = first + g.active[i], at = s * steps_ + g.step(g.active[i], k, way);
                index const earlier = s * steps_ + g.step(g.active[i], k - 1, way);
                if (every_step_)
                    exec::add_scaled(T(1), dy + at * out + way * n, n, dh + s * n);
                Cell::backward(n, rows + at * 4 * n, before + at * both, states ? states + at * n : nullptr,
                               states && k > 0 ? states + earlier * n : nullptr, dh + s * n, dc + s * n);
                from[i] = rows + at * 4 * n;
                behind[i] = from[i] + 3 * n;
                to[i] = dh + s * n;
            }
            if (k > 0) {
                packed_product(of_state, wide, n, 0, front, count, from, to, false);
                if (back)
                    packed_product(of_state, wide, n, front, back, count, behind, to, false);
            }
            if (dx) {
                for (index i = 0; i < count; ++i)
                    to[i] = dx + ((first + g.active[i]) * steps_ + g.step(g.active[i], k, way)) * inputs_;
                packed_product(of_input, wide, inputs_, 0, wide, count, from, to, way == 0);
            }
        }
    }

    index steps_, inputs_, units_, directions_;
    bool every_step_;
    std::array<tensors, 2> tensors_{};
    region row_, joined_, product_, h_, c_, panels_, slopes_, sums_;
};

template <class Cell, class T, class Description>
recurrent_layer<Cell, T> bind_recurrent(Description const& d, shape const& input, builder<T>& b) {
    expect(d.units >= 1, b.where(Description::name), ": units = ", d.units, ": must be >= 1");
    expect(input.rank() == 2 && input.size() > 0, b.where(Description::name), ": input is ", input.text(),
           ": must be [steps, features]");
    return {d, input, b};
}

}  // namespace detail

}  // namespace descent::nn
