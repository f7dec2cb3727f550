// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/detail/int8_forms.hpp>
#include <descent/quantize/detail/int8_plan.hpp>
#include <descent/quantize/int8_layers.hpp>

namespace descent::quantize {

/// A network that computes in 8 bits, with static ranges: sums of products of whole numbers, exact in 32 bits,
/// that become codes again where they arise, together with bias, relu and what is added. Kernels are chosen
/// when the program runs. Every kernel, executor and number of threads gives the same bits. to_int8 makes one
/// of a trained network:
///
///     auto const small = quantize::to_int8(net, train.x.topRows(512));    // <descent/quantize/to_int8.hpp>
///     vector<float> const classes = small.predict(test.x, exec::openmp{});
///     quantize::save_int8(small, "net.di8");                              // <descent/quantize/int8_file.hpp>
///
/// By hand: tensors are told by their numbers, the input is 0.
///
///     quantize::int8_network net({.channels = 3, .height = 32, .width = 32, .scale = 0.02f});
///     int const h = net.convolve(0, {.outputs = 16, .kernel = 3, .padding = 1, ...}, {.scale = 0.05f});
///     net.scores(h, ...);
///
/// A sample with Inf or NaN gives NaN. One network serves one thread at a time. The first call of as many
/// samples makes the workspace; then nothing is allocated.
class int8_network {
public:
    explicit int8_network(int8_tensor const& input) { add_tensor(input, "input"); }

    /// y = x W + b, over windows; gives the number of y, whose grid is `to`. Throws descent::error where
    /// something does not fit.
    int convolve(int from, int8_convolution const& how, int8_grid const& to) {
        int8_tensor const y = how.output(tensor(from), to);
        if (how.beside != -1) {
            int8_tensor const& beside = tensor(how.beside);
            expect(beside.channels == y.channels && beside.height == y.height && beside.width == y.width,
                   "int8_network: ", beside.text(), " beside ", y.text(), ": must be one shape");
        }
        return add_step(detail::int8_kind::convolve, from, y, how);
    }
    /// The largest number of each window, or their mean; of the former the grid is that of x, or its part from
    /// `least` on.
    int pool(int from, int8_pool const& how, int8_grid const& to) {
        int8_tensor const& x = tensor(from);
        int8_tensor y = how.output(x, to);
        if (how.largest)
            y.grid = x.grid, y.grid.low = std::max(y.grid.low, how.least),
            y.grid.high = std::max(y.grid.high, y.grid.low + 1);  // relu of what is never above 0
        return add_step(how.largest ? detail::int8_kind::max_pool : detail::int8_kind::mean_pool, from, y, {},
                        how);
    }
    /// Every stride-th row and column, with channels of zeros around: see nn::pad_channels.
    int pad_channels(int from, index channels, index stride) {
        int8_tensor y = tensor(from);
        expect(channels >= y.channels && stride >= 1 && stride <= 1 << 20, "int8_network: ", y.channels,
               " channels padded to ", channels, " with stride ", stride);
        y.channels = channels, y.height = (y.height - 1) / stride + 1, y.width = (y.width - 1) / stride + 1;
        return add_step(detail::int8_kind::pad, from, y, {}, {.stride = stride});
    }
    /// The last step: scaled sums without rounding. The outputs must be one place.
    void scores(int from, int8_convolution const& how) {
        int8_tensor const y = how.output(tensor(from), {});
        expect(y.height == 1 && y.width == 1 && how.beside == -1 && !how.relu, "int8_network: scores of ",
               y.text(), ": must be of one place, without relu and sum");
        add_step(detail::int8_kind::scores, from, y, how);
        finish();
    }
    /// The last step: a tensor's numbers, channel by channel.
    void scores(int from) {
        add_step(detail::int8_kind::decode, from, tensor(from));
        finish();
    }
    /// What predict makes of scores.
    void answer(int8_answer how) { answer_ = how; }
    int8_answer answer() const { return answer_; }

    index features() const { return tensors_[0].size(); }
    index outputs() const { return tensors_.back().size(); }
    int8_tensor const& tensor(int number) const {
        expect(number >= 0 && number < int(tensors_.size()), "int8_network: there is no tensor ", number);
        return tensors_[std::size_t(number)];
    }
    /// The layers: the first one gives tensor 1. int8_file.hpp writes them.
    std::span<detail::int8_step const> steps() const { return steps_; }
    bool finished() const { return finished_; }
    /// Bytes of codes, scales and biases: what a file has to hold.
    index bytes() const {
        index all = 0;
        for (auto const& step : steps_)
            all += index(step.sum.codes.size() + 4 * step.sum.scales.size() + 4 * step.sum.bias.size());
        return all;
    }
    /// Multiplications with an addition for a sample.
    index multiply_adds() const {
        index all = 0;
        for (auto const& step : steps_)
            all += step.multiply_adds;
        return all;
    }

