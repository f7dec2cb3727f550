// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/affine.hpp>

namespace descent::quantize {

/// Codes for numbers that lie close near 0 and wide apart far from it, so that a product with one is a shift,
/// or a few of them and additions: x = scale level, levels 0 and +-(powers of two or sums of them).
///
/// Of B = bits - 1 beside the sign, powers of two are 0 and 2^0 .. 2^(2^B - 2) (Zhou et al.: "Incremental
/// network quantization", 2017). Additive ones (Li, Dong, Wang: "Additive powers-of-two quantization", 2020,
/// k = 2) are sums of one number each of B / 2 sets of four, 0 and three powers, which the sets take in turn
/// from the highest power on; where B is odd one set more has 0 and one power, behind the second turn.
struct power_format {
    int bits = 4;  ///< 2 to 5; additive: 2 to 8
    bool additive = true;

    int highest() const { return (1 << (bits - 1)) - 1; }
    int lowest() const { return -highest(); }
    /// Shifts of a product, at most.
    int terms() const { return additive ? bits / 2 : 1; }

    /// Throws descent::error, naming `who`, for bits that there are not. More bits of single powers would add
    /// nothing but numbers next to 0.
    void check(std::string_view who) const {
        expect(bits >= 2 && bits <= most(), who, ": bits = ", bits, ": must be in [2, ", most(), "]",
               additive ? "" : " where powers are not added");
    }

    /// Levels of the codes 0, 1, ... highest(), rising.
    std::vector<std::int32_t> levels() const {
        int const magnitude = bits - 1, wide = additive ? magnitude / 2 : 1;
        int const each = additive ? 3 : (1 << magnitude) - 1;
        bool const odd = additive && magnitude % 2;
        int power = (additive ? 3 * wide + odd : each) - 1;  // the highest one
        std::vector<std::vector<std::int32_t>> sets(std::size_t(wide + odd), {0});
        for (int turn = 0; turn < each; ++turn) {
            if (odd && turn == (wide ? 2 : 0))
                sets.back().push_back(1 << power--);
            for (int set = 0; set < wide; ++set)
                sets[std::size_t(set)].push_back(1 << power--);
        }
        std::vector<std::int32_t> sums{0};
        for (auto const& set : sets) {
            std::vector<std::int32_t> more;
            for (auto const sum : sums)
                for (auto const term : set)
                    more.push_back(sum + term);
            sums = std::move(more);
        }
        std::sort(sums.begin(), sums.end());
        return sums;
    }

    friend bool operator==(power_format const&, power_format const&) = default;

private:
    int most() const { return additive ? 8 : 5; }
};

/// Codes of a power_format: -highest() .. highest(), code -c the negative of code c.
class power_levels {
public:
    /// Throws descent::error for bits that there are not.
    explicit power_levels(power_format const& format) : format_(format) {
        format.check("power_of_two");
        levels_ = format.levels();
    }
    power_format const& format() const { return format_; }

    std::int32_t level(int code) const {
        return code < 0 ? -levels_[std::size_t(-code)] : levels_[std::size_t(code)];
    }
    std::int32_t top() const { return levels_.back(); }

    /// The code of the level nearest to x, the one nearer to 0 half-way; of NaN that of 0.
    int code(double x) const {
        double const size = std::abs(x);
        // Twice what lies between two levels is a whole number: no rounding decides.
        std::size_t low = 0;
        for (std::size_t high = levels_.size() - 1; low < high;) {
            std::size_t const middle = (low + high) / 2;
            if (2 * size > double(levels_[middle]) + double(levels_[middle + 1]))
                low = middle + 1;
            else
                high = middle;
        }
        return x < 0 ? -int(low) : int(low);
    }

    /// x level(code) by shifts and additions alone.
    std::int64_t times(std::int64_t x, int code) const {
        std::uint64_t sum = 0;
        for (auto rest = std::uint32_t(levels_[std::size_t(code < 0 ? -code : code)]); rest; rest &= rest - 1)
            sum += std::uint64_t(x) << std::countr_zero(rest);
        return std::int64_t(code < 0 ? 0 - sum : sum);
    }

private:
    power_format format_;
    std::vector<std::int32_t> levels_;
};

/// Settings of to_power_of_two.
struct power_options {
    int bits = 4;
    bool additive = true;
    quantize::per per = per::channel;
    index group = 128;
    /// The largest number is held, or the least squared error is looked for.
    fit_range range = fit_range::mse;
    bool any_scale = false;  ///< scales need not be powers of two themselves

