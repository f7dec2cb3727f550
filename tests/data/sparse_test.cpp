// SPDX-License-Identifier: MIT
#include <descent/data/check.hpp>
#include <descent/data/sparse.hpp>
#include <descent/data/split.hpp>

#include <cmath>
#include <limits>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Three rows, the second one empty, the last column at the end of the matrix.
data::sparse_dataset<float> table_of(descent::index width) {
    data::sparse_dataset<float> table;
    table.x.offsets = {0, 2, 2, 4};
    table.x.columns = {1, 3, 0, std::uint32_t(width - 1)};
    table.x.values = {1, -2, 0.5f, 4};
    table.x.width = width;
    table.y = vector<float>{{0, 1, 1}};
    table.class_names = {"ham", "spam"};
    table.target_name = "mail";
    table.weights = vector<float>{{1, 2, 0}};
    return table;
}

}  // namespace

TEST_CASE("data sparse: a matrix keeps what is not 0 and gives it back") {
    matrix<double> const full{{0, 2, 0}, {0, 0, 0}, {-1, 0, 3}};
    auto const x = data::sparse_matrix<double>::of(full);
    CHECK(x.offsets == std::vector<std::int64_t>{0, 1, 1, 3});
    CHECK(x.columns == std::vector<std::uint32_t>{1, 0, 2});
    CHECK(x.values == std::vector<double>{2, -1, 3});
    CHECK(x.dense() == full);
    CHECK(data::sparse_matrix<double>::of(matrix<double>(0, 5)).rows() == 0);
    using narrow_matrix = data::sparse_matrix<double, std::uint16_t>;
    CHECK(narrow_matrix::of(full).dense() == full);
    CHECK(narrow_matrix::of(matrix<double>(0, 65536)).cols() == 65536);
    CHECK(message_of([] { narrow_matrix::of(matrix<double>(0, 65537)); }) ==
          "sparse_matrix: columns = 65537: must be in [0, 65536]");
}

TEST_CASE("data sparse: narrow keeps all but the width of the columns") {
    auto const wide = table_of(65536);
    auto const thin = data::narrow(wide);
    static_assert(std::is_same_v<decltype(thin.x.columns), std::vector<std::uint16_t>>);
    static_assert(data::is_sparse<std::remove_const_t<decltype(thin)>> &&
                  data::is_sparse<data::sparse_dataset<float>> && !data::is_sparse<data::dataset<float>>);
    CHECK(thin.x.columns == std::vector<std::uint16_t>{1, 3, 0, 65535});
    CHECK((thin.x.offsets == wide.x.offsets && thin.x.values == wide.x.values && thin.x.width == 65536));
    CHECK((thin.y == wide.y && thin.weights == wide.weights && thin.class_names == wide.class_names &&
           thin.target_name == "mail"));
    CHECK(thin.classes() == 2);
    CHECK(message_of([&] { data::check(thin); }) == "(no error)");
    CHECK(thin.rows(std::vector<int>{2, 0}).x.columns == std::vector<std::uint16_t>{0, 65535, 1, 3});
    auto const some = data::all_of(thin).part(2, 1);
    CHECK((some.columns[some.begin(0) + 1] == 65535 && some.target(0) == 1));
    CHECK(data::narrow(data::sparse_dataset<double>{}).samples() == 0);

    auto moved = table_of(9);
    float const* const values = moved.x.values.data();
    CHECK(data::narrow(std::move(moved)).x.values.data() == values);
}

TEST_CASE("data sparse: narrow refuses columns that 16 bits cannot tell apart") {
    CHECK(message_of([] { data::narrow(table_of(65537)); }) ==
          "narrow: features = 65537: must be in [0, 65536]");
    auto broken = table_of(100);
    broken.x.columns[1] = 65539;  // would pass for column 3
    CHECK(message_of([&] { data::narrow(broken); }) == "narrow: column 65539: must be in [0, 100)");
}

TEST_CASE("data sparse: an unsound table of 16 bits is told from a sound one") {
    auto const said = [](auto const& spoil) {
        auto table = data::narrow(table_of(9));
        spoil(table);
        return message_of([&] { data::check(table, "fit"); });
    };
    CHECK(said([](auto& t) { t.x.columns[3] = 9; }) == "fit: row 2: column 9: must be in [0, 9)");
    CHECK(said([](auto& t) { t.x.columns[1] = 1; }) == "fit: row 0: column 1: columns must rise");
    CHECK(said([](auto& t) { t.x.offsets[2] = 1; }) == "fit: row 1: offset 1: must not fall");
    CHECK(said([](auto& t) { t.x.offsets.back() = 3; }) == "fit: offsets: must run from 0 to 4");
    CHECK(said([](auto& t) { t.x.columns.pop_back(); }) == "fit: 3 columns, 4 values");
    CHECK(said([](auto& t) { t.x.values[2] = std::numeric_limits<float>::infinity(); }) ==
          "fit: row 2, column 0 is inf");
}
