// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/detail/csv_number.hpp>

namespace descent::data::detail {

/// Bytes of a file as a message may show them: what is no printable ASCII as \xHH, the end cut off if long.
inline std::string shown(std::string_view cell) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string written = "'";
    for (char const c : cell.substr(0, 40)) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f)
            written += c;
        else
            ((written += "\\x") += digits[byte >> 4]) += digits[byte & 15];
    }
    return written + (cell.size() > 40 ? "...'" : "'");
}

/// Walks through LIBSVM text row by row: "label index:value index:value # comment".
template <class T>
class libsvm_rows {
public:
    /// `limit` is the number of features, 0 for any.
    libsvm_rows(std::string_view bytes, std::string_view name, index limit, bool zero_based,
                std::size_t first_line = 1)
        : name_(name),
          at_(bytes.data()),
          end_(bytes.data() + bytes.size()),
          line_(first_line),
          first_(zero_based ? 0 : 1),
          last_(limit > 0 ? std::uint64_t(limit) - 1 + first_ : largest) {
        if (first_line > 1)
            return;
        expect(bytes.substr(0, 2) != "\xff\xfe" && bytes.substr(0, 2) != "\xfe\xff", name,
               ": the text is UTF-16: must be UTF-8");
        if (bytes.substr(0, 3) == "\xef\xbb\xbf")
            at_ += 3;
    }

    /// Reads the next row: appends its entries other than 0 to columns and values and widens `width` to the
    /// columns it names. False at the end of the text.
    bool next(double& label, std::vector<std::uint32_t>& columns, std::vector<T>& values, index& width) {
        for (;; end_of_line()) {
            skip_blanks();
            if (at_ == end_)
                return false;
            if (!at_line_end())
                break;
        }
        read_label(label);
        std::uint64_t before = 0;
        for (bool any = false;; any = true) {
            skip_blanks();
            if (at_line_end())
                break;
            if (*at_ == 'q' && !any && skip_group())
                continue;
            std::uint64_t const named = read_index();
            if (named < first_ || named > last_) [[unlikely]]
                fail(name_, ":", line_, ": index ", named, ": must be in [", first_, ", ", last_, "]");
            if (named < before) [[unlikely]]
                fail(name_, ":", line_, ": index ", named, " after ", before - 1, ": must rise");
            before = named + 1;
            T const value = read_value(named);
            if (value != T(0)) {
                columns.push_back(std::uint32_t(named - first_));
                values.push_back(value);
            }
        }
        if (before > first_ && index(before - first_) > width)
            width = index(before - first_);
        row_line_ = line_;
        if (at_ != end_)
            end_of_line();
        return true;
    }

    /// The line, from 1, of the last row.
    std::size_t line() const { return row_line_; }
    /// The line that follows it.
    std::size_t next_line() const { return line_; }

private:
    static constexpr std::uint64_t largest = 2'147'483'647;  // what LIBSVM's own int holds

    static bool blank(char c) { return c == ' ' || c == '\t'; }
    bool at_line_end() const { return at_ == end_ || *at_ == '\n' || *at_ == '\r' || *at_ == '#'; }

    void skip_blanks() {
        while (at_ != end_ && blank(*at_))
            ++at_;
    }

    void end_of_line() {
        while (at_ != end_ && *at_ != '\n' && *at_ != '\r')
            ++at_;
        if (at_ == end_)
            return;
        if (*at_ == '\r' && at_ + 1 != end_ && at_[1] == '\n')
            ++at_;
        ++at_;
        ++line_;
    }

    /// Up to the next blank, comment or line end.
    std::string_view token() {
        char const* const first = at_;
        while (at_ != end_ && !blank(*at_) && *at_ != '\n' && *at_ != '\r' && *at_ != '#')
            ++at_;
        return {first, std::size_t(at_ - first)};
    }

    void read_label(double& label) {
        std::string_view const cell = token();
        if (cell.find(':') != cell.npos)
            fail(name_, ":", line_, ": the label is missing: ", shown(cell));
        reading kind = read_number(cell, label);
        if (kind == reading::number && !std::isfinite(T(label)))
            kind = reading::out_of_range;
        if (kind != reading::number)
            fail(name_, ":", line_, ": label ", shown(cell), problem(kind));
    }

    static std::string_view problem(reading kind) {
        return kind == reading::not_finite     ? " is not finite"
               : kind == reading::out_of_range ? " is out of range"
                                               : " is not a number";
    }

    /// Ranking data name the query of a row: "qid:7". It must be an integer, and is not kept.
    bool skip_group() {
        if (std::string_view(at_, std::size_t(end_ - at_)).substr(0, 4) != "qid:")
            return false;
        std::string_view const cell = token();
        if (cell.size() == 4 || cell.find_first_not_of("0123456789", 4) != cell.npos)
            fail(name_, ":", line_, ": ", shown(cell), ": qid must be an integer");
        return true;
    }

    std::uint64_t read_index() {
        char const* const first = at_;
        std::uint64_t named = 0;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9' && at_ - first < 18)
            named = named * 10 + std::uint64_t(*at_++ - '0');
        if (at_ == first || at_ == end_ || *at_ != ':') [[unlikely]] {
            at_ = first;
            fail(name_, ":", line_, ": ", shown(token()), " is not index:value");
        }
        ++at_;
        return named;
    }

    T read_value(std::uint64_t named) {
        std::string_view const cell = token();
        // Bags of words and one-hot columns are mostly this.
        if (cell.size() == 1 && cell[0] == '1')
            return T(1);
        T value{};
        reading const kind = read_number(cell, value);
        if (kind != reading::number) [[unlikely]]
            fail(name_, ":", line_, ": index ", named, ": ", shown(cell), problem(kind));
        return value;
    }

    std::string_view name_;
    char const *at_, *end_;
    std::size_t line_, row_line_ = 0;
    std::uint64_t first_, last_;
};

}  // namespace descent::data::detail
