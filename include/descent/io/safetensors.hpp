// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/core/tensor.hpp>
#include <descent/io/dtype.hpp>
#include <descent/io/json.hpp>

// The safetensors format: 8 bytes with the length of a JSON header, the header with dtype, extents and place of
// each tensor, and then the tensors' bytes, little-endian, row-major, without gaps.
namespace descent::io {

/// Free text that goes with the tensors, by key.
using metadata = std::vector<std::pair<std::string, std::string>>;

/// A tensor of a file: where its numbers lie.
struct stored_tensor {
    std::string name;
    dtype type = dtype::f32;
    shape extents;
    std::size_t begin = 0, end = 0;  ///< of its bytes, counted from the end of the header
};

/// A safetensors file in memory; see read_safetensors.
struct safetensors {
    std::string file;                    ///< for messages
    std::vector<stored_tensor> tensors;  ///< sorted by name
    io::metadata metadata;               ///< sorted by key
    std::string bytes;                   ///< the whole file
    std::size_t data = 0;                ///< bytes before the tensors' numbers

    stored_tensor const* find(std::string_view name) const {
        auto const found = std::lower_bound(
            tensors.begin(), tensors.end(), name,
            [](stored_tensor const& each, std::string_view wanted) { return each.name < wanted; });
        return found != tensors.end() && found->name == name ? &*found : nullptr;
    }

    /// Throws descent::error if there is no such tensor: "net.safetensors: there is no tensor 'fc.bias'".
    stored_tensor const& at(std::string_view name) const {
        stored_tensor const* const found = find(name);
        expect(found != nullptr, file, ": there is no tensor '", name, "'");
        return *found;
    }

    /// The text at that key of the metadata. Throws descent::error if there is none.
    std::string const& text_at(std::string_view key) const {
        for (auto const& [name, value] : metadata)
            if (name == key)
                return value;
        fail(file, ": the metadata has no '", key, "'");
    }

    /// The tensor's bytes as they stand in the file.
    std::string_view raw(stored_tensor const& tensor) const {
        return std::string_view(bytes).substr(data + tensor.begin, tensor.end - tensor.begin);
    }

