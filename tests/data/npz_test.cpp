// SPDX-License-Identifier: MIT
#include <descent/data/npz.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

using bytes = std::string;
using extents = std::vector<descent::index>;

bytes npy(std::string const& header, bytes const& content, char version = 1) {
    bytes made("\x93NUMPY\0\0", 8);
    made[6] = version;
    made += char(header.size());
    made += version == 1 ? bytes(1, '\0') : bytes(3, '\0');
    return made + header + content;
}

std::string header(std::string const& type, std::string const& shape, std::string const& fortran = "False") {
    return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': (" + shape + "), }\n";
}

std::string error_in(bytes const& content) {
    return message_of([&] { data::parse_npy<float>(content, "f"); });
}

std::string zip_error(bytes const& content) {
    return message_of([&] { data::parse_npz<float, false>(content, "f"); });
}

bytes with(bytes content, std::size_t at, int value) {
    content.at(at) = char(value);
    return content;
}

}  // namespace

TEST_CASE("data npy: types, orders and versions that NumPy writes") {
    auto const values = [](std::string const& type, bytes const& content) {
        return data::parse_npy<double>(npy(header(type, "2,"), content)).values;
    };
    using list = std::vector<double>;
    CHECK(values("|u1", "\x01\xff") == list{1, 255});
    CHECK(values("|i1", "\x01\xff") == list{1, -1});
    CHECK(values("|b1", bytes("\1\0", 2)) == list{1, 0});
    CHECK(values("<i2", bytes("\1\0\xfe\xff", 4)) == list{1, -2});
    CHECK(values(">u2", bytes("\0\1\xff\xfe", 4)) == list{1, 65534});
    CHECK(values("<u4", bytes("\0\0\1\0\xff\xff\xff\xff", 8)) == list{65536, 4294967295.0});
    CHECK(values(">i4", bytes("\0\0\0\1\xff\xff\xff\xff", 8)) == list{1, -1});
    CHECK(values("<i8", bytes("\1\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", 16)) == list{1, -2});
    CHECK(values(">u8", bytes("\0\0\0\0\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff", 16)) ==
          list{1, 18446744073709551615.0});
    CHECK(values("<f4", bytes("\0\0\xc0\x3f\0\0\0\xc0", 8)) == list{1.5, -2});
    CHECK(values(">f8", bytes("\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16)) == list{1.5, -2});

    for (char const version : {'\1', '\2', '\3'}) {
        // numpy.arange(6).reshape(1, 2, 3) as Fortran lays it out
        auto const array =
            data::parse_npy<int>(npy(header("|u1", "1, 2, 3", "True"), bytes("\0\3\1\4\2\5", 6), version));
        CHECK(array.extents == extents{1, 2, 3});
        CHECK(array.values == std::vector<int>{0, 1, 2, 3, 4, 5});
        CHECK(array.matrix().cols() == 6);
    }
    auto const one = data::parse_npy<double>(npy(header("|u1", ""), "\x07"));
    CHECK(one.extents.empty());
    CHECK(one.matrix() == matrix<double>{{7}});
    auto const none = data::parse_npy<double>(npy(header("<f8", "0, 5", "True"), ""));
    CHECK(none.matrix().cols() == 5);
    CHECK(none.values.empty());
    CHECK(
        data::parse_npy<float>(npy("{\"shape\":(1,),'descr':\"<i2\",'fortran_order':False}", bytes("\7\0", 2)))
            .values[0] == 7);
}

TEST_CASE("data npy: an integer type holds the number or says so") {
    auto const error = [](std::string const& type, bytes const& content, auto wanted) {
        return message_of([&] { data::parse_npy<decltype(wanted)>(npy(header(type, ""), content), "f"); });
    };
    CHECK(error("<f4", bytes("\0\0\xc0\x3f", 4), 0) == "f: element 0 is 1.5: the wanted type does not hold it");
    CHECK(error("<f4", bytes("\0\0\xc0\x7f", 4), 0) == "f: element 0 is nan: the wanted type does not hold it");
    CHECK(error("<f4", bytes("\0\0\0\x4f", 4), 0) ==
          "f: element 0 is 2147483648: the wanted type does not hold it");
    CHECK(error("<f4", bytes("\0\0\0\xcf", 4), 0) == "(no error)");  // -2^31
    CHECK(error("|i1", "\xff", std::uint64_t(0)) == "f: element 0 is -1: the wanted type does not hold it");
    CHECK(error("<u4", bytes("\0\0\0\x80", 4), 0) ==
          "f: element 0 is 2147483648: the wanted type does not hold it");
}

TEST_CASE("data npy: what is written is what NumPy writes, and reads back") {
    data::nd_array<float> const array{{3}, {0, 1, 2}};
    // numpy.save of numpy.arange(3, dtype='<f4'), but for the room that newer ones leave for growth
    bytes const start("\x93NUMPY\x01\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 67);
    CHECK(data::format_npy(array).substr(0, 67) == start);
    CHECK(data::format_npy(array).size() == 128 + 12);
    CHECK(data::format_npy(array)[127] == '\n');
    matrix<double> const dense{{1, 2.5, -3}, {4, 5, 1e300}};
    std::string const path = "descent_data_npy_test.npy";
    data::write_npy(path, data::nd_array<double>::of(dense));
    CHECK(data::read_npy<double>(path).matrix() == dense);
    std::remove(path.c_str());
    CHECK(data::nd_array<double>::of(vector<double>{{1, 2}}).extents == extents{2});
    CHECK(message_of([] {
              data::format_npy(data::nd_array<float>{{2, 2}, {1}});
          }) == "write_npy: 4 elements, 1 values");
    CHECK(message_of([] {
              data::format_npy(data::nd_array<float>{{-1}, {1}});
          }) == "write_npy: extent -1: must be >= 0 and of a size that can be");
}

TEST_CASE("data npy: files that lie or are damaged") {
    bytes const good = npy(header("|u1", "2, 1"), "ab");
    CHECK(error_in(good) == "(no error)");
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK(error_in(good.substr(0, length)) != "(no error)");
    struct fault {
        bytes content;
        std::string message;
    };
    std::string const dtypes = ": must be b1, i1, i2, i4, i8, u1, u2, u4, u8, f4 or f8";
    for (fault const& each : std::vector<fault>{
             {"PK", "f: the magic number is not that of an npy file"},
             {good.substr(0, 8), "f: the file is cut short within its first 10 bytes"},
             {npy("", "", 2).substr(0, 11), "f: the file is cut short within its first 12 bytes"},
             {with(good, 6, 4), "f: version 4: must be 1, 2 or 3"},
             {with(good, 9, 1), "f: a header of 316 bytes does not fit into the 62 bytes that are there"},
             {good + "xyz", "f: 3 bytes after the data"},
             {npy(header("|u1", "3"), "ab"),
              "f: 3 numbers of 1 byte do not fit into the 2 bytes that are there"},
             {npy(header("<f8", "999999999, 999999999, 999999999"), ""),
              "f: 999999999 x 999999999 x 999999999 numbers of 8 bytes do not fit into the 0 bytes that are "
              "there"},
             {npy(header("<f8", "9999999999999999999"), ""),
              "f: byte 79: the header is damaged: an extent is too large"},
             {npy(header("<f8", "-1"), ""),
              "f: byte 61: the header is damaged: an extent must be a number >= 0"},
             {npy(header("<f2", "1"), "ab"), "f: dtype '<f2'" + dtypes},
             {npy(header("<U3", "1"), "ab"), "f: dtype '<U3'" + dtypes},
             {npy(header("|O", "1"), "ab"), "f: dtype '|O'" + dtypes},
             {npy("{'descr': [('a', '<f4')], ", ""), "f: dtype: records with fields are not read"},
             {npy(header("|b1", "1"), "\x02"), "f: element 0 is 2: a bool must be 0 or 1"},
             {npy(header("|u1", "1", "true"), "a"),
              "f: byte 44: the header is damaged: fortran_order must be True or False"},
             {npy("{'descr': '|u1', 'shape': (1,)}", "a"),
              "f: byte 41: the header is damaged: 'fortran_order' is missing"},
             {npy("{'descr': '|u1', 'descr': '|u1'}", "a"),
              "f: byte 35: the header is damaged: the key 'descr' occurs twice"},
             {npy("{'size': 1}", "a"), "f: byte 18: the header is damaged: the key 'size' is unknown"},
             {npy("{'descr", "a"), "f: byte 11: the header is damaged: the quote is never closed"},
             {npy("{descr", "a"), "f: byte 11: the header is damaged: a quote is missing"},
             {npy("(1)", "a"), "f: byte 10: the header is damaged: '{' is missing"},
             {npy(header("|u1", "1") + "x", "a"),
              "f: byte 67: the header is damaged: text after the dictionary"}})
        CHECK(error_in(each.content) == each.message);
    CHECK(message_of([] { data::read_npy("no/such"); }) == "no/such: cannot open: No such file or directory");
}

TEST_CASE("data npz: arrays by name, written and read back") {
    std::vector<data::npz_entry<double>> const arrays{{"x", {{2, 2}, {1, 2, 3, 4.5}}},
                                                      {"labels", {{3}, {0, 1, 2}}}};
    std::string const path = "descent_data_npz_test.npz";
    for (bool const pack : {false, true}) {
        if (pack && !DESCENT_ZLIB_ENABLED)
            continue;
        data::write_npz(path, arrays, {.pack = pack});
        auto const back = data::read_npz<double>(path);
        REQUIRE(back.entries.size() == 2);
        CHECK(back["x"].extents == extents{2, 2});
        CHECK(back["x"].values == arrays[0].array.values);
        CHECK(back["labels"].values == arrays[1].array.values);
        CHECK(data::read_npz(path, {"labels"}).entries.size() == 1);
        CHECK(message_of([&] { data::read_npz(path, {"w"}); }) == path + ": no array 'w' (the arrays are )");
        CHECK(message_of([&] { back["w"]; }) == path + ": no array 'w' (the arrays are 'x', 'labels')");
    }
    std::remove(path.c_str());
    CHECK(message_of([&] { data::format_npz<double, false>(arrays, {.pack = true}); }) ==
          "x.npy: to pack needs zlib; link descent::zlib");
    CHECK(message_of([] { data::format_npz<float>({{"", {}}}); }) == "write_npz: an array has no name");
    CHECK(message_of([] {
              data::format_npz<float>({{"a", {{0}, {}}}, {"a", {{0}, {}}}});
          }) == "write_npz: 'a' occurs twice");
    CHECK(data::parse_npz<float>(data::format_npz<float>({})).entries.empty());
}

TEST_CASE("data npz: files that lie or are damaged") {
    bytes const good = data::format_npz<float>({{"a", {{1}, {5}}}, {"b", {{1}, {6}}}});
    REQUIRE(zip_error(good) == "(no error)");
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK(zip_error(good.substr(0, length)) ==
              (length < 2 ? "f: the magic number is not that of a zip file"
                          : "f: the end of the zip file is missing: it is cut short or damaged"));
    std::size_t const local = 30 + 5 + 132, entry = 46 + 5, start = 2 * local, end = start + 2 * entry;
    REQUIRE(good.size() == end + 22);
    struct fault {
        std::size_t at;
        int value;
        std::string message;
    };
    std::string const a = "f: entry 'a.npy': ";
    for (fault const& each : std::vector<fault>{
             {end + 4, 1, "f: zip files of several parts are not read"},
             {end + 8, 3, "f: zip files of several parts are not read"},
             {end + 12, 3, text("f: byte ", end, ": the zip directory is not where the end record says")},
             {end + 19, 1, text("f: byte ", end, ": the zip directory is not where the end record says")},
             {start, 'x', text("f: byte ", start, ": entry 0 of the zip directory is damaged")},
             {start + 29, 99, text("f: byte ", start, ": entry 0 of the zip directory is damaged")},
             {start + 8, 1, a + "it is encrypted"},
             {start + 10, 12, a + "its packing is neither none nor deflate"},
             {start + 10, 8, a + "its two headers differ"},
             {start + 20, 1, a + "it is not packed, but its two sizes differ"},
             {start + 24, 1, a + "it is not packed, but its two sizes differ"},
             {start + 42, 1, a + "it does not begin where the directory says"},
             {start + 23, 1, a + "it reaches beyond the data"},
             {start + 46, 'c', "f: entry 'c.npy': its two headers differ"},
             {start + 49, 'z', "f: entry 'a.nzy': its two headers differ"},
             {28, 255, a + "it reaches beyond the data"},
             {start + entry + 42, 0, "f: entry 'b.npy': its two headers differ"},
             {start + 16, good[start + 16] ^ 1, a + "the checksum is wrong: it is damaged"},
             {35 + 128, 7, a + "the checksum is wrong: it is damaged"}})
        CHECK(zip_error(with(good, each.at, each.value)) == each.message);
    CHECK(zip_error(with(with(good, start + 49, 'z'), 33, 'z')) ==
          "f: entry 'a.nzy': is no array: must end in .npy");
    CHECK(zip_error(with(with(good, start + entry + 46, 'a'), local + 30, 'a')) ==
          "f: entry 'a.npy': it occurs twice");
    CHECK(zip_error(good + "x") == "f: the end of the zip file is missing: it is cut short or damaged");
    bytes const deflated = with(with(good, start + 10, 8), 8, 8);
    CHECK(zip_error(deflated) ==
          a.substr(0, a.size() - 2) + ": gzip: this program was built without zlib; link descent::zlib");
#if DESCENT_ZLIB_ENABLED
    auto const error = [](bytes const& content) {
        return message_of([&] { data::parse_npz<float, true>(content, "f"); });
    };
    CHECK(error(deflated) == a + "it unpacks to 6 bytes from 8: must be 132 from 132");
    CHECK(error(with(deflated, 35, 7)) == a + "byte 1: the packed data is damaged (invalid block type)");
    // Sizes that lie of an entry that is packed.
    data::nd_array<float> const zeros{{1000}, std::vector<float>(1000)};
    bytes const packed = data::format_npz<float, true>({{"a", zeros}}, {.pack = true});
    std::size_t const directory = packed.size() - 22 - entry;
    auto const size = [&](std::size_t at) { return static_cast<unsigned char>(packed[directory + at]); };
    CHECK(error(packed) == "(no error)");
    CHECK(error(with(packed, directory + 24, size(24) - 1)) == a + "it is longer than its size says");
    CHECK(error(with(packed, directory + 20, size(20) - 1)) == a + "the packed data is cut short");
    CHECK(error(with(packed, directory + 27, 1)) == a + "its size cannot be: deflate packs to 1/1032 at most");
    CHECK(error(with(packed, directory + 24, size(24) + 1)) ==
          a + text("it unpacks to 4128 bytes from ", size(20), ": must be 4129 from ", size(20)));
#endif
}
