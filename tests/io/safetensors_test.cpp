// SPDX-License-Identifier: MIT
#include <descent/io/safetensors.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// A file with that header over that many bytes of data.
std::string with_header(std::string const& header, std::size_t data) {
    std::string bytes(8, '\0');
    io::detail::store(bytes.data(), std::uint64_t(header.size()));
    bytes += header;
    for (std::size_t i = 0; i < data; ++i)
        bytes += char(i);
    return bytes;
}

std::string fault(std::string const& header, std::size_t data = 0) {
    return message_of([&] { io::parse_safetensors(with_header(header, data), "f"); });
}

template <class T>
std::vector<T> values(io::safetensors const& file, std::string_view name) {
    auto const& tensor = file.at(name);
    std::vector<T> numbers(std::size_t(tensor.extents.size()));
    file.copy(tensor, numbers.data());
    return numbers;
}

}  // namespace

TEST_CASE("io safetensors: the bytes are those of the format") {
    float const x[] = {1, -2};
    std::int8_t const y[] = {7};
    auto const bytes =
        io::format_safetensors({io::to_bytes("y", {}, y), io::to_bytes("a\"b", {2, 1}, x)}, {{"k", "v\n"}});
    // Wide numbers first, the header padded to whole 8 bytes.
    std::string header =
        "{\"__metadata__\":{\"k\":\"v\\u000a\"},\"a\\\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":"
        "[0,8]},"
        "\"y\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[8,9]}}";
    header.append((8 - header.size() % 8) % 8, ' ');
    std::string wanted(8, '\0');
    wanted[0] = char(header.size());
    wanted += header;
    wanted += std::string("\0\0\x80\x3f\0\0\0\xc0\7", 9);
    CHECK(bytes == wanted);
    auto const file = io::parse_safetensors(bytes);
    CHECK(file.text_at("k") == "v\n");
    CHECK(values<float>(file, "a\"b") == std::vector<float>{1, -2});
    CHECK(values<double>(file, "y") == std::vector<double>{7});
    CHECK(file.at("a\"b").extents == shape{2, 1});
    CHECK(message_of([&] { file.at("z"); }) == "safetensors: there is no tensor 'z'");
    CHECK(message_of([&] { file.text_at("z"); }) == "safetensors: the metadata has no 'z'");
    CHECK(io::parse_safetensors(io::format_safetensors({})).tensors.empty());
    // Any order in the header, white space, nothing at all in a tensor, escapes in names.
    auto const loose = io::parse_safetensors(
        with_header(" {\"\\u00e9\\ud83d\\ude00\" : {\"data_offsets\":[1, 2],\"shape\":[1],\"dtype\":\"U8\"},\n"
                    "\"e\":{\"dtype\":\"F64\",\"shape\":[0,3],\"data_offsets\":[1,1]},"
                    "\"b\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1]}} ",
                    2));
    CHECK(values<float>(loose, "\u00e9\U0001f600") == std::vector<float>{1});
    CHECK(values<float>(loose, "e").empty());
    CHECK(values<float>(loose, "b") == std::vector<float>{0});
}

