// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/regularize/detail/numbers.hpp>

namespace descent::regularize::detail {

/// The singular value decomposition of a row-major matrix, or of its transpose where it has more rows than
/// columns, by Hestenes' one-sided Jacobi rotations (1958): pairs of rows are turned until all are orthogonal.
/// Their norms are the singular values, with small relative errors (Demmel & Veselic, 1992). Time of order
/// min(rows, columns)^2 max(rows, columns) a sweep, some six to ten sweeps.
template <class T>
class orthogonal_rows {
public:
    /// All numbers of a must be finite.
    orthogonal_rows(T const* a, index rows, index columns)
        : upright_(rows > columns),
          count_(upright_ ? columns : rows),
          length_(upright_ ? rows : columns),
          stride_(padded(length_)),
          turns_stride_(padded(count_)),
          turned_(std::size_t(count_ * stride_)),
          turns_(std::size_t(count_ * turns_stride_)),
          norm_(std::size_t(count_)) {
        for (index i = 0; i < rows * columns; ++i)
            scale_ = std::fmax(scale_, std::fabs(double(a[i])));
        if (scale_ == 0)
            return;
        for (index p = 0; p < count_; ++p) {
            turns(p)[p] = 1;
            for (index q = 0; q < length_; ++q)
                row(p)[q] = double(upright_ ? a[q * columns + p] : a[p * columns + q]) / scale_;
        }
        constexpr int most_sweeps = 60;
        for (int sweep = 0; sweep < most_sweeps && turn_all(); ++sweep) {
        }
        for (index p = 0; p < count_; ++p)
            norm_[std::size_t(p)] = std::sqrt(dot(row(p), row(p)));
    }

    index count() const { return count_; }
    double singular_value(index i) const { return scale_ * norm_[std::size_t(i)]; }

    /// Is singular value i more than what rounding leaves of a zero?
    bool counts(index i) const {
        double largest = 0;
        for (double const each : norm_)
            largest = std::fmax(largest, each);
        return norm_[std::size_t(i)] > largest * 0x1p-52 * double(length_);
    }

    /// Calls put(position in a, number) for the matrix whose singular values are times share[i].
    template <class Put>
    void scaled(std::vector<double> const& share, Put const& put) const {
        std::vector<double> line(static_cast<std::size_t>(length_));
        for (index p = 0; p < count_; ++p) {
            for (double& each : line)
                each = 0;
            for (index i = 0; i < count_; ++i)
                if (double const weight = share[std::size_t(i)] * turns_[std::size_t(i * turns_stride_ + p)];
                    weight != 0)
                    for (index q = 0; q < length_; ++q)
                        line[std::size_t(q)] += weight * turned_[std::size_t(i * stride_ + q)];
            for (index q = 0; q < length_; ++q)
                put(upright_ ? q * count_ + p : p * length_ + q, scale_ * line[std::size_t(q)]);
        }
    }

private:
    using pack = native_pack<double>;

    // Whole cache lines, zeros behind the row: no scalar rest.
    static constexpr index padded(index n) { return (n + 7) / 8 * 8; }
    double* row(index p) { return turned_.data() + p * stride_; }
    double* turns(index p) { return turns_.data() + p * turns_stride_; }

    double dot(double const* a, double const* b) const {
        pack even = pack(0.0), odd = pack(0.0);
        constexpr index lanes = lanes_of<pack>;
        index q = 0;
        for (; q + 2 * lanes <= stride_; q += 2 * lanes) {
            even = fused_multiply_add(load<pack>(a + q), load<pack>(b + q), even);
            odd = fused_multiply_add(load<pack>(a + q + lanes), load<pack>(b + q + lanes), odd);
        }
        for (; q < stride_; q += lanes)
            even = fused_multiply_add(load<pack>(a + q), load<pack>(b + q), even);
        return sum(even + odd);
    }

    static void rotate(double* a, double* b, index n, double cosine, double sine) {
        pack const c = pack(cosine), s = pack(sine);
        for (index q = 0; q < n; q += lanes_of<pack>) {
            pack const first = load<pack>(a + q), second = load<pack>(b + q);
            store(a + q, c * first - s * second);
            store(b + q, s * first + c * second);
        }
    }

    /// Makes each pair of rows orthogonal, one after another; was any of them not?
    bool turn_all() {
        double const tolerance = 0x1p-52 * std::fmax(4, std::sqrt(double(length_)));
        bool turned = false;
        std::vector<double>& square = norm_;
        for (index p = 0; p < count_; ++p)
            square[std::size_t(p)] = dot(row(p), row(p));
        for (index p = 0; p < count_; ++p)
            for (index q = p + 1; q < count_; ++q) {
                double &pp = square[std::size_t(p)], &qq = square[std::size_t(q)];
                double const pq = dot(row(p), row(q));
                if (!(std::fabs(pq) > tolerance * std::sqrt(pp) * std::sqrt(qq)))
                    continue;
                turned = true;
                double const slant = (qq - pp) / (2 * pq);
                double const tangent = std::copysign(1 / (std::fabs(slant) + std::hypot(1, slant)), slant);
                double const cosine = 1 / std::sqrt(1 + tangent * tangent), sine = cosine * tangent;
                rotate(row(p), row(q), stride_, cosine, sine);
                rotate(turns(p), turns(q), turns_stride_, cosine, sine);
                // Followed, not summed anew; but not where hardly anything is left.
                pp = pp - tangent * pq < 0.1 * pp ? dot(row(p), row(p)) : pp - tangent * pq;
                qq = qq + tangent * pq < 0.1 * qq ? dot(row(q), row(q)) : qq + tangent * pq;
            }
        return turned;
    }

    bool upright_;
    index count_, length_, stride_, turns_stride_;
    double scale_ = 0;
    aligned_buffer<double> turned_;  ///< count x length: turns times the matrix over its largest number
    aligned_buffer<double> turns_;   ///< count x count, orthogonal
    std::vector<double> norm_;
};

}  // namespace descent::regularize::detail
