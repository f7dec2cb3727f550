// SPDX-License-Identifier: MIT
#include <descent/data/csv.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using data::missing;
using data::parse_csv;

namespace {

std::string error_in(std::string const& text, data::csv_options const& options = {}) {
    return message_of([&] { parse_csv(text, options, "file.csv"); });
}

using names = std::vector<std::string>;

}  // namespace

TEMPLATE_TEST_CASE("data csv: numbers, header and a numeric target", "", float, double) {
    auto const table = parse_csv<TestType>("a,b,price\n1,-2.5,3e2\n+4, 5.25 ,.5\n", {.target = "price"});
    REQUIRE(table.samples() == 2);
    REQUIRE(table.features() == 2);
    CHECK(table.feature_names == names{"a", "b"});
    CHECK(table.target_name == "price");
    CHECK(table.class_names.empty());
    CHECK(table.x(0, 0) == TestType(1));
    CHECK(table.x(0, 1) == TestType(-2.5));
    CHECK(table.x(1, 0) == TestType(4));
    CHECK(table.x(1, 1) == TestType(5.25));
    CHECK(table.y[0] == TestType(300));
    CHECK(table.y[1] == TestType(0.5));
}

TEST_CASE("data csv: quotes may hold delimiters, line ends and doubled quotes") {
    auto const table = parse_csv(
        "\"a, \"\"b\"\"\",\"two\nlines\",c\r\n\"1\",\"2\",x\r\n3,4,\"y \"\"z\"\",\nw\"", {.target = "c"});
    CHECK(table.feature_names == names{"a, \"b\"", "two\nlines"});
    CHECK(table.class_names == names{"x", "y \"z\",\nw"});
    REQUIRE(table.samples() == 2);
    CHECK(table.x(0, 0) == 1.0f);
    CHECK(table.x(0, 1) == 2.0f);
    CHECK(table.y[1] == 1.0f);
}

TEST_CASE("data csv: a byte order mark, and lines that end in LF, CRLF, CR or not at all") {
    for (std::string const text : {"\xef\xbb\xbf"
                                   "a,b\n1,2\n3,4\n",
                                   "a,b\r\n1,2\r\n3,4", "a,b\r1,2\r3,4\r", "\n\na,b\n\n1,2\r\n\r\n3,4\n\n"}) {
        auto const table = parse_csv(text);
        CHECK(table.feature_names == names{"a", "b"});
        REQUIRE(table.samples() == 2);
        CHECK(table.x(1, 1) == 4.0f);
        CHECK(table.y.size() == 0);
    }
}

TEST_CASE("data csv: columns by name, by descent::index and from the end; skipped columns") {
    std::string const text = "1;2;3;4\n5;6;7;8\n";
    auto const last = parse_csv(text, {.target = -1, .delimiter = ';', .header = false});
    CHECK(last.features() == 3);
    CHECK(last.y[1] == 8.0f);
    CHECK(last.feature_names.empty());
    auto const first = parse_csv(text, {.target = 0, .delimiter = ';', .header = false, .skip = {-2, 1}});
    REQUIRE(first.features() == 1);
    CHECK(first.x(1, 0) == 8.0f);
    CHECK(first.y[1] == 5.0f);
    auto const named = parse_csv("id,a,b\nq,1,2\n", {.target = "b", .skip = {"id"}});
    CHECK(named.feature_names == names{"a"});
}

TEST_CASE("data csv: classes from text, from integers, and from another file") {
    auto const text = parse_csv("x,y\n1,dog\n2,cat\n3, dog \n", {.target = "y"});
    CHECK(text.class_names == names{"cat", "dog"});
    CHECK(text.y == vector<float>{{1, 0, 1}});

    auto const integers = parse_csv("x,y\n1,10\n2,9\n3,-1\n4,09\n5,9.0\n", {.target = "y", .classes = true});
    CHECK(integers.class_names == names{"-1", "9", "10"});
    CHECK(integers.y == vector<float>{{2, 1, 0, 1, 1}});

    auto const given = parse_csv("x,y\n1,dog\n", {.target = "y", .class_names = {"cat", "cow", "dog"}});
    CHECK(given.y[0] == 2.0f);
    CHECK(given.classes() == 3);
    auto const digits = parse_csv("x,y\n1,+7\n", {.target = "y", .class_names = {"8", "7"}});
    CHECK(digits.y[0] == 1.0f);
}

