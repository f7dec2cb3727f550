// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <descent/core/tensor.hpp>
#include <descent/solve/outcome.hpp>
#include <solve/problems.hpp>

/// Any smooth problem as one type: each method is instantiated once per number type. It counts its calls.
template <class T>
struct any_problem {
    using point = descent::vector_view<T const>;
    using result = descent::vector_view<T>;

    std::function<double(point const&, result&)> value;
    std::function<void(point const&, result&)> product = {};
    std::int64_t calls = 0;

    double operator()(point const& x, result& g) {
        ++calls;
        return value(x, g);
    }
    void hessian_product(point const& v, result& out) { product(v, out); }
};

template <class T, class P>
any_problem<T> problem_of(P p) {
    auto const shared = std::make_shared<P>(p);
    any_problem<T> any{[shared](auto const& x, auto& g) { return (*shared)(x, g); }};
    if constexpr (requires(typename any_problem<T>::point v, typename any_problem<T>::result o) {
                      p.hessian_product(v, o);
                  })
        any.product = [shared](auto const& v, auto& out) { shared->hessian_product(v, out); };
    return any;
}

using watcher = std::function<descent::verdict(descent::solve::progress const&)>;

/// m.run on x itself.
template <class T, class M, class F>
descent::solve::outcome solve_by(
    M const& m, F& f, descent::vector<T>& x,
    watcher const& watch = [](auto const&) { return descent::verdict{}; }) {
    return m.template run<F, T>(f, descent::vector_view<T>(x.data(), x.size()), watch);
}