TEST_CASE("io safetensors: headers that lie are refused by name") {
    auto const one = [](std::string const& offsets, std::string const& dtype = "F32",
                        std::string const& extents = "[2]") {
        return "\"w\":{\"dtype\":\"" + dtype + "\",\"shape\":" + extents + ",\"data_offsets\":" + offsets + "}";
    };
    CHECK(message_of([] { io::parse_safetensors("1234567", "f"); }) ==
          "f: 7 bytes: too short for a safetensors file");
    CHECK(message_of([] { io::parse_safetensors(std::string(8, '\xff'), "f"); }) ==
          "f: it is no safetensors file: header length = 18446744073709551615: must be <= 100000000");
    CHECK(message_of([] { io::parse_safetensors(std::string("\x63\0\0\0\0\0\0\0{}", 10), "f"); }) ==
          "f: it is cut short, or no safetensors file: header length = 99: the file has 10 bytes");
    CHECK(fault("") == "f: header: byte 0: expected '{'");
    CHECK(fault("{\"\xff\":") == "f: header: it is not UTF-8");
    CHECK(fault("{} {") == "f: header: byte 3: more text behind the end");
    CHECK(fault("{" + one("[0,8]") + "}", 7) ==
          "f: tensor 'w': data_offsets [0, 8] end behind the data of 7 bytes");
    CHECK(fault("{" + one("[0,8]") + "}", 9) == "f: bytes 8 to 9 of the data belong to no tensor");
    CHECK(fault("{" + one("[4,12]") + "}", 12) == "f: bytes 0 to 4 of the data belong to no tensor");
    CHECK(fault("{" + one("[8,0]") + "}", 8) == "f: tensor 'w': data_offsets must be [begin, end]");
    CHECK(fault("{" + one("[0,8,9]") + "}", 8) == "f: tensor 'w': data_offsets must be [begin, end]");
    CHECK(fault("{" + one("[0,8]", "F64") + "}", 8) ==
          "f: tensor 'w': [2] F64 does not fill data_offsets [0, 8]");
    CHECK(fault("{" + one("[0,9]") + "}", 9) == "f: tensor 'w': [2] F32 does not fill data_offsets [0, 9]");
    CHECK(fault("{" + one("[0,8]", "F4") + "}", 8) == "f: tensor 'w': dtype 'F4' is not known");
    CHECK(fault("{" + one("[0,8]") + "," + one("[8,16]") + "}", 16) == "f: tensor 'w' is there twice");
    CHECK(fault("{" + one("[0,8]") + ",\"v\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[7,8]}}", 8) ==
          "f: tensor 'v': data_offsets [7, 8] overlap tensor 'w' [0, 8]");
    CHECK(fault("{" + one("[0,4]", "F32", "[1,1,1,1,1,1,1]") + "}", 4) ==
          "f: tensor 'w': 7 extents: at most 6");
    CHECK(fault("{" + one("[0,4]", "F32", "[9223372036854775807,8]") + "}", 4) ==
          "f: tensor 'w': the number of elements overflows");
    CHECK(fault("{" + one("[0,4]", "F32", "[-1]") + "}", 4) == "f: header: byte 29: expected a whole number");
    CHECK(fault("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4) == "f: tensor 'w': no entry 'data_offsets'");
    CHECK(fault("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}") == "f: tensor 'w': two entries 'dtype'");
    CHECK(fault("{\"w\":{\"size\":3}}") == "f: tensor 'w': 'size' is not known");
    CHECK(fault("{\"__metadata__\":{},\"__metadata__\":{}}") == "f: two entries '__metadata__'");
    CHECK(fault("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}") == "f: metadata 'a' is there twice");
    CHECK(fault("{\"__metadata__\":{\"a\":1}}") == "f: header: byte 21: expected '\"'");
    // Many tensors in one header must not be told apart pair by pair.
    std::string many = "{";
    for (int i = 0; i < 20000; ++i)
        many += text(i ? "," : "", "\"", i, "\":{\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]}");
    CHECK(io::parse_safetensors(with_header(many + "}", 0)).tensors.size() == 20000);
}

TEST_CASE("io safetensors: what cannot be written is refused by name") {
    float const x[] = {1, 70000, 0.5f};
    CHECK(message_of([&] { io::to_bytes("x", {3}, x, io::dtype::f16); }) ==
          "tensor 'x': number 1 = 70000 does not fit F16");
    CHECK(message_of([&] { io::to_bytes("x", {3}, x, io::dtype::i32); }) ==
          "tensor 'x': number 2 = 0.5 does not fit I32");
    auto const tensor = io::to_bytes("x", {3}, x);
    CHECK(message_of([&] {
              io::format_safetensors({tensor, tensor});
          }) == "safetensors: tensor 'x' is there twice");
    CHECK(message_of([&] { io::format_safetensors({io::to_bytes("__metadata__", {3}, x)}); }) ==
          "safetensors: tensor '__metadata__' is there twice");
    CHECK(message_of([&] { io::format_safetensors({io::to_bytes("\x80", {3}, x)}); }) ==
          "safetensors: a tensor's name is not UTF-8");
    CHECK(message_of([&] {
              io::format_safetensors({{"x", io::dtype::f32, {3}, "1234"}});
          }) == "safetensors: tensor 'x' [3] F32 has 4 bytes");
    double const wide[] = {1e39};
    auto const file = io::parse_safetensors(io::format_safetensors({io::to_bytes("d", {1}, wide)}), "f");
    CHECK(message_of([&] { values<float>(file, "d"); }) == "f: tensor 'd': number 0 does not fit F32");
    CHECK(message_of([&] { io::write_safetensors("/no such folder/x", {}); }) ==
          "/no such folder/x: cannot write: No such file or directory");
}

TEST_CASE("io safetensors: published weights are read") {
    char const* const data = std::getenv("DESCENT_DATA");
    if (!data) {
        WARN("DESCENT_DATA is not set: skipped");
        return;
    }
    auto const file = io::read_safetensors(std::string(data) + "/weights/resnet20-12fca82f.safetensors");
    CHECK(file.tensors.size() == 97);
    descent::index numbers = 0;
    for (auto const& each : file.tensors)
        numbers += each.extents.size();
    CHECK(numbers == 271098);
    CHECK(file.at("layer2.0.conv1.weight").extents == shape{32, 16, 3, 3});
    CHECK(io::read_safetensors(std::string(data) + "/weights/lenet5_mnist.safetensors").tensors.size() == 10);
    auto const cntk = io::read_safetensors(std::string(data) + "/weights/mnist-cntk.safetensors");
    CHECK(cntk.at("Parameter193").extents == shape{16, 4, 4, 10});
}
