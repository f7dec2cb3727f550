// SPDX-License-Identifier: MIT
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/crc32.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/io/bits.hpp>
#include <descent/quantize/int8_file.hpp>

#include "message.hpp"

using namespace descent;
using quantize::int8_convolution;
using quantize::int8_grid;
using quantize::int8_network;
using quantize::int8_pool;

namespace {

matrix<float> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

/// Normal codes, as those of weights are, scales and biases for so many products.
int8_convolution filled(int8_convolution how, descent::index depth, std::uint64_t seed, float spread = 30) {
    for (descent::index i = 0; i < how.outputs * depth; ++i)
        how.codes.push_back(std::int8_t(
            std::min(127.0f, std::max(-127.0f, spread * generator{seed}.normal<float>(std::uint64_t(i))))));
    for (descent::index o = 0; o < how.outputs; ++o) {
        how.scales.push_back(0.003f * (1 + generator{seed + 100}.uniform<float>(std::uint64_t(o))));
        how.bias.push_back(generator{seed + 200}.normal<float>(std::uint64_t(o)));
    }
    return how;
}

int8_grid const around{0.03f, -100, 155}, above{0.04f, 0, 255}, even{0.05f, -127, 127};

int8_network dense() {
    int8_network net({20, 1, 1, around});
    int const a = net.convolve(0, filled({.outputs = 33, .relu = true}, 20, 1), above);
    net.scores(a, filled({.outputs = 10}, 33, 2));
    return net;
}
int8_network pools() {
    int8_network net({2, 9, 8, around});
    int const a =
        net.convolve(0, filled({.outputs = 5, .kernel = 3, .padding = {1, 0}, .relu = true}, 18, 1), above);
    int const b = net.pool(a, {.size = {3, 2}, .stride = {2, 1}, .padding = 1, .least = -20}, {});
    int const c =
        net.convolve(b, filled({.outputs = 7, .kernel = 2, .stride = 2, .dilation = {1, 2}}, 20, 2), even);
    int const d = net.pool(c, {.least = 0}, {});
    int const e =
        net.pool(d, {.largest = false, .size = 2, .stride = 1, .padding = 1, .count_padding = false}, above);
    int const f = net.pool(e, {.largest = false, .size = 2, .stride = 2}, around);
    auto const& last = net.tensor(f);
    net.scores(f, filled({.outputs = 4, .kernel = {last.height, last.width}}, last.size(), 3));
    return net;
}
/// Two residual blocks, the second with fewer places and more channels; the input is added, too.
int8_network residual() {
    int8_network net({16, 8, 8, even});
    auto const three = [](descent::index outputs, descent::index stride, int beside, std::uint64_t seed) {
        return filled({.outputs = outputs,
                       .kernel = 3,
                       .stride = stride,
                       .padding = 1,
                       .beside = beside,
                       .relu = seed != 2},
                      16 * 9, seed);
    };
    int const a = net.convolve(0, three(16, 1, -1, 1), above), b = net.convolve(a, three(16, 1, 0, 2), even);
    int const shortcut = net.pad_channels(b, 20, 2), c = net.convolve(b, three(16, 2, -1, 3), above);
    int const d = net.convolve(c, three(20, 1, shortcut, 4), above);
    net.scores(net.pool(d, {.largest = false, .size = 4}, {0.01f, 0, 255}));
    return net;
}
/// One value that predict tells the class of, or gives as it is.
int8_network one(quantize::int8_answer how) {
    int8_network net({3, 1, 1, around});
    net.scores(0, filled({.outputs = 1}, 3, 4));
    net.answer(how);
    return net;
}
int8_network decoded() {
    int8_network net({3, 2, 5, around});
    net.scores(0);
    return net;
}
/// Codes of few kinds, and one layer large enough for a table of its codes.
int8_network pruned() {
    int8_network net({40, 1, 1, around});
    int const a = net.convolve(0, filled({.outputs = 50}, 40, 1, 0.3f), even);
    net.scores(a, filled({.outputs = 10}, 50, 2));
    return net;
}

struct sample_network {
    char const* name;
    int8_network net;
};
std::vector<sample_network> all_kinds() {
    using enum quantize::int8_answer;
    return {{"dense", dense()},         {"pools", pools()},      {"residual", residual()},
            {"class", one(above_zero)}, {"number", one(itself)}, {"input alone", decoded()},
            {"few codes", pruned()}};
}

bool same(matrix<float> const& a, matrix<float> const& b) {
    return a.rows() == b.rows() && a.cols() == b.cols() &&
           (a.size() == 0 || std::memcmp(a.data(), b.data(), std::size_t(a.size()) * sizeof(float)) == 0);
}

/// Everything that a network is made of.
bool same_layers(int8_network const& a, int8_network const& b) {
    auto const grids = [](int8_grid const& x, int8_grid const& y) {
        return x.scale == y.scale && x.low == y.low && x.high == y.high;
    };
    auto const tensors = [&](auto const& x, auto const& y) {
        return x.channels == y.channels && x.height == y.height && x.width == y.width && grids(x.grid, y.grid);
    };
    bool alike = a.steps().size() == b.steps().size() && a.answer() == b.answer() &&
                 tensors(a.tensor(0), b.tensor(0)) && a.bytes() == b.bytes() &&
                 a.multiply_adds() == b.multiply_adds();
    for (std::size_t s = 0; alike && s < a.steps().size(); ++s) {
        auto const &x = a.steps()[s], &y = b.steps()[s];
        alike = x.kind == y.kind && x.from == y.from && x.to == y.to && tensors(x.x, y.x) &&
                tensors(x.y, y.y) && x.sum.outputs == y.sum.outputs && x.sum.kernel == y.sum.kernel &&
                x.sum.stride == y.sum.stride && x.sum.padding == y.sum.padding &&
                x.sum.dilation == y.sum.dilation && x.sum.codes == y.sum.codes &&
                x.sum.scales == y.sum.scales && x.sum.bias == y.sum.bias && x.sum.beside == y.sum.beside &&
                x.sum.relu == y.sum.relu && x.pool.size == y.pool.size && x.pool.stride == y.pool.stride &&
                x.pool.padding == y.pool.padding && x.pool.least == y.pool.least &&
                x.pool.count_padding == y.pool.count_padding;
    }
    return alike;
}

std::vector<quantize::detail::int8_form const*> forms() {
    std::vector<quantize::detail::int8_form const*> all{&quantize::detail::int8_form_plain,
                                                        &quantize::detail::int8_form_quads};
    for (auto const* form : quantize::detail::int8_forms())
        all.push_back(form);
    return all;
}

/// Sets the checksum to what the bytes have.
std::string sealed(std::string bytes) {
    std::uint32_t const sum = crc32(std::string_view(bytes).substr(8));
    for (std::size_t byte = 0; byte < 4; ++byte)
        bytes[4 + byte] = static_cast<char>(sum >> (8 * byte) & 0xff);
    return bytes;
}
std::string framed(io::bit_writer& head, std::string const& codes) {
    std::string const bits = head.finish();
    return sealed(std::string("DI81\0\0\0\0", 8) + char(bits.size()) + std::string(3, '\0') + bits + codes);
}
void put(io::bit_writer& head, std::uint64_t n) { head.put_gamma(n + 1); }
void put(io::bit_writer& head, unsigned n) { head.put_gamma(std::uint64_t(n) + 1); }
void put(io::bit_writer& head, float x) { head.put(std::bit_cast<std::uint32_t>(x), 32); }

}  // namespace

