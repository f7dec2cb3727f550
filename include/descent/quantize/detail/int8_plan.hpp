// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/detail/highest_codes.hpp>
#include <descent/quantize/detail/int8_block.hpp>
#include <descent/quantize/detail/int8_winograd.hpp>
#include <descent/quantize/int8_layers.hpp>

namespace descent::quantize::detail {

enum class int8_kind : char { encode, convolve, scores, max_pool, mean_pool, pad, decode };

/// One layer at work: from one tensor to another.
struct int8_step {
    int8_kind kind;
    int from, to;
    int8_convolution sum = {};
    int8_pool pool = {};
    int8_tensor x = {}, y = {};
    index multiply_adds = index(sum.codes.size()) * y.height * y.width;

    bool sums() const { return kind == int8_kind::convolve || kind == int8_kind::scores; }
    /// One place in all: then samples take the places' part.
    bool one_place() const { return sums() && y.height * y.width == 1; }
};

/// What a batch works on: samples that are run together share a stretch of memory.
struct int8_batch {
    float const* x;
    float* z;
    unsigned char* memory;
    char* infinite;  ///< by sample: was a number not finite?
    index together;
};

/// Where each tensor lies in the workspace, with room for the padding of those that read it, and weights as a
/// form wants them.
class int8_plan {
public:
    int8_plan() = default;
    int8_plan(std::vector<int8_tensor> const& tensors, std::vector<int8_step> const& steps,
              int8_form const& form)
        : form_(&form) {
        steps_.push_back({int8_kind::encode, -1, 0, {}, {}, tensors[0], tensors[0]});
        steps_.insert(steps_.end(), steps.begin(), steps.end());
        place(tensors);
        for (auto const& step : steps_)
            ready_.push_back(step.sums() ? prepare(step) : weights{});
        for (auto& step : steps_)
            step.sum.codes = {};
    }

    std::size_t steps() const { return steps_.size(); }
    /// Bytes of a sample's workspace.
    index room() const { return room_; }
    /// Samples that one task runs together: few enough to stay in cache.
    index together() const { return std::clamp<index>(cache / std::max<index>(room_, 1), 1, 6); }

    /// Parts to cut a step over so many samples into.
    index parts(std::size_t s, index samples) const {
        int8_step const& step = steps_[s];
        if (step.kind == int8_kind::encode)
            return samples;
        index const most = step.one_place() ? ready_[s].panels : samples * units(s);
        index const work = step.sums() ? step.multiply_adds / form_->worth : step.x.size();
        index const worth = std::min(most, samples * work / part_work);
        return worth < 4 ? 1 : worth;
    }

    /// Part `part` of `parts` of a step, for `count` samples from `first` on.
    void run(std::size_t s, int8_batch const& batch, index first, index count, index part, index parts) const {
        int8_step const& step = steps_[s];
        if (step.one_place())
            return convolve_samples(s, batch, first, count, part, parts);
        index const each = units(s), high = step.kind == int8_kind::encode ? step.y.height
                                            : ready_[s].squares            ? 2
                                                                           : 1;
        for (index unit = part * count * each / parts, end = (part + 1) * count * each / parts; unit < end;) {
            index const i = unit / each, last = std::min(end, (i + 1) * each);
            run_rows(s, batch, first + i, i, (unit - i * each) * high,
                     std::min(step.y.height, (last - i * each) * high));
            unit = last;
        }
    }

private:
    static constexpr index cache = 128 << 10, part_work = 16 << 10;
    /// Codes that may be read behind a tensor: the rest of a group, or of what a pool takes at a time.
    static constexpr index behind = panel_columns;

    struct layout {
        index stored = 0;                   ///< channels and, of more than three, those that fill a group
        index above = 0, before = 0;        ///< rows and columns of padding
        index row = 0, image = 0;           ///< codes of a row, of an image
        index offset = 0, bytes = 0;        ///< of a sample's workspace
        int zero = 0;                       ///< what is added to codes where they are kept
        bool coarse = false, fine = false;  ///< are codes read, are fine codes, which lie behind them?
        index fine_at = 0;                  ///< bytes from the former to the latter
    };
    struct weights {
        aligned_buffer<unsigned char> codes;
        aligned_buffer<std::int32_t> start;
        aligned_buffer<float> scale;
        std::vector<index> runs;
        index run = 0, panels = 0;
        float beside_scale = 0;
        bool squares = false;  ///< for convolve_squares
    };

