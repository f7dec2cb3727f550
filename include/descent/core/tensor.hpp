// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>

#include <Eigen/Core>

#include <descent/core/error.hpp>

namespace descent {

/// Counts and positions of the host side: signed, as in Eigen. (Under `using namespace descent` the name
/// collides with POSIX index(); std::ptrdiff_t is the same type.)
using index = Eigen::Index;

/// Row-major matrix (samples x features, outputs x inputs): the layout of npy, IDX, safetensors and torch.
template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Column vector.
template <class T>
using vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// A matrix or vector that lives in somebody else's memory. `T const` views cannot write.
template <class T>
using matrix_view =
    Eigen::Map<std::conditional_t<std::is_const_v<T>, matrix<std::remove_const_t<T>> const, matrix<T>>>;
template <class T>
using vector_view =
    Eigen::Map<std::conditional_t<std::is_const_v<T>, vector<std::remove_const_t<T>> const, vector<T>>>;

/// The extents of a tensor, row-major, at most 6 of them. shape{} is a scalar of size 1.
class shape {
public:
    static constexpr int max_rank = 6;

    constexpr shape() = default;
    constexpr shape(std::initializer_list<index> extents) {
        expect(extents.size() <= std::size_t(max_rank), "shape: rank = ", extents.size(),
               ": must be <= ", max_rank);
        index elements = 1;  // of the extents that are not 0: views multiply parts of them
        for (index const extent : extents) {
            expect(extent >= 0, "shape: extent ", rank_, " = ", extent, ": must be >= 0");
            expect(extent == 0 || elements <= limit / extent, "shape: extent ", rank_, " = ", extent,
                   ": the number of elements overflows");
            elements *= extent ? extent : 1;
            extents_[std::size_t(rank_++)] = extent;
        }
    }

    constexpr int rank() const { return rank_; }
    constexpr index operator[](int axis) const { return extents_[std::size_t(axis)]; }

    /// Number of elements: the product of the extents.
    constexpr index size() const {
        index product = 1;
        for (int axis = 0; axis < rank_; ++axis)
            product *= extents_[std::size_t(axis)];
        return product;
    }

    /// The same extents but for the first.
    constexpr shape with_first(index extent) const {
        shape other = *this;
        expect(rank_ > 0, "shape: a scalar has no first extent");
        expect(extent >= 0, "shape: extent 0 = ", extent, ": must be >= 0");
        other.extents_[0] = extent;
        return other;
    }

    friend constexpr bool operator==(shape const&, shape const&) = default;

    /// "[10, 64]", for messages.
    std::string text() const {
        std::string written = "[";
        for (int axis = 0; axis < rank_; ++axis)
            written += descent::text(axis ? ", " : "", (*this)[axis]);
        return written + "]";
    }

private:
    static constexpr index limit = index(1) << 60;
    std::array<index, max_rank> extents_{};
    int rank_ = 0;
};

/// A named stretch of memory with a shape: what params hands out. Non-owning; copying it copies the view.
template <class T>
struct tensor_view {
    T* data = nullptr;
    shape extents;

    index size() const { return extents.size(); }

    /// All elements in storage order.
    vector_view<T> flat() const { return {data, size()}; }

    /// First extent x product of the others (a vector of n becomes n x 1).
    matrix_view<T> matrix() const {
        index columns = 1;
        for (int axis = 1; axis < extents.rank(); ++axis)
            columns *= extents[axis];
        return {data, extents.rank() ? extents[0] : 1, columns};
    }
};

}  // namespace descent
