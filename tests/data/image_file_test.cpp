// SPDX-License-Identifier: MIT
#include <descent/data/image_file.hpp>
#include <descent/data/image_folder.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <descent/exec/openmp.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using bytes_of = std::vector<int>;

namespace {

/// One CHECK for all messages: each costs compile time.
void is(std::string const& message, std::string const& expected) { CHECK(message == expected); }

std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        auto const digit = [&](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        bytes += static_cast<char>(16 * digit(digits[i]) + digit(digits[i + 1]));
    }
    return bytes;
}

// Written by Pillow 13: 3 x 2 pixels (255 0 0, 0 255 0, 0 0 255; 10 20 30, 200 100 50, 255 255 255), once as
// they are and once with a palette of 4 bits; 8 x 8 gray ones, min(255, 16 row + 12 column), quality 75; 8 x 8
// times 200 100 50, progressive.
std::string const png = from_hex(
    "89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d000000184944415478da63f8cfc0c000c15c2272"
    "27"
    "528cfeffff0f003c19079507c2ad920000000049454e44ae426082");
std::string const palette = from_hex(
    "89504e470d0a1a0a0000000d49484452000000030000000204030000006f5a7b2900000012504c5445ffffff00ff00c864320a141e"
    "ff"
    "00000000ff124f27070000000e49444154789c6374e4673062000001f10084b07e7d610000000049454e44ae426082");
std::string const jpeg = from_hex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a"
    "1f"
    "1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080008000801011100ffc4001400"
    "01"
    "00000000000000000000000000000005ffc40018100002030000000000000000000000000000062332a1ffda0008010100003f0005"
    "6d"
    "3a91e1ffd9");
std::string const progressive = from_hex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300010101010101010101010101010101010101010101010101010101"
    "01010101010101010101010101010101010101010101010101010101010101010101010101ffc200110800080008030122000211"
    "00031100ffc4001500010100000000000000000000000000000005ffc40014010100000000000000000000000000000008ffda00"
    "0c030100021003100000019e0aed8fffc40014100100000000000000000000000000000000ffda00080101000105027fffc40014"
    "110100000000000000000000000000000000ffda0008010301013f017fffc40014110100000000000000000000000000000000ff"
    "da0008010201013f017fffc40014100100000000000000000000000000000000ffda0008010100063f027fffc400141001000000"
    "00000000000000000000000000ffda0008010100013f217fffda000c0301000200030000001003ffc40014110100000000000000"
    "000000000000000000ffda0008010301013f107fffc40014110100000000000000000000000000000000ffda0008010201013f10"
    "7fffc40014100100000000000000000000000000000000ffda0008010100013f107fffd9");

#if DESCENT_STB_ENABLED
/// The file with four bytes of its header replaced, and the header's checksum that fits them.
std::string with_size(std::string file, std::size_t at, std::string_view number) {
    file.replace(at, 4, number);
    std::uint32_t const sum = crc32(std::string_view(file).substr(12, 17));
    for (std::size_t i = 0; i < 4; ++i)
        file[29 + i] = static_cast<char>(sum >> (24 - 8 * i) & 255);
    return file;
}

std::string refusal(std::string const& bytes, data::image_options const& options = {}) {
    return message_of([&] { data::parse_image(bytes, options, "f"); });
}

double apart(std::vector<float> const& a, std::vector<float> const& b) {
    double worst = a.size() == b.size() ? 0 : 1e300;
    for (std::size_t i = 0; i < a.size() && a.size() == b.size(); ++i)
        worst = std::max(worst, double(std::fabs(a[i] - b[i])));
    return worst;
}
#endif

/// A folder that goes away again.
struct folder_of_a_test {
    std::string name = "descent_data_image_file_test";
    folder_of_a_test() { std::filesystem::remove_all(name); }
    ~folder_of_a_test() { std::filesystem::remove_all(name); }
    void file(std::string const& path, std::string const& content) const {
        auto const whole = std::filesystem::path(name) / path;
        std::filesystem::create_directories(whole.parent_path());
        write_file(whole.string(), content);
    }
};

}  // namespace

TEST_CASE("data image_file: a program without stb says what to link") {
    is(message_of([] { data::parse_image<float, false>(png, {}, "cat.png"); }),
       "cat.png: image: this program was built without stb_image; link descent::stb");
    if (!DESCENT_STB_ENABLED)
        WARN("skipped: stb_image is not there");
}

