// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <descent/data/dataset.hpp>
#include <descent/data/image_crop.hpp>
#include <descent/data/image_file.hpp>
#include <descent/data/image_resize.hpp>
#include <descent/exec/serial.hpp>

namespace descent::data {

/// How the images of a folder become rows of a table.
struct image_folder_options {
    index height = 0, width = 0;         ///< of every row; must be given
    index channels = 3;                  ///< see image_options
    bool stretch = false;                ///< changes the proportions; else the middle is cut out
    index most_pixels = index(1) << 26;  ///< see image_options
};

namespace detail {

/// Names of what lies in the folder and is wanted, in order.
template <class Wanted>
std::vector<std::string> names_in(std::string const& folder, Wanted const& wanted) {
    std::vector<std::string> names;
    std::error_code failure;
    std::filesystem::directory_iterator entry(folder, failure);
    for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        std::string name = entry->path().filename().string();
        if (!name.starts_with('.') && wanted(*entry, name))
            names.push_back(std::move(name));
    }
    expect(!failure, folder, ": cannot open: ", std::string_view(std::strerror(failure.value())));
    std::sort(names.begin(), names.end());
    return names;
}

inline bool is_image_name(std::string name) {
    for (char& c : name)
        c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    return name.ends_with(".png") || name.ends_with(".jpg") || name.ends_with(".jpeg");
}

/// The image at the size of a row, written to `to`.
template <class T>
void fit_image(nd_array<T> const& from, image_folder_options const& options, T* to) {
    shape const had{from.extents[0], from.extents[1], from.extents[2]};
    // The largest middle part of the wanted proportions.
    auto const part = [&](index extent, index other, index wanted, index other_wanted) {
        double const most = double(other) * double(wanted) / double(other_wanted);
        return options.stretch || most >= double(extent) ? extent
                                                         : std::max(index(1), index(std::lround(most)));
    };
    image::center_crop const crop{part(had[1], had[2], options.height, options.width),
                                  part(had[2], had[1], options.width, options.height)};
    shape const middle = crop.output(had);
    std::vector<T> pixels(std::size_t(middle.size()));
    crop(from.values.data(), had, pixels.data(), {});
    bool const smaller = middle[1] >= options.height && middle[2] >= options.width;
    image::resize const resize{options.height, options.width,
                               smaller ? image::sampling::area : image::sampling::bilinear};
    resize(pixels.data(), middle, to, {});
}

}  // namespace detail

/// Reads a folder with a folder of PNG and JPEG files for each class: rows [channels, height, width] of pixels
/// 0 .. 255, classes in the order of their names.
///
///     auto pets = data::read_image_folder("pets", {.height = 64, .width = 64}, exec::openmp{});
///     pets.class_names;    // "cat", "dog", of pets/cat/*.jpg and pets/dog/*.png
///
/// Images are made smaller by area, larger by bilinear weights. Other files, and names with a dot in front, are
/// passed over. Needs stb_image as read_image does, and throws descent::error as it does; also for a folder
/// that cannot be opened, holds no folder, or whose classes hold no image ("pets/cat: no .png, .jpg or .jpeg
/// there").
template <class T = float, bool stb = DESCENT_STB_ENABLED, class Executor = exec::serial>
dataset<T> read_image_folder(std::string const& folder, image_folder_options const& options,
                             Executor const& executor = {}) {
    expect(options.height >= 1 && options.width >= 1, "read_image_folder: images of ", options.height, " x ",
           options.width, ": must be at least 1 x 1");
    expect(options.channels == 1 || options.channels == 3, "read_image_folder: channels = ", options.channels,
           ": must be 1 or 3");
    dataset<T> table;
    std::vector<std::string> files;
    std::vector<T> classes;
    table.class_names = detail::names_in(folder, [](auto const& entry, std::string const&) {
        std::error_code unknown;  // a link that leads nowhere is no folder
        return entry.is_directory(unknown);
    });
    expect(!table.class_names.empty(), folder, ": no folder there: must hold one for each class");
    for (std::string const& name : table.class_names) {
        std::string const inside = text(folder, "/", name);
        auto const images = detail::names_in(
            inside, [](auto const&, std::string const& file) { return detail::is_image_name(file); });
        expect(!images.empty(), inside, ": no .png, .jpg or .jpeg there");
        for (std::string const& file : images) {
            files.push_back(text(inside, "/", file));
            classes.push_back(T(&name - table.class_names.data()));
        }
    }
    table.y = vector_view<T const>(classes.data(), index(classes.size()));
    table.x.resize(index(files.size()), shape{options.channels, options.height, options.width}.size());

    std::vector<std::string> problems(files.size());  // the first one is told, whichever thread was quicker
    executor.for_each(index(files.size()), [&](index i) {
        try {
            auto const image =
                read_image<T, stb>(files[std::size_t(i)], {options.channels, options.most_pixels});
            detail::fit_image(image, options, table.x.data() + i * table.features());
        } catch (error const& problem) {
            problems[std::size_t(i)] = problem.what();
        }
    });
    for (std::string const& problem : problems)
        expect(problem.empty(), problem);
    return table;
}

}  // namespace descent::data
