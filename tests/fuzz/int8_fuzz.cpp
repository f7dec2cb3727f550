// SPDX-License-Identifier: MIT
#include <descent/quantize/int8_file.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include <descent/core/crc32.hpp>

#include "target.hpp"

using namespace descent;

namespace {

/// Does a sample take little room and time?
bool small(quantize::int8_network const& net) {
    double room = 0;
    for (auto const& step : net.steps())
        for (auto const* t : {&step.x, &step.y})
            room += double(t->channels) * double(t->height + 2 * step.sum.padding.height) *
                    double(t->width + 2 * step.sum.padding.width);
    return room < 1e5 && net.multiply_adds() < 1'000'000;
}

/// The same bits with every kernel?
void run(quantize::int8_network& net) {
    matrix<float> x(2, net.features());
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = std::sin(float(i)) * 3;
    matrix<float> const z = net.scores(x);
    for (auto const* form : {&quantize::detail::int8_form_plain, &quantize::detail::int8_form_quads}) {
        net.use(*form);
        matrix<float> const other = net.scores(x);
        for (descent::index i = 0; i < z.size(); ++i)
            if (std::bit_cast<std::uint32_t>(z.data()[i]) != std::bit_cast<std::uint32_t>(other.data()[i]))
                __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        try {
            quantize::unpack_int8(bytes);
        } catch (descent::error const&) {
        }
        // A checksum that fits: else nothing behind it is ever reached.
        std::string sealed(bytes);
        std::size_t const front = 8;
        if (sealed.size() < front)
            return;
        std::uint32_t const sum = crc32(std::string_view(sealed).substr(front));
        for (std::size_t byte = 0; byte < 4; ++byte)
            sealed[front - 4 + byte] = static_cast<char>(sum >> (8 * byte) & 0xff);
        auto net = quantize::unpack_int8(sealed);
        // What was read is written and read to the same bytes.
        std::string const again = quantize::pack_int8(net).bytes;
        if (quantize::pack_int8(quantize::unpack_int8(again)).bytes != again)
            __builtin_trap();
        if (small(net))
            run(net);
    });
}
