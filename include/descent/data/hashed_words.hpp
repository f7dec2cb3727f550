// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/data/detail/hash.hpp>
#include <descent/data/text.hpp>
#include <descent/data/tokenizer.hpp>

namespace descent::data {

/// Bags of words without a vocabulary: a term's column is its hash modulo the number of columns (Weinberger et
/// al., 2009). Nothing is fitted, so a stream can be read once, in constant memory; the price is that terms may
/// meet in a column. Columns and signs as scikit-learn's HashingVectorizer with norm=None (MurmurHash3, 32
/// bits).
///
///     data::hashed_words const bag{.features = 1 << 18};
///     auto const train = bag(texts);
struct hashed_words {
    index features = 1 << 18;  ///< number of columns, in [1, 2^31)
    tokenizer words = {};
    int ngrams = 1;       ///< terms are words, and up to this many words in a row
    bool signs = true;    ///< half of the terms count negative: where terms meet, errors cancel on average
    bool binary = false;  ///< 1 (or -1) for a column that occurs, instead of the sum

    /// The columns, rising, and values of one text, appended to `columns` and `values`. Throws descent::error
    /// for features or ngrams out of range.
    template <class T>
    void operator()(std::string_view text, std::vector<std::uint32_t>& columns, std::vector<T>& values) const {
        expect(features >= 1 && features < (index(1) << 31), "hashed_words: features = ", features,
               ": must be in [1, 2^31)");
        expect(ngrams >= 1, "hashed_words: ngrams = ", ngrams, ": must be >= 1");
        std::vector<std::pair<std::uint32_t, int>> found;
        std::string memory;
        words.terms(text, ngrams, memory, [&](std::string_view term) {
            auto const hash = std::int64_t(static_cast<std::int32_t>(detail::murmur3(term)));
            auto const column = std::uint32_t((hash < 0 ? -hash : hash) % features);
            found.push_back({column, signs && hash < 0 ? -1 : 1});
        });
        std::sort(found.begin(), found.end());
        for (std::size_t i = 0; i < found.size();) {
            std::size_t const first = i;
            int sum = 0;
            for (; i < found.size() && found[i].first == found[first].first; ++i)
                sum += found[i].second;
            if (sum == 0)
                continue;
            columns.push_back(found[first].first);
            values.push_back(T(!binary ? sum : sum < 0 ? -1 : 1));
        }
    }

    /// All texts.
    template <class T>
    sparse_dataset<T> operator()(text_dataset<T> const& table) const {
        sparse_dataset<T> bag{{}, table.y, {}, table.class_names, {}, table.weights};
        bag.x.width = features;
        for (auto const& text : table.texts) {
            (*this)(std::string_view(text), bag.x.columns, bag.x.values);
            bag.x.offsets.push_back(std::int64_t(bag.x.values.size()));
        }
        return bag;
    }
};

}  // namespace descent::data