    /// Into so many parts a sample's rows may be cut.
    index units(std::size_t s) const {
        index const rows = steps_[s].y.height;
        return steps_[s].kind == int8_kind::encode ? 1 : ready_[s].squares ? (rows + 1) / 2 : rows;
    }

    index code_bytes() const { return form_->wide ? 2 : 1; }

    void place(std::vector<int8_tensor> const& tensors) {
        std::vector<std::size_t> born(tensors.size()), dies(tensors.size());
        layouts_.resize(tensors.size());
        for (std::size_t s = 0; s < steps_.size(); ++s) {
            int8_step const& step = steps_[s];
            born[std::size_t(step.to)] = dies[std::size_t(step.to)] = s;
            for (int const read : {step.from, step.sum.beside})
                if (read >= 0)
                    dies[std::size_t(read)] = s;
            if (step.sum.beside >= 0)
                layouts_[std::size_t(step.sum.beside)].fine = true;
            if (step.from >= 0 && step.kind != int8_kind::pad)
                layouts_[std::size_t(step.from)].coarse = true;
            if (step.sums()) {
                layout& of = layouts_[std::size_t(step.from)];
                of.above = std::max(of.above, step.sum.padding.height);
                of.before = std::max(of.before, step.sum.padding.width);
            }
        }
        for (std::size_t s = steps_.size(); s-- > 0;)  // what is read behind the padding of channels
            if (steps_[s].kind == int8_kind::pad) {
                layout& of = layouts_[std::size_t(steps_[s].from)];
                layout const& to = layouts_[std::size_t(steps_[s].to)];
                of.coarse |= to.coarse, of.fine |= to.fine;
            }
        for (std::size_t t = 0; t + 1 < tensors.size(); ++t) {  // the last one are the scores
            layout& of = layouts_[t];
            of.stored = tensors[t].channels < 4 ? tensors[t].channels : (tensors[t].channels + 3) / 4 * 4;
            of.zero = form_->wide ? 0 : -tensors[t].grid.low;
            double const around = double(tensors[t].height + 2 * of.above) *
                                  double(tensors[t].width + 2 * of.before) * double(of.stored);
            expect(around <= double(int8_tensor::most_numbers), "int8_network: ", tensors[t].text(),
                   " with padding ", of.above, " and ", of.before, ": must be at most ",
                   int8_tensor::most_numbers, " numbers");
            of.row = (tensors[t].width + 2 * of.before) * of.stored;
            index const codes = (tensors[t].height + 2 * of.above) * of.row + behind;
            of.fine_at = (codes * code_bytes() + 63) / 64 * 64;
            index const fine = tensors[t].height * tensors[t].width * of.stored * (of.fine ? 2 : 0);
            of.bytes = of.fine_at + (fine + 63) / 64 * 64;
            of.image = of.bytes / code_bytes();
            bool moved = true;
            while (moved) {  // the first place that no tensor has that is there at the same time
                moved = false;
                for (std::size_t other = 0; other < t; ++other) {
                    layout const& that = layouts_[other];
                    if (dies[other] >= born[t] && of.offset < that.offset + that.bytes &&
                        that.offset < of.offset + of.bytes)
                        of.offset = that.offset + that.bytes, moved = true;
                }
            }
            room_ = std::max(room_, of.offset + of.bytes);
        }
    }

