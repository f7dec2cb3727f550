// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/io/dtype.hpp>

namespace descent::quantize {

/// Codes of so many bits for evenly spaced numbers: x = scale (code - zero). Symmetric ones have zero = 0 and
/// codes -(2^(bits - 1) - 1) .. 2^(bits - 1) - 1, others 0 .. 2^bits - 1. All of them hold 0 exactly.
struct affine_format {
    int bits = 8;  ///< 2 to 8
    bool symmetric = true;

    int lowest() const { return symmetric ? -((1 << (bits - 1)) - 1) : 0; }
    int highest() const { return symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1; }

    /// Throws descent::error, naming `who`, for bits that there are not.
    void check(std::string_view who) const {
        expect(bits >= 2 && bits <= 8, who, ": bits = ", bits, ": must be in [2, 8]");
    }
};

/// One scale and zero of a format: the scalar reference of what codes mean.
template <class T>
struct affine_grid {
    affine_format format = {};
    T scale = 1;
    int zero = 0;

    /// The nearest number's code, the even one half-way; numbers beyond get the last one, NaN that of 0.
    int code(T x) const {
        double const places = std::nearbyint(double(x) / double(scale));
        double const low = format.lowest() - zero, high = format.highest() - zero;
        return places > high   ? format.highest()
               : places >= low ? int(places) + zero
               : places < low  ? format.lowest()
                               : zero;
    }
    T value(int code) const { return scale * T(code - zero); }
    T operator()(T x) const { return value(code(x)); }
};

/// The grid whose codes reach from low to high, and over 0; all of [0, 0] is scale 1.
template <class T>
affine_grid<T> grid_over(affine_format const& format, double low, double high) {
    low = std::min(low, 0.0), high = std::max(high, 0.0);
    affine_grid<T> grid{format, T(1), format.lowest() < 0 ? 0 : format.lowest()};
    double const reach = format.symmetric ? std::max(-low, high) : high - low;
    double const steps = format.symmetric ? format.highest() : format.highest() - format.lowest();
    // A scale below the least normal number would lose digits.
    grid.scale = reach > 0 ? T(std::max(reach / steps, double(std::numeric_limits<T>::min()))) : T(1);
    if (!format.symmetric)
        grid.zero = int(std::clamp(std::nearbyint(-low / double(grid.scale)), 0.0, steps));
    return grid;
}

/// What shares a scale.
enum class per : char {
    tensor,
    channel,  ///< the first extent's slices: outputs of dense, filters of convolutions
    group     ///< `group` numbers in turn of such a slice; its last group may be shorter
};

/// How the ends of a grid over weights are chosen.
enum class fit_range : char {
    min_max,  ///< the least and the largest number are held
    mse       ///< the least squared error: far numbers may be cut off
};

/// Settings of to_affine.
struct affine_options {
    int bits = 8;  ///< 2 to 8
    bool symmetric = true;
    quantize::per per = per::channel;
    index group = 128;
    fit_range range = fit_range::min_max;

    affine_format format() const { return {bits, symmetric}; }
};

/// A tensor in codes.
template <class T>
struct affine_tensor {
    shape extents;
    affine_format format;
    index share = 0;  ///< numbers in turn that share a grid; a slice of the first extent begins a new one
    std::vector<affine_grid<T>> grids = {};
    std::vector<std::int16_t> codes = {};