    /// Writes the tensor's numbers to `to`, rounded as io::decode says. Throws descent::error for a number that
    /// T cannot hold.
    template <class T>
    void copy(stored_tensor const& tensor, T* to) const {
        auto const n = std::size_t(tensor.extents.size());
        std::size_t const bad = decode(tensor.type, raw(tensor).data(), n, to);
        expect(bad == n, file, ": tensor '", tensor.name, "': number ", bad, " does not fit ",
               to_text(dtype_of<T>));
    }
};

/// A tensor to be written: `bytes` are little-endian and row-major.
struct tensor_bytes {
    std::string name;
    dtype type = dtype::f32;
    shape extents;
    std::string bytes;
};

/// A tensor of extents.size() numbers as that dtype, rounded as io::encode says. Throws descent::error for a
/// number that it cannot hold: "tensor 'fc.bias': number 3 = 70000 does not fit F16".
template <class T>
tensor_bytes to_bytes(std::string name, shape const& extents, T const* numbers, dtype as = dtype_of<T>) {
    auto const n = std::size_t(extents.size());
    tensor_bytes tensor{std::move(name), as, extents, std::string(n * size_of(as), '\0')};
    std::size_t const bad = encode(as, numbers, n, tensor.bytes.data());
    if (bad < n)
        fail("tensor '", tensor.name, "': number ", bad, " = ", numbers[bad], " does not fit ", to_text(as));
    return tensor;
}

namespace detail {

inline constexpr std::size_t largest_header = 100'000'000;  // as other readers have it

/// A shape of extents that are known when the program runs. `who` names the tensor in messages.
inline shape to_shape(std::vector<index> const& e, std::string_view who) {
    expect(e.size() <= std::size_t(shape::max_rank), who, e.size(), " extents: at most ", shape::max_rank);
    try {
        switch (e.size()) {
            case 0:
                return {};
            case 1:
                return {e[0]};
            case 2:
                return {e[0], e[1]};
            case 3:
                return {e[0], e[1], e[2]};
            case 4:
                return {e[0], e[1], e[2], e[3]};
            case 5:
                return {e[0], e[1], e[2], e[3], e[4]};
            default:
                return {e[0], e[1], e[2], e[3], e[4], e[5]};
        }
    } catch (error const&) {
        fail(who, "the number of elements overflows");
    }
}

/// One entry of the header.
inline stored_tensor read_tensor(json_reader& json, std::string const& name, std::string_view file) {
    std::string const who = text(file, ": tensor '", name, "': ");
    stored_tensor tensor;
    tensor.name = name;
    std::vector<index> extents;
    std::vector<std::int64_t> offsets;
    int seen[3] = {};
    json.object([&](std::string const& key) {
        if (key == "dtype") {
            ++seen[0];
            std::string const type = json.string();
            auto const at = std::find(dtype_names.begin(), dtype_names.end(), type);
            expect(at != dtype_names.end(), who, "dtype '", type, "' is not known");
            tensor.type = dtype(at - dtype_names.begin());
        } else if (key == "shape" || key == "data_offsets") {
            bool const is_shape = key == "shape";
            ++seen[is_shape ? 1 : 2];
            json.array([&] {
                auto const number = json.natural();
                is_shape ? extents.push_back(index(number)) : offsets.push_back(number);
            });
        } else {
            fail(who, "'", key, "' is not known");
        }
    });
    constexpr std::string_view keys[] = {"dtype", "shape", "data_offsets"};
    for (int k = 0; k < 3; ++k)
        expect(seen[k] == 1, who, seen[k] ? "two entries '" : "no entry '", keys[k], "'");
    expect(offsets.size() == 2 && offsets[0] <= offsets[1], who, "data_offsets must be [begin, end]");
    tensor.extents = to_shape(extents, who);
    tensor.begin = std::size_t(offsets[0]), tensor.end = std::size_t(offsets[1]);
    // Divided, since the product may overflow.
    std::size_t const held = tensor.end - tensor.begin, each = size_of(tensor.type);
    expect(held % each == 0 && held / each == std::size_t(tensor.extents.size()), who, tensor.extents.text(),
           " ", to_text(tensor.type), " does not fill data_offsets [", tensor.begin, ", ", tensor.end, "]");
    return tensor;
}

template <class List, class Key>
void sort_unique(List& list, Key const& key, std::string_view file, std::string_view what) {
    std::sort(list.begin(), list.end(), [&](auto const& a, auto const& b) { return key(a) < key(b); });
    for (std::size_t i = 1; i < list.size(); ++i)
        expect(key(list[i - 1]) != key(list[i]), file, ": ", what, " '", key(list[i]), "' is there twice");
}

/// Every byte of the data must belong to one tensor.
inline void check_places(std::vector<stored_tensor> const& tensors, std::size_t bytes, std::string_view file) {
    std::vector<stored_tensor const*> order;
    for (stored_tensor const& each : tensors)
        order.push_back(&each);
    std::sort(order.begin(), order.end(), [](auto const* a, auto const* b) {
        return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
    });
    std::size_t at = 0;
    stored_tensor const* last = nullptr;
    for (stored_tensor const* each : order) {
        expect(each->end <= bytes, file, ": tensor '", each->name, "': data_offsets [", each->begin, ", ",
               each->end, "] end behind the data of ", bytes, " bytes");
        if (each->begin < at)
            fail(file, ": tensor '", each->name, "': data_offsets [", each->begin, ", ", each->end,
                 "] overlap tensor '", last->name, "' [", last->begin, ", ", last->end, "]");
        expect(each->begin == at, file, ": bytes ", at, " to ", each->begin,
               " of the data belong to no tensor");
        at = each->end;
        last = each;
    }
    expect(at == bytes, file, ": bytes ", at, " to ", bytes, " of the data belong to no tensor");
}

}  // namespace detail

/// Reads what format_safetensors made; `file` stands for the file in messages. See read_safetensors.
inline safetensors parse_safetensors(std::string bytes, std::string_view file = "safetensors") {
    expect(bytes.size() >= 8, file, ": ", bytes.size(), " bytes: too short for a safetensors file");
    auto const length = detail::load<std::uint64_t>(bytes.data());
    expect(length <= detail::largest_header, file, ": it is no safetensors file: header length = ", length,
           ": must be <= ", detail::largest_header);
    expect(length <= bytes.size() - 8, file,
           ": it is cut short, or no safetensors file: header length = ", length, ": the file has ",
           bytes.size(), " bytes");
    safetensors read;
    read.file = file;
    read.bytes = std::move(bytes);
    read.data = 8 + std::size_t(length);
    json_reader json(std::string_view(read.bytes).substr(8, std::size_t(length)), text(file, ": header"));
    int tables = 0;
    json.object([&](std::string const& key) {
        if (key == "__metadata__") {
            expect(++tables == 1, file, ": two entries '__metadata__'");
            json.object([&](std::string const& name) { read.metadata.emplace_back(name, json.string()); });
        } else {
            read.tensors.push_back(detail::read_tensor(json, key, file));
        }
    });
    json.end();
    detail::sort_unique(
        read.metadata, [](auto const& each) { return std::string_view(each.first); }, file, "metadata");
    detail::sort_unique(
        read.tensors, [](auto const& each) { return std::string_view(each.name); }, file, "tensor");
    detail::check_places(read.tensors, read.bytes.size() - read.data, file);
    return read;
}

/// Reads a safetensors file: F64, F32, F16, BF16, I64 ... U8, BOOL; at most 6 extents a tensor.
///
///     auto const file = io::read_safetensors("resnet.safetensors");
///     std::vector<float> w(...);
///     file.copy(file.at("conv1.weight"), w.data());
///
/// Throws descent::error for a file that cannot be read or whose header lies: not JSON or not UTF-8, too long,
/// tensors that are there twice, overlap, end behind the data, leave a gap, or have another size than their
/// extents say. Takes no more memory than a few times the file.
inline safetensors read_safetensors(std::string const& path) {
    return parse_safetensors(read_file(path), path);
}

/// The bytes that write_safetensors writes. Tensors of wide numbers come first, so that all lie aligned.
inline std::string format_safetensors(std::vector<tensor_bytes> const& tensors, metadata const& notes = {}) {
    std::vector<tensor_bytes const*> order;
    for (tensor_bytes const& each : tensors)
        order.push_back(&each);
    std::stable_sort(order.begin(), order.end(),
                     [](auto const* a, auto const* b) { return size_of(a->type) > size_of(b->type); });
    std::vector<std::string_view> names{"__metadata__"};
    for (tensor_bytes const& each : tensors) {
        expect(is_utf8(each.name), "safetensors: a tensor's name is not UTF-8");
        expect(each.bytes.size() == std::size_t(each.extents.size()) * size_of(each.type),
               "safetensors: tensor '", each.name, "' ", each.extents.text(), " ", to_text(each.type), " has ",
               each.bytes.size(), " bytes");
        names.push_back(each.name);
    }
    detail::sort_unique(
        names, [](std::string_view each) { return each; }, "safetensors", "tensor");
    std::string header = "{";
    if (!notes.empty()) {
        for (auto const& [key, value] : notes) {
            expect(is_utf8(key) && is_utf8(value), "safetensors: metadata is not UTF-8");
            header += text(header.size() > 1 ? "," : "\"__metadata__\":{", to_json(key), ':', to_json(value));
        }
        header += '}';
    }
    std::size_t at = 0;
    for (tensor_bytes const* each : order) {
        header += text(header.size() > 1 ? "," : "", to_json(each->name), ":{\"dtype\":\"", to_text(each->type),
                       "\",\"shape\":[");
        for (int axis = 0; axis < each->extents.rank(); ++axis)
            header += text(axis ? "," : "", each->extents[axis]);
        header += text("],\"data_offsets\":[", at, ',', at + each->bytes.size(), "]}");
        at += each->bytes.size();
    }
    header += '}';
    header.append((8 - header.size() % 8) % 8, ' ');
    expect(header.size() <= detail::largest_header, "safetensors: the header has ", header.size(),
           " bytes: at most ", detail::largest_header);
    std::string bytes(8, '\0');
    detail::store(bytes.data(), std::uint64_t(header.size()));
    bytes.reserve(8 + header.size() + at);
    bytes += header;
    for (tensor_bytes const* each : order)
        bytes += each->bytes;
    return bytes;
}

/// Writes a safetensors file, whole or not at all, onto the disk. Throws descent::error for a name that is
/// there twice, text that is not UTF-8, or a file that cannot be written.
inline void write_safetensors(std::string const& path, std::vector<tensor_bytes> const& tensors,
                              metadata const& notes = {}) {
    write_file(path, format_safetensors(tensors, notes), {.sync = true});
}

}  // namespace descent::io