    weights prepare(int8_step const& step) const {
        int8_convolution const& c = step.sum;
        layout const& from = layouts_[std::size_t(step.from)];
        weights w;
        bool const dense = c.dilation.width == 1;
        index const down = c.kernel.height, across = c.kernel.width;
        for (index i = 0; i < down; ++i)
            for (index j = 0; j < (dense ? 1 : across); ++j)
                w.runs.push_back(i * c.dilation.height * from.row + j * c.dilation.width * from.stored);
        // A stretch of a window; weights of what fills its last group are 0.
        index const stretch = (dense ? across : 1) * from.stored;
        w.run = (stretch + form_->group - 1) / form_->group * form_->group;
        w.panels = (c.outputs + panel_columns - 1) / panel_columns;
        index const width = w.panels * panel_columns, depth = index(w.runs.size()) * w.run;
        w.squares = form_->convolve_squares && !step.one_place() && c.kernel == nn::extent2{3} &&
                    c.stride == nn::extent2{1} && c.dilation == nn::extent2{1} &&
                    from.stored % panel_columns == 0 && from.stored <= winograd_channels;
        w.codes = aligned_buffer<unsigned char>(
            std::size_t(width * (w.squares ? 16 * from.stored : depth) * code_bytes()));
        w.start = aligned_buffer<std::int32_t>(std::size_t(width));
        w.scale = aligned_buffer<float>(std::size_t(width));
        for (index o = 0; o < c.outputs; ++o) {
            double const step_size = double(step.x.grid.scale) * double(c.scales[std::size_t(o)]);
            std::int32_t all = 0;
            for (index k = 0; k < depth; ++k) {
                index const run = k / w.run, in = k % w.run, channel = in % from.stored;
                if (in >= stretch || channel >= step.x.channels)
                    continue;
                index const place = dense ? run * across + in / from.stored : run;
                std::int8_t const code =
                    c.codes[std::size_t((o * step.x.channels + channel) * down * across + place)];
                all += code;
                if (w.squares)
                    continue;
                index const at = o / panel_columns * panel_columns * depth +
                                 (k / form_->group * panel_columns + o % panel_columns) * form_->group +
                                 k % form_->group;
                if (form_->wide)
                    reinterpret_cast<std::int16_t*>(w.codes.data())[at] = code;
                else
                    reinterpret_cast<std::int8_t*>(w.codes.data())[at] = code;
            }
            for (index i = 0; i < step.x.channels && w.squares; ++i) {
                std::int16_t turned[16];
                winograd_weights(c.codes.data() + (o * step.x.channels + i) * 9, turned);
                for (index k = 0; k < 16; ++k)
                    reinterpret_cast<std::int16_t*>(
                        w.codes
                            .data())[((o / panel_columns * 16 + k) * from.stored + i / 2 * 2) * panel_columns +
                                     o % panel_columns * 2 + i % 2] = turned[k];
            }
            w.start[std::size_t(o)] =
                std::int32_t(std::nearbyint(double(c.bias[std::size_t(o)]) / step_size)) - from.zero * all;
            w.scale[std::size_t(o)] =
                float(step.kind == int8_kind::scores ? step_size : step_size / double(step.y.grid.scale));
        }
        if (c.beside >= 0)
            w.beside_scale = float(double(beside_of(step).grid.scale) / double(step.y.grid.scale) / fine_codes);
        return w;
    }
    int8_tensor const& beside_of(int8_step const& step) const {
        for (auto const& each : steps_)
            if (each.to == step.sum.beside)
                return each.y;
        return step.x;
    }

    /// A tensor's first number, behind its padding, in bytes.
    unsigned char* at(int8_batch const& batch, int tensor, index i) const {
        layout const& of = layouts_[std::size_t(tensor)];
        return batch.memory + of.offset * batch.together + i * of.bytes +
               (of.above * of.row + of.before * of.stored) * code_bytes();
    }
    /// Its fine codes.
    std::int16_t* fine_at(int8_batch const& batch, int tensor, index i) const {
        layout const& of = layouts_[std::size_t(tensor)];
        return reinterpret_cast<std::int16_t*>(batch.memory + of.offset * batch.together + i * of.bytes +
                                               of.fine_at);
    }
    /// The codes of a window that begins in the padding.
    unsigned char* window(int8_step const& step, int8_batch const& batch, index i) const {
        layout const& of = layouts_[std::size_t(step.from)];
        return at(batch, step.from, i) -
               (step.sum.padding.height * of.row + step.sum.padding.width * of.stored) * code_bytes();
    }

