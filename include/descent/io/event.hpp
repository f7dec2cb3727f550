// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <descent/core/crc32.hpp>
#include <descent/io/protobuf.hpp>

// Event files of TensorBoard: TFRecords that hold messages tensorflow.Event.
namespace descent::io {

/// The record of those bytes: their length and its checksum, the bytes and their checksum (CRC-32C, masked).
inline std::string tf_record(std::string_view bytes) {
    char number[8];
    std::string record;
    auto const sum = [&](std::string_view of) {
        std::uint32_t const crc = crc32c(of);
        detail::store(number, std::uint32_t((crc >> 15 | crc << 17) + 0xa282ead8u));
        record.append(number, 4);
    };
    detail::store(number, std::uint64_t(bytes.size()));
    record.append(number, 8);
    sum(std::string(number, 8));
    record += bytes;
    sum(bytes);
    return record;
}

/// The first record of an event file; `time` in seconds since 1970.
inline std::string event_head(double time) {
    return tf_record(protobuf().number(1, time).text(3, "brain.Event:2").bytes);
}

/// One value of the curve `tag` at that step.
inline std::string event_scalar(double time, std::int64_t step, std::string_view tag, float value) {
    protobuf const one = protobuf().text(1, tag).number(2, value);
    protobuf const summary = protobuf().message(1, one);
    return tf_record(protobuf().number(1, time).integer(2, step).message(5, summary).bytes);
}

/// Says that a run goes on at that step: what an earlier file of the folder has at it or later is void.
inline std::string event_resumed(double time, std::int64_t step) {
    return tf_record(protobuf().number(1, time).integer(2, step).message(7, protobuf().integer(1, 1)).bytes);
}

}  // namespace descent::io
