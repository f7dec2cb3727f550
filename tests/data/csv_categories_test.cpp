// SPDX-License-Identifier: MIT
#include <descent/data/csv.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using data::parse_csv;

namespace {

std::string error_in(std::string const& text, data::csv_options const& options) {
    return message_of([&] { parse_csv(text, options, "f"); });
}

using names = std::vector<std::string>;

std::string const people = "age,sex,size,y\n30,male,M,1\n40, female ,L,0\n50,male,S,1\n";

}  // namespace

TEST_CASE("data csv categories: one column per word, in the order of the words") {
    auto const table =
        parse_csv(people, {.target = "y", .one_hot = {"sex"}, .ordinal = {{"size", {"S", "M", "L"}}}});
    CHECK(table.feature_names == names{"age", "sex=female", "sex=male", "size"});
    CHECK(table.x == matrix<float>{{30, 0, 1, 1}, {40, 1, 0, 2}, {50, 0, 1, 0}});
    CHECK(table.y == vector<float>{{1, 0, 1}});

    auto const numbers = parse_csv("10,5\n9,6\n09,7\n", {.header = false, .one_hot = {0}});
    CHECK(numbers.x == matrix<float>{{0, 1, 5}, {1, 0, 6}, {1, 0, 7}});
    CHECK(numbers.feature_names.empty());
    auto const only = parse_csv("c\n\"a,b\"\nx\n", {.one_hot = {{"c", {"x", "a,b", "never"}}}});
    CHECK(only.feature_names == names{"c=x", "c=a,b", "c=never"});
    CHECK(only.x == matrix<float>{{0, 1, 0}, {1, 0, 0}});
}

TEST_CASE("data csv categories: the test file gets the columns of the training file") {
    auto const train =
        parse_csv("sex,size,y\nmale,1,0\nfemale,2,1\nother,3,0\n", {.target = "y", .one_hot = {"sex"}});
    data::csv_options options{.target = "y", .one_hot = {"sex"}, .like = train.feature_names};
    std::string const held = "y,size,sex\n1,4,female\n", strange = held + "0,5,none\n";
    CHECK(parse_csv(held, options).feature_names == names{"size", "sex=female", "sex=male", "sex=other"});
    CHECK(parse_csv(held, options).x == matrix<float>{{4, 1, 0, 0}});
    CHECK(error_in(strange, options) == "f:3:3: column 'sex': 'none' is not one of the 3 categories");
    options.on_unknown = data::unknown::zeros;
    CHECK(parse_csv(strange, options).x == matrix<float>{{4, 1, 0, 0}, {5, 0, 0, 0}});
    options.like = {"age"};
    CHECK(error_in(held, options) == "f: one_hot 'sex': like holds no name that begins with 'sex='");
    CHECK(error_in("1,2\n", {.header = false, .one_hot = {1}, .like = {"a"}}) ==
          "f: one_hot = 1: the file has no header (header = false), so that like cannot help");
}

TEST_CASE("data csv categories: missing words") {
    std::string const text = "c,d\na,1\nNA,2\n?,3\nb,\nlost,\n";
    data::csv_options options{.missing_words = {"?"}, .one_hot = {"c"}};
    CHECK(error_in(text, options) == "f:3:1: column 'c': 'NA' is a missing value");
    options.on_missing = data::missing::drop;
    auto const dropped = parse_csv(text, options);
    CHECK(dropped.feature_names == names{"c=a", "d"});  // no row of b is left
    CHECK(dropped.x == matrix<float>{{1, 1}});
    options.on_missing = data::missing::nan;
    auto const kept = parse_csv(text, options);
    CHECK(kept.feature_names == names{"c=a", "c=b", "c=lost", "d"});
    CHECK(std::isnan(kept.x(1, 0)));
    CHECK(std::isnan(kept.x(2, 2)));
    CHECK(kept.x(3, 1) == 1.0f);
    CHECK(std::isnan(kept.x(3, 3)));
}

TEST_CASE("data csv categories: choices that cannot be") {
    CHECK(error_in(people, {.one_hot = {"sax"}}) ==
          "f: one_hot 'sax': no such column (the columns are 'age', 'sex', 'size', 'y')");
    CHECK(error_in(people, {.ordinal = {"size"}}) ==
          "f: ordinal 'size': the categories must be named, in their order");
    CHECK(error_in(people, {.target = "y", .one_hot = {"y"}}) == "f: one_hot 'y': it is the target");
    CHECK(error_in(people, {.one_hot = {"sex"}, .ordinal = {{"sex", {"male", "female"}}}}) ==
          "f: ordinal 'sex': the column is named twice");
    CHECK(error_in(people, {.one_hot = {"sex"}, .ordinal = {{"size", {"S", "M"}}}}) ==
          "f:3:3: column 'size': 'L' is not one of the 2 categories");
    CHECK(error_in(people, {.one_hot = {"sex"}, .ordinal = {{"size", {"S", "S"}}}}) ==
          "f: class_names: 'S' occurs twice");
    CHECK(error_in(people, {.one_hot = {"sex"}}) == "f:2:3: column 'size': 'M' is not a number");
    CHECK(error_in("1,2\n", {.header = false, .one_hot = {5}}) == "f: one_hot = 5: must be in [-2, 2)");
}
