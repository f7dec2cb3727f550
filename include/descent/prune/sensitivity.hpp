// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <descent/plot/lines.hpp>
#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// What a metric says where a single tensor is pruned; see scan_sensitivity.
struct sensitivity {
    double dense = 0;                         ///< the metric of the model as it is
    std::vector<double> sparsities;           ///< that were tried
    std::vector<std::string> tensors;         ///< in the order of the arena
    std::vector<std::vector<double>> metric;  ///< of each tensor, at each sparsity

    /// A curve for each tensor over the sparsity.
    plot::lines picture(std::string name = "metric") const {
        plot::lines chart{.title = "One tensor pruned at a time",
                          .x_label = "sparsity",
                          .y_label = std::move(name),
                          .markers = true};
        for (std::size_t i = 0; i < tensors.size(); ++i)
            chart.add(tensors[i], sparsities, metric[i]);
        return chart;
    }
};

/// Prunes each tensor that the criterion takes by itself, to each of the sparsities, and measures the model by
/// metric(model), an accuracy or a loss (quantize::scan_precision takes a loss alone): which layers bear
/// pruning. Weights and masks are put back. The criterion's own sparsity is
/// not used; its units are; what it needs beside the model stands behind.
///
///     auto const told = prune::scan_sensitivity(net, prune::magnitude{}, {0.5, 0.8, 0.9}, [&](auto const& m) {
///         return accuracy(m.predict(test.x), test.y);
///     });
///     told.picture("accuracy").save("sensitivity.svg");
///
/// Throws descent::error as mask_lowest does; then too all is as it was.
template <class M, class C, class Metric, class... Evidence>
requires criterion<C, M, Evidence...> sensitivity scan_sensitivity(M& model, C const& by,
                                                                   std::vector<double> const& sparsities,
                                                                   Metric const& metric,
                                                                   Evidence const&... evidence) {
    by.on.check_tensors();
    auto& w = weights_of(model);
    auto const dense = w;
    struct putting_back {
        params<scalar_of<M>>& to;
        params<scalar_of<M>> const& from;
        ~putting_back() { to = from; }
    } const after{w, dense};
    auto const score = by.scores(model, evidence...);
    sensitivity told{double(metric(std::as_const(model))), sparsities, {}, {}};
    for (auto const& entry : dense.entries()) {
        if (!by.on.takes(entry.name, entry.extents))
            continue;
        told.tensors.push_back(entry.name);
        told.metric.emplace_back();
        for (double const sparsity : sparsities) {
            w = dense;
            selection one = by.on;
            one.tensors = entry.name;
            mask_lowest(w, score, sparsity, one);
            told.metric.back().push_back(double(metric(std::as_const(model))));
        }
    }
    return told;
}

}  // namespace descent::prune
