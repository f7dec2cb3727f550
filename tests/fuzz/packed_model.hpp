// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/quantize/packed.hpp>

/// A model with a tensor of each kind that a packed file knows, and the codes of one.
struct model_of_all_kinds {
    struct two_arenas {
        using scalar = float;
        descent::params<float> weights, kept;
        descent::params<float>& params() { return weights; }
        descent::params<float> const& params() const { return weights; }
        descent::params<float>& state() { return kept; }
        descent::params<float> const& state() const { return kept; }
    } model;
    std::vector<descent::quantize::coded_tensor<float>> codes;
};

inline model_of_all_kinds packed_model_of_all_kinds() {
    using namespace descent;
    model_of_all_kinds made{{params<float>{{"plain", {5}}, {"few", {4, 6}}, {"codes", {3, 8}}, {"none", {0}}},
                             params<float>{{"mean", {3}}}},
                            {}};
    auto& w = made.model.weights;
    for (int i = 0; i < 5; ++i)
        w["plain"].data[i] = 0.1f * float(i * i) - 0.3f;
    for (int i = 0; i < 24; ++i)
        w["few"].data[i] = i % 3 ? 0 : i % 2 ? 0.25f : -1.0f;
    for (int i = 0; i < 24; ++i)
        w["codes"].data[i] = float(i * 7 % 11) - 4.5f;
    for (int i = 0; i < 3; ++i)
        made.model.kept["mean"].data[i] = float(i);
    made.codes.push_back({"codes", quantize::to_affine(w["codes"], {.bits = 4, .symmetric = false})});
    made.codes[0].codes.copy_to(w["codes"].data);
    return made;
}
