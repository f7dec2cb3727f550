// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>

#if DESCENT_ZLIB_ENABLED
#include <zlib.h>
#endif

namespace descent::data::detail {

/// What surrounds deflated bytes: gzip's header and checksum (RFC 1952) or nothing (RFC 1951: zip entries).
enum class deflated { gzip, raw };

/// The bytes deflated (RFC 1951) by zlib at its default level. Without zlib it throws; `who` wants it.
template <bool linked>
std::string deflate_raw(std::string_view, std::string_view who) {
    fail(who, ": to pack needs zlib; link descent::zlib");
}

/// What one call of inflater::run did.
struct inflated {
    std::size_t taken = 0, made = 0;
    bool ended = false;
};

/// Unpacks deflated bytes piece by piece. `linked` says whether zlib is there; without it, construction throws.
/// It is a template argument so that a program may mix files compiled with and without descent::zlib.
template <bool linked>
class inflater {
public:
    inflater(deflated, std::string_view name) {
        fail(name, ": gzip: this program was built without zlib; link descent::zlib");
    }
    inflated run(std::string_view, char*, std::size_t) { return {}; }
    void restart() {}
};

#if DESCENT_ZLIB_ENABLED
template <>
inline std::string deflate_raw<true>(std::string_view bytes, std::string_view who) {
    z_stream stream{};
    expect(bytes.size() < std::size_t(1) << 31, who, ": ", bytes.size(), " bytes: must be < 2^31");
    expect(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK, who,
           ": no memory to pack");
    std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ::deflate(&stream, Z_FINISH);  // ends: the bound is one
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

template <>
class inflater<true> {
public:
    inflater(deflated form, std::string_view name) : name_(name) {
        expect(inflateInit2(&stream_, form == deflated::gzip ? 15 + 16 : -15) == Z_OK, name,
               ": gzip: no memory to unpack");
    }
    inflater(inflater const&) = delete;
    inflater& operator=(inflater const&) = delete;
    ~inflater() { inflateEnd(&stream_); }

    /// Unpacks from `in` to `out` until one of them or the data ends. Throws descent::error for damaged data:
    /// "m.gz: byte 123: the packed data is damaged (incorrect data check)".
    inflated run(std::string_view in, char* out, std::size_t room) {
        constexpr std::size_t most = std::size_t(1) << 30;  // zlib counts in unsigned int
        auto const given = static_cast<uInt>(std::min(in.size(), most));
        auto const wanted = static_cast<uInt>(std::min(room, most));
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib only reads it
        stream_.avail_in = given;
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = wanted;
        int const code = ::inflate(&stream_, Z_NO_FLUSH);
        inflated const done{given - stream_.avail_in, wanted - stream_.avail_out, code == Z_STREAM_END};
        position_ += done.taken;
        expect(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, name_, ": byte ", position_,
               ": the packed data is damaged (",
               std::string_view(stream_.msg           ? stream_.msg
                                : code == Z_MEM_ERROR ? "no memory"
                                : code == Z_NEED_DICT ? "it needs a dictionary"
                                                      : "unknown"),
               ")");
        return done;
    }

    /// The next member of the same file.
    void restart() { inflateReset(&stream_); }

private:
    z_stream stream_{};
    std::string name_;
    std::size_t position_ = 0;
};
#endif

}  // namespace descent::data::detail
