// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/builder.hpp>
#include <descent/quantize/learned_step.hpp>
#include <descent/quantize/packed.hpp>

// Into quantization-aware training, and out of it.
namespace descent::quantize {

namespace detail {

/// What one learned_activation saw.
struct activation_mean {
    index place = 0;
    double sum = 0;
    std::int64_t count = 0;
};

/// One rounded tensor.
template <class T>
struct told_tensor {
    index place = 0;
    std::vector<T> learned = {}, values = {};
    index share = 0;
    std::vector<affine_grid<T>> grids = {};
};

/// One thread that asks layers to what their weights are rounded, and, where it may write them, has steps begin
/// with the numbers that the layers meet. One for both: each executor compiles the whole network anew.
template <class T>
struct visiting : exec::serial {
    T* weights = nullptr;
    std::vector<activation_mean>* seen = nullptr;
    std::vector<told_tensor<T>>* told = nullptr;
    bool* rounds = nullptr;  ///< was there a layer that rounds weights?

    template <class Rule>
    void begin_weights(Rule const& rule, T const* w, index slices, index each,
                       nn::parameter const& learned) const {
        if (rounds)
            *rounds = true;
        if constexpr (Rule::learned > 0)
            for (index s = 0; weights && s < slices; ++s)
                rule.begin(w + s * each, each, weights + learned.offset + s * Rule::learned);
    }
    void begin_activation(nn::parameter const& step, T high, T const* x, index count) const {
        if (!weights)
            return;
        auto found = std::find_if(seen->begin(), seen->end(),
                                  [&](activation_mean const& each) { return each.place == step.offset; });
        if (found == seen->end())
            found = seen->insert(found, activation_mean{step.offset});
        for (index i = 0; i < count; ++i)
            found->sum += std::abs(double(x[i]));
        found->count += count;
        weights[step.offset] = learned_step::first_step(T(found->sum / double(found->count)), high);
    }

