// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// Small dense linear algebra for Gaussian processes: upper triangles, row-major, rows of `stride` numbers
// (whole packs, padded with zeros or other finite numbers), so that all inner loops run along rows. What lies
// below the diagonal is scratch.
namespace descent::search::detail {

using lanes = native_pack<double>;

/// n rounded up to whole packs of 64 bytes.
inline index padded(index n) { return (n + 7) / 8 * 8; }
inline index pack_start(index i) { return i / lanes_of<lanes> * lanes_of<lanes>; }

/// to[j] += sum over p < 4 of factor[p] from[p][j], j in [begin, end) widened to whole packs.
inline void add_four(double* DESCENT_RESTRICT to, double const* const* from, double const* factor, index begin,
                     index end) {
    double const *DESCENT_RESTRICT a = from[0], *DESCENT_RESTRICT b = from[1], *DESCENT_RESTRICT c = from[2],
                                   *DESCENT_RESTRICT d = from[3];
    lanes const fa(factor[0]), fb(factor[1]), fc(factor[2]), fd(factor[3]);
    for (index j = pack_start(begin); j < end; j += lanes_of<lanes>) {
        lanes sum = load_unaligned<lanes>(to + j);
        sum = fused_multiply_add(fa, load_unaligned<lanes>(a + j), sum);
        sum = fused_multiply_add(fb, load_unaligned<lanes>(b + j), sum);
        sum = fused_multiply_add(fc, load_unaligned<lanes>(c + j), sum);
        store_unaligned(to + j, fused_multiply_add(fd, load_unaligned<lanes>(d + j), sum));
    }
}

/// to[j] += factor from[j].
inline void add_row(double* DESCENT_RESTRICT to, double const* DESCENT_RESTRICT from, double factor,
                    index begin, index end) {
    lanes const f(factor);
    for (index j = pack_start(begin); j < end; j += lanes_of<lanes>)
        store_unaligned(to + j,
                        fused_multiply_add(f, load_unaligned<lanes>(from + j), load_unaligned<lanes>(to + j)));
}

/// The sum of a[j] b[j], j in [begin, end); both are whole packs, zero from end on.
inline double dot_rows(double const* a, double const* b, index begin, index end) {
    lanes even(0.0), odd(0.0);
    index j = begin;
    for (; j + 2 * lanes_of<lanes> <= end; j += 2 * lanes_of<lanes>) {
        even = fused_multiply_add(load_unaligned<lanes>(a + j), load_unaligned<lanes>(b + j), even);
        odd = fused_multiply_add(load_unaligned<lanes>(a + j + lanes_of<lanes>),
                                 load_unaligned<lanes>(b + j + lanes_of<lanes>), odd);
    }
    double total = sum(even + odd);
    for (; j < end; ++j)
        total += a[j] * b[j];
    return total;
}

/// A = U^T U: the upper triangle of `a` becomes U. False where A is not positive definite to rounding.
inline bool factorize(double* a, index n, index stride) {
    for (index k = 0; k < n; k += 4) {
        index const last = k + 4 < n ? k + 4 : n;
        for (index p = k; p < last; ++p) {
            double* const row = a + p * stride;
            for (index q = k; q < p; ++q)
                add_row(row, a + q * stride, -a[q * stride + p], p, n);
            double const pivot = row[p];
            if (!(pivot > 0))
                return false;
            double const scale = 1 / sqrt(pivot);
            for (index j = p; j < n; ++j)
                row[j] *= scale;
        }
        if (last - k < 4)
            break;
        double const* const rows[4] = {a + k * stride, a + (k + 1) * stride, a + (k + 2) * stride,
                                       a + (k + 3) * stride};
        for (index i = last; i < n; ++i) {
            double const factor[4] = {-rows[0][i], -rows[1][i], -rows[2][i], -rows[3][i]};
            add_four(a + i * stride, rows, factor, i, n);
        }
    }
    return true;
}

/// W = U^-1, upper too; `w` is zeroed first.
inline void invert(double const* u, double* w, index n, index stride) {
    for (index i = 0; i < n * stride; ++i)
        w[i] = 0;
    for (index i = n - 1; i >= 0; --i) {
        double* const row = w + i * stride;
        double const* const from = u + i * stride;
        index k = i + 1;
        for (; k + 4 <= n; k += 4) {
            double const* const rows[4] = {w + k * stride, w + (k + 1) * stride, w + (k + 2) * stride,
                                           w + (k + 3) * stride};
            add_four(row, rows, from + k, k, n);
        }
        for (; k < n; ++k)
            add_row(row, w + k * stride, from[k], k, n);
        double const scale = -1 / from[i];
        for (index j = i + 1; j < n; ++j)
            row[j] *= scale;
        row[i] = -scale;
    }
}

/// The upper triangle of W W^T = A^-1.
inline void square_of_inverse(double const* w, double* inverse, index n, index stride) {
    for (index i = 0; i < n; ++i)
        for (index j = i; j < n; ++j)
            inverse[i * stride + j] = dot_rows(w + i * stride, w + j * stride, pack_start(j), stride);
}

/// out = W^T v, one number a column.
inline void transposed_times(double const* w, double const* v, double* out, index n, index stride) {
    for (index j = 0; j < stride; ++j)
        out[j] = 0;
    index i = 0;
    for (; i + 4 <= n; i += 4) {
        double const* const rows[4] = {w + i * stride, w + (i + 1) * stride, w + (i + 2) * stride,
                                       w + (i + 3) * stride};
        add_four(out, rows, v + i, i, n);
    }
    for (; i < n; ++i)
        add_row(out, w + i * stride, v[i], i, n);
}

/// out = W v.
inline void times(double const* w, double const* v, double* out, index n, index stride) {
    for (index i = 0; i < n; ++i)
        out[i] = dot_rows(w + i * stride, v, pack_start(i), stride);
}

}  // namespace descent::search::detail
