// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <descent/io/dtype.hpp>

namespace descent::io {

/// Writes one message of protocol buffers, field after field, in the order of the calls. A field is written
/// whatever its value; what is not called is absent.
///
///     io::protobuf value;
///     value.text(1, "loss").number(2, 0.5f);
///     io::protobuf summary;
///     summary.message(1, value);
struct protobuf {
    std::string bytes = {};  ///< the message so far

    /// int32, int64, uint64, bool, enum.
    protobuf& integer(int field, std::int64_t value) {
        key(field, 0);
        return varint(std::uint64_t(value));
    }
    /// float and double.
    protobuf& number(int field, float value) {
        key(field, 5);
        return fixed(value);
    }
    protobuf& number(int field, double value) {
        key(field, 1);
        return fixed(value);
    }
    /// string and bytes.
    protobuf& text(int field, std::string_view value) {
        key(field, 2);
        varint(value.size());
        bytes += value;
        return *this;
    }
    /// A message inside this one.
    protobuf& message(int field, protobuf const& inner) { return text(field, inner.bytes); }

private:
    protobuf& varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            bytes += char(static_cast<unsigned char>(value | 0x80));
        bytes += char(static_cast<unsigned char>(value));
        return *this;
    }
    protobuf& key(int field, int wire) { return varint(std::uint64_t(field) << 3 | std::uint64_t(wire)); }

    template <class A>
    protobuf& fixed(A value) {
        char raw[sizeof(A)];
        detail::store(raw, value);
        bytes.append(raw, sizeof(A));
        return *this;
    }
};

}  // namespace descent::io
