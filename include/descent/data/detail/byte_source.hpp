// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/data/detail/inflate.hpp>

namespace descent::data::detail {

/// Reads a file from its beginning to its end in pieces, unpacked if its content is gzip.
template <bool zlib>
class byte_source {
public:
    explicit byte_source(std::string const& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
        expect(file_ != nullptr, path, ": cannot open: ", std::string_view(std::strerror(errno)));
        try {
            fill();
            if (rest().substr(0, 2) == "\x1f\x8b")
                unpack_.emplace(deflated::gzip, path);
        } catch (...) {
            std::fclose(file_);
            throw;
        }
    }
    byte_source(byte_source const&) = delete;
    byte_source& operator=(byte_source const&) = delete;
    ~byte_source() { std::fclose(file_); }

    /// Reads up to `room` bytes; 0 at the end.
    std::size_t read(char* to, std::size_t room) {
        if (!unpack_) {
            if (at_ == used_)
                fill();
            std::size_t const count = std::min(room, rest().size());
            std::memcpy(to, buffer_.data() + at_, count);
            at_ += count;
            return count;
        }
        for (;;) {
            if (at_ == used_)
                fill();
            if (between_) {
                if (at_ == used_)
                    return 0;
                expect(static_cast<unsigned char>(buffer_[at_]) == 0x1f, path_,
                       ": bytes that do not belong to the packed data follow it");
                unpack_->restart();
                between_ = false;
            }
            auto const done = unpack_->run(rest(), to, room);
            at_ += done.taken;
            between_ = done.ended;
            if (done.made > 0)
                return done.made;
            expect(done.taken > 0 || at_ < used_ || done.ended, path_, ": the packed data is cut short");
        }
    }

private:
    std::string_view rest() const { return {buffer_.data() + at_, used_ - at_}; }

    void fill() {
        at_ = 0;
        used_ = std::fread(buffer_.data(), 1, buffer_.size(), file_);
        expect(!std::ferror(file_), path_, ": cannot read: ", std::string_view(std::strerror(errno)));
    }

    std::string path_;
    std::FILE* file_;
    std::string buffer_ = std::string(std::size_t(1) << 17, '\0');
    std::size_t at_ = 0, used_ = 0;
    std::optional<inflater<zlib>> unpack_;
    bool between_ = false;  ///< two members of a gzip file
};

/// Cuts the text of a source into pieces of whole records.
template <bool zlib>
class record_source {
public:
    /// `delimiter`: that of CSV, whose quotes may hold line ends; '\n' where each line is a record.
    record_source(std::string const& path, char delimiter) : path_(path), delimiter_(delimiter), source_(path) {
        while (text_.size() < 3 && refill()) {
        }
        if (text_.compare(0, 3, "\xef\xbb\xbf") == 0)
            scanned_ = 3;
    }

    /// Moves the next records, `count` at most, to `piece`. `first_line` is its line, for messages. False at
    /// the end of the file.
    bool next(std::string& piece, std::size_t count, std::size_t first_line) {
        std::size_t records = 0;
        for (;;) {
            while (scanned_ < text_.size() && records < count)
                records += ends_record(text_[scanned_++]);
            bool const half_line_end = scanned_ == text_.size() && scanned_ > 0 && text_[scanned_ - 1] == '\r';
            if (records == count && !half_line_end)
                break;
            expect(text_.size() < longest * count, path_, ":", first_line, ": more than ", longest,
                   " bytes a record");
            if (!refill())
                break;
        }
        if (scanned_ < text_.size() && text_[scanned_] == '\n' && scanned_ > 0 && text_[scanned_ - 1] == '\r')
            ++scanned_;
        piece.assign(text_, 0, scanned_);
        text_.erase(0, scanned_);
        scanned_ = 0;
        return !piece.empty();
    }

private:
    static constexpr std::size_t longest = std::size_t(1) << 26;

    bool refill() {
        std::size_t const used = text_.size(), room = std::size_t(1) << 17;
        text_.resize(used + room);
        std::size_t const got = source_.read(text_.data() + used, room);
        text_.resize(used + got);
        return got > 0;
    }

    /// The same grammar as csv_records.
    bool ends_record(char c) {
        bool const line_end = c == '\n' || c == '\r', quotes = delimiter_ != '\n';
        bool const ended = line_end && state_ != blank && state_ != quoted;
        if (line_end && state_ != quoted)
            state_ = blank;
        else if (state_ == quoted)
            state_ = c == '"' ? closed : quoted;
        else if (state_ == closed && c == '"')
            state_ = quoted;
        else if (quotes && c == delimiter_)
            state_ = cell;
        else
            state_ = quotes && c == '"' && (state_ == blank || state_ == cell) ? quoted : plain;
        return ended;
    }

    enum : char { blank, cell, plain, quoted, closed } state_ = blank;
    std::string path_;
    char delimiter_;
    byte_source<zlib> source_;
    std::string text_;
    std::size_t scanned_ = 0;
};

}  // namespace descent::data::detail
