// SPDX-License-Identifier: MIT
#include <descent/quantize/compare_zlib.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
struct model {
    using scalar = T;
    descent::params<T> weights, kept = {};
    descent::params<T>& params() { return weights; }
    descent::params<T> const& params() const { return weights; }
    descent::params<T>& state() { return kept; }
    descent::params<T> const& state() const { return kept; }
};

/// Of 40 x 50 numbers one in eight stays, each one of `codes`; a bias, a tensor of nothing, running means.
template <class T>
model<T> pruned(std::uint64_t codes) {
    model<T> net{{{"w", {40, 50}}, {"b", {40}}, {"none", {0, 3}}, {"full", {16, 16}}}, {{"mean", {3}}}};
    generator const draws{.seed = 4, .stream = 2};
    for (std::uint64_t i = 0; i < 2000; ++i)
        if (draws.integer(i, 8) == 0)
            net.weights["w"].data[i] = T(0.25) * T(1 + draws.integer(i + 5000, codes));
    for (std::uint64_t i = 0; i < 40; ++i)
        net.weights["b"].data[i] = draws.uniform<T>(i + 9000) + T(1);
    net.kept["mean"].flat().setConstant(1.5);
    for (std::uint64_t i = 0; i < 256; ++i)
        net.weights["full"].data[i] = T(1 + i / 64);  // four stretches of one number each
    return net;
}

}  // namespace

TEST_CASE("quantize compare_zlib: a program without zlib says what to link") {
    auto const net = pruned<float>(4);
    CHECK(message_of([&] { quantize::compare_zlib<model<float>, false>(net); }) ==
          "compare_zlib: to pack needs zlib; link descent::zlib");
    auto const codes = quantize::to_affine(net.weights["w"]);
    CHECK(message_of([&] { quantize::compare_zlib(net, {{"w", codes}}); }).starts_with("pack: codes of 'w': "));
}

TEST_CASE("quantize compare_zlib: a table for people") {
    quantize::zlib_table const table{{{"0.weight", 20.25, 3.6, 31, 12}, {"0.bias"}}};
    CHECK(table.text() ==
          "tensor                    positions    by zlib      coded    by zlib\n"
          "0.weight                         20         31          4         12\n"
          "0.bias                            0          0          0          0\n"
          "all                              20         31          4         12\n");
}

#if DESCENT_ZLIB_ENABLED
TEMPLATE_TEST_CASE("quantize compare_zlib: rooms lie between the entropy and what is stored as it is", "",
                   float, double) {
    for (std::uint64_t const codes : {2u, 4u, 16u}) {
        auto const net = pruned<TestType>(codes);
        auto const packed = quantize::pack(net).table;
        auto const table = quantize::compare_zlib(net);
        REQUIRE(table.tensors.size() == packed.tensors.size());
        for (std::size_t t = 0; t < table.tensors.size(); ++t) {
            CHECK(table.tensors[t].name == packed.tensors[t].name);
            CHECK(table.tensors[t].position == packed.tensors[t].position);
            CHECK(table.tensors[t].code == packed.tensors[t].code);
        }
        // Places and codes were drawn: none needs less than the entropy, but for what the draws have by chance.
        auto const& w = table.tensors[0];
        double const kept = double(packed.tensors[0].kept), share = kept / 2000,
                     places = -2000 / 8.0 * (share * std::log2(share) + (1 - share) * std::log2(1 - share)),
                     code = kept * std::log2(double(codes)) / 8;
        CHECK(double(w.zlib_position) > 0.97 * places);
        CHECK(w.zlib_position <= 2000 / 8 + 5);  // a bit each, stored
        CHECK(double(w.zlib_code) > 0.97 * code);
        CHECK(double(w.zlib_code) < code + 25);
        CHECK(table.tensors[1].zlib_position + table.tensors[1].zlib_code == 0);  // numbers as they are
        CHECK(table.tensors[2].zlib_position + table.tensors[2].zlib_code == 0);
        CHECK(table.tensors[3].zlib_position == 0);
        CHECK(table.tensors[3].zlib_code < 30);  // few bytes for 256
        CHECK(table.all().zlib_position == w.zlib_position);
    }
}

TEST_CASE("quantize compare_zlib: codes that were chosen elsewhere, gaps above 255") {
    auto net = pruned<float>(4);
    generator const draws{.seed = 7, .stream = 0};
    for (std::uint64_t i = 0; i < 2000; ++i)
        net.weights["w"].data[i] = draws.uniform<float>(i) - 0.5f;
    for (int const bits : {2, 4, 8})
        for (bool const symmetric : {true, false}) {
            auto const codes = quantize::to_affine(
                net.weights["w"], {.bits = bits, .symmetric = symmetric, .per = quantize::per::tensor});
            auto rounded = net;
            codes.copy_to(rounded.weights["w"].data);
            auto const w = quantize::compare_zlib(rounded, {{"w", codes}}).tensors[0];
            CHECK((w.position == 0 && w.zlib_position == 0 && w.code > 0));
            CHECK(w.zlib_code <= 2000 * bits / 8 + 5);
            CHECK(double(w.zlib_code) > 0.8 * 2000 * std::log2(double((1 << bits) - 1)) / 8);
        }
    auto few = model<float>{{{"w", {100, 100}}}};
    for (descent::index const i : {254, 511, 1200, 9999})
        few.weights["w"].data[i] = 1.5f;
    auto const sparse = quantize::compare_zlib(few).tensors[0];
    CHECK((sparse.zlib_position > 4 && sparse.zlib_position < 60));
    CHECK(quantize::compare_zlib(model<float>{}).tensors.empty());
}
#endif
