// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/data/detail/csv_classes.hpp>

namespace descent::data::detail {

/// The words of one column: each gets a code when it is first seen, and a category when all are known.
class csv_category {
public:
    csv_category(std::vector<std::string> names, bool one_hot) : names_(std::move(names)), one_hot_(one_hot) {}

    bool one_hot() const { return one_hot_; }

    /// The code of this word, which stands on this line.
    std::size_t code(std::string_view word, std::size_t line) {
        auto const at = std::lower_bound(order_.begin(), order_.end(), word,
                                         [&](std::size_t i, std::string_view w) { return words_[i].text < w; });
        if (at != order_.end() && words_[*at].text == word)
            return *at;
        words_.push_back({word, line});
        order_.insert(at, words_.size() - 1);
        return words_.size() - 1;
    }

    /// Finds the category of each code. For a word that is none, absent(word, line, categories) decides: it
    /// throws, or the word has no category, which is the number of categories.
    template <class Absent>
    void settle(std::string_view file, Absent const& absent) {
        if (names_.empty()) {
            std::vector<std::string_view> present;
            for (seen const& each : words_)
                present.push_back(each.text);
            names_ = distinct(std::move(present));
        }
        class_lookup const lookup(names_, file);
        category_.clear();
        for (seen const& each : words_) {
            category_.push_back(lookup.find(each.text));
            if (category_.back() == names_.size())
                absent(each.text, each.line, names_.size());
        }
    }

    std::vector<std::string> const& names() const { return names_; }
    std::size_t category(std::size_t code) const { return category_[code]; }

    /// Forgets the words, whose text may go; keeps the categories.
    void forget() { words_.clear(), order_.clear(); }

private:
    struct seen {
        std::string_view text;
        std::size_t line;
    };
    std::vector<std::string> names_;
    bool one_hot_;
    std::vector<seen> words_;
    std::vector<std::size_t> order_, category_;
};

}  // namespace descent::data::detail
