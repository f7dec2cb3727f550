// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/affine.hpp>

namespace descent::quantize {

/// What the inputs of a layer are like: the sums of products of each two of them, over samples (and places).
/// Inputs that are NaN or Inf are taken as they come, and refused by what reads the sums: see check.
class input_moments {
public:
    /// For weights of so many columns: inputs of dense, channels x kernel of a convolution. Throws
    /// descent::error for columns outside [0, 2^24].
    explicit input_moments(index columns)
        : columns_(checked(columns)),
          sums_(std::size_t(columns) * std::size_t(columns)),
          row_(std::size_t(columns)) {}

    index columns() const { return columns_; }
    index count() const { return count_; }
    /// For i <= j.
    double at(index i, index j) const { return sums_[std::size_t(i * columns_ + j)]; }

    /// Throws descent::error, naming `who`, for no inputs, and where a sum is not finite: one NaN among the
    /// inputs would decide all codes.
    void check(std::string_view who) const {
        expect(count_ > 0, who, ": no inputs were seen");
        // No other sum of a column is larger than the diagonal's two.
        for (index i = 0; i < columns_; ++i)
            expect(std::isfinite(at(i, i)), who, ": the inputs of column ", i, " have the squares' sum ",
                   at(i, i), ": must be finite");
    }

    /// One input of the layer.
    template <class T>
    void add(T const* x) {
        for (index i = 0; i < columns_; ++i)
            row_[std::size_t(i)] = double(x[i]);
        add_row();
    }

    /// The patches of one image [channels, height, width] that a convolution of this kernel sees; of them each
    /// `every`-th. Throws descent::error where they do not make the columns, and for a kernel, stride, padding
    /// or `every` out of range.
    template <class T>
    void add_patches(T const* image, shape const& extents, index kernel, index stride, index padding,
                     index every = 1) {
        expect(extents.rank() == 3 && extents[0] * kernel * kernel == columns_, "input_moments: image ",
               extents.text(), " and kernel ", kernel, " do not make ", columns_, " columns");
        expect(kernel >= 1 && stride >= 1 && padding >= 0 && every >= 1, "input_moments: kernel ", kernel,
               ", stride ", stride, ", padding ", padding, ", every ", every,
               ": must be >= 1, the padding >= 0");
        expect(kernel <= std::min(extents[1], extents[2]) + 2 * padding, "input_moments: kernel ", kernel,
               " is larger than the image ", extents.text(), " with its padding ", padding);
        index const height = extents[1], width = extents[2],
                    down = (height + 2 * padding - kernel) / stride + 1,
                    across = (width + 2 * padding - kernel) / stride + 1;
        for (index place = turn_; place < down * across; place += every) {
            index const top = place / across * stride - padding, left = place % across * stride - padding;
            std::size_t at = 0;
            for (index c = 0; c < extents[0]; ++c)
                for (index y = top; y < top + kernel; ++y)
                    for (index x = left; x < left + kernel; ++x) {
                        bool const inside = y >= 0 && y < height && x >= 0 && x < width;
                        row_[at++] = inside ? double(image[(c * height + y) * width + x]) : 0;
                    }
            add_row();
        }
        turn_ = (turn_ + 1) % every;  // other places of the next image
    }

private:
    static index checked(index columns) {
        constexpr index most = index(1) << 24;
        expect(columns >= 0 && columns <= most, "input_moments: columns = ", columns, ": must be in [0, ", most,
               "]");
        return columns;
    }

    void add_row() {
        ++count_;
        for (index i = 0; i < columns_; ++i) {
            double const x = row_[std::size_t(i)];
            if (x == 0)
                continue;
            double* const to = sums_.data() + i * columns_;
            for (index j = i; j < columns_; ++j)
                to[j] += x * row_[std::size_t(j)];
        }
    }

