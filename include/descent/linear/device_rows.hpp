// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/detail/device_copy.hpp>
#include <descent/linear/gradient.hpp>
#include <descent/linear/objective.hpp>

namespace descent::linear {

/// A data::batch or data::sparse_batch in the memory of a device, uploaded once: for several objectives over
/// the same data, as along a path of penalties. Listed rows are copied in the order of the list. Copies share
/// the memory, which lives as long as the last of them; the host's data must live as long, too. Throws
/// descent::error for data without targets and sparse data whose columns or offsets are out of range.
///
///     linear::device_rows const there{data::all_of(train), exec::cuda{}};
///     auto f = model.objective(there, there.executor());
template <class Batch, class Executor>
class device_rows {
public:
    using scalar = typename Batch::scalar;

    device_rows(Batch const& rows, Executor const& executor) : executor_(executor) {
        expect(rows.y || rows.count == 0, detail::no_targets);
        std::vector<index> all;
        if (rows.order) {
            all.resize(std::size_t(rows.count));
            std::iota(all.begin(), all.end(), index(0));
        }
        state_ = std::make_shared<state const>(rows, all, executor);
    }

    index samples() const { return host().count; }
    index features() const { return host().features; }
    /// The same samples in the memory of the host.
    Batch const& host() const { return state_->host; }
    detail::device_copy<Batch, Executor> const& device() const { return state_->device; }
    /// 1 / the sum of the sample weights, 0 where all are 0.
    double scale() const { return state_->scale; }
    Executor const& executor() const { return executor_; }

    /// `count` of the rows at random, one from each of `count` equal stretches; all where there are no more.
    device_rows sampled(index count, std::uint64_t seed) const {
        if (count >= samples())
            return *this;
        auto const chosen = detail::spread_rows(samples(), count, seed);
        return {executor_, std::make_shared<state const>(host(), chosen, executor_)};
    }

private:
    struct state {
        state(Batch const& rows, std::vector<index> const& chosen, Executor const& executor)
            : host(chosen.empty() ? rows : owned.copy(rows, chosen)),
              device(host, executor),
              scale(detail::mean_scale(host)) {}

        detail::owned_rows<Batch> owned = {};
        Batch host;
        detail::device_copy<Batch, Executor> device;
        double scale;
    };

    device_rows(Executor const& executor, std::shared_ptr<state const> rows)
        : executor_(executor), state_(std::move(rows)) {}

    Executor executor_;
    std::shared_ptr<state const> state_;
};

}  // namespace descent::linear
