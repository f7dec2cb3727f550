// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>

namespace descent::prune {

/// What is kept or pruned as one. Tensors are taken as [rows, channels, places]: a dense layer's weight has its
/// outputs for rows, its inputs for channels and one place; a convolution's filters are rows, its kernel's
/// points places.
struct granularity {
    enum class kind : char { weight, n_of_m, block, row, channel, kernel, head, tensor };
    kind of = kind::weight;
    index first = 1, second = 1;  ///< N and M; a block's rows and columns; heads
};

/// Every weight by itself.
inline constexpr granularity each_weight{};
/// The rows of a dense layer's weight, the filters of a convolution: all of a weight that one output is made
/// of. Its bias and the shift of a batch norm behind it stay, and with them the output, a constant now: where
/// shrink is to take outputs away, they are pruned by prune::channels.
inline constexpr granularity each_row{granularity::kind::row};
/// each_row by the name that convolutions have for it.
inline constexpr granularity each_filter = each_row;
/// The columns of a dense layer's weight, the input channels of a convolution: all that one input does.
inline constexpr granularity each_channel{granularity::kind::channel};
/// One input channel of one filter of a convolution.
inline constexpr granularity each_kernel{granularity::kind::kernel};

/// A tensor as a whole: which layers are needed at all. Here a tensor may lose everything, as the body of a
/// residual block can; one of them stays.
inline constexpr granularity each_layer{granularity::kind::tensor};

/// Heads of attention (Michel, Levy, Neubig: "Are sixteen heads really better than one?", 2019): of a tensor
/// [3 * features, features], queries, keys and values below each other as in torch's "in_proj_weight", the rows
/// of one of `count` heads in all three. Throws descent::error for count < 1, and when it is used on a tensor
/// whose rows are no multiple of 3 * count.
constexpr granularity heads(index count) {
    expect(count >= 1, "prune: heads = ", count, ": must be >= 1");
    return {granularity::kind::head, count};
}

/// At most `kept` of `of` neighbors along the channels are kept: 2 of 4 is the pattern of NVIDIA's sparse
/// tensor cores (Mishra et al.: "Accelerating sparse deep neural networks", 2021). The pattern says the
/// sparsity, so that of the criterion stays 0. Where the channels are no multiple, the last few keep as many.
/// Throws descent::error unless 1 <= kept < of.
constexpr granularity n_of_m(index kept, index of) {
    expect(kept >= 1 && kept < of, "prune: ", kept, " of ", of, ": must be 1 <= kept < of");
    return {granularity::kind::n_of_m, kept, of};
}

/// Rectangles of the matrix [rows, channels * places]; smaller ones at its end. Throws descent::error for an
/// extent < 1.
constexpr granularity blocks(index rows, index columns) {
    expect(rows >= 1 && columns >= 1, "prune: blocks of ", rows, " x ", columns, ": both must be >= 1");
    return {granularity::kind::block, rows, columns};
}

/// Against what a unit's score is held.
enum class scope : char {
    usual,   ///< tensor where units of several weights go by their size (magnitude: see there), else global
    global,  ///< all units of the tensors that are pruned: some tensors lose more than others
    tensor   ///< those of its own tensor: all lose the same share
};

/// Which weights are pruned, and by what units.
struct selection {
    granularity unit = each_weight;
    prune::scope scope = prune::scope::usual;
    /// Names of tensors: a whole name, or one '*' for any stretch of it ("layer1.*"). Empty: all of two and
    /// more axes, which leaves out biases and the scales of norms.
    std::string tensors = {};
    /// The largest share that a single tensor may lose; what it keeps beyond the criterion's say, others lose.
    /// At least the sparsity, which would else be out of reach.
    double limit = 1;

    /// Throws descent::error unless 0 <= sparsity < 1, 0 < limit <= 1, sparsity <= limit and `tensors` has one
    /// '*' at most.
    void check(double sparsity) const {
        expect(sparsity >= 0 && sparsity < 1, "prune: sparsity = ", sparsity, ": must be in [0, 1)");
        expect(limit > 0 && limit <= 1, "prune: limit = ", limit, ": must be in (0, 1]");
        expect(sparsity <= limit, "prune: sparsity = ", sparsity,
               " is out of reach where a tensor may lose limit = ", limit, " of it at most: must be <= limit");
        check_tensors();
    }
    /// Throws descent::error where `tensors` has more than one '*'.
    void check_tensors() const {
        expect(std::count(tensors.begin(), tensors.end(), '*') <= 1, "prune: tensors '", tensors,
               "': one '*' may stand for a stretch of a name, not more");
    }

    bool takes(std::string_view name, shape const& extents) const {
        if (tensors.empty())
            return extents.rank() >= 2;
        std::string_view const pattern = tensors;
        auto const star = pattern.find('*');
        if (star == std::string_view::npos)
            return name == pattern;
        auto const head = pattern.substr(0, star), tail = pattern.substr(star + 1);
        return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
    }
};

}  // namespace descent::prune