    template <class Rule>
    void tell_weights(Rule const& rule, nn::parameter const& weight, index slices, index each, T const* learned,
                      T const* measured, T const* values) const {
        if (!told)
            return;
        told_tensor<T> t{
            weight.offset, {learned, learned + slices * Rule::learned}, {values, values + weight.size}, each};
        if constexpr (requires { rule.grid(rule.template at<T>(learned, measured, each)); })
            for (index s = 0; s < slices; ++s)
                t.grids.push_back(rule.grid(
                    rule.template at<T>(learned + s * Rule::learned, measured + s * Rule::measured, each)));
        told->push_back(std::move(t));
    }
};

}  // namespace detail

/// Sets tensors of `net` to those of the same name and extents of `from`, a network that was trained without
/// rounding, say; tells how many. A layer without a name is called by its number, which one more before it
/// (quantize::learned_activation, say) makes another: layers that both networks have need nn::named.
///
///     nn::network exact{nn::input<float>{64}, nn::sequential{nn::named{"in", nn::dense{32}}, nn::relu{},
///                                                            nn::named{"out", nn::dense{10}}}};
///     nn::network net{nn::input<float>{64},
///                     nn::sequential{nn::named{"in", quantize::aware{nn::dense{32}, {.bits = 4}}}, nn::relu{},
///                                    quantize::learned_activation{.bits = 4},
///                                    nn::named{"out", quantize::aware{nn::dense{10}, {.bits = 4}}}}};
///     quantize::take_weights(net, exact);
///
/// Throws descent::error, and changes nothing, where one of `from` has no counterpart.
template <class Network, class Other>
index take_weights(Network& net, Other const& from) {
    index taken = 0;
    auto const arena = [&](auto& mine, auto const& theirs, bool copying) {
        for (auto const& entry : theirs.entries()) {
            auto const* const found = mine.find(entry.name);
            expect(found && found->extents == entry.extents, "take_weights: there is no '", entry.name, "' ",
                   entry.extents.text(), ", only ", mine.names(),
                   ": give layers that both networks have one name by nn::named, their numbers may differ");
            if (copying)
                std::copy_n(theirs.data() + entry.offset, entry.size(), mine.data() + found->offset), ++taken;
        }
    };
    for (bool const copying : {false, true}) {
        arena(net.params(), from.params(), copying);
        arena(net.state(), from.state(), copying);
    }
    return taken;
}

/// Where rounding begins: sets what the rules of quantize::aware train from the weights as they are, and the
/// steps of learned_activation from what passes when the rows run through the network, each 2 mean|x| / sqrt(p)
/// with p the highest code. Call it when the weights are trained without rounding, or fresh. Throws
/// descent::error, and changes nothing, for no rows, rows or weights that are not finite, and a network that
/// has neither quantize::aware nor learned_activation.
template <class Network>
void begin_steps(Network& net, matrix<typename Network::scalar> const& rows) {
    using T = typename Network::scalar;
    expect(rows.rows() > 0, "begin_steps: there are no rows");
    for (index i = 0; i < rows.size(); ++i)
        expect(std::isfinite(rows.data()[i]), "begin_steps: row ", i / rows.cols(), ", column ",
               i % rows.cols(), " is ", rows.data()[i], ": must be finite");
    for (auto const& entry : net.params().entries())
        for (index i = 0; i < entry.size(); ++i)
            expect(std::isfinite(net.params().data()[entry.offset + i]), "begin_steps: '", entry.name,
                   "': number ", i, " is ", net.params().data()[entry.offset + i], ": must be finite");
    std::vector<detail::activation_mean> seen;
    bool rounds = false;
    net.scores(rows, detail::visiting<T>{{}, net.params().data(), &seen, nullptr, &rounds});
    expect(rounds || !seen.empty(),
           "begin_steps: the network has no quantize::aware and no quantize::learned_activation");
}

/// Out of training: `into`, the same layers without quantize::aware, gets what `net` computes with, and gives
/// the same outputs to the last bit. The result are the codes and scales of rounded tensors, for
/// quantize::pack; those of trained_ternary, which have two scales, are not among them: a packed file finds
/// their three values by itself.
///
///     nn::network plain{nn::input<float>{64}, nn::sequential{nn::dense{64}, nn::relu{}, nn::dense{10}}};
///     auto const codes = quantize::convert(net, plain);
///     quantize::save_packed(plain, "net.dpk", codes);
///
/// Throws descent::error, and changes nothing, where a tensor of `into` is not in `net`, a rounded one is not
/// in `into`, is not finite, or has no step yet.
template <class Network, class Target>
std::vector<coded_tensor<typename Network::scalar>> convert(Network const& net, Target& into) {
    using T = typename Network::scalar;
    std::vector<detail::told_tensor<T>> told;
    net.scores(matrix<T>(matrix<T>::Zero(1, net.features())), detail::visiting<T>{{}, nullptr, nullptr, &told});
    expect(!told.empty(), "convert: the network has no quantize::aware");
    auto const expect_all = [](auto const& mine, auto const& theirs) {
        for (auto const& entry : mine.entries()) {
            auto const* const found = theirs.find(entry.name);
            expect(found && found->extents == entry.extents, "convert: the target has '", entry.name, "' ",
                   entry.extents.text(), ", the network only ", theirs.names());
        }
    };
    expect_all(into.params(), net.params());
    expect_all(into.state(), net.state());
    std::vector<coded_tensor<T>> codes;
    std::vector<std::pair<std::string_view, std::vector<T> const*>> values;
    for (auto& t : told) {
        auto const& entries = net.params().entries();
        auto const entry = std::find_if(entries.begin(), entries.end(),
                                        [&](auto const& each) { return each.offset == t.place; });
        expect(into.params().find(entry->name), "convert: the target has no '", entry->name, "', only ",
               into.params().names());
        bool const begun = std::any_of(t.learned.begin(), t.learned.end(), [](T x) { return x != T(0); });
        expect(t.learned.empty() || begun, "convert: '", entry->name,
               "' is not rounded yet: begin_steps comes before");
        // Weights first: by one, all values of its slice may not be finite.
        for (T const* const numbers : {net.params().data() + entry->offset, std::as_const(t.values).data()})
            for (index i = 0; i < entry->size(); ++i)
                expect(std::isfinite(numbers[i]), "convert: '", entry->name, "': number ", i, " is ",
                       numbers[i], ": must be finite");
        values.push_back({entry->name, &t.values});
        if (t.grids.empty())
            continue;
        coded_tensor<T> coded{entry->name, {entry->extents, t.grids[0].format}};
        coded.codes.share = t.share, coded.codes.grids = t.grids;
        for (index i = 0; i < entry->size(); ++i) {
            T& value = t.values[std::size_t(i)];
            coded.codes.codes.push_back(std::int16_t(coded.codes.grid_of(i).code(value)));
            value = coded.codes.value(i);  // no other number, but 0 for -0
        }
        codes.push_back(std::move(coded));
    }
    auto const copy = [](auto& mine, auto const& theirs) {
        for (auto const& entry : mine.entries())
            std::copy_n(theirs[entry.name].data, entry.size(), mine.data() + entry.offset);
    };
    copy(into.params(), net.params());
    copy(into.state(), net.state());
    for (auto const& [name, numbers] : values)
        std::copy(numbers->begin(), numbers->end(), into.params()[name].data);
    return codes;
}

}  // namespace descent::quantize
