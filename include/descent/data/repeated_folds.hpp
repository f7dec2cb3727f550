// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/data/folds.hpp>

namespace descent::data {

/// k_folds again and again, each time shuffled otherwise: repeats x folds of them. Throws descent::error as
/// k_folds, for repeats < 1, and for shuffle = false.
template <class Table>
std::vector<fold> repeated_folds(Table const& table, int repeats, fold_options options = {}) {
    expect(repeats >= 1, "repeated_folds: repeats = ", repeats, ": must be >= 1");
    expect(options.shuffle, "repeated_folds: shuffle = false: all repeats would be the same");
    generator const seeds{options.seed, 0x72666f6c};
    std::vector<fold> made;
    for (int r = 0; r < repeats; ++r) {
        options.seed = seeds.template bits<std::uint64_t>(std::uint64_t(r));
        for (fold& one : k_folds(table, options))
            made.push_back(std::move(one));
    }
    return made;
}

/// As many folds as rows: each tests one row and trains on all others. Throws descent::error for fewer than two
/// rows.
inline std::vector<fold> leave_one_out(index samples) {
    expect(samples >= 2, "leave_one_out: samples = ", samples, ": must be >= 2");
    std::vector<fold> made(static_cast<std::size_t>(samples));
    for (index test = 0; test < samples; ++test)
        for (index row = 0; row < samples; ++row)
            (row == test ? made[std::size_t(test)].test : made[std::size_t(test)].train).push_back(row);
    return made;
}

}  // namespace descent::data