    power_format format() const { return {bits, additive}; }
};

/// A tensor in codes of a power_format.
template <class T>
struct power_tensor {
    shape extents;
    power_levels levels;
    index share = 0;  ///< numbers in turn that share a scale; a slice of the first extent begins a new one
    std::vector<T> scales = {};
    std::vector<std::int8_t> codes = {};

    index rows() const { return extents.rank() > 0 && share < extents.size() ? extents[0] : 1; }
    index columns() const { return extents.size() / std::max<index>(rows(), 1); }
    T scale_of(index i) const {
        index const width = columns(), a_row = (width + share - 1) / share;
        return scales[std::size_t(i / width * a_row + i % width / share)];
    }
    T value(index i) const { return scale_of(i) * T(levels.level(codes[std::size_t(i)])); }
    /// The numbers that the codes stand for.
    void copy_to(T* to) const {
        for (index i = 0; i < extents.size(); ++i)
            to[i] = value(i);
    }
    /// Bits a number, scales (8 bits of an exponent, or 16) included.
    double bits_each(bool any_scale = false) const {
        return levels.format().bits +
               (any_scale ? 16 : 8) * double(scales.size()) / double(std::max<index>(extents.size(), 1));
    }
};

namespace detail {

template <class T>
double power_error(power_levels const& levels, T scale, T const* numbers, index n) {
    double sum = 0;
    for (index i = 0; i < n; ++i) {
        double const x = double(numbers[i]) / double(scale), away = x - levels.level(levels.code(x));
        sum += away * away;
    }
    return sum * double(scale) * double(scale);
}

/// The scale of n numbers.
template <class T>
T power_scale(power_levels const& levels, power_options const& options, T const* numbers, index n) {
    double most = 0;
    for (index i = 0; i < n; ++i)
        most = std::max(most, std::abs(double(numbers[i])));
    constexpr auto least = double(std::numeric_limits<T>::min());
    auto const scale_for = [&](double reach) {
        double const scale = reach / levels.top();
        int power = 0;
        double const rest = std::frexp(scale, &power);  // in [0.5, 1)
        return T(std::max(options.any_scale ? scale : std::ldexp(1.0, rest > 0.5 ? power : power - 1), least));
    };
    if (most == 0)
        return T(1);
    T const holds = scale_for(most);
    if (options.range == fit_range::min_max)
        return holds;
    T best = holds;
    double least_error = detail::power_error(levels, holds, numbers, n);
    for (int part = 1; part < (options.any_scale ? 40 : 4); ++part) {
        T const tried = options.any_scale ? scale_for(most * (50 - part) / 50)
                                          : T(std::max(double(holds) / (1 << part), least));
        if (double const error = detail::power_error(levels, tried, numbers, n); error < least_error)
            least_error = error, best = tried;
    }
    return best;
}

}  // namespace detail

/// The numbers in codes, each the nearest level. With scales that are powers of two, as they are unless
/// any_scale says otherwise, sums of products need shifts and additions alone.
///
///     auto const codes = quantize::to_power_of_two(net.params()["0.weight"], {.bits = 4});
///     codes.copy_to(net.params()["0.weight"].data);
///
/// Throws descent::error for bits that there are not, a group < 1, and numbers that are not finite:
/// "power_of_two: number 3 is nan: must be finite".
template <class T>
power_tensor<std::remove_const_t<T>> to_power_of_two(tensor_view<T> const& numbers,
                                                     power_options const& options = {}) {
    using number = std::remove_const_t<T>;
    power_tensor<number> tensor{numbers.extents, power_levels(options.format())};
    expect(options.per != per::group || options.group >= 1, "power_of_two: group = ", options.group,
           ": must be >= 1");
    index const size = numbers.size(), rows = numbers.extents.rank() > 0 ? numbers.extents[0] : 1;
    for (index i = 0; i < size; ++i)
        expect(std::isfinite(numbers.data[i]), "power_of_two: number ", i, " is ", numbers.data[i],
               ": must be finite");
    index const width = options.per == per::tensor || rows == 0 ? size : size / rows;
    tensor.share = options.per == per::group ? std::min(options.group, width) : width;
    tensor.codes.assign(std::size_t(size), 0);
    for (index first = 0; first < size; first += width)
        for (index at = first; at < first + width; at += tensor.share) {
            index const n = std::min(tensor.share, first + width - at);
            number const scale = detail::power_scale<number>(tensor.levels, options, numbers.data + at, n);
            tensor.scales.push_back(scale);
            for (index i = at; i < at + n; ++i)
                tensor.codes[std::size_t(i)] =
                    std::int8_t(tensor.levels.code(double(numbers.data[i]) / double(scale)));
        }
    return tensor;
}

}  // namespace descent::quantize