    /// Of each row: samples x outputs.
    template <class Executor = exec::serial>
    matrix<float> scores(matrix<float> const& x, Executor const& executor = {}) const {
        matrix<float> z;
        scores(x, z, executor);
        return z;
    }
    /// The same into z.
    template <class Executor = exec::serial>
    void scores(matrix<float> const& x, matrix<float>& z, Executor const& executor = {}) const {
        expect(x.cols() == features(), "int8_network: x has ", x.cols(), " features, the network ", features());
        z.resize(x.rows(), outputs());
        run(x.data(), x.rows(), z.data(), executor);
    }
    /// The same of samples one behind the other, from and into the caller's memory.
    template <class Executor = exec::serial>
    void scores(std::span<float const> x, std::span<float> z, Executor const& executor = {}) const {
        index const rows = index(x.size()) / features();
        expect(rows * features() == index(x.size()), "int8_network: x has ", x.size(),
               " numbers, the network reads ", features(), " a sample");
        expect(rows * outputs() == index(z.size()), "int8_network: room for ", z.size(), " numbers, ", rows,
               rows == 1 ? " sample gives " : " samples give ", rows * outputs());
        run(x.data(), rows, z.data(), executor);
    }

    /// What the scores say of each row: see int8_answer. What NaN among the features gives is not told.
    template <class Executor = exec::serial>
    vector<float> predict(matrix<float> const& x, Executor const& executor = {}) const {
        matrix<float> const z = scores(x, executor);
        expect(answer_ == int8_answer::highest || outputs() == 1, "int8_network: ", outputs(),
               " scores for 1 target a sample");
        vector<float> y(z.rows());
        for (index i = 0; i < z.rows(); ++i) {
            float const* const row = z.data() + i * z.cols();
            y[i] = answer_ == int8_answer::highest      ? float(std::max_element(row, row + z.cols()) - row)
                   : answer_ == int8_answer::above_zero ? float(*row > 0)
                                                        : *row;
        }
        return y;
    }

    /// Keeps weights as that form wants them, and runs it: tests compare forms.
    void use(detail::int8_form const& form) {
        form_ = &form;
        plan_ = detail::int8_plan(tensors_, steps_, form);
        room_ = 0;
    }
    detail::int8_form const& form() const { return *form_; }

private:
    /// Samples that share a stretch of the workspace, one such stretch for each task, and samples from which on
    /// tasks are of whole samples.
    static constexpr index most_tasks = 32, whole_samples = 8, most_samples = 256;

    void add_tensor(int8_tensor const& t, char const* what) {
        expect(!finished_, "int8_network: nothing may stand behind the scores");
        t.check(what);
        tensors_.push_back(t);
    }
    int add_step(detail::int8_kind kind, int from, int8_tensor to, int8_convolution const& sum = {},
                 int8_pool const& pool = {}) {
        expect(from >= 0 && from < int(tensors_.size()), "int8_network: there is no tensor ", from);
        add_tensor(to, "a tensor");
        steps_.push_back({kind, from, int(tensors_.size()) - 1, sum, pool, tensors_[std::size_t(from)], to});
        return int(tensors_.size()) - 1;
    }
    void finish() {
        use(*detail::int8_forms().front());
        finished_ = true;
    }

    template <class Executor>
    void run(float const* x, index samples, float* z, Executor const& executor) const {
        expect(finished_, "int8_network: no scores yet");
        for (index first = 0; first < samples; first += most_samples)
            run_some(x + first * features(), std::min(most_samples, samples - first), z + first * outputs(),
                     executor);
    }

    template <class Executor>
    void run_some(float const* x, index samples, float* z, Executor const& executor) const {
        index const together = samples < whole_samples ? samples : plan_.together(),
                    groups = (samples + together - 1) / together, tasks = std::min(groups, most_tasks),
                    room = together * plan_.room();
        if (room_ < tasks * room) {
            room_ = tasks * room;
            memory_ = aligned_buffer<unsigned char>(std::size_t(room_) + 64);
            infinite_.resize(std::size_t(most_samples));
        }
        detail::int8_batch const all{x, z, memory_.data(), infinite_.data(), together};
        std::fill_n(infinite_.data(), samples, char(0));
        if (samples < whole_samples) {
            for (std::size_t s = 0; s < plan_.steps(); ++s) {
                index const parts = plan_.parts(s, samples);
                executor.for_each(parts, [=, this](index part) { plan_.run(s, all, 0, samples, part, parts); });
            }
        } else {
            executor.for_each(tasks, [=, this](index task) {
                auto own = all;
                own.memory += task * room;
                for (index g = task * groups / tasks; g < (task + 1) * groups / tasks; ++g)
                    for (std::size_t s = 0; s < plan_.steps(); ++s)
                        plan_.run(s, own, g * together, std::min(together, samples - g * together), 0, 1);
            });
        }
        index const width = outputs();
        for (index i = 0; i < samples; ++i)
            if (infinite_[std::size_t(i)])
                std::fill_n(z + i * width, width, std::numeric_limits<float>::quiet_NaN());
    }

    std::vector<int8_tensor> tensors_;
    std::vector<detail::int8_step> steps_;
    int8_answer answer_ = int8_answer::highest;
    bool finished_ = false;
    detail::int8_form const* form_ = nullptr;
    detail::int8_plan plan_;
    mutable aligned_buffer<unsigned char> memory_;
    mutable std::vector<char> infinite_;
    mutable index room_ = 0;
};

}  // namespace descent::quantize