TEMPLATE_TEST_CASE("data csv: missing values are an error, NaN, or drop the row", "", float, double) {
    std::string const text = "a,b\n1,2\n,3\n4,NA\n5,?\n-inf,6\n7,8\n";
    CHECK(message_of([&] { parse_csv<TestType>(text, {}, "f"); }) ==
          "f:3:1: column 'a': '' is a missing value");
    auto const kept = parse_csv<TestType>(text, {.on_missing = missing::nan, .missing_words = {"?"}});
    REQUIRE(kept.samples() == 6);
    CHECK(std::isnan(kept.x(1, 0)));
    CHECK(std::isnan(kept.x(2, 1)));
    CHECK(std::isnan(kept.x(3, 1)));
    CHECK(std::isnan(kept.x(4, 0)));
    CHECK(kept.x(4, 1) == TestType(6));
    auto const dropped = parse_csv<TestType>(text, {.on_missing = missing::drop, .missing_words = {"?"}});
    REQUIRE(dropped.samples() == 2);
    CHECK(dropped.x(0, 1) == TestType(2));
    CHECK(dropped.x(1, 0) == TestType(7));

    std::string const coded = "a,b\n-999,1\n2,3\n";
    CHECK(parse_csv<TestType>(coded, {.on_missing = missing::drop, .missing_words = {"-999"}}).samples() == 1);
}

TEST_CASE("data csv: a missing target follows the same choice") {
    std::string const number = "a,y\n1,\n2,3\n", text = "a,y\n1,NA\n2,cat\n";
    CHECK(error_in(number, {.target = "y"}) == "file.csv:2:2: column 'y': '' is a missing value");
    CHECK(error_in(text, {.target = "y"}) == "file.csv:2:2: column 'y': 'NA' is a missing value");
    CHECK(parse_csv(number, {.target = "y", .on_missing = missing::drop}).samples() == 1);
    CHECK(std::isnan(parse_csv(number, {.target = "y", .on_missing = missing::nan}).y[0]));
    auto const kept = parse_csv(text, {.target = "y", .on_missing = missing::nan});
    CHECK(kept.class_names == names{"cat"});
    CHECK(std::isnan(kept.y[0]));
    CHECK(kept.y[1] == 0.0f);
}

TEST_CASE("data csv: numbers at the edges") {
    auto const row =
        parse_csv<double>("1,2,3,4,5,6\n1e-400,9007199254740993,-0,12345678,0.1,1E5\n", {.header = false});
    CHECK(row.x(1, 0) == 0.0);
    CHECK(row.x(1, 1) == 9007199254740992.0);
    CHECK(std::signbit(row.x(1, 2)));
    CHECK(row.x(1, 3) == 12345678.0);
    CHECK(row.x(1, 4) == 0.1);
    CHECK(row.x(1, 5) == 1e5);
    // Too small or too large is told from where the first digit stands, not from the exponent alone.
    std::string const zeros(400, '0');
    auto const tiny = parse_csv<float>("0.00000000000000000000000000000000000000000000000001\n-0." + zeros +
                                           "1\n0." + zeros + "1e+2\n1e-99999999999999999999\n",
                                       {.header = false});
    REQUIRE(tiny.samples() == 4);
    CHECK(tiny.x.isZero(0));
    CHECK(parse_csv<double>("1" + zeros + "e-400\n", {.header = false}).x(0, 0) == 1.0);
    for (std::string const& huge :
         {"1" + zeros, "-12" + zeros + ".5e-5", std::string("1e+99999999999999999999")})
        CHECK(error_in("a\n" + huge + "\n") == "file.csv:2:1: column 'a': '" + huge.substr(0, 40) +
                                                   (huge.size() > 40 ? "...'" : "'") + " is out of range");
    auto const exact = parse_csv<float>("16777217\n9999999\n0.1\n1e-46\n", {.header = false});
    CHECK(exact.x(0, 0) == 16777216.0f);
    CHECK(exact.x(1, 0) == 9999999.0f);
    CHECK(exact.x(2, 0) == 0.1f);
    CHECK(exact.x(3, 0) == 0.0f);
}

