// SPDX-License-Identifier: MIT
#pragma once

#include <descent/solve/augmented_lagrangian.hpp>
#include <descent/solve/barzilai_borwein.hpp>
#include <descent/solve/bfgs.hpp>
#include <descent/solve/conjugate_gradient.hpp>
#include <descent/solve/constrained.hpp>
#include <descent/solve/coordinate_descent.hpp>
#include <descent/solve/dual_coordinate_descent.hpp>
#include <descent/solve/fista.hpp>
#include <descent/solve/gauss_newton.hpp>
#include <descent/solve/gradient_descent.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/solve/lbfgsb.hpp>
#include <descent/solve/levenberg_marquardt.hpp>
#include <descent/solve/line_search.hpp>
#include <descent/solve/linear_problem.hpp>
#include <descent/solve/nelder_mead.hpp>
#include <descent/solve/newton_cg.hpp>
#include <descent/solve/outcome.hpp>
#include <descent/solve/owlqn.hpp>
#include <descent/solve/path.hpp>
#include <descent/solve/problem.hpp>
#include <descent/solve/proximal_gradient.hpp>
#include <descent/solve/sampled_newton.hpp>
#include <descent/solve/vector_function.hpp>