TEST_CASE("quantize int8_file: the same bits with every kernel, whichever the writer had") {
    for (auto& [name, net] : all_kinds()) {
        CAPTURE(name);
        matrix<float> x = normal(19, net.features(), 5);
        x(3, 0) = std::numeric_limits<float>::quiet_NaN();
        matrix<float> const z = net.scores(x);
        std::string const bytes = quantize::pack_int8(net).bytes;
        for (auto const* form : forms()) {
            net.use(*form);
            CHECK(quantize::pack_int8(net).bytes == bytes);
            int8_network read = quantize::unpack_int8(bytes);
            CHECK(read.form().name == quantize::detail::int8_forms().front()->name);
            CHECK(same_layers(net, read));
            read.use(*form);
            CHECK(same(read.scores(x, exec::openmp{.threads = 2}), z));
            CHECK(same(read.scores(x.topRows(1)), z.topRows(1)));
            if (net.answer() == quantize::int8_answer::highest)
                CHECK(read.predict(x) == net.predict(x));
        }
        CHECK(quantize::pack_int8(quantize::unpack_int8(bytes)).bytes == bytes);
    }
}

TEST_CASE("quantize int8_file: what predict answers is kept") {
    matrix<float> const x = normal(50, 3, 6);
    for (auto const how : {quantize::int8_answer::above_zero, quantize::int8_answer::itself}) {
        auto const net = one(how);
        auto const read = quantize::unpack_int8(quantize::pack_int8(net).bytes);
        CHECK(read.answer() == how);
        CHECK(read.predict(x) == net.predict(x));
    }
}

