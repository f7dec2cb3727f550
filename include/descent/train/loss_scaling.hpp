// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/train/callback.hpp>

namespace descent {

/// Dynamic scaling of the loss, for products in bfloat16 on a device (Micikevicius et al., Mixed precision
/// training, 2018): slopes are computed of scale * loss, so that small ones do not vanish, and divided by it
/// before the update. A batch whose gradient is not finite makes no update, and the scale goes back; after
/// `interval` updates in a row it grows. Defaults and arithmetic of torch.amp.GradScaler. Powers of two change
/// no bit of a gradient that neither overflows nor vanishes.
///
///     fit(net, train, chain(adam{}, rate{1e-3}), {.epochs = 5, .batch = 256},
///         exec::cuda{.products = exec::precision::bfloat16}, loss_scaling{});
///
/// An object of yours keeps the scale that it came to; snapshots keep it too. The run has diverged where the
/// gradient is not finite at a scale of 1 or less. Throws descent::error for settings out of range.
struct loss_scaling {
    double scale = 65536;          ///< the first one, then the present one
    double growth = 2;             ///< >= 1
    double backoff = 0.5;          ///< in (0, 1)
    std::int64_t interval = 2000;  ///< updates in a row before the scale grows
    std::int64_t skipped = 0;      ///< batches without an update so far
    std::int64_t in_row = 0;       ///< updates since the scale has changed

    void check() const {
        expect(scale > 0 && std::isfinite(scale), "loss_scaling: scale = ", scale, ": must be > 0 and finite");
        expect(growth >= 1 && std::isfinite(growth), "loss_scaling: growth = ", growth,
               ": must be >= 1 and finite");
        expect(backoff > 0 && backoff < 1, "loss_scaling: backoff = ", backoff, ": must be in (0, 1)");
        expect(interval >= 1, "loss_scaling: interval = ", interval, ": must be >= 1");
    }

    template <class T>
    void begin(training<T> const&) const {
        check();
    }

    /// Takes note of a gradient; returns whether it makes an update.
    bool judge(bool finite) {
        if (!finite) {
            scale *= backoff;
            ++skipped;
            in_row = 0;
        } else if (++in_row == interval) {
            if (std::isfinite(scale * growth))
                scale *= growth;
            in_row = 0;
        }
        return finite;
    }

    std::vector<double> memory() const { return {scale, double(skipped), double(in_row)}; }
    void recall(std::vector<double> const& from) {
        expect(from.size() == 3, "loss_scaling: ", from.size(), " numbers of memory, expected 3");
        scale = from[0];
        skipped = std::int64_t(from[1]);
        in_row = std::int64_t(from[2]);
    }
};

}  // namespace descent
