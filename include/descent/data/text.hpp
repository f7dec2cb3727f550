// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/data/detail/csv_classes.hpp>
#include <descent/data/detail/file.hpp>
#include <descent/data/sparse.hpp>

namespace descent::data {

/// Texts to learn from, before they become numbers: bag_of_words or hashed_words makes a sparse_dataset of
/// them. split, split_three and k_folds take it too.
template <class T = float>
struct text_dataset {
    using scalar = T;

    std::vector<std::string> texts = {};        ///< bytes, UTF-8 as a rule
    vector<T> y = {};                           ///< one target per text: a number, or the class index; or empty
    std::vector<std::string> class_names = {};  ///< one per class; empty for a numeric target
    vector<T> weights = {};                     ///< how often each text counts, >= 0; empty: each once

    index samples() const { return index(texts.size()); }

    /// As dataset::classes.
    index classes() const { return sparse_dataset<T>{{}, y, {}, class_names}.classes(); }

    /// A copy of the texts with these indices, in this order. Throws descent::error for an index out of range.
    template <class Indices>
    text_dataset rows(Indices const& indices) const {
        text_dataset chosen{{}, {}, class_names, {}};
        auto const count = index(indices.size());
        chosen.y.resize(y.size() ? count : 0);
        chosen.weights.resize(weights.size() ? count : 0);
        index to = 0;
        for (auto const each : indices) {
            auto const from = index(each);
            expect(from >= 0 && from < samples(), "text_dataset: row ", from, ": must be in [0, ", samples(),
                   ")");
            chosen.texts.push_back(texts[std::size_t(from)]);
            if (y.size())
                chosen.y[to] = y[from];
            if (weights.size())
                chosen.weights[to] = weights[from];
            ++to;
        }
        return chosen;
    }
};

namespace detail {

/// Calls each(line, number) for every line of the text, numbers from 1. Lines end in LF or CRLF; blank ones and
/// a UTF-8 byte order mark are passed over.
template <class Each>
void for_each_line(std::string_view bytes, Each const& each) {
    if (bytes.substr(0, 3) == "\xef\xbb\xbf")
        bytes.remove_prefix(3);
    for (std::size_t number = 1; !bytes.empty(); ++number) {
        std::size_t const end = bytes.find('\n');
        std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
        if (!line.empty() && line.back() == '\r')
            line.remove_suffix(1);
        if (!line.empty())
            each(line, number);
    }
}

}  // namespace detail

/// The lines of a text file that are not blank, without their ends (LF or CRLF). Bytes that are no UTF-8 stay
/// as they are. Throws descent::error if the file cannot be read.
inline std::vector<std::string> read_lines(std::string const& path) {
    std::vector<std::string> lines;
    std::string const bytes = detail::read_file(path);
    detail::for_each_line(bytes, [&](std::string_view line, std::size_t) { lines.emplace_back(line); });
    return lines;
}

/// How read_labeled_text understands a file.
struct labeled_text_options {
    char delimiter = '\t';                      ///< between label and text
    std::vector<std::string> class_names = {};  ///< the classes in order, e.g. those of the training file
};

/// Reads labelled text that is in memory already; `name` stands for the file in messages. See
/// read_labeled_text.
template <class T = float>
text_dataset<T> parse_labeled_text(std::string_view bytes, labeled_text_options const& options = {},
                                   std::string_view name = "text") {
    text_dataset<T> table;
    std::vector<std::string_view> labels;
    std::vector<std::size_t> lines;
    detail::for_each_line(bytes, [&](std::string_view line, std::size_t number) {
        std::size_t const end = line.find(options.delimiter);
        expect(end != line.npos, name, ":", number, ": no ",
               options.delimiter == '\t' ? "tab" : text("'", options.delimiter, "'"),
               " between label and text");
        labels.push_back(line.substr(0, end));
        lines.push_back(number);
        table.texts.emplace_back(line.substr(end + 1));
    });
    expect(!labels.empty(), name, ": no line of text");
    table.class_names = options.class_names.empty() ? detail::distinct(labels) : options.class_names;
    detail::class_lookup const lookup(table.class_names, name);
    table.y.resize(table.samples());
    for (std::size_t row = 0; row < labels.size(); ++row) {
        std::size_t const found = lookup.find(labels[row]);
        expect(found < table.class_names.size(), name, ":", lines[row], ": label '", labels[row].substr(0, 40),
               "' is not one of the ", table.class_names.size(), " classes");
        table.y[index(row)] = T(found);
    }
    return table;
}

/// Reads a file of lines "label, delimiter, text"; text may hold the delimiter again. Labels become class
/// indices 0, 1, ... in the order of class_names, or else in rising order: integers by value, text by its
/// bytes. Blank lines are passed over; bytes that are no UTF-8 stay as they are. Throws descent::error for a
/// file that cannot be read or has no text, a line without delimiter, and a label that is no class:
/// "spam.txt:17: no tab between label and text".
template <class T = float>
text_dataset<T> read_labeled_text(std::string const& path, labeled_text_options const& options = {}) {
    return parse_labeled_text<T>(detail::read_file(path), options, path);
}

}  // namespace descent::data
