// SPDX-License-Identifier: MIT
#include <descent/data/libsvm.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using data::parse_libsvm;

namespace {

std::string error_in(std::string const& text, data::libsvm_options const& options = {}) {
    return message_of([&] { parse_libsvm(text, options, "f"); });
}

using names = std::vector<std::string>;

}  // namespace

TEMPLATE_TEST_CASE("data libsvm: rows, comments, qid and line ends", "", float, double) {
    for (std::string const text :
         {"+1 1:0.5 3:-2e1 # last year\n\n# nothing\n-1 qid:7 2:1\n0.25\n",
          "\xef\xbb\xbf+1\t1:.5  3:-20\r\n-1 qid:7 2:1 4:0\r\n.25 #4:1", " 1 1:0.5 3:-20 \r-1 2:1\r0.25\r"}) {
        auto const table = parse_libsvm<TestType>(text);
        REQUIRE(table.samples() == 3);
        CHECK(table.y == vector<TestType>{{1, -1, TestType(0.25)}});
        CHECK(table.class_names.empty());
        CHECK(table.x.offsets == std::vector<std::int64_t>{0, 2, 3, 3});
        CHECK(table.x.columns == std::vector<std::uint32_t>{0, 2, 1});
        CHECK(table.x.values == std::vector<TestType>{TestType(0.5), -20, 1});
        CHECK(table.features() == (text.find("4:0") == text.npos ? 3 : 4));  // a stored 0 has a column too
    }
}

TEST_CASE("data libsvm: features, indices from 0, classes") {
    auto const wide = parse_libsvm("2 5:1\n", {.features = 9});
    CHECK(wide.features() == 9);
    auto const from_0 = parse_libsvm("2 0:1 5:2\n", {.zero_based = true});
    CHECK(from_0.features() == 6);
    CHECK(from_0.x.columns == std::vector<std::uint32_t>{0, 5});
    CHECK(parse_libsvm("1\n2\n").features() == 0);

    auto const two = parse_libsvm("+1 1:1\n-1 1:2\n1 2:1\n", {.classes = true});
    CHECK(two.class_names == names{"-1", "1"});
    CHECK(two.y == vector<float>{{1, 0, 1}});
    auto const many = parse_libsvm("10 1:1\n9 1:2\n-3.0 2:1\n09\n", {.classes = true});
    CHECK(many.class_names == names{"-3", "9", "10"});
    CHECK(many.y == vector<float>{{2, 1, 0, 1}});
    auto const test = parse_libsvm("9 1:2\n", {.class_names = many.class_names});
    CHECK(test.class_names == many.class_names);
    CHECK(test.y[0] == 1.0f);
}

