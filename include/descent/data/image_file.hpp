// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <descent/core/file.hpp>
#include <descent/data/detail/image_parts.hpp>
#include <descent/data/detail/stb.hpp>
#include <descent/data/nd_array.hpp>

namespace descent::data {

/// How images are read.
struct image_options {
    index channels = 3;                  ///< 3: red, green, blue; 1: gray. Whatever the file has
    index most_pixels = index(1) << 26;  ///< height x width; a file that claims more is refused
};

namespace detail {

/// Decodes; without stb it throws. A template argument so that a program may mix files compiled with and
/// without descent::stb.
template <class T, bool linked>
struct image_decoder {
    static nd_array<T> decode(std::string_view, std::string_view name, image_options const&) {
        fail(name, ": image: this program was built without stb_image; link descent::stb");
    }
};

#if DESCENT_STB_ENABLED
template <class T>
struct image_decoder<T, true> {
    static nd_array<T> decode(std::string_view bytes, std::string_view name, image_options const& options) {
        expect(bytes.size() <= INT_MAX, name, ": ", bytes.size(), " bytes: must be < 2^31");
        int width = 0, height = 0, found = 0;
        struct release {
            void operator()(unsigned char* made) const { stb::stbi_image_free(made); }
        };
        std::unique_ptr<unsigned char, release> const made(
            stb::stbi_load_from_memory(reinterpret_cast<unsigned char const*>(bytes.data()), int(bytes.size()),
                                       &width, &height, &found, int(options.channels)));
        char const* const reason = stb::stbi_failure_reason();
        expect(made != nullptr, name,
               ": the image is damaged: ", std::string_view(reason ? reason : "unknown"));
        index const pixels = index(height) * width;
        nd_array<T> image{{options.channels, height, width}, {}};
        image.values.resize(std::size_t(options.channels * pixels));
        for (index c = 0; c < options.channels; ++c)
            for (index i = 0; i < pixels; ++i)
                image.values[std::size_t(c * pixels + i)] = T(made.get()[i * options.channels + c]);
        return image;
    }
};
#endif

}  // namespace detail

/// Decodes a PNG or JPEG file that is in memory; `name` stands for it in messages. See read_image.
template <class T = float, bool stb = DESCENT_STB_ENABLED>
nd_array<T> parse_image(std::string_view bytes, image_options const& options = {},
                        std::string_view name = "image") {
    expect(options.channels == 1 || options.channels == 3, name, ": channels = ", options.channels,
           ": must be 1 or 3");
    expect(detail::is_png(bytes) || detail::is_jpeg(bytes), name, ": is neither a PNG nor a JPEG image");
    bool const png = detail::is_png(bytes);
    auto const [height, width] = png ? detail::check_png(bytes, name) : detail::check_jpeg(bytes, name);
    // Deflate packs at most 1032 to 1, and a pixel of a PNG file has a bit at least.
    std::int64_t const most =
        png ? std::min<std::int64_t>(options.most_pixels, 8 * 1032 * std::int64_t(bytes.size()))
            : options.most_pixels;
    expect(height >= 1 && width >= 1 && height <= most / width, name, ": ", height, " x ", width, " pixels in ",
           bytes.size(), " bytes: must be 1 to ", most);
    return detail::image_decoder<T, stb>::decode(bytes, name, options);
}

/// Reads a PNG or JPEG file: [channels, height, width], pixels 0 .. 255, as transforms of images take them.
/// Needs stb_image (CMake: link descent::stb; Debian: libstb-dev).
///
///     auto const photo = data::read_image("cat.jpg");    // photo.extents: {3, height, width}
///
/// Colors become gray as 0.299 red + 0.587 green + 0.114 blue; transparency is dropped; 16 bits become 8. Turns
/// that a camera noted (EXIF) are not made. Throws descent::error that names the file and the reason for one
/// that cannot be read, is neither, is cut short, has a wrong checksum (PNG), does not decode, or claims more
/// pixels than `most_pixels`; and without stb_image: "cat.jpg: image: this program was built without stb_image;
/// link descent::stb".
template <class T = float, bool stb = DESCENT_STB_ENABLED>
nd_array<T> read_image(std::string const& path, image_options const& options = {}) {
    return parse_image<T, stb>(read_file(path), options, path);
}

}  // namespace descent::data
