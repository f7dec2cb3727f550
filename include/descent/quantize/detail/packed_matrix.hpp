// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include <descent/core/tensor.hpp>
#include <descent/quantize/detail/packed_port.hpp>

namespace descent::quantize::detail {

/// Small classes of a count: 0, 1, 2, 3, 4-5, 6-8, 9-12, ...
inline std::uint32_t count_class(std::uint32_t n) {
    if (n < 4)
        return n;
    auto const width = std::uint32_t(std::bit_width(n));
    return std::min<std::uint32_t>(2 * width - 2 + (n >> (width - 2) & 1), 15);
}

/// The places of what is not 0 in a matrix, row by row. What they are foreseen by: how often the column was
/// taken in the rows above, how full the row is so far, what stands to the left, above, and one line of an
/// image before; rows and columns that are empty are told beforehand.
class position_codec {
public:
    position_codec(index rows, index columns)
        : rows_(std::size_t(rows)),
          columns_(std::size_t(columns)),
          of_column_(columns_),
          counts_(columns_),
          full_column_(columns_, true) {}

    /// taken[i] is 1 where number i is not 0; a reader's is all 0 and gets filled.
    template <class Port>
    void run(Port& port, std::vector<std::uint8_t>& taken) {
        auto const at = [&](std::size_t r, std::size_t c) -> std::uint8_t& { return taken[r * columns_ + c]; };
        std::size_t const lag = std::size_t(port.plain(Port::writes ? best_lag(taken) : 0, 7));
        if (rows_ > 1)
            for (std::size_t c = 0; c < columns_; ++c) {
                bool any = false;
                if constexpr (Port::writes)
                    for (std::size_t r = 0; r < rows_ && !any; ++r)
                        any = at(r, c);
                std::size_t const before = (c > 0 && full_column_[c - 1]) + 2 * (c > 1 && full_column_[c - 2]) +
                                           4 * (c >= lag && full_column_[c - lag]) +
                                           8 * (c + 1 >= lag && lag > 1 && full_column_[c + 1 - lag]);
                full_column_[c] = port.bit(column_full_[before], any);
            }
        bool full_before = true;
        for (std::size_t r = 0; r < rows_; ++r) {
            bool any = columns_ == 1;
            if constexpr (Port::writes)
                for (std::size_t c = 0; c < columns_ && !any; ++c)
                    any = at(r, c);
            if (columns_ > 1)
                any = port.bit(row_full_[full_before], any);
            full_before = any;
            if (!any)
                continue;
            std::uint32_t in_row = 0, places = 0;
            for (std::size_t c = 0; c < columns_; ++c) {
                if (!full_column_[c])
                    continue;
                auto const left = [&](std::size_t by) {
                    return c >= by && by > 0 ? std::size_t(at(r, c - by)) : 0u;
                };
                std::size_t const above = r > 0 ? at(r - 1, c) : 0u;
                std::size_t const beside = left(1) | left(2) << 1 | left(lag) << 2 | left(lag + 1) << 3 |
                                           (lag > 1 ? left(lag - 1) : 0u) << 4 | above << 5;
                std::uint32_t const here = count_class(counts_[c]), filled = count_class(in_row);
                std::uint32_t around = 0;
                for (std::size_t const by : {std::size_t(1), lag})
                    around += (c >= by ? counts_[c - by] : 0) + (c + by < columns_ ? counts_[c + by] : 0);
                std::uint32_t const share = rows_seen_ > 0 ? count_class(around * 8 / rows_seen_) : 15;
                io::bit_model* const models[] = {
                    &all_,
                    &of_column_[c],
                    &of_row_[filled << 4 | count_class(places >> 3)],
                    &of_neighbours_[beside],
                    &of_counts_[here << 8 | filled << 4 | count_class(rows_seen_ >> 2)],
                    &of_region_[share << 4 | std::uint32_t(std::popcount(beside))]};
                bool const one = port.bit(mixer_, models, at(r, c));
                at(r, c) = one;
                counts_[c] += one, in_row += one, ++places;
            }
            ++rows_seen_;
        }
    }

private:
    /// The distance at which a row resembles itself most: the lines of an image.
    std::size_t best_lag(std::vector<std::uint8_t> const& taken) const {
        std::size_t best = 0;
        double most = 0;
        for (std::size_t lag = 2; lag < 128 && 2 * lag <= columns_; ++lag) {
            std::size_t both = 0;
            for (std::size_t r = 0; r < rows_; ++r)
                for (std::size_t c = lag; c < columns_; ++c)
                    both += taken[r * columns_ + c] & taken[r * columns_ + c - lag];
            double const share = double(both) / double(columns_ - lag);
            if (share > most)
                most = share, best = lag;
        }
        return best;
    }

    std::size_t rows_, columns_;
    std::vector<io::bit_model> of_column_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint8_t> full_column_;
    std::uint32_t rows_seen_ = 0;
    io::bit_model all_{1023};
    std::vector<io::bit_model> of_row_ = std::vector<io::bit_model>(256),
                               of_neighbours_ = std::vector<io::bit_model>(64),
                               of_counts_ = std::vector<io::bit_model>(4096),
                               of_region_ = std::vector<io::bit_model>(256);
    std::vector<io::bit_model> column_full_ = std::vector<io::bit_model>(16),
                               row_full_ = std::vector<io::bit_model>(2);
    io::bit_mixer mixer_{6};
};

/// The codes of what is not 0, foreseen by the last ones in the row and in the column where codes are few.
class code_codec {
public:
    code_codec(unsigned bits, index columns)
        : bits_(bits),
          above_(std::size_t(columns), none()),
          alone_(std::size_t(1) << bits),
          after_((none() + 1) << bits),
          below_(after_.size()) {}

    /// The code at this column; call `next_row` between rows.
    template <class Port>
    std::uint32_t run(Port& port, std::size_t column, std::uint32_t given) {
        std::uint32_t node = 1;
        for (unsigned i = bits_; i-- > 0;) {
            io::bit_model* const models[] = {&alone_[node], &after_[left_ << bits_ | node],
                                             &below_[above_[column] << bits_ | node]};
            node = node << 1 | std::uint32_t(port.bit(mixer_, models, given >> i & 1));
        }
        std::uint32_t const code = node - (1u << bits_);
        left_ = above_[column] = std::min<std::size_t>(code, none());
        return code;
    }
    void next_row() { left_ = none(); }

private:
    /// Stands for no code before, or for any of many.
    std::size_t none() const { return bits_ <= 5 ? std::size_t(1) << bits_ : 0; }

    unsigned bits_;
    std::vector<std::size_t> above_;
    std::size_t left_ = none();
    std::vector<io::bit_model> alone_, after_, below_;
    io::bit_mixer mixer_{3};
};

}  // namespace descent::quantize::detail
