// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/optim/chain.hpp>
#include <descent/optim/whole.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent {

/// Weight constraints in training: behind the rate, moves the update so that the new weights of each tensor are
/// the nearest ones inside, w <- prox(w - u): projected gradient descent (Goldstein, 1964; Levitin & Polyak,
/// 1966). Takes any constraint of regularize/ (a penalty without a slope): box, simplex, l1_ball, and max_norm,
/// whose rows are those of each tensor here unless its columns are told (Srivastava et al., 2014). Vectors
/// (biases, gains) stay free unless `vectors`. Throws descent::error for a constraint that is out of range.
///
///     chain(adam{}, rate{1e-3}, project{regularize::max_norm{3}})
template <regularize::penalty Constraint>
requires(!regularize::has_slope<Constraint>) struct project {
    Constraint onto;
    bool vectors = false;  ///< tensors of one axis, too

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        static constexpr bool whole = true;
        Constraint onto;
        bool vectors;

        static index state_size(shape const&) { return 0; }
        static index scratch_size(shape const& extents) { return extents.size(); }

        template <class Executor>
        void operator()(tensor_view<T> u, tensor_view<T const> w, T* /*state*/, T* scratch,
                        Executor const&) const {
            index const size = u.size();
            if (size == 0 || (!vectors && u.extents.rank() < 2))
                return;
            Constraint to = onto;
            if constexpr (requires { to.columns; })
                if (to.columns == 0)
                    to.columns = size / u.extents[0];
            for (index i = 0; i < size; ++i)
                scratch[i] = w.data[i] - u.data[i];
            to.prox(vector_view<T>(scratch, size), 1);
            for (index i = 0; i < size; ++i)
                u.data[i] = w.data[i] - scratch[i];
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {onto, vectors};
    }

    void check() const { onto.check(); }
};

template <class Constraint>
project(Constraint) -> project<Constraint>;
template <class Constraint>
project(Constraint, bool) -> project<Constraint>;

}  // namespace descent