TEST_CASE("quantize int8_file: the format, number by number") {
    io::bit_writer head;
    put(head, 2u);                         // the number itself
    for (unsigned const n : {2u, 1u, 1u})  // input
        put(head, n);
    put(head, 0.5f), put(head, 100u), put(head, 27u);  // codes -100 .. 27
    put(head, 1u);                                     // layers
    put(head, 2u), put(head, 0u);                      // scores of the input
    put(head, 1u);                                     // output
    for (unsigned const n : {1u, 1u, 1u, 1u, 0u, 0u, 1u, 1u})
        put(head, n);                    // kernel, stride, padding, dilation
    put(head, 0u), put(head, 0u);        // nothing beside, no relu
    put(head, 0.25f), put(head, -1.5f);  // scale, bias
    put(head, 0u);                       // codes as they are
    std::string const bytes = framed(head, "\x04\xfd");
    auto const net = quantize::unpack_int8(bytes);
    matrix<float> x(2, 2);
    x << 3, 1, 20, -60;
    // Codes 6, 2 and 27 of 40, -100 of -120; bias -12 steps of 0.125.
    matrix<float> const z = net.scores(x);
    CHECK(z(0, 0) == 0.125f * (4 * 6 - 3 * 2 - 12));
    CHECK(z(1, 0) == 0.125f * (4 * 27 + 3 * 100 - 12));
    CHECK(net.answer() == quantize::int8_answer::itself);
    CHECK(quantize::pack_int8(net).bytes == bytes);
}

TEST_CASE("quantize int8_file: the table says where the bytes go, and codes take what their entropy says") {
    int8_network net({100, 1, 1, around});
    auto const first = filled({.outputs = 300}, 100, 1, 10);
    int const a = net.convolve(0, first, even);
    auto second = filled({.outputs = 400}, 300, 2);
    for (std::size_t i = 0; i < second.codes.size(); ++i)
        second.codes[i] = std::int8_t(generator{9}.bits(i) % 255 - 127);  // no code is likelier than another
    int const b = net.convolve(a, second, even);
    auto third = filled({.outputs = 10}, 400, 3);
    std::fill(third.codes.begin(), third.codes.end(), std::int8_t(0));
    net.scores(b, third);

    auto const packed = quantize::pack_int8(net);
    auto const& rows = packed.table.tensors;
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].name == "1 sums");
    CHECK(rows[2].name == "3 scores");
    CHECK(rows[1].extents == shape{400, 300, 1, 1});
    std::vector<double> counts(256);
    for (int const code : first.codes)
        ++counts[std::size_t(code + 128)];
    double bits = 0;
    for (double const n : counts)
        bits -= n > 0 ? n * std::log2(n / 30000) : 0;
    CHECK(rows[0].code > bits / 8);
    CHECK(rows[0].code < 1.03 * bits / 8);
    CHECK(rows[1].code == 120000);  // as they are
    CHECK(rows[2].code == 4000 / 128 + 1);
    CHECK(rows[2].kept == 0);
    CHECK(rows[0].codebook == 1200);
    CHECK(rows[0].raw == 1200);
    CHECK(rows[0].header > 0);
    CHECK(rows[0].header < 20);
    double all = packed.table.header();
    for (auto const& row : rows)
        all += row.bytes();
    CHECK(std::abs(all - double(packed.bytes.size())) < 1e-6);
    CHECK(packed.table.header() > 12);
    CHECK(packed.table.header() < 40);
    CHECK(packed.table.unpacked == net.bytes());
    CHECK(same_layers(quantize::unpack_int8(packed.bytes), net));
}

