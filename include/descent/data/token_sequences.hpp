// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <descent/data/bag_of_words.hpp>
#include <descent/data/dataset.hpp>

namespace descent::data {

/// Which words token_sequences tells apart, and how many steps it gives.
struct token_options {
    tokenizer words = {};
    index steps = 0;          ///< words of a text, further ones are left out; 0: those of the longest text
    index min_documents = 1;  ///< words that fewer texts hold count as unknown
    index max_words = 0;      ///< know only the most frequent ones (ties: the lower in bytes); 0: all
};

/// The words that token_sequences fits. Public, so that they can be stored beside the model they belong to.
struct word_sequences {
    std::vector<std::string> vocabulary = {};  ///< word k has id k + 1; no two alike; sorted by bytes
    tokenizer words = {};
    index steps = 0;  ///< numbers a text becomes

    /// Ids there are, 0 for unknown words among them: what nn::embedding takes as its vocabulary.
    index ids() const { return index(vocabulary.size()) + 1; }

    /// Texts as rows of ids, in the order of their words, -1 behind the last: what nn::embedding reads. Throws
    /// descent::error for a word that is twice in the vocabulary, and for steps < 1.
    template <class T>
    dataset<T> operator()(text_dataset<T> const& table) const {
        expect(steps >= 1, "word_sequences: steps = ", steps, ": must be >= 1");
        detail::hash_index known;
        for (auto const& word : vocabulary)
            expect(known.find_or_add(detail::murmur3(word),
                                     [&](std::int64_t i) { return vocabulary[std::size_t(i)] == word; }) < 0,
                   "word_sequences: vocabulary: '", word, "' occurs twice");
        dataset<T> rows{{}, table.y, {}, table.class_names, {}, table.weights};
        rows.x = matrix<T>::Constant(table.samples(), steps, T(-1));
        std::string memory;
        for (index row = 0; row < table.samples(); ++row) {
            index step = 0;
            words(table.texts[std::size_t(row)], memory, [&](std::string_view word) {
                if (step < steps)
                    rows.x(row, step++) = T(known.find(detail::murmur3(word), [&](std::int64_t i) {
                        return vocabulary[std::size_t(i)] == word;
                    }) + 1);
            });
        }
        return rows;
    }
};

/// The words of texts, numbered:
///
///     auto const numbered = data::token_sequences(train_texts, {.min_documents = 2});
///     auto const train = numbered(train_texts), test = numbered(test_texts);
///     nn::sequential{nn::embedding{.vocabulary = numbered.ids(), .width = 64}, ...}
///
/// Throws descent::error for no texts, numbers out of range, and if no word is left.
template <class T>
word_sequences token_sequences(text_dataset<T> const& table, token_options const& options = {}) {
    expect(options.steps >= 0, "token_sequences: steps = ", options.steps, ": must be >= 0");
    expect(options.min_documents >= 1, "token_sequences: min_documents = ", options.min_documents,
           ": must be >= 1");
    expect(options.max_words >= 0, "token_sequences: max_words = ", options.max_words, ": must be >= 0");
    expect(table.samples() > 0, "token_sequences: there are no texts");
    word_sequences fitted{bag_of_words(table, {.words = options.words,
                                               .min_documents = options.min_documents,
                                               .max_features = options.max_words})
                              .vocabulary,
                          options.words, options.steps};
    std::string memory;
    for (auto const& each : table.texts) {
        index length = 0;
        if (options.steps == 0)
            options.words(each, memory, [&](std::string_view) { ++length; });
        fitted.steps = std::max(fitted.steps, length);
    }
    return fitted;
}

}  // namespace descent::data