TEST_CASE("data csv: text that is no number") {
    CHECK(error_in("name,city,age\n1,2,3\n4,5,abc\n") == "file.csv:3:3: column 'age': 'abc' is not a number");
    CHECK(error_in("1,2\n3,abc\n", {.header = false}) == "file.csv:2:2: 'abc' is not a number");
    // The second record begins on line 2, the third on line 4.
    CHECK(error_in("a,b\n1,\"\n2\"\n3,x\n", {}) == "file.csv:2:2: column 'b': '\n2' is not a number");
    CHECK(error_in("a,b\nu,\"p\nq\"\n3,x\n", {.target = "b", .skip = {"a"}}) ==
          "file.csv: no column is left for the features");
    CHECK(error_in("c,t\n1,\"p\r\nq\"\nx,r\n", {.target = "t"}) ==
          "file.csv:4:1: column 'c': 'x' is not a number");
    for (std::string const cell :
         {"1.5.2", "12a", "--1", "+-1", "+", "0x10", "1 2", "1e", "1e999999x", ",", "-"})
        CHECK(error_in("a\n1\n\"" + cell + "\"\n") ==
              "file.csv:3:1: column 'a': '" + cell + "' is not a number");
    CHECK(error_in("a\n1e39\n") == "file.csv:2:1: column 'a': '1e39' is out of range");
    CHECK(error_in("a\nnan\n") == "file.csv:2:1: column 'a': 'nan' is not finite");
    CHECK(error_in("a\n-inf\n") == "file.csv:2:1: column 'a': '-inf' is not finite");
    CHECK(error_in("a\n" + std::string(50, 'x') + "\n") ==
          "file.csv:2:1: column 'a': '" + std::string(40, 'x') + "...' is not a number");
    CHECK(error_in("a,b\n1,2\n3,x\n", {.on_missing = missing::drop}) ==
          "file.csv:3:2: column 'b': 'x' is not a number");
}

TEST_CASE("data csv: targets that are no labels") {
    CHECK(error_in("a,y\n1,2\n1,oops\n", {.target = "y"}) ==
          "file.csv:3:2: column 'y': 'oops' is not a number");
    CHECK(error_in("a,y\n1,2\n1,0.5\n", {.target = "y", .classes = true}) ==
          "file.csv:3:2: column 'y': '0.5' is not a class: must be an integer or text");
    CHECK(error_in("a,y\n1,cow\n", {.target = "y", .class_names = {"cat", "dog"}}) ==
          "file.csv:2:2: column 'y': 'cow' is not one of the 2 classes");
    CHECK(error_in("a,y\n1,cow\n", {.target = "y", .class_names = {"cow", "cow"}}) ==
          "file.csv: class_names: 'cow' occurs twice");
}

TEST_CASE("data csv: broken records") {
    CHECK(error_in("a,b\n1,2\n3\n") == "file.csv:3: 1 cell: must be 2 as in the first line");
    CHECK(error_in("a,b\n1,2,\n") == "file.csv:2: 3 cells: must be 2 as in the first line");
    CHECK(error_in("a,b\n1,\"2\n3,4\n") == "file.csv:2:2: the quote is never closed");
    CHECK(error_in("a,b\n1,\"2\"\"") == "file.csv:2:2: the quote is never closed");
    CHECK(error_in("a,b\n1,\"") == "file.csv:2:2: the quote is never closed");
    CHECK(error_in("a,b\n\"1\"x,2\n") == "file.csv:2:1: text after the closing quote");
    CHECK(error_in("\"a\";\"b\"\n1;2\n") == "file.csv:1:1: ';' after the closing quote: the delimiter is ','");
    CHECK(error_in("\"a\"\t\"b\"\n1\t2\n") ==
          "file.csv:1:1: a tab after the closing quote: the delimiter is ','");
    CHECK(error_in("a,b\n1,2\n\"3\",\"4\"") == "(no error)");
}

TEST_CASE("data csv: nothing to read") {
    CHECK(error_in("") == "file.csv: the file is empty");
    CHECK(error_in("\xef\xbb\xbf") == "file.csv: the file is empty");
    CHECK(error_in("\n\r\n") == "file.csv: the file is empty");
    CHECK(error_in("a,b\n") == "file.csv: no row of data");
    CHECK(error_in("a\nNA\n\"\"\n", {.on_missing = missing::drop}) ==
          "file.csv: each of the 2 rows has a missing value: no row is left");
    CHECK(error_in(std::string("\xff\xfe"
                               "a\0",
                               4)) == "file.csv: the text is UTF-16: must be UTF-8");
    CHECK(error_in("1,2\n3,4\n") ==
          "file.csv:1: the header holds numbers alone (header = false if the file has none)");
    CHECK(error_in("a\n1\n", {.delimiter = '"'}) == "file.csv: delimiter: must not be a quote or a line end");
}