TEST_CASE("quantize int8_file: files, and what is refused") {
    std::string const path = "int8_file_test.di8";
    auto const net = residual();
    auto const packed = quantize::pack_int8(net);
    CHECK(quantize::save_int8(net, path).text() == packed.table.text());
    CHECK(read_file(path) == packed.bytes);
    CHECK(same_layers(quantize::load_int8(path), net));
    std::remove(path.c_str());
    CHECK(message_of([&] { quantize::load_int8(path); }) ==
          "int8_file_test.di8: cannot open: No such file or directory");
    CHECK(message_of([&] { quantize::load_int8(""); }) == ": cannot open: No such file or directory");
    CHECK(message_of([&] { quantize::save_int8(net, ""); }).starts_with(": cannot write: "));
    CHECK(message_of([&] { quantize::save_int8(net, "no/such/net.di8"); }) ==
          "no/such/net.di8: cannot write: No such file or directory");

    int8_network open({3, 5, 5, around});
    CHECK(message_of([&] { quantize::pack_int8(open); }) == "pack_int8: the network has no scores yet");
    int8_network deep({1, 1, 1, around});
    int last = 0;
    while (last < 9999)
        last = deep.pad_channels(last, 1, 1);
    int8_network deeper = deep;
    deep.scores(last);
    CHECK(same_layers(quantize::unpack_int8(quantize::pack_int8(deep).bytes), deep));
    deeper.scores(deeper.pad_channels(last, 1, 1));
    CHECK(message_of([&] { quantize::pack_int8(deeper); }) == "pack_int8: 10001 layers: must be at most 10000");

    auto const refused = [](std::string const& bytes) {
        return message_of([&] { quantize::unpack_int8(bytes, "net.di8"); });
    };
    CHECK(refused("") == "net.di8: 0 bytes: too short for a network in 8 bits");
    CHECK(refused("something else") == "net.di8: is no network in 8 bits");
    std::string other = packed.bytes;
    other[3] = '2';
    CHECK(refused(other) == "net.di8: network in 8 bits of another version: this program reads version 1");
    other = packed.bytes, other.back() ^= 1;
    CHECK(refused(other) == "net.di8: the data is damaged");
    CHECK(refused(sealed(packed.bytes + '\0')) == "net.di8: the data is damaged");
    CHECK(refused(sealed("DI81....")) == "net.di8: the data is damaged");
    CHECK(refused(sealed("DI81....\xff\xff\xff\xff")) == "net.di8: the data is damaged");
}