    index columns_, count_ = 0, turn_ = 0;
    std::vector<double> sums_, row_;
};

namespace detail {

/// U with U^T U = H^-1, upper triangular, for H in this order of its columns and `ridge` on its diagonal: H = R
/// R^T from its last column on, and U = R^-1.
inline std::vector<double> inverse_factor(input_moments const& h, std::vector<index> const& order,
                                          double ridge) {
    auto const n = std::size_t(h.columns());
    std::vector<double> r(n * n), u(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i; j < n; ++j) {
            index const a = order[i], b = order[j];
            r[i * n + j] = h.at(std::min(a, b), std::max(a, b)) + (i == j ? ridge : 0);
        }
    for (std::size_t k = n; k-- > 0;) {
        double const root = std::sqrt(std::max(r[k * n + k], 1e-300));
        for (std::size_t i = 0; i < k; ++i)
            r[i * n + k] /= root;
        r[k * n + k] = root;
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = i; j < k; ++j)
                r[i * n + j] -= r[i * n + k] * r[j * n + k];
    }
    for (std::size_t j = 0; j < n; ++j) {
        u[j * n + j] = 1 / r[j * n + j];
        for (std::size_t i = j; i-- > 0;) {
            double sum = 0;
            for (std::size_t k = i + 1; k <= j; ++k)
                sum += r[i * n + k] * u[k * n + j];
            u[i * n + j] = -sum / r[i * n + i];
        }
    }
    return u;
}

}  // namespace detail

/// Settings of to_affine with inputs.
struct feedback_options {
    double damping = 0.01;  ///< of the mean of the moments' diagonal, added to it; > 0

    /// Throws descent::error, naming `who`, for settings out of range.
    void check(std::string_view who) const {
        expect(damping > 0 && std::isfinite(damping), who, ": damping = ", damping, ": must be > 0");
    }
};

/// The weights in codes, chosen one column after another so that those to come make up for the errors so far,
/// by what the inputs are like (Frantar et al.: "GPTQ", 2023, after optimal brain compression); columns with
/// the largest inputs come first. Grids are those of the weights as they were. Weights that are 0 stay 0, so
/// that pruned ones do, and others make up for them. Throws descent::error as to_affine does, and for inputs of
/// another width, for none, for those that are not finite, and for a damping that is not > 0 and finite.
template <class T>
affine_tensor<std::remove_const_t<T>> to_affine(tensor_view<T> const& weight, input_moments const& inputs,
                                                affine_options const& options = {},
                                                feedback_options const& feedback = {}) {
    using number = std::remove_const_t<T>;
    auto tensor = detail::grids_of<number>(weight.extents, weight.data, options);
    index const rows = weight.extents.rank() > 0 ? weight.extents[0] : 1,
                n = rows > 0 ? weight.size() / rows : 0;
    expect(inputs.columns() == n, "affine: inputs of ", inputs.columns(), " columns, the weight ",
           weight.extents.text(), " has ", n);
    inputs.check("affine");
    feedback.check("affine");
    std::vector<index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), index(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](index a, index b) { return inputs.at(a, a) > inputs.at(b, b); });
    double mean = 0;
    for (index i = 0; i < n; ++i)
        mean += inputs.at(i, i) / double(n);
    auto const u = detail::inverse_factor(inputs, order, mean > 0 ? feedback.damping * mean : 1);
    std::vector<double> left(static_cast<std::size_t>(n));
    for (index row = 0; row < rows; ++row) {
        for (index k = 0; k < n; ++k)
            left[std::size_t(k)] = double(weight.data[row * n + order[std::size_t(k)]]);
        for (index k = 0; k < n; ++k) {
            index const at = row * n + order[std::size_t(k)];
            auto const& grid = tensor.grid_of(at);
            double const wanted = left[std::size_t(k)];
            int const code = grid.code(weight.data[at] == 0 ? number(0) : number(wanted));
            tensor.codes[std::size_t(at)] = std::int16_t(code);
            double const* const factor = u.data() + k * n;
            double const error = (wanted - double(grid.value(code))) / factor[k];
            for (index j = k + 1; j < n; ++j)
                left[std::size_t(j)] -= error * factor[j];
        }
    }
    return tensor;
}

}  // namespace descent::quantize
