// SPDX-License-Identifier: MIT
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/quantize/packed.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// What pack asks of a model.
template <class T>
struct model {
    using scalar = T;
    descent::params<T> weights, kept;
    descent::params<T>& params() { return weights; }
    descent::params<T> const& params() const { return weights; }
    descent::params<T>& state() { return kept; }
    descent::params<T> const& state() const { return kept; }

    model like() const { return {weights.like(), kept.like()}; }
};

template <class T>
bool same(params<T> const& a, params<T> const& b) {
    return a.arena_size() == b.arena_size() &&
           (a.arena_size() == 0 ||
            std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(T)) == 0);
}
template <class T>
bool same(model<T> const& a, model<T> const& b) {
    return same(a.weights, b.weights) && same(a.kept, b.kept);
}

/// A pruned tensor with a codebook, biases as they are, a single number, an empty tensor, and strange numbers.
template <class T>
model<T> pruned() {
    model<T> net{{{"1.weight", {6, 20}},
                  {"1.bias", {6}},
                  {"scale", {}},
                  {"none", {0, 3}},
                  {"conv.weight", {4, 2, 3, 3}}},
                 {{"running_mean", {6}}, {"odd", {8}}}};
    generator const draws{.seed = 8, .stream = 1};
    T const book[] = {T(-0.3), T(0.1), T(0.25), T(1) / T(3)};
    for (descent::index i = 0; i < 120; ++i)
        net.weights["1.weight"].data[i] =
            draws.integer(std::uint64_t(i), 5) ? T(0) : book[draws.integer(std::uint64_t(i) + 500, 4)];
    for (descent::index i = 0; i < 6; ++i)
        net.weights["1.bias"].data[i] = draws.uniform<T>(std::uint64_t(i) + 900);
    net.weights["scale"].data[0] = T(2.5);
    for (descent::index i = 0; i < 72; ++i)
        net.weights["conv.weight"].data[i] = book[draws.integer(std::uint64_t(i) + 1000, 3)];
    for (descent::index i = 0; i < 6; ++i)
        net.kept["running_mean"].data[i] = T(i) - 2;
    using limits = std::numeric_limits<T>;
    T const odd[] = {T(-0.0),
                     T(0.0),
                     limits::infinity(),
                     -limits::infinity(),
                     limits::quiet_NaN(),
                     -limits::quiet_NaN(),
                     limits::denorm_min(),
                     limits::max()};
    std::copy(odd, odd + 8, net.kept["odd"].data);
    return net;
}

template <class T>
bool comes_back(model<T> const& net) {
    auto const packed = quantize::pack(net);
    model<T> read = net.like();
    read.weights.set_mask("1.weight",
                          std::vector<bool>(std::size_t(read.weights.at("1.weight").size()), false));
    auto const table = quantize::unpack(read, packed.bytes);
    return same(net, read) && !read.weights.masked() && table.text() == packed.table.text() &&
           table.bytes == descent::index(packed.bytes.size());
}

model<float> one_tensor(shape const& extents) {
    return {params<float>{std::vector<tensor_spec>{{"1.weight", extents}}}, {}};
}

}  // namespace

TEST_CASE("quantize packed: all numbers come back, bit for bit") {
    CHECK(comes_back(pruned<float>()));
    CHECK(comes_back(pruned<double>()));
    for (auto const& extents : {shape{1}, shape{7}, shape{1, 1}, shape{300, 1}, shape{1, 300},
                                shape{17, 16, 3, 3}, shape{0}, shape{5, 0}})
        for (descent::index codes : {0, 1, 2, 33, 256, 257, 5000})
            for (std::uint64_t const every : {1u, 2u, 50u, 100000u}) {
                CAPTURE(extents.text(), codes, every);
                model<float> net = one_tensor(extents);
                generator const draws{.seed = every, .stream = 4};
                for (descent::index i = 0; i < extents.size() && codes > 0; ++i)
                    if (draws.integer(std::uint64_t(i), every) == 0)
                        net.weights.data()[i] =
                            float(1 + draws.integer(std::uint64_t(i) + 10000, std::uint64_t(codes))) / 7;
                CHECK(comes_back(net));
            }
}