TEST_CASE("quantize int8_file: sound checksums over what cannot be") {
    auto const refused = [](std::function<void(io::bit_writer&)> const& rest, std::string const& codes = "") {
        io::bit_writer head;
        put(head, 0u), put(head, 2u), put(head, 1u), put(head, 1u);
        put(head, 0.5f), put(head, 0u), put(head, 255u);
        rest(head);
        return message_of([&] { quantize::unpack_int8(framed(head, codes), "net.di8"); });
    };
    std::string const damaged = "net.di8: the data is damaged";
    auto const sum = [](io::bit_writer& head, std::uint64_t outputs, std::uint64_t kernel, float scale) {
        put(head, 1u), put(head, 2u), put(head, 0u), put(head, outputs);
        for (std::uint64_t const n : {kernel, kernel, 1ul, 1ul, 0ul, 0ul, 1ul, 1ul, 0ul, 0ul})
            put(head, n);
        put(head, scale), put(head, 0.0f), put(head, 0u);
    };
    CHECK(refused([](auto&) {}) == damaged);
    CHECK(refused([](auto& head) { put(head, 0u); }) == damaged);  // no layers
    CHECK(refused([](auto& head) { put(head, 10001u); }) == damaged);
    CHECK(refused([](auto& head) { put(head, 1u), put(head, 0u), put(head, 0u); }) ==
          "net.di8: int8_network: there is no such layer");
    CHECK(refused([](auto& head) { put(head, 1u), put(head, 6u), put(head, 1u); }) == damaged);  // from behind
    CHECK(refused([](auto& head) {
              put(head, 2u), put(head, 6u), put(head, 0u), put(head, 6u), put(head, 0u);
          }) == "net.di8: int8_network: nothing may stand behind the scores");
    CHECK(refused([](auto& head) {
              put(head, 1u), put(head, 5u), put(head, 0u), put(head, 1u), put(head, 1u);
          }) == "net.di8: int8_network: 2 channels padded to 1 with stride 1");
    CHECK(refused([&](auto& head) { sum(head, 1, 1, 1); }, "ab") == "(no error)");
    CHECK(refused([&](auto& head) { sum(head, 1, 1, 1); }, "abc") == damaged);
    CHECK(refused([&](auto& head) { sum(head, 1, 1, 1); }, "a") == damaged);
    CHECK(refused([&](auto& head) { sum(head, 1, 1, 1); }, "a\x80") ==
          "net.di8: int8_network: code -128: must be in [-127, 127]");
    CHECK(refused([&](auto& head) { sum(head, 1, 1, -1); }, "ab") ==
          "net.di8: int8_network: scale 0 = -1: must be finite and > 0");
    CHECK(refused([&](auto& head) { sum(head, 1 << 20, 1, 1); }) == damaged);  // more scales than bits
    CHECK(refused([&](auto& head) { sum(head, 1, 1 << 20, 1); }) == damaged);
    CHECK(refused([&](auto& head) { sum(head, (1 << 20) + 1, 1, 1); }) == damaged);
    CHECK(refused([&](auto& head) { sum(head, 1, 2, 1); }, "abcdefgh") ==
          "net.di8: int8_network: a window that reaches 2 does not fit into 1 with padding 0");

    // A sum of one code by the range coder that is said to be much longer than what there is.
    io::bit_writer head;
    put(head, 0u), put(head, 60'000u), put(head, 1u), put(head, 1u);
    put(head, 0.5f), put(head, 0u), put(head, 255u);
    put(head, 1u), put(head, 2u), put(head, 0u), put(head, 1u);
    for (unsigned const n : {1u, 1u, 1u, 1u, 0u, 0u, 1u, 1u, 0u, 0u})
        put(head, n);
    put(head, 1.0f), put(head, 0.0f), put(head, 1u), put(head, 3u);
    CHECK(message_of([&] { quantize::unpack_int8(framed(head, "abc"), "net.di8"); }) == damaged);
}

TEST_CASE("quantize int8_file: any byte flipped, any cut is refused or reads the same") {
    int8_network net({2, 3, 3, around});
    int const a = net.convolve(0, filled({.outputs = 3, .kernel = 2, .padding = 1, .relu = true}, 8, 1), above);
    int const b = net.pool(a, {.size = 2, .stride = 2}, {});
    int const c = net.pad_channels(b, 4, 1);
    int const d = net.convolve(c, filled({.outputs = 4, .beside = c}, 4, 2, 0.01f), even);
    int const e = net.pool(d, {.largest = false, .size = 2}, even);
    int const f = net.convolve(e, filled({.outputs = 400}, 4, 3, 0.3f), even);
    net.scores(net.pool(f, {.least = 0}, {}), filled({.outputs = 2}, 400, 4, 0.3f));
    std::string const bytes = quantize::pack_int8(net).bytes;
    int wrong = 0, refusals = 0;
    auto const try_bytes = [&](std::string const& damaged) {
        std::vector<char> const watched(damaged.begin(), damaged.end());  // a read behind the end is seen
        try {
            wrong += !same_layers(quantize::unpack_int8({watched.data(), watched.size()}, "net.di8"), net);
        } catch (error const& problem) {
            ++refusals;
            wrong += !std::string_view(problem.what()).starts_with("net.di8: ");
        }
    };
    for (std::size_t i = 0; i < bytes.size(); ++i)
        for (int const flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
            std::string damaged = bytes;
            damaged[i] = char(damaged[i] ^ flip);
            try_bytes(damaged);
        }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        try_bytes(bytes.substr(0, size));
    CHECK(wrong == 0);
    CHECK(refusals == int(10 * bytes.size()));

    // With a checksum that fits, damage may give another network, which all kernels compute alike.
    int others = 0;
    for (std::size_t i = 8; i < bytes.size(); ++i)
        for (int const flip : {1, 0x80, 0xff}) {
            std::string damaged = bytes;
            damaged[i] = char(damaged[i] ^ flip);
            try {
                int8_network read = quantize::unpack_int8(sealed(damaged), "net.di8");
                ++others;
                wrong += !same_layers(read, quantize::unpack_int8(quantize::pack_int8(read).bytes));
                if (read.features() > 1000 || read.outputs() > 1000)
                    continue;
                matrix<float> const x = normal(3, read.features(), 8), z = read.scores(x);
                for (auto const* form : forms()) {
                    read.use(*form);
                    wrong += !same(read.scores(x), z);
                }
            } catch (error const& problem) {
                wrong += !std::string_view(problem.what()).starts_with("net.di8: ");
            }
        }
    CHECK(wrong == 0);
    CHECK(others > 100);
}
