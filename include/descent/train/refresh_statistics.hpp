// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/error.hpp>
#include <descent/data/batch.hpp>
#include <descent/exec/serial.hpp>

namespace descent {

/// Makes the running statistics of a network (batch_norm) anew from data: the mean over its batches, each
/// counted by its samples. For weights that no training step has seen, such as those averaged by swa (Izmailov
/// et al., 2018). Same numbers as torch.optim.swa_utils.update_bn for batches of equal size. Weights stay as
/// they are.
///
///     net.params() = report.averaged;
///     refresh_statistics(net, train, 256, exec::openmp{});
///
/// A sample that would be left alone joins the batch before it. Throws descent::error for data that the network
/// cannot take, for a batch below 1, and for one sample where batch_norm needs two.
template <class M, class Table, class Executor = exec::serial>
void refresh_statistics(M& net, Table const& table, index batch = 256, Executor const& executor = {}) {
    expect(batch >= 1, "refresh_statistics: batch = ", batch, ": must be >= 1");
    net.check(table);
    auto const all = data::all_of(table);
    for (index first = 0, count = 0; first < all.samples(); first += count) {
        index const left = all.samples() - first;
        count = left == batch + 1 && batch > 1 ? left : std::min(batch, left);
        net.observe(all.part(first, count), double(count) / double(first + count), executor);
    }
}

}  // namespace descent