#if DESCENT_STB_ENABLED
TEST_CASE("data image_file: pixels in planes, as Pillow reads them") {
    using numbers = std::vector<float>;
    numbers const colors{255, 0, 0, 10, 200, 255, 0, 255, 0, 20, 100, 255, 0, 0, 255, 30, 50, 255};
    auto const image = data::parse_image(png);
    CHECK((image.extents == std::vector<descent::index>{3, 2, 3}));
    CHECK(image.values == colors);
    CHECK(data::parse_image(palette).values == colors);
    auto const gray = data::parse_image(png, {.channels = 1});
    CHECK((gray.extents == std::vector<descent::index>{1, 2, 3}));
    CHECK(apart(gray.values, {76.2f, 149.7f, 29.1f, 18.2f, 124.2f, 255}) < 1.5);

    numbers slope, solid;
    for (int i = 0; i < 64; ++i)
        slope.push_back(float(16 * (i / 8) + 12 * (i % 8)));
    for (int i = 0; i < 192; ++i)
        solid.push_back(i < 64 ? 200.0f : i < 128 ? 100.0f : 50.0f);
    auto const photo = data::parse_image(jpeg, {.channels = 1});
    CHECK((photo.extents == std::vector<descent::index>{1, 8, 8}));
    CHECK(apart(photo.values, slope) <= 4);  // Pillow is as far away
    CHECK(apart(data::parse_image(progressive).values, solid) <= 2);
    // A camera may write after the end, and fill bytes before a marker.
    std::string more = jpeg + "notes";
    CHECK(data::parse_image(more.insert(2, "\xff\xff"), {.channels = 1}).values == photo.values);
}

TEST_CASE("data image_file: damage") {
    is(refusal(""), "f: is neither a PNG nor a JPEG image");
    is(refusal("GIF89a"), "f: is neither a PNG nor a JPEG image");
    is(refusal(png, {.channels = 2}), "f: channels = 2: must be 1 or 3");
    is(message_of([] { data::read_image("no_such.png"); }),
       "no_such.png: cannot open: No such file or directory");
    auto const cut_is_told = [](std::string const& file, std::size_t least) {
        for (std::size_t length = least; length < file.size(); ++length)
            if (refusal(file.substr(0, length)) != text("f: the image is cut short after ", length, " bytes"))
                return length;
        return file.size();
    };
    CHECK(cut_is_told(png, 8) == png.size());
    CHECK(cut_is_told(jpeg, 3) == jpeg.size());
    CHECK(cut_is_told(progressive, 3) == progressive.size());
    std::size_t told = 0;
    for (std::size_t at = 8; at < png.size(); ++at) {
        std::string damaged = png;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        told += refusal(damaged).starts_with("f: ");
    }
    CHECK(told == png.size() - 8);
    std::string damaged = png;
    damaged[45] = 'x';
    is(refusal(damaged), "f: byte 33: the image is damaged: a checksum is wrong");
    damaged = jpeg;
    damaged[20] = 'x';
    is(refusal(damaged), "f: byte 20: the image is damaged: no marker");
    damaged = jpeg;
    damaged[5] = '\1', damaged[4] = '\0';
    is(refusal(damaged), "f: byte 4: the image is damaged: a part of 1 bytes");
    auto const jpeg_with = [](std::string_view marker, std::size_t behind, char value) {
        std::string changed = jpeg;
        changed[changed.find(marker) + behind] = value;
        return refusal(changed);
    };
    is(jpeg_with("\xff\xc4", 4, '\4'), "f: byte 104: the image is damaged: a Huffman table that cannot be");
    is(jpeg_with("\xff\xc4", 5, '\xff'), "f: byte 104: the image is damaged: a Huffman table that cannot be");
    is(jpeg_with("\xff\xdb", 4, '\x10'),
       "f: byte 22: the image is damaged: a quantization table that cannot be");
    is(jpeg_with("\xff\xdb", 4, '\1'), "f: byte 152: the image is damaged: a quantization table is missing");
    is(jpeg_with("\xff\xc4", 4, '\1'), "f: byte 152: the image is damaged: a Huffman table is missing");
    is(jpeg_with("\xff\xda", 6, '\1'), "f: byte 152: the image is damaged: a Huffman table is missing");
    is(jpeg_with("\xff\xda", 4, '\2'), "f: byte 152: the image is damaged: a scan that cannot be");
    is(jpeg_with("\xff\xc0", 9, '\2'), "f: byte 91: the image is damaged: a header that cannot be");
    is(jpeg_with("\xff\xc0", 1, '\xfe'), "f: byte 152: the image is damaged: a scan that cannot be");
    is(refusal(jpeg.substr(0, 102) + jpeg.substr(89)),
       "f: byte 104: the image is damaged: a header that cannot be");
    is(refusal(png.substr(0, 33) + png.substr(57 + 12)), "f: the image is damaged: no IDAT");
    is(refusal(png.substr(0, 8) + png.substr(33)), "f: byte 8: the image is damaged: no header");
}

