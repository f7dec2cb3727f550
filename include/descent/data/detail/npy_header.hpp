// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/detail/elements.hpp>
#include <descent/data/detail/libsvm_rows.hpp>

namespace descent::data::detail {

/// The header of an npy file (NumPy enhancement proposal 1): a Python dictionary with three keys.
struct npy_header {
    element kind = element::u8;
    bool big_endian = false, truth = false, fortran_order = false;
    std::vector<index> extents = {};
    std::size_t length = 0;  ///< bytes of the file before the data
};

/// A template, as other readers that need no argument, so that files which do not use it compile faster.
template <class = void>
class npy_header_reader {
public:
    npy_header_reader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

    npy_header read() {
        expect(bytes_.substr(0, 6) == "\x93NUMPY", name_, ": the magic number is not that of an npy file");
        expect(bytes_.size() >= 10, name_, ": the file is cut short within its first 10 bytes");
        auto const version = static_cast<unsigned char>(bytes_[6]);
        expect(version >= 1 && version <= 3, name_, ": version ", unsigned(version), ": must be 1, 2 or 3");
        std::size_t const start = version == 1 ? 10 : 12;
        expect(bytes_.size() >= start, name_, ": the file is cut short within its first 12 bytes");
        std::size_t const length = version == 1 ? load<std::uint16_t>(bytes_.data() + 8, false)
                                                : load<std::uint32_t>(bytes_.data() + 8, false);
        expect(length <= bytes_.size() - start, name_, ": a header of ", length,
               " bytes does not fit into the ", bytes_.size() - start, " bytes that are there");
        header_.length = start + length;
        at_ = start;
        end_ = header_.length;
        dictionary();
        return header_;
    }

private:
    [[noreturn]] void wrong(std::string_view what) const {
        fail(name_, ": byte ", at_, ": the header is damaged: ", what);
    }

    void skip_blanks() {
        while (at_ < end_ && (bytes_[at_] == ' ' || bytes_[at_] == '\n'))
            ++at_;
    }
    bool take(char wanted) {
        skip_blanks();
        bool const found = at_ < end_ && bytes_[at_] == wanted;
        at_ += found;
        return found;
    }
    void need(char wanted) {
        if (!take(wanted))
            wrong(text("'", wanted, "' is missing"));
    }

    void dictionary() {
        bool seen[3] = {};
        need('{');
        while (!take('}')) {
            std::string_view const key = quoted();
            need(':');
            std::size_t const which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : 3;
            if (which == 3 || seen[which])
                wrong(text("the key ", shown(key), which == 3 ? " is unknown" : " occurs twice"));
            seen[which] = true;
            which == 0 ? type() : which == 1 ? order() : extents();
            if (!take(',')) {
                need('}');
                break;
            }
        }
        for (std::size_t i = 0; i < 3; ++i)
            if (!seen[i])
                wrong(i == 0   ? "'descr' is missing"
                      : i == 1 ? "'fortran_order' is missing"
                               : "'shape' is missing");
        skip_blanks();
        if (at_ != end_)
            wrong("text after the dictionary");
    }

    std::string_view quoted() {
        skip_blanks();
        char const quote = at_ < end_ ? bytes_[at_] : ' ';
        if (quote != '\'' && quote != '"')
            wrong("a quote is missing");
        std::size_t const close = bytes_.substr(0, end_).find(quote, at_ + 1);
        if (close == bytes_.npos)
            wrong("the quote is never closed");
        std::string_view const content = bytes_.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
        return content;
    }

    void type() {
        skip_blanks();
        expect(at_ < end_ && bytes_[at_] != '[', name_, ": dtype: records with fields are not read");
        std::string_view const code = quoted();
        constexpr std::string_view known[] = {"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"};
        std::string_view const order = "<>|=";
        std::size_t kind = code.size() == 3 && order.find(code[0]) != order.npos ? 0 : 10;
        while (kind < 10 && code.substr(1) != known[kind])
            ++kind;
        header_.truth = code == "|b1" || code == "?";
        if (kind == 10 && !header_.truth)
            fail(name_, ": dtype ", shown(code), ": must be b1, i1, i2, i4, i8, u1, u2, u4, u8, f4 or f8");
        header_.kind = header_.truth ? element::u8 : element(kind);
        header_.big_endian = code[0] == '>' || (code[0] == '=' && std::endian::native == std::endian::big);
    }

    void order() {
        skip_blanks();
        std::string_view const rest = bytes_.substr(at_, end_ - at_);
        header_.fortran_order = rest.substr(0, 4) == "True";
        if (!header_.fortran_order && rest.substr(0, 5) != "False")
            wrong("fortran_order must be True or False");
        at_ += header_.fortran_order ? 4 : 5;
    }

    void extents() {
        need('(');
        while (!take(')')) {
            std::uint64_t extent = 0;
            std::size_t const first = at_;
            for (; at_ < end_ && bytes_[at_] >= '0' && bytes_[at_] <= '9'; ++at_) {
                extent = extent * 10 + std::uint64_t(bytes_[at_] - '0');
                if (at_ - first == 18)
                    wrong("an extent is too large");
            }
            if (at_ == first)
                wrong("an extent must be a number >= 0");
            header_.extents.push_back(index(extent));
            if (header_.extents.size() > 64)
                wrong("more than 64 dimensions");
            if (!take(',')) {
                need(')');
                break;
            }
        }
    }

    std::string_view bytes_, name_;
    std::size_t at_ = 0, end_ = 0;
    npy_header header_;
};

}  // namespace descent::data::detail