TEST_CASE("quantize packed: evenly spaced codes and their scales") {
    for (auto const& options : {quantize::affine_options{},
                                {.bits = 4, .per = quantize::per::group, .group = 7},
                                {.bits = 5, .symmetric = false, .per = quantize::per::tensor},
                                {.bits = 2, .symmetric = false}}) {
        auto net = pruned<float>();
        generator const draws{.seed = 5, .stream = 2};
        auto const weight = net.weights["1.weight"];
        for (descent::index i = 0; i < 120; ++i)
            weight.data[i] = draws.normal<float>(std::uint64_t(i));
        auto codes = to_affine(weight, options);
        auto const refused = [&](std::vector<quantize::coded_tensor<float>> const& known) {
            return message_of([&] { quantize::pack(net, known); });
        };
        CHECK(refused({{"1.weight", codes}}).starts_with("pack: codes of '1.weight': number "));
        codes.copy_to(weight.data);
        auto const packed = quantize::pack(net, {{"1.weight", codes}});
        auto read = net.like();
        CHECK(quantize::unpack(read, packed.bytes).text() == packed.table.text());
        CHECK(same(net, read));
        CHECK(packed.table.tensors[0].code < (options.bits + 0.5) * 120 / 8);
        CHECK(packed.table.tensors[0].codebook < 3 + double(codes.grids.size()) * (4 + 8 / 8.0));
        CHECK(packed.table.tensors[0].raw == 0);
        // What stands for the same numbers, but not in the format that the file would say.
        auto odd = codes;
        int const shift = options.symmetric ? 1 : 200;
        for (auto& grid : odd.grids)
            grid.zero += shift;
        for (auto& code : odd.codes)
            code = std::int16_t(code + shift);
        CHECK(refused({{"1.weight", odd}}).starts_with("pack: codes of '1.weight': zero = "));
        odd = codes, odd.codes.pop_back();
        CHECK(refused({{"1.weight", odd}}) == "pack: codes of '1.weight': 119 codes for [6, 20]");
        odd = codes, odd.codes[7] = 300;
        CHECK(refused({{"1.weight", odd}}).starts_with("pack: codes of '1.weight': code = 300: must be in ["));
        odd = codes, odd.grids.pop_back();
        CHECK(refused({{"1.weight", odd}}).starts_with("pack: codes of '1.weight': "));
        odd = codes, odd.share = 0;
        CHECK(refused({{"1.weight", odd}}) == "pack: codes of '1.weight': share = 0: must be in [1, 120]");
        odd = codes, odd.format.bits = 9;
        CHECK(refused({{"1.weight", odd}}) == "pack: codes of '1.weight': bits = 9: must be in [2, 8]");
        CHECK(refused({{"2.weight", codes}})
                  .starts_with("pack: codes of '2.weight': the model has only '1.weight', "));
        CHECK(refused({{"1.weight", codes}, {"1.weight", codes}}) == "pack: tensor '1.weight' is named twice");
        codes.extents = {20, 6};
        CHECK(refused({{"1.weight", codes}}) == "pack: codes of '1.weight' are [20, 6], the tensor [6, 20]");
    }
}

TEST_CASE("quantize packed: the room is near the entropy, and the table says where it goes") {
    // 2 % of 200 x 300 at random places, 8 codes: 60000 H(0.02) + 1200 x 3 bits, H the binary entropy.
    model<float> net = one_tensor({200, 300});
    generator const draws{.seed = 2, .stream = 0};
    double kept = 0;
    for (descent::index i = 0; i < 60000; ++i)
        if (draws.uniform<double>(std::uint64_t(i)) < 0.02)
            net.weights.data()[i] = float(draws.integer(std::uint64_t(i) + 100000, 8)) - 3.5f, ++kept;
    auto const packed = quantize::pack(net);
    auto const& row = packed.table.tensors.at(0);
    double const one = kept / 60000,
                 entropy = -(one * std::log2(one) + (1 - one) * std::log2(1 - one)) * 60000 / 8;
    CHECK(row.kept == descent::index(kept));
    CHECK(row.codes == 8);
    CHECK(row.position < 1.04 * entropy);
    CHECK(row.position > 0.96 * entropy);
    CHECK(row.code < 1.04 * kept * 3 / 8);
    CHECK(row.code > 0.96 * kept * 3 / 8);
    CHECK(row.codebook < 18);  // halves are exact in 16 bits
    CHECK(row.raw == 0);
    CHECK(std::abs(row.bytes() + packed.table.header() - double(packed.bytes.size())) < 1e-6);
    CHECK(packed.table.header() < 12);
    CHECK(packed.table.unpacked == 240000);
    CHECK(packed.table.ratio() == 240000 / double(packed.bytes.size()));

    // Rows of an image: the places of a line resemble those of the line before, most columns are empty.
    model<float> image = one_tensor({50, 28 * 28});
    for (descent::index r = 0; r < 50; ++r)
        for (descent::index y = 10; y < 18; ++y)
            for (descent::index x = 10 + r % 3; x < 16; ++x)
                image.weights.data()[r * 784 + y * 28 + x] = 1;
    CHECK(quantize::pack(image).bytes.size() < 250);
    CHECK(quantize::pack(one_tensor({100, 1000})).bytes.size() < 60);  // all 0
}