    int8_block block(std::size_t s) const {
        int8_step const& step = steps_[s];
        weights const& w = ready_[s];
        layout const &from = layouts_[std::size_t(step.from)], &to = layouts_[std::size_t(step.to)];
        int8_block b{};
        b.x_row = step.sum.stride.height * from.row, b.x_place = step.sum.stride.width * from.stored;
        b.runs = w.runs.data(), b.run_count = index(w.runs.size()), b.run = w.run;
        b.weights = w.codes.data(), b.start = w.start.data(), b.scale = w.scale.data();
        b.panels = w.panels, b.channels = step.kind == int8_kind::scores ? step.y.channels : to.stored;
        b.rows = step.y.height, b.places = step.y.width;
        if (step.sum.beside >= 0) {
            b.beside_row = step.y.width * to.stored, b.beside_place = to.stored;
            b.beside_scale = w.beside_scale;
        }
        b.y_row = to.row, b.y_place = to.stored;
        b.fine_row = step.y.width * to.stored, b.fine_place = to.stored;
        b.low = float(step.sum.relu ? 0 : step.y.grid.low), b.high = float(step.y.grid.high);
        b.zero = to.zero;
        return b;
    }

    /// A step of one place: its panels are cut, and samples lie where places do.
    void convolve_samples(std::size_t s, int8_batch const& batch, index first, index count, index part,
                          index parts) const {
        int8_step const& step = steps_[s];
        int8_block b = block(s);
        index const panel = part * b.panels / parts, end = (part + 1) * b.panels / parts;
        index const channel = panel * panel_columns, bytes = code_bytes();
        b.x = window(step, batch, 0), b.x_place = layouts_[std::size_t(step.from)].image, b.places = count;
        b.weights = static_cast<unsigned char const*>(b.weights) + channel * b.depth() * bytes;
        b.start += channel, b.scale += channel;
        b.panels = end - panel, b.channels -= channel;
        if (step.sum.beside >= 0) {
            b.beside = fine_at(batch, step.sum.beside, 0) + channel;
            b.beside_place = layouts_[std::size_t(step.sum.beside)].bytes / 2;
        }
        if (step.kind == int8_kind::scores) {
            b.scores = batch.z + first * step.y.channels + channel, b.y_place = step.y.channels;
            b.y_row = 0;
        } else {
            layout const& to = layouts_[std::size_t(step.to)];
            if (to.coarse)
                b.y = at(batch, step.to, 0) + channel * bytes, b.y_place = to.image;
            if (to.fine)
                b.fine = fine_at(batch, step.to, 0) + channel, b.fine_place = to.bytes / 2;
        }
        if (b.panels > 0)
            form_->convolve(b);
        for (index i = 0; i < count && part == 0; ++i)
            surround(step.to, batch, i, step.y, 0, 1);
    }

    void run_rows(std::size_t s, int8_batch const& batch, index sample, index i, index row, index end) const {
        int8_step const& step = steps_[s];
        switch (step.kind) {
            case int8_kind::encode:
                form_->wide ? encode<std::int16_t>(step, batch, sample, i)
                            : encode<std::uint8_t>(step, batch, sample, i);
                break;
            case int8_kind::convolve:
            case int8_kind::scores: {
                int8_block b = block(s);
                index const bytes = code_bytes();
                b.x = window(step, batch, i) + row * b.x_row * bytes;
                layout const& to = layouts_[std::size_t(step.to)];
                if (to.coarse)
                    b.y = at(batch, step.to, i) + row * b.y_row * bytes;
                if (to.fine)
                    b.fine = fine_at(batch, step.to, i) + row * b.fine_row;
                if (step.sum.beside >= 0)
                    b.beside = fine_at(batch, step.sum.beside, i) + row * b.beside_row;
                b.rows = end - row;
                ready_[s].squares ? form_->convolve_squares(b) : form_->convolve(b);
                break;
            }
            default:
                form_->wide ? rows_of<std::int16_t>(step, batch, sample, i, row, end)
                            : rows_of<std::uint8_t>(step, batch, sample, i, row, end);
        }
        if (step.kind == int8_kind::decode)
            return;
        surround(step.to, batch, i, step.y, row, end);
        if (layouts_[std::size_t(step.to)].fine && step.kind != int8_kind::convolve)
            form_->wide ? refine<std::int16_t>(step, batch, i, row, end)
                        : refine<std::uint8_t>(step, batch, i, row, end);
    }

