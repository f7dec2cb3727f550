// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/optim/optimizer.hpp>

#include "optim/golden/reader.hpp"
#include "optim/rows.hpp"

/// Holds recipes to the numbers of golden.txt.
namespace golden {

/// A case of the file and what of ours must give its numbers.
struct row {
    std::string name;
    std::string (*disagreement)(example const&);  ///< empty, or the first number that differs
};

// Recipes by the library whose numbers they give: each list is compiled by itself.
std::vector<row> torch_rows();
std::vector<row> optax_rows();
std::vector<row> table_rows();

template <class T>
descent::params<T> weights_of(example const& e) {
    std::vector<descent::tensor_spec> specs;
    for (tensor const& t : e.tensors) {
        auto const& s = t.shape;
        specs.push_back({t.name, s.size() == 1   ? descent::shape{s[0]}
                                 : s.size() == 2 ? descent::shape{s[0], s[1]}
                                                 : descent::shape{s[0], s.at(1), s.at(2)}});
    }
    return descent::params<T>(specs);
}

template <class T>
void put(example const& e, descent::params<T>& to, int step) {
    for (std::size_t k = 0; k < e.tensors.size(); ++k) {
        auto const& from = step ? e.gradient(step, k) : e.tensors[k].start;
        for (std::size_t i = 0; i < from.size(); ++i)
            to[e.tensors[k].name].data[i] = T(from[i]);
    }
}

/// |a - b| <= tolerance max(1, |b|) for all of them, or the first that is farther off. In float 1e-5 at least.
template <class T>
std::string differs(example const& e, descent::params<T> const& ours, values const& theirs,
                    std::string const& where) {
    double const tolerance = sizeof(T) == 4 ? std::max(1e-5, e.tolerance) : e.tolerance;
    for (std::size_t k = 0; k < e.tensors.size(); ++k)
        for (std::size_t i = 0; i < theirs[k].size(); ++i) {
            double const a = double(ours[e.tensors[k].name].data[i]), b = theirs[k][i];
            if (!(std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b))))
                return descent::text(e.name, ", ", where, ": ", e.tensors[k].name, "[", i, "] = ", a, ", not ",
                                     b);
        }
    return {};
}

template <class T>
std::string place(int threads, int step) {
    return descent::text(sizeof(T) == 4 ? "float" : "double", threads ? ", openmp" : ", serial", ", step ",
                         step);
}

/// All steps of the case in type T; 0 threads are exec::serial.
template <class T, class Recipe, class Setup>
std::string run(example const& e, Recipe const& recipe, Setup const& setup, int threads) {
    auto weights = weights_of<T>(e), gradients = weights;
    put(e, weights, 0);
    descent::optimizer opt{recipe, weights, rows::executor{threads}};
    setup(opt);
    for (int step = 1; step <= e.steps(); ++step) {
        put(e, gradients, step);
        opt.step(gradients);
        auto const where = place<T>(threads, step);
        if (e.weights.count(step))
            if (auto text = differs(e, weights, e.after(step), where); !text.empty())
                return text;
        if (e.averages.count(step)) {
            if constexpr (requires { opt.averaged(); }) {
                if (auto text = differs(e, opt.averaged(), e.average(step), where + ", average"); !text.empty())
                    return text;
            } else {
                return e.name + ": the recipe keeps no average";
            }
        }
    }
    return e.weights.empty() ? e.name + ": the file gives no weights" : "";
}

/// The first disagreement in double or float, serial or openmp. setup(optimizer) may name groups.
template <class Recipe, class Setup>
std::string compare(example const& e, Recipe const& recipe, Setup const& setup) {
    for (int const threads : {0, 2}) {
        if (auto text = run<double>(e, recipe, setup, threads); !text.empty())
            return text;
        if (auto text = run<float>(e, recipe, setup, threads); !text.empty())
            return text;
    }
    return {};
}
template <class Recipe>
std::string compare(example const& e, Recipe const& recipe) {
    return compare(e, recipe, [](auto&) {});
}

}  // namespace golden
