// SPDX-License-Identifier: MIT
#include <descent/data/stream.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

struct file {
    std::string path = "descent_data_stream_test.txt";
    explicit file(std::string const& content) { write_file(path, content); }
    ~file() { std::remove(path.c_str()); }
};

template <class Stream>
std::string drain(Stream& stream, int* tables = nullptr) {
    return message_of([&] {
        while (stream.next())
            tables ? void(++*tables) : void();
    });
}

std::string csv_error(std::string const& content, data::csv_options const& options = {},
                      descent::index batch = 2) {
    file const on_disk(content);
    std::string const message = message_of([&] {
        data::csv_stream<float> rows{on_disk.path, options, {.batch = batch}};
        while (rows.next()) {
        }
    });
    return message.substr(0, on_disk.path.size()) == on_disk.path ? "f" + message.substr(on_disk.path.size())
                                                                  : message;
}

}  // namespace

TEST_CASE("data stream: the batches of a CSV file are its rows, whatever its lines look like") {
    std::string content = "\xef\xbb\xbf\"na\nme\",b,y\r\n";
    for (int i = 0; i < 1000; ++i)
        content += text("\"", i, i % 3 ? "\n" : "", "\"", ",", i * 0.5, ",", i % 2 ? "odd" : "even",
                        i % 7 ? "\r\n" : "\r\n\r\n\n");
    data::csv_options const options{.target = "y", .class_names = {"even", "odd"}, .skip = {"na\nme"}};
    auto const whole = data::parse_csv<double>(content, options);
    file const on_disk(content);
    for (descent::index const batch : {1, 7, 999, 1000, 5000}) {
        data::csv_stream<double> rows{on_disk.path, options, {.batch = batch}};
        descent::index seen = 0;
        bool equal = true;
        while (auto* table = rows.next()) {
            equal &= table->x == whole.x.middleRows(seen, table->samples()) &&
                     table->y == whole.y.segment(seen, table->samples()) &&
                     table->class_names == whole.class_names && table->feature_names == whole.feature_names &&
                     table->samples() <= batch;
            seen += table->samples();
        }
        CHECK(equal);
        CHECK(seen == 1000);
        CHECK(rows.next() == nullptr);
    }
}

TEST_CASE("data stream: the batches of a LIBSVM file are its rows") {
    std::string content;
    for (int i = 0; i < 1000; ++i)
        content +=
            text(i % 2 ? "+1" : "-1", " 1:", i + 1, " ", 2 + i % 50, ":0.5", i % 5 ? "\n" : " # five\r\n\r\n");
    file const on_disk(content);
    data::libsvm_options const options{.features = 60, .class_names = {"-1", "1"}};
    auto const whole = data::parse_libsvm<float>(content, options);
    for (descent::index const batch : {1, 64, 1000}) {
        data::libsvm_stream<float> rows{on_disk.path, options, {.batch = batch}};
        std::vector<float> values, y;
        while (auto* table = rows.next()) {
            CHECK(table->features() == 60);
            values.insert(values.end(), table->x.values.begin(), table->x.values.end());
            y.insert(y.end(), table->y.begin(), table->y.end());
            if (batch == 1000)
                CHECK(table->x.columns == whole.x.columns);
        }
        CHECK(values == whole.x.values);
        CHECK(y == std::vector<float>(whole.y.begin(), whole.y.end()));
    }
}

TEST_CASE("data stream: a fault comes out of next, after the rows before it, with its line in the file") {
    std::string content = "a,b\n";
    for (int i = 0; i < 100; ++i)
        content += i == 70 ? "1,x\n" : "1,\"2\"\n";
    file const on_disk(content);
    data::csv_stream<float> rows{on_disk.path, {}, {.batch = 10}};
    int tables = 0;
    CHECK(drain(rows, &tables) == on_disk.path + ":72:2: column 'b': 'x' is not a number");
    CHECK(tables == 7);
    CHECK(drain(rows) == on_disk.path + ":72:2: column 'b': 'x' is not a number");

    CHECK(csv_error("a\n1\n2\n3\n4,5\n") == "f:5: 2 cells: must be 1 as in the first line");
    CHECK(csv_error("a\n1\n2\n\"3\n4\n") == "f:4:1: the quote is never closed");
    CHECK(csv_error("1,2\n3,4\n5,6\n\n7\n", {.header = false}) ==
          "f:5: 1 cell: must be 2 as in the first line");
    CHECK(csv_error("1\r\n2\r\n3\r\n\r\nx", {.header = false}, 1) == "f:5:1: 'x' is not a number");
    CHECK(csv_error("a,c\n1,u\n1,v\n1,w\n", {.one_hot = {{"c", {"u", "v"}}}}) ==
          "f:4:2: column 'c': 'w' is not one of the 2 categories");

    file const sparse("1 1:1\n\n# no row\n1 2:1\n1 2:1 1:1\n");
    data::libsvm_stream<float> some{sparse.path, {.features = 2}, {.batch = 1}};
    tables = 0;
    CHECK(drain(some, &tables) == sparse.path + ":5: index 1 after 2: must rise");
    CHECK(tables == 2);
}

