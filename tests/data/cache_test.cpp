// SPDX-License-Identifier: MIT
#include <descent/data/cache.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <descent/data/detail/inflate.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using data::dataset;
using data::sparse_dataset;

namespace {

template <class T>
bool same_bits(T const* a, T const* b, descent::index n) {
    return n == 0 || std::memcmp(a, b, std::size_t(n) * sizeof(T)) == 0;
}

template <class T>
bool equal(dataset<T> const& a, dataset<T> const& b) {
    return a.samples() == b.samples() && a.features() == b.features() && a.y.size() == b.y.size() &&
           a.weights.size() == b.weights.size() && same_bits(a.x.data(), b.x.data(), a.x.size()) &&
           same_bits(a.y.data(), b.y.data(), a.y.size()) &&
           same_bits(a.weights.data(), b.weights.data(), a.weights.size()) &&
           a.feature_names == b.feature_names && a.class_names == b.class_names &&
           a.target_name == b.target_name;
}

template <class Table>
Table there_and_back(Table const& table) {
    return data::parse_cache<Table>(data::format_cache(table));
}

/// The numbers 0, 1, 2, ... of a stream that looks random.
double noise(std::uint64_t i) { return double((i * 0x9e3779b97f4a7c15u) >> 11) * 0x1p-53; }

/// Dots of smooth edges on an empty ground, as pixels.
dataset<float> pictures(descent::index count) {
    dataset<float> table{matrix<float>::Zero(count, 784), vector<float>::Zero(count)};
    for (descent::index i = 0; i < count; ++i) {
        double const x = 8 + 12 * noise(std::uint64_t(2 * i)), y = 8 + 12 * noise(std::uint64_t(2 * i + 1));
        for (int p = 0; p < 784; ++p) {
            double const distance = std::hypot(p % 28 - x, p / 28 - y);
            table.x(i, p) = float(
                std::floor(255 * std::fmax(0, std::fmin(1, 4.5 - distance + noise(std::uint64_t(p * i)) / 4))));
        }
        table.y[i] = float(i % 10);
    }
    return table;
}

template <class Table>
std::string error_in(std::string const& bytes) {
    return message_of([&] { data::parse_cache<Table>(bytes, "f"); });
}

/// The bytes with the checksum that fits them.
std::string sealed(std::string bytes) {
    bytes.resize(bytes.size() - 4);
    data::detail::store(bytes, crc32(bytes));
    return bytes;
}

}  // namespace

TEST_CASE("data cache: the prefix code is that of the textbooks") {
    using lengths = std::vector<std::uint8_t>;
    CHECK(data::detail::huffman_lengths({8, 1, 4, 0, 1, 2}, 20) == lengths{1, 4, 2, 0, 4, 3});
    CHECK(data::detail::huffman_lengths({0, 5}, 20) == lengths{0, 1});
    CHECK(data::detail::huffman_lengths({}, 20).empty());
    // RFC 1951, 3.2.2: lengths 3 3 3 3 3 2 4 4 have these codes.
    CHECK(data::detail::huffman_codes({3, 3, 3, 3, 3, 2, 4, 4}) ==
          std::vector<std::uint32_t>{2, 3, 4, 5, 6, 0, 14, 15});
    std::vector<std::uint64_t> fibonacci{1, 1};
    while (fibonacci.size() < 40)
        fibonacci.push_back(fibonacci.back() + fibonacci[fibonacci.size() - 2]);
    double share = 0;
    for (auto const length : data::detail::huffman_lengths(fibonacci, 11)) {
        CHECK((length > 0 && length <= 11));
        share += std::ldexp(1.0, -length);
    }
    CHECK(share <= 1.0);
}

TEMPLATE_TEST_CASE("data cache: every bit of a table comes back", "", float, double) {
    using T = TestType;
    constexpr T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
    dataset<T> odd{
        matrix<T>{{nan, T(-0.0), inf}, {-nan, 0, -inf}, {std::numeric_limits<T>::denorm_min(), 1, T(0.1)}},
        vector<T>{{nan, 1, -2}},
        {"a", "", "c\n"},
        {"x", "y"},
        "target",
        vector<T>{{1, 0, T(0.5)}}};
    CHECK(equal(there_and_back(odd), odd));
    for (auto const& [rows, columns] : {std::pair{0, 0}, {0, 5}, {3, 0}, {1, 1}, {1, 1000}, {1000, 1}}) {
        dataset<T> table{matrix<T>::Constant(rows, columns, T(2.5)), {}};
        CHECK(equal(there_and_back(table), table));
    }
    // Columns of each kind: constant, few values, long runs, many values, all different.
    descent::index const rows = sizeof(T) == 4 ? 70000 : 7000;  // above 65536, and below
    dataset<T> columns{matrix<T>(rows, 5), vector<T>(rows)};
    for (descent::index i = 0; i < columns.samples(); ++i) {
        auto const k = std::uint64_t(i);
        columns.x.row(i) << 7, T(k % 3), T(k / 2000), T(std::floor(noise(k) * 3000)), T(noise(k));
        columns.y[i] = T(k % 2);
    }
    std::string const bytes = data::format_cache(columns);
    CHECK(equal(data::parse_cache<dataset<T>>(bytes), columns));
    CHECK(bytes.size() < std::size_t(rows) * (sizeof(T) + 3));
}

