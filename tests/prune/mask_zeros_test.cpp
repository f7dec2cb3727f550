// SPDX-License-Identifier: MIT
#include <descent/prune/magnitude.hpp>
#include <descent/prune/mask_zeros.hpp>
#include <descent/prune/sparsity.hpp>

#include <descent/optim.hpp>

#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
params<T> some() {
    params<T> w{{"a.weight", {3, 11}}, {"a.bias", {4}}, {"b.weight", {2, 2}}, {"none", {0, 3}}};
    for (auto const& entry : w.entries())
        for (descent::index i = 0; i < entry.size(); ++i)
            w.data()[entry.offset + i] = T(i % 3);  // 0, 1, 2, 0, ...
    return w;
}

}  // namespace

TEMPLATE_TEST_CASE("prune mask_zeros: what is exactly 0 in tensors of two and more axes", "", float, double) {
    using T = TestType;
    auto w = some<T>();
    w["a.weight"].data[3] = T(-0.0);
    w["a.weight"].data[6] = std::numeric_limits<T>::denorm_min();
    w["a.weight"].data[9] = std::numeric_limits<T>::quiet_NaN();
    prune::mask_zeros(w);
    auto const keep = w.mask("a.weight");
    for (std::size_t i = 0; i < keep.size(); ++i)
        CHECK(keep[i] == (i % 3 != 0 || i == 6 || i == 9));
    CHECK(w.mask("b.weight") == std::vector<bool>{false, true, true, false});
    CHECK(w.mask("a.bias") == std::vector<bool>(4, true));
}

TEST_CASE("prune mask_zeros: what a file has forgotten is kept again, and what was masked stays") {
    auto pruned = some<double>();
    for (descent::index i = 0; i < pruned.arena_size(); ++i)
        pruned.data()[i] += pruned.data()[i] == 0 ? 0.5 : 1;
    prune::magnitude{.sparsity = 0.4}(pruned);
    auto read = pruned;
    read.clear_masks();  // as the reader of a file does
    prune::mask_zeros(read);
    for (char const* name : {"a.weight", "b.weight"})
        CHECK(read.mask(name) == pruned.mask(name));
    auto g = read.like();
    for (auto const& entry : g.entries())
        for (descent::index i = 0; i < entry.size(); ++i)
            g.data()[entry.offset + i] = 1;
    optimizer{chain(adam{}, rate{1e-2}, keep_zeros{}), read}.step(g);
    for (descent::index i = 0; i < 33; ++i)
        CHECK((read["a.weight"].data[i] == 0) == !pruned.mask("a.weight")[std::size_t(i)]);
    // A second time, and of one tensor.
    auto const before = read.mask("a.weight");
    prune::mask_zeros(read, "b.*");
    CHECK(read.mask("a.weight") == before);
}

TEST_CASE("prune mask_zeros: what was masked stays so where it has moved") {
    params<double> w{{"w", {2, 3}}};
    w["w"].flat().setOnes();
    w.set_mask("w", std::vector<bool>{true, false, true, true, true, false});
    w["w"].flat() << 1, 2, 0, 4, 5, 0;
    prune::mask_zeros(w);
    CHECK(w.mask("w") == std::vector<bool>{true, false, false, true, true, false});
    CHECK(w["w"].data[1] == 0);
}

TEST_CASE("prune mask_zeros: names, and tensors of zeros alone") {
    auto w = some<float>();
    auto const told = [&](std::string const& tensors) {
        auto const text = message_of([&] { prune::mask_zeros(w, tensors); });
        CHECK(!w.masked());
        return text;
    };
    CHECK(told("c") ==
          "prune::mask_zeros: 'c' takes no tensor, only 'a.weight', 'a.bias', 'b.weight', 'none' are there");
    CHECK(told("*a*") == "prune: tensors '*a*': one '*' may stand for a stretch of a name, not more");
    w["b.weight"].flat().setZero();
    CHECK(told("") ==
          "prune::mask_zeros: all of 'b.weight' [2, 2] is 0 and would never train: name it in full "
          "where that is meant");
    CHECK(told("none") == "(no error)");
    prune::mask_zeros(w, "a.*");
    CHECK(w.mask("a.bias") == std::vector<bool>{false, true, true, false});
    prune::mask_zeros(w, "b.weight");
    CHECK(w.mask("b.weight") == std::vector<bool>(4, false));
}

TEST_CASE("prune clear_masks: of all tensors, of some") {
    auto w = some<float>();
    prune::clear_masks(w);
    prune::clear_masks(w, "a.*");
    CHECK(!w.masked());
    prune::mask_zeros(w);
    prune::mask_zeros(w, "a.bias");
    prune::clear_masks(w, "a.*");
    CHECK(w.mask("a.weight") == std::vector<bool>(33, true));
    CHECK(w.mask("a.bias") == std::vector<bool>(4, true));
    CHECK(prune::sparsity(w, {.tensors = "b.weight"}) == 0.5);
    CHECK(message_of([&] { prune::clear_masks(w, "c"); }) ==
          "prune::clear_masks: 'c' takes no tensor, only 'a.weight', 'a.bias', 'b.weight', 'none' are there");
    prune::mask_zeros(w);
    prune::clear_masks(w);
    CHECK(!w.masked());
    CHECK(w["b.weight"].data[0] == 0);  // no more than that
}
