// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>

// By POSIX where there is one: <filesystem> takes half a second to compile.
#if __has_include(<dirent.h>) && __has_include(<sys/stat.h>)
#define DESCENT_DIRENT 1
#include <dirent.h>
#include <sys/stat.h>
#else
#define DESCENT_DIRENT 0
#include <filesystem>
#endif

namespace descent::detail {

#if DESCENT_DIRENT
inline bool exists(std::string const& path) {
    struct ::stat found;
    return ::stat(path.c_str(), &found) == 0;
}

inline bool is_folder(std::string const& path) {
    struct ::stat found;
    return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

/// Makes the folder unless it is there. 0, or why not.
inline int make_folder(std::string const& path) {
    if (is_folder(path))
        return 0;
    return ::mkdir(path.c_str(), 0777) == 0 ? 0 : errno;
}

/// The names in a folder, sorted; none where it cannot be read.
inline std::vector<std::string> names_in(std::string const& folder) {
    std::vector<std::string> names;
    if (DIR* const opened = ::opendir(folder.c_str())) {
        while (dirent const* const each = ::readdir(opened))
            names.emplace_back(each->d_name);
        ::closedir(opened);
    }
    std::sort(names.begin(), names.end());
    return names;
}

#else
inline bool exists(std::string const& path) { return std::filesystem::exists(path); }
inline bool is_folder(std::string const& path) { return std::filesystem::is_directory(path); }
inline int make_folder(std::string const& path) {
    std::error_code reason;
    std::filesystem::create_directory(path, reason);
    return is_folder(path) ? 0 : reason.value();
}
inline std::vector<std::string> names_in(std::string const& folder) {
    std::vector<std::string> names;
    std::error_code unread;
    for (auto const& each : std::filesystem::directory_iterator(folder, unread))
        names.push_back(each.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}
#endif

inline constexpr std::string_view checkpoint_front = "checkpoint-", checkpoint_back = ".safetensors";

/// "checkpoint-000000001234.safetensors": names sort by steps.
inline std::string checkpoint_name(std::int64_t steps) {
    std::string const digits = text(steps);
    return text(checkpoint_front, std::string(12 - std::min<std::size_t>(12, digits.size()), '0'), digits,
                checkpoint_back);
}

/// The checkpoints in a folder, oldest first.
inline std::vector<std::string> checkpoints_in(std::string const& folder) {
    std::vector<std::string> names = names_in(folder);
    std::erase_if(names, [](std::string const& name) {
        return !name.starts_with(checkpoint_front) || !name.ends_with(checkpoint_back);
    });
    return names;
}

}  // namespace descent::detail
