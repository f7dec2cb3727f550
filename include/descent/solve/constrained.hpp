// SPDX-License-Identifier: MIT
#pragma once

#include <descent/solve/vector_function.hpp>

namespace descent::solve {

/// A problem kind: f is constrained{...}.
struct with_constraints {};

/// min objective(x, g) where all equalities(x) = 0 and all inequalities(x) >= 0:
///
///     constrained problem{f, vector_function{1, [](auto const& x, auto& c, auto* J) {
///         c[0] = x[0] + x[1] - 1;
///         if (J)
///             J->row(0) << 1, 1;
///     }}};
///
/// For inequalities alone: constrained{f, no_functions{}, inequalities}.
template <class O, class E = no_functions, class I = no_functions>
struct constrained {
    O objective;
    E equalities = {};
    I inequalities = {};
};
template <class O>
constrained(O) -> constrained<O>;
template <class O, class E>
constrained(O, E) -> constrained<O, E>;
template <class O, class E, class I>
constrained(O, E, I) -> constrained<O, E, I>;

}  // namespace descent::solve
