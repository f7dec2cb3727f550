// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

// What a packed file takes, and for what.
namespace descent::quantize {

/// Where the bytes of one tensor of a packed file went. Shares of bytes count, since one stream holds them all.
struct packed_tensor {
    std::string name;
    shape extents;
    index kept = 0;       ///< numbers that are not 0
    index codes = 0;      ///< distinct ones, where the file has a codebook for them; 0 where it has not
    double position = 0;  ///< bytes that say which are not 0
    double code = 0;      ///< bytes of their codes
    double codebook = 0;  ///< bytes of the codebook, or of scales and zeros
    double raw = 0;       ///< bytes of numbers that stand for themselves
    double header = 0;    ///< bytes of name, extents, and what it is made of

    double bytes() const { return position + code + codebook + raw + header; }
};

/// Where the bytes of a packed file are.
struct packed_table {
    std::vector<packed_tensor> tensors;
    index bytes = 0;     ///< of the whole file
    index unpacked = 0;  ///< bytes of the numbers as the model has them

    /// What tensors do not hold: mark, checksum, the stream's end.
    double header() const {
        double rest = double(bytes);
        for (packed_tensor const& each : tensors)
            rest -= each.bytes();
        return rest;
    }
    /// How many times smaller the file is.
    double ratio() const { return double(unpacked) / double(bytes); }

    /// For people, a line a tensor.
    std::string text() const {
        std::string lines;
        auto const add = [&](auto const& name, auto const&... columns) {
            std::string line(name);
            line.resize(std::max<std::size_t>(line.size() + 1, 24), ' ');
            auto const column = [&](std::string const& cell) {
                line.append(cell.size() < 11 ? 11 - cell.size() : 1, ' ');
                line += cell;
            };
            (column(columns), ...);
            lines += line + "\n";
        };
        auto const whole = [](index n) { return descent::text(n); };
        auto const tenth = [](double room) {
            auto const tenths = std::int64_t(std::llround(room * 10));
            return descent::text(tenths / 10, '.', tenths % 10);
        };
        packed_tensor all;
        using cell = std::string;
        add("tensor", cell("numbers"), cell("kept"), cell("codes"), cell("positions"), cell("coded"),
            cell("codebook"), cell("raw"), cell("header"), cell("bytes"));
        index numbers = 0;
        for (packed_tensor const& each : tensors) {
            add(each.name, whole(each.extents.size()), whole(each.kept), whole(each.codes),
                tenth(each.position), tenth(each.code), tenth(each.codebook), tenth(each.raw),
                tenth(each.header), tenth(each.bytes()));
            numbers += each.extents.size();
            all.kept += each.kept, all.position += each.position, all.code += each.code;
            all.codebook += each.codebook, all.raw += each.raw, all.header += each.header;
        }
        add("all", whole(numbers), whole(all.kept), cell(""), tenth(all.position), tenth(all.code),
            tenth(all.codebook), tenth(all.raw), tenth(all.header + header()), whole(bytes));
        return lines;
    }
};

/// A packed model: the bytes of the file, and where they go.
struct packed_model {
    std::string bytes;
    packed_table table;
};

}  // namespace descent::quantize