TEST_CASE("data stream: what cannot begin fails at once") {
    CHECK(csv_error("") == "f: the file is empty");
    CHECK(csv_error("a\n") == "f: no row of data");
    CHECK(csv_error("a\nNA\n", {.on_missing = data::missing::drop}) == "(no error)");
    CHECK(csv_error("a\n1\n", {.target = "b"}) == "f: target 'b': no such column (the columns are 'a')");
    CHECK(csv_error("a\n1\n", {}, 0) == "f: batch = 0: must be > 0");
    CHECK(csv_error("a\n1\n", {.classes = true}) == "f: classes: a stream needs their names (class_names)");
    CHECK(csv_error("a,b\n1,cat\n", {.target = "b"}) == "f:2:2: column 'b': 'cat' is not a number");
    CHECK(csv_error("a,b\n1,cat\n", {.one_hot = {"b"}}) ==
          "f: one_hot 'b': a stream needs its categories: name them, or set options.like");
    CHECK(message_of([] { data::csv_stream<float>{"no/such"}; }) ==
          "no/such: cannot open: No such file or directory");
    CHECK(message_of([] { data::csv_stream<float>{"."}; }) == ".: cannot read: Is a directory");
    file const one("1 1:1\n");
    auto const error = [&](data::libsvm_options const& options, descent::index batch) {
        return message_of([&] { data::libsvm_stream<float>(one.path, options, {.batch = batch}); });
    };
    CHECK(error({}, 1) == one.path + ": features = 0: a stream needs their number, which must be > 0");
    CHECK(error({.features = 1}, -1) == one.path + ": batch = -1: must be > 0");
    CHECK(error({.features = 1, .classes = true}, 1) ==
          one.path + ": classes: a stream needs their names (class_names)");
    file const none("# nothing\n");
    data::libsvm_stream<float> empty{none.path, {.features = 1}};
    CHECK(drain(empty) == none.path + ": no row of data");
}

TEST_CASE("data stream: may be dropped at any time") {
    std::string content = "a\n";
    for (int i = 0; i < 20000; ++i)
        content += "1\n";
    file const on_disk(content);
    for (int taken = 0; taken < 4; ++taken) {
        data::csv_stream<float> rows{on_disk.path, {}, {.batch = 10}};
        for (int i = 0; i < taken; ++i)
            REQUIRE(rows.next() != nullptr);
    }
}

#if DESCENT_ZLIB_ENABLED
TEST_CASE("data stream: packed files, whole and damaged") {
    // gzip.compress(b"1 1:2\n-1 3:0.5\n", mtime=0)
    std::string const packed(
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x33\x54\x30\xb4\x32\xe2\xd2\x35\x54\x30\xb6\x32\xd0\x33\xe5\x02\0"
        "\x91\xeb\x39\x30\x0f\0\0\0",
        35);
    auto const error = [](std::string const& content, int* tables) {
        file const on_disk(content);
        return message_of([&] {
            data::libsvm_stream<float> rows{on_disk.path, {.features = 3}, {.batch = 1}};
            while (auto* table = rows.next())
                *tables += int(table->samples());
        });
    };
    std::string const path = file("").path;
    int rows = 0;
    CHECK(error(packed + packed, &rows) == "(no error)");
    CHECK(rows == 4);
    CHECK(error(packed + "x", &rows) == path + ": bytes that do not belong to the packed data follow it");
    for (std::size_t length = 2; length < packed.size(); ++length)
        CHECK(error(packed.substr(0, length), &rows) == path + ": the packed data is cut short");
    std::string damaged = packed;
    damaged[28] = 7;
    CHECK(error(damaged, &rows) == path + ": byte 31: the packed data is damaged (incorrect data check)");
    file const on_disk(packed);
    CHECK(message_of([&] { data::libsvm_stream<float, false>(on_disk.path, {.features = 3}); }) ==
          path + ": gzip: this program was built without zlib; link descent::zlib");
}
#endif
