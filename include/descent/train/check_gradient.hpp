// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/data/batch.hpp>
#include <descent/train/numeric_gradient.hpp>

namespace descent {

/// Settings of check_gradient.
struct gradient_probes {
    index probes = 50;       ///< weights to try; each tensor gets as many, but at least one
    std::uint64_t seed = 0;  ///< of their choice
};

/// Where a model's gradient is farthest from the differences of its loss.
struct gradient_check {
    double error = 0;     ///< |gradient - difference| by the larger of them, or by 1e-4 of the largest gradient
    std::string tensor;   ///< of that weight
    index number = 0;     ///< its place in the tensor
    double gradient = 0;  ///< what the model says
    double difference = 0;
};

/// Compares the gradient of a model's mean loss over a table with central differences of that loss, at random
/// weights. For layers of your own: in double a right gradient has an error below 1e-6, but where a weight
/// stands at a kink (relu, max_pool). Random draws and running statistics are those of the same step in each
/// call; the model is left as it was. Throws descent::error for data that the model cannot take and for probes
/// < 1.
///
///     auto const worst = check_gradient(net, table, {.probes = 50});
///     std::printf("%s: %g\n", worst.tensor.c_str(), worst.error);
template <class M, class Table>
gradient_check check_gradient(M& model, Table const& table, gradient_probes const& how = {}) {
    using T = typename M::scalar;
    expect(how.probes >= 1, "check_gradient: probes = ", how.probes, ": must be >= 1");
    if constexpr (requires { model.prepare(table); })
        model.prepare(table);
    else
        model.check(table);
    params<T> state;
    std::uint64_t steps = 0;
    if constexpr (requires { state = model.state(); })
        state = model.state();
    if constexpr (requires { steps = model.steps(); })
        steps = model.steps();
    auto const put_back = [&] {
        if constexpr (requires { model.state() = state; })
            model.state() = state;
        if constexpr (requires { model.steps() = steps; })
            model.steps() = steps;
    };
    params<T> gradient = model.params().like(), unused = gradient;
    model.gradient(data::all_of(table), gradient);
    double largest = 0;
    for (index i = 0; i < gradient.arena_size(); ++i)
        largest = std::max(largest, std::fabs(double(gradient.data()[i])));

    gradient_check worst;
    generator const draws{how.seed};
    auto const& tensors = model.params().entries();
    index const each = std::max<index>(1, how.probes / std::max<index>(1, index(tensors.size())));
    std::uint64_t draw = 0;
    for (auto const& tensor : tensors)
        for (index probe = 0; probe < std::min(each, tensor.size()); ++probe) {
            auto const number = index(draws.integer(draw++, std::uint64_t(tensor.size())));
            index const at = tensor.offset + number;
            double const told = double(gradient.data()[at]);
            double const seen = double(detail::central_difference(model.params().data()[at], [&] {
                put_back();
                return model.gradient(data::all_of(table), unused);
            }));
            double const scale = std::max({std::fabs(told), std::fabs(seen), 1e-4 * largest});
            double const error = scale > 0 ? std::fabs(told - seen) / scale : 0;
            if (!(error <= worst.error) || worst.tensor.empty())
                worst = {error, tensor.name, number, told, seen};
        }
    put_back();
    return worst;
}

}  // namespace descent