    /// Zeros beside the rows, above the first one and below the last one.
    void surround(int tensor, int8_batch const& batch, index i, int8_tensor const& y, index row,
                  index end) const {
        layout const& of = layouts_[std::size_t(tensor)];
        index const line = of.row * code_bytes(), side = of.before * of.stored * code_bytes();
        unsigned char* const start = batch.memory + of.offset * batch.together + i * of.bytes;
        auto const zeros = [&](index from, index n) { std::memset(start + from, of.zero, std::size_t(n)); };
        if (row == 0 && of.above > 0)
            zeros(0, of.above * line);
        for (index r = of.above + row; r < of.above + end && side > 0; ++r) {
            zeros(r * line, side);
            zeros((r + 1) * line - side, side);
        }
        if (end == y.height && of.above > 0)
            zeros((of.above + end) * line, of.above * line);
    }

    template <class Code>
    void encode(int8_step const& step, int8_batch const& batch, index sample, index i) const {
        int8_tensor const& y = step.y;
        layout const& to = layouts_[0];
        auto* const codes = reinterpret_cast<Code*>(at(batch, 0, i));
        float const* const x = batch.x + sample * y.size();
        int8_encoding const by{1 / y.grid.scale, float(y.grid.low), float(y.grid.high), to.zero};
        bool finite = true;
        if (y.height * y.width == 1) {
            finite = form_->encode(x, y.channels, codes, by);
            std::fill(codes + y.channels, codes + to.stored, Code(to.zero));
        } else {
            constexpr index run = 256;
            Code line[run];
            index const plane = y.height * y.width;
            for (index first = 0; first < plane; first += run) {
                index const n = std::min(run, plane - first);
                for (index c = 0; c < to.stored; ++c) {
                    if (c < y.channels)
                        finite &= form_->encode(x + c * plane + first, n, line, by);
                    else
                        std::fill_n(line, n, Code(to.zero));
                    for (index at = 0; at < n;) {
                        index const row = (first + at) / y.width, left = (first + at) % y.width,
                                    end = std::min(n, at + y.width - left);
                        spread(line + at, end - at, to.stored, codes + row * to.row + left * to.stored + c);
                        at = end;
                    }
                }
            }
        }
        batch.infinite[sample] = !finite;
    }

    template <class Code>
    static void spread(Code const* from, index n, index step, Code* to) {
        if (step == 1)
            std::copy_n(from, n, to);
        else
            for (index i = 0; i < n; ++i)
                to[i * step] = from[i];
    }

    /// Fine codes where a step gives codes alone; channels are padded in both.
    template <class Code>
    void refine(int8_step const& step, int8_batch const& batch, index i, index row, index end) const {
        layout const& to = layouts_[std::size_t(step.to)];
        std::int16_t* y = fine_at(batch, step.to, i) + row * step.y.width * to.stored;
        if (step.kind == int8_kind::pad) {
            layout const& from = layouts_[std::size_t(step.from)];
            nn::extent2 const stride = step.pool.stride;
            for (index r = row; r < end; ++r)
                for (index p = 0; p < step.y.width; ++p, y += to.stored)
                    pad(step,
                        fine_at(batch, step.from, i) +
                            (r * stride.height * step.x.width + p * stride.width) * from.stored,
                        to.stored, 0, y);
            return;
        }
        auto const* const codes = reinterpret_cast<Code const*>(at(batch, step.to, i));
        for (index r = row; r < end; ++r)
            for (index k = 0; k < step.y.width * to.stored; ++k)
                *y++ = std::int16_t((codes[r * to.row + k] - to.zero) * fine_codes);
    }