TEST_CASE("data libsvm: rows that are broken") {
    struct fault {
        std::string text, message;
    };
    for (fault const& each : std::vector<fault>{
             {"1 1:1\n1 3:1 2:1\n", "f:2: index 2 after 3: must rise"},
             {"1 1:1\n\n1 2:1 2:1\n", "f:3: index 2 after 2: must rise"},
             {"1 0:1\n", "f:1: index 0: must be in [1, 2147483647]"},
             {"1 2147483648:1\n", "f:1: index 2147483648: must be in [1, 2147483647]"},
             {"1 99999999999999999999999:1\n", "f:1: '99999999999999999999999:1' is not index:value"},
             {"1 -1:1\n", "f:1: '-1:1' is not index:value"},
             {"1 1:1 abc\n", "f:1: 'abc' is not index:value"},
             {"1 1\n", "f:1: '1' is not index:value"},
             {"1 :1\n", "f:1: ':1' is not index:value"},
             {"1 1:\n", "f:1: index 1: '' is not a number"},
             {"1 1: 2\n", "f:1: index 1: '' is not a number"},
             {"1 1:2:3\n", "f:1: index 1: '2:3' is not a number"},
             {"1 1:nan\n", "f:1: index 1: 'nan' is not finite"},
             {"1 1:1 4:-Inf\n", "f:1: index 4: '-Inf' is not finite"},
             {"1 1:1e99\n", "f:1: index 1: '1e99' is out of range"},
             {"1:1 2:1\n", "f:1: the label is missing: '1:1'"},
             {"spam 2:1\n", "f:1: label 'spam' is not a number"},
             {"1,2 2:1\n", "f:1: label '1,2' is not a number"},
             {"nan 2:1\n", "f:1: label 'nan' is not finite"},
             {"1e99 2:1\n", "f:1: label '1e99' is out of range"},
             {"1 qid:x 2:1\n", "f:1: 'qid:x': qid must be an integer"},
             {"1 qid: 2:1\n", "f:1: 'qid:': qid must be an integer"},
             {"1 2:1 qid:3\n", "f:1: 'qid:3' is not index:value"},
             {"\xc3\xa4\n", "f:1: label '\\xc3\\xa4' is not a number"},
             {std::string("1 1:\0\n", 6), "f:1: index 1: '\\x00' is not a number"},
             {"1 1:" + std::string(50, 'x'), "f:1: index 1: '" + std::string(40, 'x') + "...' is not a number"},
             {"\xff\xfe", "f: the text is UTF-16: must be UTF-8"},
             {"", "f: no row of data"},
             {" \n# only words\r\n", "f: no row of data"}})
        CHECK(error_in(each.text) == each.message);
    CHECK(error_in("1 3:1\n", {.features = 2}) == "f:1: index 3: must be in [1, 2]");
    CHECK(error_in("1 2:1\n", {.features = 2, .zero_based = true}) == "f:1: index 2: must be in [0, 1]");
    CHECK(error_in("1\n", {.features = -2}) == "f: features = -2: must be >= 0");
    CHECK(error_in("1\n\n0.5\n", {.classes = true}) == "f:3: label 0.5 is not a class: must be an integer");
    CHECK(error_in("1\n3\n", {.class_names = {"1", "2"}}) == "f:2: label 3 is not one of the 2 classes");
    CHECK(error_in("1\n", {.class_names = {"1", "1"}}) == "f: class_names: '1' occurs twice");
    CHECK(message_of([] { data::read_libsvm("no/such"); }) ==
          "no/such: cannot open: No such file or directory");
}

TEST_CASE("data libsvm: every cut of a valid file gives a table or an error, never a crash") {
    std::string const text = "+1 1:0.5 30:-2e1 # note\r\n-1 qid:3 2:1\r\n3.5 7:0\n";
    int tables = 0;
    for (std::size_t length = 0; length <= text.size(); ++length)
        tables += error_in(text.substr(0, length)) == "(no error)";
    CHECK(tables > 20);
    CHECK(tables < int(text.size()) - 5);
}

TEMPLATE_TEST_CASE("data libsvm: what write_libsvm writes, read_libsvm reads back exactly", "", float, double) {
    auto const table =
        parse_libsvm<TestType>("3 2:0.1 9:-1e-30\n-1\n3 1:3.1415926535897931\n", {.classes = true});
    std::string const path = "descent_data_libsvm_test.txt";
    for (bool const zero_based : {false, true}) {
        data::write_libsvm(path, table, {.zero_based = zero_based});
        auto const back = data::read_libsvm<TestType>(path, {.zero_based = zero_based, .classes = true});
        CHECK(back.x.offsets == table.x.offsets);
        CHECK(back.x.columns == table.x.columns);
        CHECK(back.x.values == table.x.values);
        CHECK(back.x.width == table.x.width);
        CHECK(back.y == table.y);
        CHECK(back.class_names == names{"-1", "3"});
    }
    std::remove(path.c_str());

    data::sparse_dataset<TestType> named = table;
    CHECK(data::format_libsvm(named).substr(0, 2) == "3 ");
    named.class_names = {"cat", "dog"};
    CHECK(data::format_libsvm(named).substr(0, 2) == "1 ");
    named.class_names = {"cat"};
    CHECK(message_of([&] { data::format_libsvm(named); }) ==
          "write_libsvm: row 0: label 1: must be an integer in [0, 1)");
    named.y.resize(2);
    CHECK(message_of([&] { data::format_libsvm(named); }) == "write_libsvm: 3 samples, 2 targets");
    named.y.resize(0);
    CHECK(data::format_libsvm(named).substr(0, 2) == "0 ");
}
