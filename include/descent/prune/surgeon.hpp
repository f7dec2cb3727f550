// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/prune/mask_lowest.hpp>
#include <descent/prune/selection.hpp>

namespace descent::prune {

namespace detail {

/// The upper triangular U with U^T U = H^-1, row after row, for H the moments plus `damping` on the diagonal.
template <class Moments>
std::vector<double> inverse_root(Moments const& inputs, index n, double damping) {
    auto const at = [n](index i, index j) { return std::size_t(i * n + j); };
    // H = R R^T with R upper triangular, from the last column on; U = R^-1.
    std::vector<double> r(std::size_t(n * n), 0), u = r;
    for (index j = n - 1; j >= 0; --j)
        for (index i = j; i >= 0; --i) {
            double sum = double(inputs.at(i, j)) + (i == j ? damping : 0);
            for (index k = j + 1; k < n; ++k)
                sum -= r[at(i, k)] * r[at(j, k)];
            if (i == j)
                expect(sum > 0, "prune::surgeon: the inputs' moments are not positive: column ", j);
            r[at(i, j)] = i == j ? std::sqrt(sum) : sum / r[at(j, j)];
        }
    for (index i = n - 1; i >= 0; --i) {
        u[at(i, i)] = 1 / r[at(i, i)];
        for (index k = i + 1; k < n; ++k)
            for (index j = k; j < n; ++j)
                u[at(i, j)] -= r[at(i, k)] * u[at(k, j)] / r[at(i, i)];
    }
    return u;
}

}  // namespace detail

/// Prunes one tensor by what its outputs lose over given inputs, and lets the kept weights make up for it:
/// those go whose w^2 / [H^-1]_jj is lowest, H the moments of the inputs (Hassibi & Stork: "Optimal brain
/// surgeon", 1993); then, column after column, what a row loses is added to its columns behind (Frantar &
/// Alistarh: "SparseGPT", 2023). `inputs` is what quantize::input_moments is: at(i, j), the sum of x_i x_j over
/// samples (and places) for columns i and j of the tensor's rows, columns(), count(). Any unit of `on` does;
/// its tensors and scope do not count.
///
///     prune::surgeon{.sparsity = 0.5}(net.params(), "0.weight", moments);
///
/// Throws descent::error, and changes nothing, as mask_lowest does, for moments of another width or none, and a
/// damping that is not > 0.
struct surgeon {
    double sparsity = 0;
    selection on = {};
    double damping = 0.01;  ///< on H's diagonal, as a share of its mean

    template <class T, class Moments>
    void operator()(params<T>& w, std::string_view name, Moments const& inputs) const {
        auto const& entry = w.at(name);
        index const rows = entry.extents.rank() ? entry.extents[0] : 1;
        index const n = rows > 0 ? entry.size() / rows : 0;
        expect(inputs.columns() == n, "prune::surgeon: inputs of ", inputs.columns(), " columns, '", name,
               "' has ", n);
        expect(inputs.count() > 0, "prune::surgeon: no inputs were seen");
        expect(damping > 0 && std::isfinite(damping), "prune::surgeon: damping = ", damping, ": must be > 0");
        double mean = 0;
        for (index i = 0; i < n; ++i)
            mean += double(inputs.at(i, i)) / double(n);
        auto const u = detail::inverse_root(inputs, n, mean > 0 ? damping * mean : 1);

        std::vector<double> inverse(std::size_t(n), 0);  // the diagonal of H^-1
        for (index i = 0; i < n; ++i)
            for (index j = i; j < n; ++j)
                inverse[std::size_t(j)] += u[std::size_t(i * n + j)] * u[std::size_t(i * n + j)];
        T* const weight = w.data() + entry.offset;
        auto scores = w.like();
        for (index i = 0; i < entry.size(); ++i)
            scores.data()[entry.offset + i] =
                T(double(weight[i]) * double(weight[i]) / inverse[std::size_t(i % n)]);
        std::vector<T> const before(weight, weight + entry.size());
        selection one = on;
        one.tensors = std::string(name);
        mask_lowest(w, scores, sparsity, one);

        auto const keep = w.mask(name);
        std::vector<double> row(static_cast<std::size_t>(n));
        for (index r = 0; r < rows; ++r) {
            row.assign(before.begin() + r * n, before.begin() + (r + 1) * n);
            for (index j = 0; j < n; ++j) {
                if (keep[std::size_t(r * n + j)])
                    continue;
                double const lost = row[std::size_t(j)] / u[std::size_t(j * n + j)];
                for (index k = j; k < n; ++k)
                    row[std::size_t(k)] -= lost * u[std::size_t(j * n + k)];
            }
            for (index j = 0; j < n; ++j)
                weight[r * n + j] = keep[std::size_t(r * n + j)] ? T(row[std::size_t(j)]) : T(0);
        }
    }
};

}  // namespace descent::prune
