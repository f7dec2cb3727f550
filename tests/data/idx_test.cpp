// SPDX-License-Identifier: MIT
#include <descent/data/idx.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/data/cifar.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

using bytes = std::string;

bytes of(std::vector<int> const& values) { return bytes(values.begin(), values.end()); }

std::string error_in(bytes const& content) {
    return message_of([&] { data::parse_idx<float>(content, "f"); });
}

struct file {
    std::string path;
    file(std::string name, bytes const& content) : path(std::move(name)) { write_file(path, content); }
    ~file() { std::remove(path.c_str()); }
};

}  // namespace

TEST_CASE("data idx: every type, high byte first") {
    auto const values = [](int type, bytes const& content) {
        auto const array = data::parse_idx<double>(of({0, 0, type, 1, 0, 0, 0, 2}) + content);
        CHECK(array.extents == std::vector<descent::index>{2});
        return array.values;
    };
    using list = std::vector<double>;
    CHECK(values(8, of({7, 255})) == list{7, 255});
    CHECK(values(9, of({7, 255})) == list{7, -1});
    CHECK(values(11, of({1, 2, 255, 254})) == list{258, -2});
    CHECK(values(12, of({0, 1, 0, 2, 255, 255, 255, 254})) == list{65538, -2});
    CHECK(values(13, of({0x3f, 0xc0, 0, 0, 0x80, 0, 0, 0})) == list{1.5, 0});
    CHECK(values(14, of({0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0})) == list{1.5, -2});
    CHECK(std::isnan(values(13, of({0x7f, 0xc0, 0, 0, 0, 0, 0, 0}))[0]));
    CHECK(data::parse_idx<int>(of({0, 0, 8, 1, 0, 0, 0, 1, 200})).values == std::vector<int>{200});
    CHECK(message_of([] {
              data::parse_idx<signed char>(of({0, 0, 8, 1, 0, 0, 0, 1, 200}), "f");
          }) == "f: element 0 is 200: the wanted type does not hold it");
}

TEST_CASE("data idx: images and labels") {
    file const images("descent_data_idx_test_images",
                      of({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4}));
    file const labels("descent_data_idx_test_labels", of({0, 0, 8, 1, 0, 0, 0, 2, 9, 5}));
    auto const table = data::read_idx(images.path, labels.path);
    CHECK(table.x == matrix<float>{{1, 2}, {3, 4}});
    CHECK(table.y == vector<float>{{9, 5}});
    CHECK(table.classes() == 10);
    CHECK(data::read_idx<double>(images.path).y.size() == 0);
    CHECK(message_of([&] { data::read_idx(images.path, images.path); }) ==
          images.path + ": 3 dimensions: must be 1");
    file const three("descent_data_idx_test_three", of({0, 0, 8, 1, 0, 0, 0, 3, 9, 5, 1}));
    CHECK(message_of([&] { data::read_idx(images.path, three.path); }) ==
          three.path + ": 3 labels for 2 samples");
    file const none("descent_data_idx_test_none", of({0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3}));
    CHECK(message_of([&] { data::read_idx(none.path); }) == none.path + ": no sample");
    CHECK(message_of([] { data::read_idx("no/such"); }) == "no/such: cannot open: No such file or directory");
}

TEST_CASE("data idx: files that lie or are damaged") {
    bytes const good = of({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6});
    CHECK(error_in(good) == "(no error)");
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK(error_in(good.substr(0, length)) ==
              (length < 4    ? text("f: ", length, " bytes: no IDX file")
               : length < 12 ? text("f: the file is cut short: ", length, " bytes, the 2 dimensions end at 12")
                             : text("f: 2 x 1 numbers of 1 byte do not fit into the ", length - 12,
                                    length == 13 ? " byte that is there" : " bytes that are there")));
    CHECK(error_in(good + "x") == "f: 1 byte after the data");
    CHECK(error_in(of({1, 0, 8, 1, 0, 0, 0, 0})) == "f: the magic number is not that of an IDX file");
    CHECK(error_in(of({0, 0, 10, 1, 0, 0, 0, 0})) == "f: type 10: must be 8, 9, 11, 12, 13 or 14");
    CHECK(error_in(of({0, 0, 8, 0})) == "f: no dimension");
    CHECK(error_in(of({0, 0, 14, 1, 0xff, 0xff, 0xff, 0xff})) ==
          "f: 4294967295 numbers of 8 bytes do not fit into the 0 bytes that are there");
    // 2^32 * 2^32 wraps to 0.
    CHECK(error_in(of({0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0})) ==
          "f: 65536 x 65536 x 65536 x 65536 numbers of 1 byte do not fit into the 0 bytes that are there");
    CHECK(error_in(of({0, 0, 8, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0})) ==
          "f: 4294967295 x 4294967295 x 4294967295 x 0 numbers of 1 byte do not fit into the 0 bytes that are "
          "there");
}

TEST_CASE("data cifar: two batches, both labels of CIFAR-100, and what is no batch") {
    bytes record = of({3}) + bytes(1024, '\1') + bytes(1024, '\2') + bytes(1024, '\xff');
    file const one("descent_data_cifar_test_1", record),
        two("descent_data_cifar_test_2", record + "\x09" + record.substr(1));
    auto const table = data::read_cifar10({one.path, two.path});
    REQUIRE(table.samples() == 3);
    CHECK(table.features() == 3072);
    CHECK(table.y == vector<float>{{3, 3, 9}});
    CHECK(table.class_names[9] == "truck");
    CHECK(table.x(2, 0) == 1.0f);
    CHECK(table.x(2, 1024) == 2.0f);
    CHECK(table.x(2, 3071) == 255.0f);

    file const hundred("descent_data_cifar_test_3", of({19, 99}) + record.substr(1));
    CHECK(data::read_cifar100({hundred.path}).y[0] == 99.0f);
    auto const coarse = data::read_cifar100<double>({hundred.path}, data::cifar_label::coarse);
    CHECK(coarse.y[0] == 19.0);
    CHECK(coarse.classes() == 20);

    file const cut("descent_data_cifar_test_4", record.substr(1)), empty("descent_data_cifar_test_5", "");
    file const wrong("descent_data_cifar_test_6", record + "\x0a" + record.substr(1));
    auto const error = [](file const& each) { return message_of([&] { data::read_cifar10({each.path}); }); };
    CHECK(error(cut) == cut.path + ": 3072 bytes: must be a multiple of 3073, and not 0");
    CHECK(error(empty) == empty.path + ": 0 bytes: must be a multiple of 3073, and not 0");
    CHECK(error(wrong) == wrong.path + ": byte 3073: label 10: must be in [0, 10)");
    CHECK(message_of([] { data::read_cifar10({}); }) == "read_cifar10: no file");
    CHECK(message_of([] { data::read_cifar100({}); }) == "read_cifar100: no file");
}