TEST_CASE("data image_file: sizes that lie") {
    auto const wide = [](std::string const& number) { return with_size(png, 16, number); };
    std::string const zero(4, '\0'), many("\0\0\x20\0", 4), most("\x7f\xff\xff\xff", 4);
    is(refusal(png, {.most_pixels = 5}), "f: 2 x 3 pixels in 81 bytes: must be 1 to 5");
    is(refusal(wide(zero)), "f: 2 x 0 pixels in 81 bytes: must be 1 to 668736");
    is(refusal(wide(many)), "f: the image is damaged: not enough pixels");
    is(refusal(with_size(wide(many), 20, many)), "f: 8192 x 8192 pixels in 81 bytes: must be 1 to 668736");
    is(refusal(wide(most)), "f: 2 x 2147483647 pixels in 81 bytes: must be 1 to 668736");
    std::string huge = jpeg;
    huge.replace(huge.find("\xff\xc0") + 5, 4, "\xff\xff\xff\xff");
    is(refusal(huge), "f: 65535 x 65535 pixels in 167 bytes: must be 1 to 67108864");
}

TEST_CASE("data image_file: a folder for each class") {
    folder_of_a_test const folder;
    folder.file("dog/b.PNG", png);
    folder.file("dog/a.jpeg", jpeg);
    folder.file("dog/notes.txt", "");
    folder.file("dog/.hidden.png", "");
    folder.file("cat/1.jpg", progressive);
    folder.file("readme.txt", "");
    std::filesystem::create_symlink("loop", folder.name + "/loop");
    auto const read = [&](data::image_folder_options const& options, char const* inside = "") {
        return data::read_image_folder(folder.name + inside, options, exec::openmp{3});
    };
    auto const table = read({.height = 2, .width = 2});
    CHECK((table.class_names == std::vector<std::string>{"cat", "dog"}));
    REQUIRE(table.samples() == 3);
    CHECK(table.features() == 12);
    CHECK((table.y == vector<float>{{0, 1, 1}}));
    auto const row = [&](descent::index i) { return std::vector<float>(&table.x(i, 0), &table.x(i, 0) + 12); };
    CHECK(apart(row(0), {200, 200, 200, 200, 100, 100, 100, 100, 50, 50, 50, 50}) <= 2);
    CHECK(apart(row(1), {42, 90, 106, 154, 42, 90, 106, 154, 42, 90, 106, 154}) <= 2);  // means of 4 x 4
    // The middle 2 x 2 of 2 x 3 pixels: half a pixel less at each side, down to whole ones.
    CHECK(row(2) == std::vector<float>{255, 0, 10, 200, 0, 255, 20, 100, 0, 0, 30, 50});
    auto const stretched = read({.height = 1, .width = 1, .channels = 1, .stretch = true});
    CHECK(std::fabs(stretched.x(2, 0) - (76.2f + 149.7f + 29.1f + 18.2f + 124.2f + 255) / 6) <= 1);
    auto const larger = read({.height = 4, .width = 4});
    CHECK(larger.x(2, 0) == 255);
    CHECK(larger.x(2, 1) == 0.75f * 255);  // bilinear

    auto const problem = [&](data::image_folder_options const& options, char const* inside = "") {
        return message_of([&] { read(options, inside); });
    };
    is(problem({}), "read_image_folder: images of 0 x 0: must be at least 1 x 1");
    is(problem({.height = 1, .width = 1, .channels = -1}), "read_image_folder: channels = -1: must be 1 or 3");
    descent::index const huge = descent::index(1) << 62;
    is(problem({.height = huge, .width = huge}),
       "shape: extent 1 = 4611686018427387904: the number of elements overflows");
    for (char const* name : {"cow/1.png", "cow/2.png", "cow/3.png", "dog/c.png"})
        folder.file(name, "no image");
    is(problem({.height = 1, .width = 1}), folder.name + "/cow/1.png: is neither a PNG nor a JPEG image");
    folder.file("ant/notes.txt", "");
    is(problem({.height = 1, .width = 1}), folder.name + "/ant: no .png, .jpg or .jpeg there");
    is(problem({.height = 1, .width = 1}, "/no_such"),
       folder.name + "/no_such: cannot open: No such file or directory");
    is(problem({.height = 1, .width = 1}, "/dog"),
       folder.name + "/dog: no folder there: must hold one for each class");
}
#endif