    index rows() const { return extents.rank() > 0 && share < extents.size() ? extents[0] : 1; }
    index columns() const { return extents.size() / std::max<index>(rows(), 1); }
    affine_grid<T> const& grid_of(index i) const {
        index const width = columns(), a_row = (width + share - 1) / share;
        return grids[std::size_t(i / width * a_row + i % width / share)];
    }
    T value(index i) const { return grid_of(i).value(codes[std::size_t(i)]); }
    /// The numbers that the codes stand for.
    void copy_to(T* to) const {
        for (index i = 0; i < extents.size(); ++i)
            to[i] = value(i);
    }
    /// Bits a number, scales (16 bits) and zeros included.
    double bits_each() const {
        double const grid = 16 + (format.symmetric ? 0 : format.bits);
        return format.bits + grid * double(grids.size()) / double(std::max<index>(extents.size(), 1));
    }
};

namespace detail {

template <class T>
double squared_error(affine_grid<T> const& grid, T const* numbers, index n) {
    double sum = 0;
    for (index i = 0; i < n; ++i) {
        double const away = double(numbers[i]) - double(grid(numbers[i]));
        sum += away * away;
    }
    return sum;
}

/// The grid of n numbers.
template <class T>
affine_grid<T> grid_of(affine_options const& options, T const* numbers, index n) {
    double low = 0, high = 0;
    for (index i = 0; i < n; ++i)
        low = std::min(low, double(numbers[i])), high = std::max(high, double(numbers[i]));
    auto best = grid_over<T>(options.format(), low, high);
    if (options.range == fit_range::min_max)
        return best;
    double least = squared_error(best, numbers, n);
    for (int part = 49; part >= 15; --part) {
        auto const tried = grid_over<T>(options.format(), low * part / 50, high * part / 50);
        if (double const error = squared_error(tried, numbers, n); error < least)
            least = error, best = tried;
    }
    return best;
}

/// A tensor's grids; its codes are still to be chosen.
template <class T>
affine_tensor<T> grids_of(shape const& extents, T const* numbers, affine_options const& options) {
    options.format().check("affine");
    expect(options.per != per::group || options.group >= 1, "affine: group = ", options.group,
           ": must be >= 1");
    for (index i = 0; i < extents.size(); ++i)
        expect(std::isfinite(numbers[i]), "affine: number ", i, " is ", numbers[i], ": must be finite");
    index const rows = extents.rank() > 0 ? extents[0] : 1, columns = rows > 0 ? extents.size() / rows : 0;
    affine_tensor<T> tensor{extents, options.format()};
    tensor.share = options.per == per::tensor    ? extents.size()
                   : options.per == per::channel ? columns
                                                 : std::min(options.group, columns);
    index const width = options.per == per::tensor ? extents.size() : columns;
    if (extents.size() > 0)
        for (index row = 0; row * width < extents.size(); ++row)
            for (index at = 0; at < width; at += tensor.share)
                tensor.grids.push_back(
                    grid_of(options, numbers + row * width + at, std::min(tensor.share, width - at)));
    tensor.codes.assign(std::size_t(extents.size()), 0);
    return tensor;
}

}  // namespace detail

/// The numbers in codes, each the nearest. Throws descent::error for bits outside [2, 8], a group < 1, and
/// numbers that are not finite: "affine: number 3 is nan: must be finite".
template <class T>
affine_tensor<std::remove_const_t<T>> to_affine(tensor_view<T> const& numbers,
                                                affine_options const& options = {}) {
    using number = std::remove_const_t<T>;
    auto tensor = detail::grids_of<number>(numbers.extents, numbers.data, options);
    for (index i = 0; i < numbers.size(); ++i)
        tensor.codes[std::size_t(i)] = std::int16_t(tensor.grid_of(i).code(numbers.data[i]));
    return tensor;
}

/// Rounds numbers to float16 or bfloat16, as which a packed file then holds them. Throws descent::error, and
/// changes nothing, for another dtype and for a number that it cannot hold.
template <class T>
void round_to(io::dtype type, tensor_view<T> const& numbers) {
    expect(type == io::dtype::f16 || type == io::dtype::bf16, "round_to: ", io::to_text(type),
           ": must be F16 or BF16");
    auto const n = std::size_t(numbers.size());
    std::vector<char> bytes(n * io::size_of(type));
    std::size_t const bad = io::encode(type, numbers.data, n, bytes.data());
    if (bad < n)
        fail("round_to: number ", bad, " = ", numbers.data[bad], " does not fit ", io::to_text(type));
    io::decode(type, bytes.data(), n, numbers.data);
}

}  // namespace descent::quantize
