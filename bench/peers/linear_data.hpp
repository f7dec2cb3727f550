// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/sparse.hpp>

/// The numbers of a raw file.
template <class N>
std::vector<N> read(std::string const& path) {
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    descent::expect(file != nullptr, path, ": cannot open");
    std::fseek(file, 0, SEEK_END);
    std::vector<N> numbers(std::size_t(std::ftell(file)) / sizeof(N));
    std::rewind(file);
    descent::expect(std::fread(numbers.data(), sizeof(N), numbers.size(), file) == numbers.size(), path,
                    ": cannot read");
    std::fclose(file);
    return numbers;
}

/// Calls use(table) with a set of linear_data.py: a, b, or c, which is sparse.
template <class Use>
void with_made_set(std::string const& folder, std::string const& set, Use const& use) {
    auto const y = read<float>(folder + "/" + set + ".y");
    auto const target = descent::vector<float>::Map(y.data(), long(y.size()));
    if (set == "c") {
        descent::data::sparse_dataset<float> table;
        table.x.offsets = read<std::int64_t>(folder + "/c.offsets");
        table.x.columns = read<std::uint32_t>(folder + "/c.columns");
        table.x.values = read<float>(folder + "/c.values");
        table.x.width = 47000;
        table.y = target;
        use(table);
    } else {
        auto const x = read<float>(folder + "/" + set + ".x");
        descent::data::dataset<float> table;
        table.x = descent::matrix_view<float const>(x.data(), long(y.size()), long(x.size() / y.size()));
        table.y = target;
        use(table);
    }
}