TEST_CASE("quantize packed: files; what is not the model's is refused, and the model stays") {
    auto const net = pruned<float>();
    std::string const path = "packed_test.dpk";
    CHECK(quantize::save_packed(net, path).bytes == quantize::pack(net).table.bytes);
    auto read = net.like();
    CHECK(quantize::load_packed(read, path).bytes == quantize::pack(net).table.bytes);
    CHECK(same(net, read));
    std::remove(path.c_str());
    CHECK(message_of([&] { quantize::load_packed(read, path); }) ==
          "packed_test.dpk: cannot open: No such file or directory");

    std::string const bytes = quantize::pack(net).bytes;
    auto const refused = [&](auto other, std::string const& packed) {
        auto const before = other;
        std::string const message = message_of([&] { quantize::unpack(other, packed, "net.dpk"); });
        CHECK(same(before, other));
        return message;
    };
    CHECK(refused(net, "") == "net.dpk: 0 bytes: too short for a packed model");
    CHECK(refused(net, "something else") == "net.dpk: is no packed model");
    std::string later = bytes;
    later[3] = '2';
    CHECK(refused(net, later) == "net.dpk: packed model of another version: this program reads version 1");
    later = bytes;
    later[20] ^= 1;
    CHECK(refused(net, later) == "net.dpk: the data is damaged");
    CHECK(refused(pruned<double>(), bytes) == "net.dpk: holds F32, the model F64");
    CHECK(refused(one_tensor({2}), bytes) == "net.dpk: holds 7 tensors, the model 1");
    auto other = net;
    other.weights = params<float>{
        {"1.weight", {6, 20}}, {"1.bias", {7}}, {"scale", {}}, {"none", {0, 3}}, {"conv.weight", {4, 2, 3, 3}}};
    CHECK(refused(other, bytes) == "net.dpk: tensor 1 is '1.bias' [6], the model's '1.bias' [7]");
    other.weights = params<float>{{"1.weight", {6, 20}},
                                  {"1.biases", {6}},
                                  {"scale", {}},
                                  {"none", {0, 3}},
                                  {"conv.weight", {4, 2, 3, 3}}};
    CHECK(refused(other, bytes) == "net.dpk: tensor 1 is '1.bias' [6], the model's '1.biases' [6]");
}

TEST_CASE("quantize packed: any byte flipped, any cut is refused or reads the same") {
    auto const net = pruned<float>();
    std::string const bytes = quantize::pack(net).bytes;
    int wrong = 0, refusals = 0;
    auto const try_bytes = [&](std::string const& damaged) {
        auto read = net.like();
        std::vector<char> const watched(damaged.begin(), damaged.end());  // a read behind the end is seen
        try {
            quantize::unpack(read, {watched.data(), watched.size()});
            wrong += !same(net, read);
        } catch (error const&) {
            ++refusals;
            wrong += !same(net.like(), read);
        }
    };
    for (std::size_t i = 0; i < bytes.size(); ++i)
        for (int flip = 1; flip < 256; ++flip) {
            std::string damaged = bytes;
            damaged[i] = char(damaged[i] ^ flip);
            try_bytes(damaged);
        }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        try_bytes(bytes.substr(0, size));
    CHECK(wrong == 0);
    CHECK(refusals == int(256 * bytes.size()));

    // With a checksum that fits, damage may give other numbers, but nothing outside is read or written.
    for (std::size_t i = 8; i < bytes.size(); ++i)
        for (int flip : {1, 0x80, 0xff}) {
            std::string damaged = bytes;
            damaged[i] = char(damaged[i] ^ flip);
            std::uint32_t const sum = crc32(std::string_view(damaged).substr(8));
            for (std::size_t byte = 0; byte < 4; ++byte)
                damaged[4 + byte] = static_cast<char>(sum >> (8 * byte) & 0xff);
            auto read = net.like();
            try {
                quantize::unpack(read, damaged);
            } catch (error const&) {
            }
        }
}
