// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::data {

/// Numbers in any number of dimensions, row-major (the last index varies fastest): what npy, npz and IDX files
/// hold. Without extents it is one number.
template <class T>
struct nd_array {
    std::vector<index> extents;
    std::vector<T> values;  ///< as many as the product of the extents

    /// The first extent x the product of the others, without a copy; a list of n is n x 1.
    matrix_view<T const> matrix() const {
        index const rows = extents.empty() ? 1 : extents[0];
        index columns = 1;
        for (std::size_t axis = 1; axis < extents.size(); ++axis)
            columns *= extents[axis];
        return {values.data(), rows, columns};
    }

    /// All numbers, without a copy.
    vector_view<T const> flat() const { return {values.data(), index(values.size())}; }

    /// From what can be seen as a matrix; columns vectors have one extent, everything else two.
    template <class Dense>
    static nd_array of(Dense const& dense) {
        nd_array made;
        made.extents = {dense.rows()};
        if (Dense::ColsAtCompileTime != 1)
            made.extents.push_back(dense.cols());
        made.values.resize(std::size_t(dense.size()));
        matrix_view<T>(made.values.data(), dense.rows(), dense.cols()) = dense;
        return made;
    }
};

}  // namespace descent::data
