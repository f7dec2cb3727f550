// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/data/detail/hash.hpp>
#include <descent/data/text.hpp>
#include <descent/data/tokenizer.hpp>

namespace descent::data {

/// Which terms bag_of_words counts, and how.
struct bag_options {
    tokenizer words = {};
    int ngrams = 1;           ///< terms are words, and up to this many words in a row
    bool binary = false;      ///< 1 for a term that occurs, instead of how often it does
    index min_documents = 1;  ///< leave out terms that fewer texts hold
    double max_share = 1;     ///< leave out terms that more than this share of the texts hold
    index max_features = 0;   ///< keep only the most frequent terms (ties: the lower in bytes); 0: all
};

/// The vocabulary that bag_of_words fits. Public, so that it can be stored beside the model it belongs to.
struct word_bag {
    std::vector<std::string> vocabulary = {};  ///< the terms, one per column, no two alike; sorted by bytes
    bag_options options = {};

    /// How often each text holds each term of the vocabulary, which names the columns. Other terms are ignored.
    template <class T>
    sparse_dataset<T> operator()(text_dataset<T> const& table) const {
        detail::hash_index terms;
        for (auto const& term : vocabulary)
            expect(terms.find_or_add(detail::murmur3(term),
                                     [&](std::int64_t i) { return vocabulary[std::size_t(i)] == term; }) < 0,
                   "word_bag: vocabulary: '", term, "' occurs twice");
        sparse_dataset<T> bag{{}, table.y, vocabulary, table.class_names, {}, table.weights};
        bag.x.width = index(vocabulary.size());
        std::string memory;
        std::vector<std::uint32_t> found;
        for (auto const& text : table.texts) {
            found.clear();
            options.words.terms(text, options.ngrams, memory, [&](std::string_view term) {
                auto const column = terms.find(
                    detail::murmur3(term), [&](std::int64_t i) { return vocabulary[std::size_t(i)] == term; });
                if (column >= 0)
                    found.push_back(std::uint32_t(column));
            });
            std::sort(found.begin(), found.end());
            for (std::size_t i = 0; i < found.size(); ++i)
                if (i == 0 || found[i] != found[i - 1]) {
                    bag.x.columns.push_back(found[i]);
                    bag.x.values.push_back(T(1));
                } else if (!options.binary) {
                    bag.x.values.back() += T(1);
                }
            bag.x.offsets.push_back(std::int64_t(bag.x.values.size()));
        }
        return bag;
    }
};

/// The vocabulary of texts, as scikit-learn's CountVectorizer:
///
///     auto const bag = data::bag_of_words(train_texts, {.ngrams = 2, .min_documents = 2});
///     auto const train = bag(train_texts), test = bag(test_texts);
///
/// Throws descent::error for no texts, numbers out of range, or if no term is left.
template <class T>
word_bag bag_of_words(text_dataset<T> const& table, bag_options const& options = {}) {
    index const n = table.samples();
    expect(options.ngrams >= 1, "bag_of_words: ngrams = ", options.ngrams, ": must be >= 1");
    expect(options.min_documents >= 1, "bag_of_words: min_documents = ", options.min_documents,
           ": must be >= 1");
    expect(options.max_share > 0 && options.max_share <= 1, "bag_of_words: max_share = ", options.max_share,
           ": must be in (0, 1]");
    expect(options.max_features >= 0, "bag_of_words: max_features = ", options.max_features, ": must be >= 0");
    expect(n > 0, "bag_of_words: there are no texts");

    struct term_count {
        std::string term;
        index documents = 0, total = 0, last = -1;
    };
    std::vector<term_count> terms;
    detail::hash_index lookup;
    std::string memory;
    for (index row = 0; row < n; ++row)
        options.words.terms(table.texts[std::size_t(row)], options.ngrams, memory, [&](std::string_view term) {
            auto at = lookup.find_or_add(detail::murmur3(term),
                                         [&](std::int64_t i) { return terms[std::size_t(i)].term == term; });
            if (at < 0) {
                at = std::int64_t(terms.size());
                terms.push_back({std::string(term)});
            }
            term_count& count = terms[std::size_t(at)];
            bool const first = count.last != row;
            count.documents += first;
            count.total += first || !options.binary;
            count.last = row;
        });
    std::size_t const seen = terms.size();
    std::erase_if(terms, [&](term_count const& each) {
        return each.documents < options.min_documents || double(each.documents) > options.max_share * double(n);
    });
    expect(!terms.empty(), "bag_of_words: none of the ", seen, " terms of ", n, " texts is left");
    if (options.max_features > 0 && index(terms.size()) > options.max_features) {
        std::sort(terms.begin(), terms.end(), [](term_count const& a, term_count const& b) {
            return a.total != b.total ? a.total > b.total : a.term < b.term;
        });
        terms.resize(std::size_t(options.max_features));
    }
    word_bag fitted{{}, options};
    for (term_count& each : terms)
        fitted.vocabulary.push_back(std::move(each.term));
    std::sort(fitted.vocabulary.begin(), fitted.vocabulary.end());
    return fitted;
}

}  // namespace descent::data