    template <class Code>
    void rows_of(int8_step const& step, int8_batch const& batch, index sample, index i, index row,
                 index end) const {
        auto const* const x = reinterpret_cast<Code const*>(at(batch, step.from, i));
        layout const& from = layouts_[std::size_t(step.from)];
        if (step.kind == int8_kind::decode) {
            float* const z = batch.z + sample * step.y.size();
            for (index c = 0; c < step.y.channels; ++c)
                for (index r = row; r < end; ++r)
                    for (index p = 0; p < step.y.width; ++p)
                        z[(c * step.y.height + r) * step.y.width + p] =
                            step.y.grid.scale * float(int(x[r * from.row + p * from.stored + c]) - from.zero);
            return;
        }
        auto* const y = reinterpret_cast<Code*>(at(batch, step.to, i));
        layout const& to = layouts_[std::size_t(step.to)];
        if (step.kind == int8_kind::pad && !to.coarse)
            return;
        for (index r = row; r < end; ++r)
            for (index p = 0; p < step.y.width; ++p) {
                Code* const out = y + r * to.row + p * to.stored;
                if (step.kind == int8_kind::pad)
                    pad(step,
                        x + r * step.pool.stride.height * from.row + p * step.pool.stride.width * from.stored,
                        to.stored, to.zero, out);
                else
                    pool(step, x, from, r, p, to, out);
            }
    }

    template <class Code>
    static void pad(int8_step const& step, Code const* x, index stored, int zero, Code* y) {
        index const before = (step.y.channels - step.x.channels) / 2;
        std::fill_n(y, stored, Code(zero));
        std::copy_n(x, step.x.channels, y + before);
    }

    template <class Code>
    static void pool(int8_step const& step, Code const* x, layout const& from, index row, index place,
                     layout const& to, Code* y) {
        int8_pool const& w = step.pool;
        index const above = row * w.stride.height - w.padding.height,
                    before = place * w.stride.width - w.padding.width;
        index const top = std::max<index>(above, 0), bottom = std::min(above + w.size.height, step.x.height),
                    left = std::max<index>(before, 0), right = std::min(before + w.size.width, step.x.width);
        // Whole panels are read, behind the last channel too.
        if (w.largest) {
            auto const least =
                Code(w.least < step.x.grid.low ? step.x.grid.low + to.zero : w.least + from.zero);
            for (index first = 0; first < to.stored; first += panel_columns) {
                highest_codes<Code> best(least);
                for (index r = top; r < bottom; ++r)
                    for (index p = left; p < right; ++p)
                        best.raise(x + r * from.row + p * from.stored + first);
                best.add(Code(to.zero - from.zero));
                best.store(std::min(panel_columns, to.stored - first), y + first);
            }
            return;
        }
        index const count = w.count_padding ? w.size.height * w.size.width : (bottom - top) * (right - left);
        auto const share = float(double(step.x.grid.scale) / double(step.y.grid.scale) / double(count));
        for (index first = 0; first < to.stored; first += panel_columns) {
            std::int32_t sums[panel_columns] = {};
            for (index r = top; r < bottom; ++r)
                for (index p = left; p < right; ++p) {
                    Code const* const at = x + r * from.row + p * from.stored + first;
                    for (index c = 0; c < panel_columns; ++c)
                        sums[c] += at[c];
                }
            auto const zeros = std::int32_t((bottom - top) * (right - left)) * from.zero;
            for (index c = 0; c < std::min(panel_columns, to.stored - first); ++c) {
                float v = float(sums[c] - zeros) * share;
                v = v > float(step.y.grid.low) ? v : float(step.y.grid.low);  // NaN, too: 0 codes x infinity
                v = v < float(step.y.grid.high) ? v : float(step.y.grid.high);
                y[first + c] = Code(int(std::nearbyint(v)) + to.zero);
            }
        }
    }

    int8_form const* form_ = nullptr;
    std::vector<int8_step> steps_;
    std::vector<layout> layouts_;
    std::vector<weights> ready_;
    index room_ = 0;
};

}  // namespace descent::quantize::detail
