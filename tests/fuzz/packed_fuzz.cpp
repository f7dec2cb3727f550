// SPDX-License-Identifier: MIT
#include <descent/quantize/packed.hpp>

#include <cstring>

#include "packed_model.hpp"
#include "target.hpp"

using namespace descent;

namespace {

bool same(params<float> const& a, params<float> const& b) {
    return std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(float)) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        auto const sound = packed_model_of_all_kinds();
        auto model = sound.model;
        try {
            quantize::unpack(model, bytes);
        } catch (descent::error const&) {
            // Refused: then the model is as it was.
            if (!same(model.weights, sound.model.weights) || !same(model.kept, sound.model.kept))
                __builtin_trap();
        }
        // A checksum that fits: else nothing behind it is ever reached.
        std::string sealed(bytes);
        std::size_t const front = 8;
        if (sealed.size() < front)
            return;
        std::uint32_t const sum = crc32(std::string_view(sealed).substr(front));
        for (std::size_t byte = 0; byte < 4; ++byte)
            sealed[front - 4 + byte] = static_cast<char>(sum >> (8 * byte) & 0xff);
        quantize::unpack(model, sealed);
        // What was read is written and read to the same bits.
        auto again = sound.model;
        quantize::unpack(again, quantize::pack(model).bytes);
        if (!same(model.weights, again.weights) || !same(model.kept, again.kept))
            __builtin_trap();
    });
}
