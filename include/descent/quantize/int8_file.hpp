// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/quantize/detail/int8_port.hpp>
#include <descent/quantize/detail/packed_frame.hpp>
#include <descent/quantize/int8_network.hpp>
#include <descent/quantize/packed_table.hpp>

// A network in 8 bits as a file: of what no kernel's form of the weights is seen, so that every processor makes
// the same numbers of it.
//
//     "DI8", its version, the CRC-32 of what follows, bytes of the head (both 4, little-endian), the head,
//     codes. The head, bits, the highest first, numbers n as n + 1 in Elias' gamma code, floats as their 32
//     bits: the answer, channels, height and width of the input, its grid, how many layers; for each its kind,
//     the tensor that it reads, and what it is (below). Codes: layer by layer
//     [outputs][channels][height][width], a byte each, or by a range coder, which learns each layer's, where
//     that is smaller.
namespace descent::quantize {

namespace detail {

inline constexpr packed_format format_of_int8{"DI8", '1', "a", "network in 8 bits"};
inline constexpr std::uint64_t most_int8_extent = 1 << 20, most_int8_layers = 10'000;

// A file has kinds and answers as numbers.
static_assert(int(int8_kind::convolve) == 1 && int(int8_kind::scores) == 2 && int(int8_kind::max_pool) == 3 &&
              int(int8_kind::mean_pool) == 4 && int(int8_kind::pad) == 5 && int(int8_kind::decode) == 6);
static_assert(int(int8_answer::highest) == 0 && int(int8_answer::above_zero) == 1 &&
              int(int8_answer::itself) == 2);

/// One number that stands in the file as `stored`, of which `to` makes it again.
template <class Port, class N, class To>
void run_as(Port& port, N& value, index stored, std::uint64_t most, To const& to) {
    port.number(stored, most);
    if constexpr (!Port::writes)
        value = N(to(stored));
}

template <class Port, class Grid>
void run_grid(Port& port, Grid& grid) {
    port.real(grid.scale);
    run_as(port, grid.low, -index(grid.low), 255, [](index n) { return -n; });
    port.number(grid.high, 255);
}

template <class Port, class Extent>
void run_extents(Port& port, Extent& of) {
    port.number(of.height, most_int8_extent);
    port.number(of.width, most_int8_extent);
}

template <class Port, class Tensor>
void run_tensor_of(Port& port, Tensor& t) {
    port.number(t.channels, most_int8_extent);
    run_extents(port, t);
    run_grid(port, t.grid);
}

template <class Port, class Sum>
void run_sum(Port& port, Sum& how, int8_tensor const& x) {
    port.number(how.outputs, most_int8_extent);
    run_extents(port, how.kernel);
    run_extents(port, how.stride);
    run_extents(port, how.padding);
    run_extents(port, how.dilation);
    run_as(port, how.beside, how.beside + 1, most_int8_layers, [](index n) { return n - 1; });
    port.number(how.relu, 1);
    port.reals(how.scales, how.outputs);
    port.reals(how.bias, how.outputs);
    index const depth = x.channels * how.kernel.height * how.kernel.width;  // below 2^60
    if constexpr (!Port::writes)
        port.check(depth <= int8_convolution::most_depth);
    port.codes(how.codes, how.outputs * depth);
}

template <class Port, class Pool>
void run_pool(Port& port, Pool& how) {
    run_extents(port, how.size);
    run_extents(port, how.stride);
    run_extents(port, how.padding);
}

/// One layer; a reader's x and y are not set but for what the kind asks for.
template <class Port, class Step>
void run_step(Port& port, Step& step, int8_network const& net) {
    port.number(step.kind, 6);
    port.number(step.from, net.steps().size());
    switch (step.kind) {
        case int8_kind::convolve:
            run_sum(port, step.sum, net.tensor(step.from));
            run_grid(port, step.y.grid);
            break;
        case int8_kind::scores:
            run_sum(port, step.sum, net.tensor(step.from));
            break;
        case int8_kind::max_pool:
            run_pool(port, step.pool);
            run_as(port, step.pool.least, -index(step.pool.least), 1u << 31, [](index n) { return -n; });
            break;
        case int8_kind::mean_pool:
            run_pool(port, step.pool);
            port.number(step.pool.count_padding, 1);
            run_grid(port, step.y.grid);
            break;
        case int8_kind::pad:
            port.number(step.y.channels, most_int8_extent);
            port.number(step.pool.stride.height, most_int8_extent);
            break;
        default:
            break;
    }
}

/// Puts the layer behind the others.
inline void add_int8_step(int8_network& net, int8_step& step) {
    switch (step.kind) {
        case int8_kind::convolve:
            net.convolve(step.from, step.sum, step.y.grid);
            break;
        case int8_kind::scores:
            net.scores(step.from, step.sum);
            break;
        case int8_kind::max_pool:
        case int8_kind::mean_pool:
            step.pool.largest = step.kind == int8_kind::max_pool;
            net.pool(step.from, step.pool, step.y.grid);
            break;
        case int8_kind::pad:
            net.pad_channels(step.from, step.y.channels, step.pool.stride.height);
            break;
        case int8_kind::decode:
            net.scores(step.from);
            break;
        default:
            fail("int8_network: there is no such layer");
    }
}

}  // namespace detail

/// The network as bytes, from which unpack_int8 makes one that gives the same bits with every kernel. `table`
/// has a row for each sum, by the number of the tensor that it gives: codes in `code`, scales in `codebook`,
/// biases in `raw`. Throws descent::error for a network without scores, and of more than 10000 layers.
inline packed_model pack_int8(int8_network const& net) {
    expect(net.finished(), "pack_int8: the network has no scores yet");
    expect(net.steps().size() <= detail::most_int8_layers, "pack_int8: ", net.steps().size(),
           " layers: must be at most ", detail::most_int8_layers);
    detail::int8_writer port;
    packed_model packed;
    port.number(net.answer(), 2);
    detail::run_tensor_of(port, net.tensor(0));
    port.number(net.steps().size(), detail::most_int8_layers);
    for (auto const& step : net.steps()) {
        std::size_t const bits = port.bits(), bytes = port.code_bytes();
        detail::run_step(port, step, net);
        if (!step.sums())
            continue;
        auto const& sum = step.sum;
        packed_tensor row{.name = text(step.to, step.kind == detail::int8_kind::scores ? " scores" : " sums"),
                          .extents = {sum.outputs, step.x.channels, sum.kernel.height, sum.kernel.width}};
        row.kept = std::count_if(sum.codes.begin(), sum.codes.end(), [](int code) { return code != 0; });
        row.code = double(port.code_bytes() - bytes);
        row.codebook = row.raw = 4 * double(sum.outputs);
        row.header = double(port.bits() - bits) / 8 - row.codebook - row.raw;
        packed.table.tensors.push_back(std::move(row));
    }
    packed.bytes = detail::seal(detail::format_of_int8, port.finish());
    packed.table.bytes = index(packed.bytes.size()), packed.table.unpacked = net.bytes();
    return packed;
}

/// The network of which pack_int8 made the bytes, with this processor's fastest kernels; see load_int8. `file`
/// stands for the file in messages.
inline int8_network unpack_int8(std::string_view bytes, std::string_view file = "network in 8 bits") {
    detail::int8_reader port(detail::unseal(detail::format_of_int8, bytes, file), file);
    int8_answer answer{};
    port.number(answer, 2);
    int8_tensor input;
    detail::run_tensor_of(port, input);
    auto net = port.build([&] { return int8_network(input); });
    std::size_t layers = 0;
    port.number(layers, detail::most_int8_layers);
    for (; layers > 0; --layers) {
        detail::int8_step step{};
        detail::run_step(port, step, net);
        port.build([&] { detail::add_int8_step(net, step); });
    }
    port.check(net.finished());
    port.end();
    net.answer(answer);
    return net;
}

/// Writes the network, whole or not at all, onto the disk, and says where the bytes went; see pack_int8.
///
///     auto const table = quantize::save_int8(small, "net.di8");
///     quantize::int8_network const same = quantize::load_int8("net.di8");
///
/// Throws descent::error for a file that cannot be written, and a network that pack_int8 refuses.
inline packed_table save_int8(int8_network const& net, std::string const& path) {
    packed_model packed = pack_int8(net);
    write_file(path, packed.bytes, {.sync = true});
    return std::move(packed.table);
}

/// The network that save_int8 wrote: scores and predictions are the same to the last bit, on another processor
/// too. Throws descent::error for a file that cannot be read, is none of these or of another version, is cut
/// short or damaged (it has a checksum): "net.di8: the data is damaged".
inline int8_network load_int8(std::string const& path) { return unpack_int8(read_file(path), path); }

}  // namespace descent::quantize
