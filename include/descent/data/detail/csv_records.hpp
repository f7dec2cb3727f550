// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>

namespace descent::data::detail {

/// Walks through CSV text (RFC 4180) record by record. Cells are views into the text, and doubled quotes are
/// resolved in place: nothing is allocated per cell. Lines end in LF, CRLF or CR; blank lines are skipped, and
/// so is a UTF-8 byte order mark.
class csv_records {
public:
    /// `first_line` is that of the text in its file, for messages.
    csv_records(std::string& bytes, std::string_view name, char delimiter, std::size_t first_line = 1)
        : name_(name),
          delimiter_(delimiter),
          at_(bytes.data()),
          end_(bytes.data() + bytes.size()),
          next_line_(first_line) {
        expect(delimiter != '"' && delimiter != '\n' && delimiter != '\r', name,
               ": delimiter: must not be a quote or a line end");
        if (first_line > 1)
            return;
        std::string_view const start(at_, bytes.size() < 3 ? bytes.size() : 3);
        expect(start.substr(0, 2) != "\xff\xfe" && start.substr(0, 2) != "\xfe\xff", name,
               ": the text is UTF-16: must be UTF-8");
        if (start == "\xef\xbb\xbf")
            at_ += 3;
    }

    /// Reads the next record into `cells`; false at the end of the text.
    bool next(std::vector<std::string_view>& cells) {
        cells.clear();
        while (at_ != end_ && (*at_ == '\n' || *at_ == '\r'))
            end_of_line();
        if (at_ == end_)
            return false;
        line_ = next_line_;
        for (;;) {
            cells.push_back(at_ != end_ && *at_ == '"' ? quoted(cells.size() + 1) : plain());
            if (at_ == end_)
                return true;
            if (*at_ != delimiter_) {
                end_of_line();
                return true;
            }
            ++at_;
        }
    }

    /// The line, from 1, on which the last record began.
    std::size_t line() const { return line_; }

    /// The line that follows what was read.
    std::size_t next_line() const { return next_line_; }

private:
    static std::string shown(char c) { return c == '\t' ? "a tab" : text("'", c, "'"); }

    std::string_view plain() {
        char const* const first = at_;
        while (at_ != end_ && *at_ != delimiter_ && *at_ != '\n' && *at_ != '\r')
            ++at_;
        return {first, std::size_t(at_ - first)};
    }

    std::string_view quoted(std::size_t column) {
        char* const first = ++at_;
        char* to = first;
        bool closed = false;
        for (; at_ != end_; ++at_) {
            if (*at_ == '"') {
                closed = ++at_ == end_ || *at_ != '"';
                if (closed)
                    break;
            } else if (*at_ == '\n' || (*at_ == '\r' && (at_ + 1 == end_ || at_[1] != '\n'))) {
                ++next_line_;
            }
            *to++ = *at_;
        }
        expect(closed, name_, ":", line_, ":", column, ": the quote is never closed");
        if (at_ != end_ && *at_ != delimiter_ && *at_ != '\n' && *at_ != '\r') {
            if (std::string_view(",;\t|").find(*at_) != std::string_view::npos)
                fail(name_, ":", line_, ":", column, ": ", shown(*at_),
                     " after the closing quote: the delimiter is ", shown(delimiter_));
            fail(name_, ":", line_, ":", column, ": text after the closing quote");
        }
        return {first, std::size_t(to - first)};
    }

    void end_of_line() {
        if (*at_ == '\r' && at_ + 1 != end_ && at_[1] == '\n')
            ++at_;
        ++at_;
        ++next_line_;
    }

    std::string_view name_;
    char delimiter_;
    char *at_, *end_;
    std::size_t line_ = 0, next_line_;
};

}  // namespace descent::data::detail
