// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/layer.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/calibration.hpp>

namespace descent::quantize {

/// A layer that rounds what passes to the grid of a format, as an integer kernel behind it would see it: fake
/// quantization of activations with a static range. Backward lets slopes pass where the grid reaches
/// (straight-through: Bengio, Leonard, Courville, 2013). State: "scale" [1], 0 until `calibrate` sets it, which
/// means that numbers pass as they are; "zero_point" [1]. bind throws descent::error for bits outside [2, 8].
///
///     nn::sequential{quantize::activation{}, nn::dense{64}, nn::relu{},
///                    quantize::activation{.symmetric = false}, ...}
struct activation {
    int bits = 8;
    bool symmetric = false;
    static constexpr std::string_view name = "activation";

    template <class T>
    class bound {
    public:
        static constexpr nn::aliasing alias = nn::aliasing::none;
        static constexpr bool reads_output = false;

        bound(activation const& d, shape const& input, nn::builder<T>& b)
            : format_{d.bits, d.symmetric},
              shape_(input),
              scale_(b.add_state("scale", {1}, 0)),
              zero_(b.add_state("zero_point", {1}, 0)) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            index const n = p.samples * shape_.size();
            if constexpr (requires { p.executor.observe(scale_.offset, format_, x, n); })
                p.executor.observe(scale_.offset, format_, x, n);
            auto const grid = grid_of(p);
            each_piece(p, n, [=](index i) { y[i] = grid.scale > 0 ? grid(x[i]) : x[i]; });
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            if (!dx)
                return;
            auto const grid = grid_of(p);
            T const low = grid.value(format_.lowest()), high = grid.value(format_.highest());
            each_piece(p, p.samples * shape_.size(), [=](index i) {
                bool const passes = !(grid.scale > 0) || (x[i] >= low && x[i] <= high);
                dx[i] = passes ? dy[i] : T(0);
            });
        }

    private:
        template <class Pass>
        affine_grid<T> grid_of(Pass const& p) const {
            return {format_, *p.stored(scale_), int(*p.stored(zero_))};
        }
        template <class Pass, class Each>
        static void each_piece(Pass& p, index n, Each const& each) {
            constexpr index piece = 4096;
            p.executor.for_each((n + piece - 1) / piece, [=](index task) {
                for (index i = task * piece; i < std::min(n, (task + 1) * piece); ++i)
                    each(i);
            });
        }

        affine_format format_;
        shape shape_;
        nn::parameter scale_, zero_;
    };

    template <class T>
    bound<T> bind(shape const& input, nn::builder<T>& b) const {
        format().check(b.where(name));
        return {*this, input, b};
    }
    affine_format format() const { return {bits, symmetric}; }
};

namespace detail {

/// What one activation layer saw.
struct observed {
    index place = 0;
    affine_format format = {};
    range_observer range = {};
};

/// One thread that asks activation layers what they see.
struct observing : exec::serial {
    std::vector<observed>* seen;
    double share;

    template <class T>
    void observe(index place, affine_format const& format, T const* x, index n) const {
        for (observed& each : *seen)
            if (each.place == place)
                return each.range.see(x, n, share);
        seen->push_back({place, format, {}});
        seen->back().range.see(x, n, share);
    }
};

}  // namespace detail

/// Runs the network over the rows, as they pass without rounding, and sets the grids of its activation layers
/// from what those saw.
///
///     quantize::calibrate(net, train.x.topRows(512), {.by = quantize::calibration::mse});
///
/// Throws descent::error, and changes nothing, for no rows, rows that are not finite, settings out of range,
/// and a network without such layers.
template <class Network>
void calibrate(Network& net, matrix<typename Network::scalar> const& rows,
               calibration_options const& options = {}) {
    using T = typename Network::scalar;
    options.check();
    expect(rows.rows() > 0, "calibrate: there are no rows");
    for (index i = 0; i < rows.size(); ++i)
        expect(std::isfinite(rows.data()[i]), "calibrate: row ", i / rows.cols(), ", column ", i % rows.cols(),
               " is ", rows.data()[i], ": must be finite");
    auto trial = net;  // whose grids are open, so that each layer sees what those before it really give
    std::vector<detail::observed> seen;
    for (auto const& entry : trial.state().entries())
        if (entry.name == "scale" || entry.name.ends_with(".scale"))
            trial.state().data()[entry.offset] = T(0);
    detail::observing const watching{{}, &seen, options.share};
    constexpr index batch = 64;
    for (index first = 0; first < rows.rows(); first += batch)
        trial.scores(matrix<T>(rows.middleRows(first, std::min(batch, rows.rows() - first))), watching);
    expect(!seen.empty(), "calibrate: the network has no quantize::activation");
    std::vector<affine_grid<T>> grids;
    for (auto const& each : seen)
        grids.push_back(each.range.template grid<T>(each.format, options));
    auto& state = net.state();
    for (std::size_t i = 0; i < seen.size(); ++i) {
        auto const& entries = state.entries();
        auto const scale = std::find_if(entries.begin(), entries.end(),
                                        [&](auto const& e) { return e.offset == seen[i].place; });
        state.data()[scale->offset] = grids[i].scale;
        state.data()[std::next(scale)->offset] = T(grids[i].zero);
    }
}

}  // namespace descent::quantize
