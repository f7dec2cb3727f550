// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/io/dtype.hpp>
#include <descent/plot/bars.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/cheapest_widths.hpp>
#include <descent/quantize/detail/named_once.hpp>
#include <descent/quantize/packed.hpp>

namespace descent::quantize {

/// What a model loses where a single tensor is rounded; see scan_precision.
struct precision_table {
    double exact = 0;                            ///< the loss of the model as it is
    std::vector<int> widths = {};                ///< bits a number
    std::vector<std::string> tensors = {};       ///< in the order of the arena
    std::vector<std::vector<double>> loss = {};  ///< of each tensor alone in each width
    std::vector<std::vector<index>> bytes = {};  ///< of each tensor in each width, packed, scales included
    index rest = 0;                              ///< of all else in a packed file: biases, running means, names
};

/// Bits for each tensor; see plan_precision.
struct precision_plan {
    std::vector<std::string> tensors = {};
    std::vector<int> bits = {};
    index bytes = 0;   ///< of the packed file
    double loss = 0;   ///< expected: that of the model, and what each tensor adds
    double bound = 0;  ///< no plan can have less: tensors could be of two widths in parts

    /// A bar of bits for each tensor.
    plot::bars picture() const {
        plot::bars chart{.title = "Bits of each tensor", .y_label = "bits", .groups = tensors, .values = true};
        chart.add("", std::vector<double>(bits.begin(), bits.end()));
        return chart;
    }
};

namespace detail {

/// The tensor in so many bits, where it stands; its codes where it has some.
template <class T>
affine_tensor<T> round_tensor(tensor_view<T> const& numbers, int bits, affine_options options) {
    options.bits = bits;
    if (bits == 16)
        round_to(io::dtype::bf16, numbers);
    if (bits > 8)
        return {};
    auto codes = to_affine(numbers, options);
    codes.copy_to(numbers.data);
    return codes;
}

/// Bytes of a packed file of the model beside the numbers of these tensors.
template <class Model>
index packed_rest(Model const& model, std::vector<std::string> const& tensors) {
    packed_table const table = pack(model).table;
    double rest = double(table.bytes);
    for (std::string const& name : tensors) {
        auto const each = std::find_if(table.tensors.begin(), table.tensors.end(),
                                       [&](packed_tensor const& t) { return t.name == name; });
        rest -= each->bytes() - each->header;
    }
    return index(std::ceil(rest));
}

/// Throws descent::error where the model measures lower the less is left of it.
template <class Model, class Evaluate>
void expect_loss(Model& model, precision_table const& told, Evaluate const& evaluate) {
    std::size_t const narrowest =
        std::size_t(std::min_element(told.widths.begin(), told.widths.end()) - told.widths.begin());
    double added = 0;
    for (auto const& loss : told.loss)
        added += loss[narrowest] - told.exact;
    if (!(added < 0))
        return;
    for (std::string const& name : told.tensors)
        model.params()[name].flat().setZero();
    double const without = double(evaluate(std::as_const(model)));
    expect(!(without < told.exact), "mixed_precision: evaluate gives ", told.exact, ", less in ",
           told.widths[narrowest], " bits, and ", without, " where all these tensors are 0: must be a loss, ",
           "which is lower for a better model; of an accuracy a take 1 - a");
}

inline void check_width(int bits) {
    expect((bits >= 2 && bits <= 8) || bits == 16 || bits == 32, "mixed_precision: ", bits,
           " bits: must be in [2, 8], 16 or 32");
}

}  // namespace detail

/// Rounds each weight tensor (of two and more axes) by itself to each of the widths, and measures the model by
/// evaluate(model), a loss over calibration data, lower for a better model (prune::scan_sensitivity takes any
/// metric, an accuracy too; this does not: of an accuracy a give 1 - a): which layers bear few bits (as Dong et
/// al.: "HAWQ", 2019, and Cai et al.: "ZeroQ", 2020, ask of curvature and of divergence). Widths are 2 to 8,
/// codes by the options; 16, bfloat16; 32, the numbers as they are. What tensors take is measured, too, as a
/// packed file has them. progress(done, all) is called behind each evaluation. The model is put back.
///
///     auto const told = quantize::scan_precision(net, {2, 3, 4, 6, 8}, [&](auto const& m) {
///         return m.loss(data::all_of(some));
///     });
///     auto const plan = quantize::plan_precision(told, 20'000);           // bytes of the file
///     auto const codes = quantize::round_by(net, plan);
///     quantize::save_packed(net, "net.dpk", codes);
///
/// Throws descent::error for widths that there are not, none or one twice, for a model without such tensors,
/// where a loss is not finite, as to_affine does, and where evaluate is no loss: where the narrowest width
/// lowers it, all tensors' changes added up, and zeros for all of them do so, too. Then too the model is as it
/// was.
template <class Model, class Evaluate, class Progress>
precision_table scan_precision(Model& model, std::vector<int> const& widths, Evaluate const& evaluate,
                               affine_options const& options, Progress const& progress) {
    using T = typename Model::scalar;
    expect(!widths.empty(), "mixed_precision: there are no widths");
    for (std::size_t i = 0; i < widths.size(); ++i) {
        detail::check_width(widths[i]);
        for (std::size_t j = 0; j < i; ++j)
            expect(widths[i] != widths[j], "mixed_precision: ", widths[i], " bits are named twice");
    }
    auto& weights = model.params();
    auto const dense = weights;
    struct putting_back {
        params<T>& to;
        params<T> const& from;
        ~putting_back() { to = from; }
    } const after{weights, dense};
    precision_table told{.exact = double(evaluate(std::as_const(model))), .widths = widths};
    expect(std::isfinite(told.exact), "mixed_precision: the loss is ", told.exact, ": must be finite");
    for (auto const& entry : dense.entries())
        if (entry.extents.rank() > 1 && entry.size() > 0)
            told.tensors.push_back(entry.name);
    expect(!told.tensors.empty(), "mixed_precision: the model has no tensor of two or more axes");
    told.rest = detail::packed_rest(model, told.tensors);
    index done = 0;
    index const all = index(told.tensors.size() * widths.size());
    for (std::string const& name : told.tensors) {
        auto const numbers = weights[name];
        auto const exact = dense[name];
        told.loss.emplace_back(), told.bytes.emplace_back();
        for (int const bits : widths) {
            auto const codes = detail::round_tensor(numbers, bits, options);
            told.bytes.back().push_back(
                index(std::ceil(detail::packed_room<T>(numbers, bits <= 8 ? &codes : nullptr))));
            told.loss.back().push_back(bits == 32 ? told.exact : double(evaluate(std::as_const(model))));
            expect(std::isfinite(told.loss.back().back()), "mixed_precision: the loss with '", name, "' in ",
                   bits, " bits is ", told.loss.back().back(), ": must be finite");
            std::copy_n(exact.data, exact.size(), numbers.data);
            progress(++done, all);
        }
    }
    detail::expect_loss(model, told, evaluate);
    return told;
}

/// The same without calls of progress.
template <class Model, class Evaluate>
precision_table scan_precision(Model& model, std::vector<int> const& widths, Evaluate const& evaluate,
                               affine_options const& options = {}) {
    return scan_precision(model, widths, evaluate, options, [](index, index) {});
}

/// The widths that lose least among all whose packed file, biases and names included, is within the budget of
/// bytes, where what tensors add to the loss adds up: the exact minimum, by dynamic programming over the bytes
/// so far; of equal ones the smallest. Throws descent::error for a table that is not whole or names a tensor
/// twice, and for a budget below the narrowest widths: "mixed_precision: budget = 90 bytes: the narrowest
/// widths need 120, 30 of them for biases, names and what else has no width".
inline precision_plan plan_precision(precision_table const& table, index budget) {
    std::size_t const n = table.tensors.size(), widths = table.widths.size();
    bool whole = n > 0 && widths > 0 && table.loss.size() == n && table.bytes.size() == n;
    for (std::size_t t = 0; whole && t < n; ++t)
        whole = table.loss[t].size() == widths && table.bytes[t].size() == widths;
    expect(whole, "mixed_precision: the table has not ", widths, " losses and bytes for each of ", n,
           " tensors");
    detail::expect_named_once("mixed_precision", table.tensors);
    std::vector<std::vector<detail::width_choice>> choices(n);
    expect(table.rest >= 0, "mixed_precision: rest = ", table.rest, ": must be >= 0");
    index least = table.rest;
    for (std::size_t t = 0; t < n; ++t) {
        for (std::size_t w = 0; w < widths; ++w) {
            double const added = table.loss[t][w] - table.exact;
            expect(std::isfinite(added) && table.bytes[t][w] >= 0, "mixed_precision: '", table.tensors[t],
                   "' in ", table.widths[w], " bits: ", table.bytes[t][w], " bytes, loss ", table.loss[t][w]);
            choices[t].push_back({table.bytes[t][w], added, w});
        }
        least += *std::min_element(table.bytes[t].begin(), table.bytes[t].end());
    }
    expect(least <= budget, "mixed_precision: budget = ", budget, " bytes: the narrowest widths need ", least,
           ", ", table.rest, " of them for biases, names and what else has no width");
    detail::cheapest_widths const best(std::move(choices), budget - table.rest);
    precision_plan plan{.tensors = table.tensors,
                        .bytes = table.rest,
                        .loss = table.exact,
                        .bound = table.exact + best.bound()};
    for (std::size_t t = 0; t < n; ++t) {
        std::size_t const w = best.chosen()[t];
        plan.bits.push_back(table.widths[w]);
        plan.bytes += table.bytes[t][w];
        plan.loss += table.loss[t][w] - table.exact;
    }
    return plan;
}

/// Rounds the tensors of a model as the plan says, and gives the codes of those that have some, for
/// save_packed. Throws descent::error, and changes nothing, for a plan of other tensors, of one twice, or of
/// bits that there are not, and as to_affine does.
template <class Model>
std::vector<coded_tensor<typename Model::scalar>> round_by(Model& model, precision_plan const& plan,
                                                           affine_options const& options = {}) {
    expect(plan.bits.size() == plan.tensors.size(), "mixed_precision: the plan has ", plan.bits.size(),
           " widths for ", plan.tensors.size(), " tensors");
    detail::expect_named_once("mixed_precision", plan.tensors);
    auto weights = model.params();
    std::vector<coded_tensor<typename Model::scalar>> coded;
    for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
        detail::check_width(plan.bits[t]);
        auto codes = detail::round_tensor(weights[plan.tensors[t]], plan.bits[t], options);
        if (plan.bits[t] <= 8)
            coded.push_back({plan.tensors[t], std::move(codes)});
    }
    model.params() = std::move(weights);
    return coded;
}

}  // namespace descent::quantize