TEST_CASE("data cache: sparse tables") {
    sparse_dataset<float> table;
    table.class_names = {"-1", "1"};
    for (descent::index i = 0; i < 3000; ++i) {
        std::uint32_t column = 0;
        for (std::uint64_t k = 0; i % 7 && k < 14; ++k) {
            column += 1 + std::uint32_t(noise(std::uint64_t(i) * 14 + k) * 9);
            table.x.columns.push_back(column);
            table.x.values.push_back(i % 2 ? 1.0f : float(k));
        }
        table.x.offsets.push_back(std::int64_t(table.x.values.size()));
    }
    table.x.width = 130;
    table.y = vector<float>::Ones(3000);
    for (bool const ones : {false, true}) {
        if (ones)
            table.x.values.assign(table.x.values.size(), 1.0f);
        std::string const bytes = data::format_cache(table);
        auto const back = data::parse_cache<sparse_dataset<float>>(bytes);
        CHECK(back.x.offsets == table.x.offsets);
        CHECK(back.x.columns == table.x.columns);
        CHECK(back.x.values == table.x.values);
        CHECK(back.x.width == 130);
        CHECK(back.y == table.y);
        CHECK(back.class_names == table.class_names);
        if (ones)
            CHECK(bytes.size() < table.x.columns.size() / 2);  // below 4 bits an entry: log2(9) = 3.2
    }
    sparse_dataset<double> const none;
    CHECK(there_and_back(none).samples() == 0);
}

TEST_CASE("data cache: pictures take less than gzip needs for their bytes") {
    auto const table = pictures(500);
    std::string const bytes = data::format_cache(table);
    CHECK(equal(data::parse_cache<dataset<float>>(bytes), table));
#if DESCENT_ZLIB_ENABLED
    std::string pixels;
    for (float const each : table.x.reshaped<Eigen::RowMajor>())
        pixels += char(int(each));
    CHECK(bytes.size() < data::detail::deflate_raw<true>(pixels, "test").size());
#endif
}

TEST_CASE("data cache: files, and files that are something else") {
    dataset<float> const table{matrix<float>{{1, 2}, {3, 4}}, vector<float>{{0, 1}}};
    std::string const path = "descent_data_cache_test";
    data::write_cache(path, table);
    CHECK(equal(data::read_cache<dataset<float>>(path), table));
    CHECK(message_of([&] { data::read_cache<dataset<double>>(path); }) ==
          path + ": it holds a dataset<float>: must be a dataset<double>");
    CHECK(message_of([&] { data::read_cache<sparse_dataset<float>>(path); }) ==
          path + ": it holds a dataset<float>: must be a sparse_dataset<float>");
    std::remove(path.c_str());
    CHECK(message_of([&] { data::read_cache<dataset<float>>(path); }) ==
          path + ": cannot open: No such file or directory");
    CHECK(message_of([&] { data::write_cache("no/such", table); }) ==
          "no/such: cannot write: No such file or directory");
    CHECK(error_in<dataset<float>>("a,b\n1,2\n") == "f: the magic number is not that of a packed table");
}

TEST_CASE("data cache: damage") {
    dataset<float> const table{matrix<float>{{1, 2}, {3, 4}}, vector<float>{{0, 1}}, {"a", "b"}};
    std::string const good = data::format_cache(table);
    std::string const sum = "f: the checksum is wrong: the file is cut short or damaged",
                      magic = "f: the magic number is not that of a packed table";
    for (std::size_t at = 0; at < good.size(); ++at) {
        CHECK(error_in<dataset<float>>(good.substr(0, at)) == (at < 14 ? magic : sum));
        std::string damaged = good;
        damaged[at] = char(damaged[at] ^ 64);
        CHECK(error_in<dataset<float>>(damaged) == (at < 14 ? magic : sum));
    }
    // Damage that the checksum does not see: nothing is read out of bounds, nothing large is allocated.
    int refused = 0;
    for (std::size_t at = 14; at + 4 < good.size(); ++at)
        for (int const flip : {1, 64, 255}) {
            std::string lie = good;
            lie[at] = char(lie[at] ^ flip);
            refused += error_in<dataset<float>>(sealed(lie)) != "(no error)";
        }
    CHECK(refused > 300);
    std::string huge = good;
    huge[16 + 5] = 1;  // 2^40 rows
    CHECK(error_in<dataset<float>>(sealed(huge)) == "f: the data is damaged");
    huge[16 + 7] = 1;
    CHECK(error_in<dataset<float>>(sealed(huge)) == "f: the data is damaged");
}
