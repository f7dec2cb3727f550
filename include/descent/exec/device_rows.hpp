// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/device.hpp>

namespace descent::exec {

namespace detail {

/// The work of one row, by one block of threads; see device_rows().
template <class Body>
struct row_steps {
    using total = typename Body::total;
    static constexpr int threads = 128, levels = 7;
    struct shared_memory {
        total part[threads];
        total whole[Body::rounds];
    };
    struct own {};

    Body body;
    index length;

    DESCENT_FN int steps(index) const { return Body::rounds * (levels + 1) + 1; }

    DESCENT_FN void operator()(index row, int step, int thread, shared_memory& shared, own&) const {
        int const round = step / (levels + 1), level = step % (levels + 1);
        if (round == Body::rounds) {
            if (thread == 0)
                body.first(row, shared.whole);
            for (index i = thread; i < length; i += threads)
                body.each(row, i, shared.whole);
        } else if (level == 0) {
            total sum = body.none(round);
            for (index i = thread; i < length; i += threads)
                sum = body.join(round, sum, body.term(round, row, i, shared.whole));
            shared.part[thread] = sum;
        } else {
            int const half = threads >> level;
            if (thread < half)
                shared.part[thread] = body.join(round, shared.part[thread], shared.part[thread + half]);
            if (half == 1 && thread == 0)
                shared.whole[round] = shared.part[0];
        }
    }
};

}  // namespace detail

/// For each of `rows` rows of `length` numbers, `rounds` totals one after the other and then something that
/// needs them. All functions of the body are DESCENT_FN:
///
///     total, rounds                            a trivial type, how many totals of it
///     none(round), join(round, a, b)           the total of nothing, of two stretches
///     term(round, row, i, totals)              what number i adds, by the totals of earlier rounds
///     first(row, totals), each(row, i, totals) at the end, once and for each number
///
/// The order of the joins is one that the length alone decides.
template <device Engine, class Body>
void device_rows(Engine const& engine, index rows, index length, Body const& body) {
    engine.launch_steps(rows, detail::row_steps<Body>{body, length});
}

}  // namespace descent::exec
