// SPDX-License-Identifier: MIT
#include <descent/data/token_sequences.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

data::text_dataset<float> const cats{{"the cat saw the dog", "", "The dog ran", "a bird"},
                                     vector<float>{{0, 1, 1, 0}},
                                     {"no", "yes"},
                                     vector<float>{{1, 2, 3, 4}}};

bool equal(matrix<float> const& x, matrix<float> const& expected) {
    return x.rows() == expected.rows() && x.cols() == expected.cols() && x == expected;
}

}  // namespace

TEST_CASE("data token_sequences: words in their order, 0 for unknown ones, -1 behind the last") {
    auto const numbered = data::token_sequences(cats, {.min_documents = 2});
    CHECK(numbered.vocabulary == std::vector<std::string>{"dog", "the"});
    CHECK((numbered.ids() == 3 && numbered.steps == 5));
    auto const table = numbered(cats);
    CHECK(equal(table.x,
                matrix<float>{{2, 0, 0, 2, 1}, {-1, -1, -1, -1, -1}, {2, 1, 0, -1, -1}, {0, -1, -1, -1, -1}}));
    CHECK((table.y == cats.y && table.class_names == cats.class_names && table.weights == cats.weights));
    // Texts never seen: longer ones are cut, others filled up.
    CHECK(equal(numbered(data::text_dataset<float>{{"dog dog dog dog dog the", "the"}}).x,
                matrix<float>{{1, 1, 1, 1, 1}, {2, -1, -1, -1, -1}}));
}

TEST_CASE("data token_sequences: given steps, the most frequent words, another tokenizer") {
    auto const numbered = data::token_sequences(cats, {.words = {.shortest = 1}, .steps = 2, .max_words = 2});
    CHECK(numbered.vocabulary == std::vector<std::string>{"dog", "the"});
    CHECK(equal(numbered(cats).x, matrix<float>{{2, 0}, {-1, -1}, {2, 1}, {0, 0}}));
}

TEST_CASE("data token_sequences: bad input") {
    auto const refused = [](data::token_options const& options) {
        return message_of([&] { data::token_sequences(cats, options); });
    };
    CHECK(refused({.steps = -1}) == "token_sequences: steps = -1: must be >= 0");
    CHECK(refused({.min_documents = 0}) == "token_sequences: min_documents = 0: must be >= 1");
    CHECK(refused({.max_words = -1}) == "token_sequences: max_words = -1: must be >= 0");
    CHECK(refused({.min_documents = 9}) == "bag_of_words: none of the 6 terms of 4 texts is left");
    CHECK(message_of([] { data::token_sequences(data::text_dataset<float>{}); }) ==
          "token_sequences: there are no texts");
    CHECK(message_of([] { data::word_sequences{{"a"}}(cats); }) == "word_sequences: steps = 0: must be >= 1");
    CHECK(message_of([] {
              data::word_sequences{{"a", "b", "a"}, {}, 1}(cats);
          }) == "word_sequences: vocabulary: 'a' occurs twice");
}