TEST_CASE("data csv: columns that are not there") {
    CHECK(error_in("age,income\n1,2\n", {.target = "incom"}) ==
          "file.csv: target 'incom': no such column (the columns are 'age', 'income')");
    CHECK(error_in("age,income\n1,2\n", {.skip = {"sex"}}) ==
          "file.csv: skip 'sex': no such column (the columns are 'age', 'income')");
    CHECK(error_in("a,b,c,d,e,f,g,h,i,j,k\n", {.target = "z"}) ==
          "file.csv: target 'z': no such column (the columns are 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', "
          "'j', ...)");
    CHECK(error_in("a,b\n1,2\n", {.target = 2}) == "file.csv: target = 2: must be in [-2, 2)");
    CHECK(error_in("a,b\n1,2\n", {.target = -3}) == "file.csv: target = -3: must be in [-2, 2)");
    CHECK(error_in("1,2\n", {.target = "b", .header = false}) ==
          "file.csv: target 'b': the file has no header (header = false)");
    CHECK(error_in("a,a\n1,2\n", {.target = "a"}) == "file.csv: target 'a': two columns have this name");
    CHECK(error_in("a\n1\n", {.target = "a"}) == "file.csv: no column is left for the features");
}

TEST_CASE("data csv: files that cannot be opened or read") {
    CHECK(message_of([] { data::read_csv("no/such.csv"); }) ==
          "no/such.csv: cannot open: No such file or directory");
    CHECK(message_of([] { data::read_csv("."); }) == ".: cannot read: Is a directory");
    CHECK(message_of([] { data::write_csv("no/such.csv", parse_csv("a\n1\n")); }) ==
          "no/such.csv: cannot write: No such file or directory");
}

TEMPLATE_TEST_CASE("data csv: what write_csv writes, read_csv reads back exactly", "", float, double) {
    auto const table = parse_csv<TestType>(
        "\"a,\"\"1\",b,kind\n0.1,-1e30,\"x;y\"\n3.1415926535897931,7,\"p\nq\"\n,1,\"x;y\"\n",
        {.target = "kind", .on_missing = missing::nan});
    std::string const path = "descent_data_csv_test.csv";
    for (char const delimiter : {',', ';', '\t'}) {
        data::write_csv(path, table, {.delimiter = delimiter});
        auto const back =
            data::read_csv<TestType>(path, {.target = -1, .delimiter = delimiter, .on_missing = missing::nan});
        CHECK(back.feature_names == table.feature_names);
        CHECK(back.class_names == table.class_names);
        CHECK(back.target_name == "kind");
        CHECK(back.y == table.y);
        CHECK(back.x.topRows(2) == table.x.topRows(2));
        CHECK(std::isnan(back.x(2, 0)));
    }
    std::remove(path.c_str());
}

TEST_CASE("data csv: the text of a written table") {
    data::dataset<float> table;
    table.x.resize(2, 2);
    table.x << 1, 0.5f, -2, 1e10f;
    CHECK(data::format_csv(table) == "x0,x1\n1,0.5\n-2,1e+10\n");
    table.y.resize(2);
    table.y << 3, 4;
    CHECK(data::format_csv(table, {.delimiter = ';', .header = false}) == "1;0.5;3\n-2;1e+10;4\n");
    table.class_names = {"a", "b"};
    CHECK(message_of([&] { data::format_csv(table); }) ==
          "write_csv: row 0: label 3: must be an integer in [0, 2)");
    table.y.resize(1);
    CHECK(message_of([&] { data::format_csv(table); }) == "write_csv: 2 samples, 1 targets");
    table.y.resize(0);
    table.feature_names = {"only one"};
    CHECK(message_of([&] { data::format_csv(table); }) == "write_csv: 2 features, 1 names");
}

TEST_CASE("data csv: every cut of a valid file gives a table or an error, never a crash") {
    std::string const text = "\xef\xbb\xbf\"a\"\"x\",b,\"c\nd\"\r\n1,\"2\",u\r\n\"3\",+4.5e1,\"v,\"\"w\"\r\n";
    int tables = 0;
    for (std::size_t length = 0; length <= text.size(); ++length)
        tables += error_in(text.substr(0, length), {.target = -1}) == "(no error)";
    CHECK(tables > 5);
    CHECK(tables < int(text.size()) - 20);
}

TEST_CASE("data csv: a name that is empty is written so that it is read back") {
    data::dataset<float> const one{matrix<float>::Ones(2, 1), {}, {""}};
    CHECK(data::format_csv(one) == "\"\"\n1\n1\n");
    auto const back = parse_csv<float>(data::format_csv(one));
    CHECK(back.samples() == 2);
    CHECK(back.feature_names == names{""});
}
