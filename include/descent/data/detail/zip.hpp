// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/crc32.hpp>
#include <descent/data/detail/elements.hpp>
#include <descent/data/detail/inflate.hpp>
#include <descent/data/detail/libsvm_rows.hpp>

namespace descent::data::detail {

struct zip_entry {
    std::string_view name, packed;  ///< views into the file
    std::size_t size = 0;           ///< unpacked
    std::uint32_t checksum = 0;
    bool deflated = false;
};

inline constexpr std::string_view zip_end_mark = "PK\5\6", zip_entry_mark = "PK\1\2", zip_local_mark = "PK\3\4";
inline constexpr std::size_t zip_end_size = 22, zip_entry_size = 46, zip_local_size = 30;

/// The entries of a zip file (PKWARE APPNOTE 6.3, files below 4 GiB, no encryption). Every offset and size is
/// checked against the bytes that are there; entries that share bytes are refused.
template <class = void>
std::vector<zip_entry> read_zip(std::string_view bytes, std::string_view name) {
    auto const u16 = [&](std::size_t at) { return std::size_t(load<std::uint16_t>(bytes.data() + at, false)); };
    auto const u32 = [&](std::size_t at) { return std::size_t(load<std::uint32_t>(bytes.data() + at, false)); };
    expect(bytes.substr(0, 2) == "PK", name, ": the magic number is not that of a zip file");

    // The end record stands last, behind it only a comment of a length that it tells.
    std::size_t end = bytes.npos;
    for (std::size_t comment = 0; comment < 65536 && comment + zip_end_size <= bytes.size(); ++comment) {
        std::size_t const at = bytes.size() - zip_end_size - comment;
        if (bytes.substr(at, 4) == zip_end_mark && u16(at + 20) == comment) {
            end = at;
            break;
        }
    }
    expect(end != bytes.npos, name, ": the end of the zip file is missing: it is cut short or damaged");
    std::size_t const count = u16(end + 10), size = u32(end + 12), start = u32(end + 16);
    expect(u16(end + 4) == 0 && u16(end + 6) == 0 && u16(end + 8) == count, name,
           ": zip files of several parts are not read");
    expect(count < 65535 && start <= end && size == end - start, name, ": byte ", end,
           ": the zip directory is not where the end record says");

    std::vector<zip_entry> entries;
    std::vector<std::pair<std::size_t, std::size_t>> spans;
    std::vector<std::string_view> names;
    std::size_t at = start;
    for (std::size_t i = 0; i < count; ++i) {
        expect(end - at >= zip_entry_size && bytes.substr(at, 4) == zip_entry_mark, name, ": byte ", at,
               ": entry ", i, " of the zip directory is damaged");
        std::size_t const flags = u16(at + 8), method = u16(at + 10), packed = u32(at + 20),
                          local = u32(at + 42);
        std::size_t const length = u16(at + 28), after = zip_entry_size + length + u16(at + 30) + u16(at + 32);
        expect(after <= end - at, name, ": byte ", at, ": entry ", i, " of the zip directory is damaged");
        zip_entry entry{bytes.substr(at + zip_entry_size, length),
                        {},
                        u32(at + 24),
                        std::uint32_t(u32(at + 16)),
                        method == 8};
        auto const check = [&](bool sound, std::string_view what) {
            if (!sound)
                fail(name, ": entry ", shown(entry.name), ": ", what);
        };
        check((flags & 1) == 0, "it is encrypted");
        check(method == 0 || method == 8, "its packing is neither none nor deflate");
        check(packed != 0xffffffff && entry.size != 0xffffffff && local != 0xffffffff,
              "it has 4 GiB or more, which is not read");
        check(start >= zip_local_size && local <= start - zip_local_size &&
                  bytes.substr(local, 4) == zip_local_mark,
              "it does not begin where the directory says");
        std::size_t const data = local + zip_local_size + u16(local + 26) + u16(local + 28);
        check(data <= start && packed <= start - data, "it reaches beyond the data");
        check(u16(local + 8) == method && bytes.substr(local + zip_local_size, u16(local + 26)) == entry.name,
              "its two headers differ");
        check(method == 8 || packed == entry.size, "it is not packed, but its two sizes differ");
        check(entry.size / 1032 <= packed, "its size cannot be: deflate packs to 1/1032 at most");
        entry.packed = bytes.substr(data, packed);
        entries.push_back(entry);
        spans.emplace_back(local, data + packed);
        names.push_back(entry.name);
        at += after;
    }
    std::sort(spans.begin(), spans.end());
    std::sort(names.begin(), names.end());
    for (std::size_t i = 1; i < count; ++i) {
        if (names[i] == names[i - 1])
            fail(name, ": entry ", shown(names[i]), ": it occurs twice");
        expect(spans[i].first >= spans[i - 1].second, name, ": byte ", spans[i].first,
               ": two entries share bytes");
    }
    expect(at == end, name, ": byte ", at, ": ", end - at, " bytes after the last entry of the zip directory");
    return entries;
}

/// The content of an entry, with its size and checksum checked.
template <bool zlib>
std::string unpack(zip_entry const& entry, std::string_view file) {
    std::string const who = text(file, ": entry ", shown(entry.name));
    std::string content;
    if (entry.deflated) {
        inflater<zlib> unpacker(deflated::raw, who);
        std::size_t used = 0, at = 0;
        for (bool ended = false; !ended;) {
            if (used == content.size())
                content.resize(std::max(2 * used, 4 * entry.packed.size() + 64));
            auto const done =
                unpacker.run(entry.packed.substr(at), content.data() + used, content.size() - used);
            at += done.taken;
            used += done.made;
            ended = done.ended;
            expect(used <= entry.size, who, ": it is longer than its size says");
            expect(ended || done.taken > 0 || done.made > 0 || used == content.size(), who,
                   ": the packed data is cut short");
        }
        expect(used == entry.size && at == entry.packed.size(), who, ": it unpacks to ", used, " bytes from ",
               at, ": must be ", entry.size, " from ", entry.packed.size());
        content.resize(used);
    } else {
        content = entry.packed;
    }
    expect(crc32(content) == entry.checksum, who, ": the checksum is wrong: it is damaged");
    return content;
}

/// Writes zip files: add the entries, then finish. The date is that of 1980, so that equal content gives equal
/// files.
template <class = void>
class zip_writer {
public:
    template <bool zlib>
    void add(std::string_view name, std::string_view content, bool pack) {
        std::string const deflated = pack ? deflate_raw<zlib>(content, name) : std::string();
        std::string_view const stored = pack ? std::string_view(deflated) : content;
        constexpr std::size_t most = 0xfffffffe;
        expect(name.size() < 65536 && content.size() <= most && bytes_.size() + stored.size() <= most, name,
               ": a zip file of 4 GiB or more is not written");
        std::string common;
        for (unsigned const value :
             {20u, 0x0800u, pack ? 8u : 0u, 0u, 33u})  // version, UTF-8, method, time, date
            store(common, std::uint16_t(value));
        for (std::size_t const value : {std::size_t(crc32(content)), stored.size(), content.size()})
            store(common, std::uint32_t(value));
        store(common, std::uint16_t(name.size()));
        store(common, std::uint16_t(0));

        directory_ += zip_entry_mark;
        store(directory_, std::uint16_t(20));
        directory_ += common;
        directory_.append(10, '\0');  // comment, disk, attributes
        store(directory_, std::uint32_t(bytes_.size()));
        directory_ += name;
        ++count_;

        ((bytes_ += zip_local_mark) += common) += name;
        bytes_ += stored;
    }

    std::string finish() {
        std::size_t const start = bytes_.size();
        expect(count_ < 65535 && start + directory_.size() < 0xffffffff, "zip: too many entries");
        bytes_ += directory_;
        bytes_ += zip_end_mark;
        store(bytes_, std::uint32_t(0));
        store(bytes_, std::uint16_t(count_));
        store(bytes_, std::uint16_t(count_));
        store(bytes_, std::uint32_t(directory_.size()));
        store(bytes_, std::uint32_t(start));
        store(bytes_, std::uint16_t(0));
        return std::move(bytes_);
    }

private:
    std::string bytes_, directory_;
    std::size_t count_ = 0;
};

}  // namespace descent::data::detail
