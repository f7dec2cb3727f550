// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/random.hpp>
#include <descent/data/loading.hpp>

namespace descent::data {

namespace detail {

/// log of a draw from Gamma(a, 1) (Marsaglia & Tsang, 2000); attempts take positions first, first + 4, ...
inline double log_gamma_draw(double a, generator const& normals, generator const& uniforms,
                             std::uint64_t first) {
    // A shape below 1 is one above times u^(1/a).
    double const boost = a < 1 ? std::log(1 - uniforms.uniform<double>(first)) / a : 0;
    double const d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (std::uint64_t at = first + 1;; ++at) {
        double const x = normals.normal<double>(at), v = 1 + c * x;
        if (v <= 0)
            continue;
        double const cube = v * v * v, u = 1 - uniforms.uniform<double>(at);
        if (std::log(u) < 0.5 * x * x + d - d * cube + d * std::log(cube))
            return std::log(d * cube) + boost;
    }
}

}  // namespace detail

/// Trains on mixed samples (Zhang, Cisse, Dauphin, Lopez-Paz, 2018): each batch is lambda x + (1 - lambda) x'
/// of itself and itself in another order, its loss lambda l(y) + (1 - lambda) l(y'), lambda ~ Beta(alpha,
/// alpha) for the whole batch. A mixed sample weighs as x does. Depends on the seed of the run, the epoch and
/// the place of the batch alone. For networks. The table (a dataset, or augmented) must live as long.
///
///     fit(net, data::mixup{train, 0.2}, recipe, options);
///
/// Throws descent::error unless alpha is finite and > 0.
template <class Table>
class mixup {
public:
    using scalar = typename Table::scalar;

    explicit mixup(Table const& table, double alpha = 0.2) : table_(&table), alpha_(alpha) {
        expect(alpha > 0 && std::isfinite(alpha), "mixup: alpha = ", alpha, ": must be finite and > 0");
    }
    explicit mixup(Table const&&, double = 0.2) = delete;

    index samples() const { return table_->samples(); }
    index features() const { return table_->features(); }
    auto const& source() const { return source_of(*table_); }

    /// The share of x in this batch.
    double lambda(batch_request const& request) const {
        generator const normals = request.draws(0x6d697800u), uniforms = request.draws(0x6d697801u);
        // Far enough apart that attempts of one batch do not reach the next one's.
        std::uint64_t const at = std::uint64_t(request.first) * 256;
        double const a = detail::log_gamma_draw(alpha_, normals, uniforms, at),
                     b = detail::log_gamma_draw(alpha_, normals, uniforms, at + 128);
        return 1 / (1 + std::exp(b - a));
    }

    template <class Executor>
    void make(batch_request const& request, made_batch<scalar>& to, Executor const& executor) const {
        detail::make_batch(*table_, request, to, executor);
        index const width = to.features, count = to.count;
        generator partners = request.draws(0x6d697802u);
        partners.seed += std::uint64_t(request.first);
        std::vector<index> const other = permutation<index>(count, partners);
        to.share = lambda(request);
        to.mixed = true;
        for (index i = 0; i < count; ++i)
            to.others[std::size_t(i)] = to.y[std::size_t(other[std::size_t(i)])];
        if (index(to.spare.size()) < count * width)
            to.spare = aligned_buffer<scalar>(std::size_t(count * width));
        scalar const own = scalar(to.share), rest = scalar(1 - to.share);
        constexpr index each = 16;
        index const tasks = (count + each - 1) / each;
        executor.for_each(tasks, [&](index task) {
            for (index i = task * each; i < std::min(count, (task + 1) * each); ++i) {
                scalar const* const a = to.x.data() + i * width;
                scalar const* const b = to.x.data() + other[std::size_t(i)] * width;
                scalar* const made = to.spare.data() + i * width;
                for (index j = 0; j < width; ++j)
                    made[j] = own * a[j] + rest * b[j];
            }
        });
        std::swap(to.x, to.spare);
    }

private:
    Table const* table_;
    double alpha_;
};
template <class Table>
mixup(Table const&, double) -> mixup<Table>;
template <class Table>
mixup(Table const&) -> mixup<Table>;

}  // namespace descent::data
