// SPDX-License-Identifier: MIT
// text.hpp, tokenizer.hpp, bag_of_words.hpp, tf_idf.hpp and hashed_words.hpp.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/data/bag_of_words.hpp>
#include <descent/data/folds.hpp>
#include <descent/data/hashed_words.hpp>
#include <descent/data/split.hpp>
#include <descent/data/tf_idf.hpp>

#include "message.hpp"

using namespace descent;

namespace {

using words = std::vector<std::string>;

data::text_dataset<double> const birds{{"The cat sat on the mat.", "The dog sat on the log, the cat!",
                                        "A bird_1 flew; CAT saw 22 birds", "Café au lait, über ÉTÉ x é 5"},
                                       vector<double>{{0, 0, 1, 1}},
                                       {"no", "yes"}};

template <class T>
bool equal(data::sparse_dataset<T> const& bag, std::vector<std::vector<double>> const& expected) {
    auto const dense = bag.x.dense();
    bool same = bag.samples() == descent::index(expected.size());
    for (std::size_t r = 0; same && r < expected.size(); ++r)
        for (std::size_t c = 0; c < expected[r].size(); ++c)
            same = same && bag.features() == descent::index(expected[r].size()) &&
                   std::abs(double(dense(descent::index(r), descent::index(c))) - expected[r][c]) < 1e-14;
    return same;
}

std::string data_file(std::string const& name) {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr) {
        WARN("skipped: DESCENT_DATA is not set");
        return "";
    }
    return folder + ("/" + name);
}

/// Every 10th row tests.
std::vector<descent::index> nine_of_ten(descent::index n) {
    std::vector<descent::index> rows;
    for (descent::index row = 0; row < n; ++row)
        if (row % 10 != 0)
            rows.push_back(row);
    return rows;
}

}  // namespace

TEST_CASE("data text: labels and texts, line by line") {
    auto const table =
        data::parse_labeled_text("\xef\xbb\xbfspam\tBuy\tnow\r\n\nham\t\xff\xfe not UTF-8\nspam\t");
    CHECK(table.texts == words{"Buy\tnow", "\xff\xfe not UTF-8", ""});
    CHECK(table.class_names == words{"ham", "spam"});
    CHECK(table.y == vector<float>{{1, 0, 1}});
    CHECK(table.classes() == 2);
    CHECK(data::parse_labeled_text("10;a\n-2;b", {.delimiter = ';'}).class_names == words{"-2", "10"});
    CHECK(data::parse_labeled_text("b\tx", {.class_names = {"a", "b"}}).y[0] == 1);

    auto const text = [](std::string_view bytes, data::labeled_text_options const& options = {}) {
        return message_of([&] { data::parse_labeled_text(bytes, options, "sms.txt"); });
    };
    CHECK(text("ham\tx\n\nspam") == "sms.txt:3: no tab between label and text");
    CHECK(text("ham\tx", {.delimiter = ','}) == "sms.txt:1: no ',' between label and text");
    CHECK(text("\n\r\n") == "sms.txt: no line of text");
    CHECK(text("ham\tx\nspam\ty", {.class_names = {"ham", "eggs"}}) ==
          "sms.txt:2: label 'spam' is not one of the 2 classes");
    CHECK(text("a\tx", {.class_names = {"a", "a"}}) == "sms.txt: class_names: 'a' occurs twice");
    CHECK(message_of([] { data::read_labeled_text("no/such.txt"); }) ==
          "no/such.txt: cannot open: No such file or directory");
    CHECK(message_of([] { birds.rows(std::vector{4}); }) == "text_dataset: row 4: must be in [0, 4)");
}

TEST_CASE("data text: split and folds take texts") {
    auto const [train, test] = data::split(birds, {.train = 0.5, .stratify = true});
    CHECK(train.samples() == 2);
    CHECK(train.y.sum() == 1);
    CHECK(test.class_names == words{"no", "yes"});
    CHECK(data::k_folds(birds, {.folds = 2, .stratify = true}).size() == 2);
}

TEST_CASE("data tokenizer: words as scikit-learn cuts them, or at white space") {
    data::tokenizer const standard;
    CHECK(standard("It's 9.50 \xc2\xb7 a_b-cd, Z x1") == words{"it", "50", "a_b", "cd", "x1"});
    CHECK(standard("Café ÉTÉ À-LA ×× Straße ÿ") == words{"café", "été", "la", "××", "straße"});
    CHECK(standard("").empty());
    CHECK(standard(" .!").empty());
    CHECK(standard("AB\xff\xc3") == words{"ab\xff\xc3"});  // bytes that are no UTF-8 stay
    CHECK(standard(std::string_view("ab\0cd", 5)) == words{"ab", "cd"});
    data::tokenizer const spaces{.at = data::cut::white_space, .shortest = 1, .lower_case = false};
    CHECK(spaces(" I'm\tÉ \v\f\r\nok. \xc2\xa0 ") == words{"I'm", "É", "ok.", "\xc2\xa0"});
}

TEST_CASE("data bag_of_words: scikit-learn's vocabularies and counts") {
    // CountVectorizer of scikit-learn 1.9.1
    auto const bag = data::bag_of_words(birds);
    CHECK(bag.vocabulary == words{"22", "au", "bird_1", "birds", "café", "cat", "dog", "flew", "lait", "log",
                                  "mat", "on", "sat", "saw", "the", "été", "über"});
    auto const counts = bag(birds);
    CHECK(equal(counts, {{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 2, 0, 0},
                         {0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 3, 0, 0},
                         {1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0},
                         {0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1}}));
    CHECK(counts.y == birds.y);
    CHECK(counts.class_names == birds.class_names);
    CHECK(counts.feature_names == bag.vocabulary);
    auto const fitted = [](data::bag_options const& options) {
        return data::bag_of_words(birds, options).vocabulary;
    };
    auto const pairs = data::bag_of_words(birds, {.ngrams = 2, .min_documents = 2});
    CHECK(pairs.vocabulary == words{"cat", "on", "on the", "sat", "sat on", "the", "the cat"});
    CHECK(equal(pairs(birds),
                {{1, 1, 1, 1, 1, 2, 1}, {1, 1, 1, 1, 1, 3, 1}, {1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}));
    CHECK(fitted({.max_share = 0.6}) == words{"22", "au", "bird_1", "birds", "café", "dog", "flew", "lait",
                                              "log", "mat", "on", "sat", "saw", "the", "été", "über"});
    CHECK(fitted({.max_features = 4}) == words{"cat", "on", "sat", "the"});
    CHECK(fitted({.max_features = 99}).size() == 17);
    CHECK(fitted({.binary = true, .max_features = 3}) == words{"cat", "on", "sat"});  // ties: the lower bytes
    CHECK(equal(data::bag_of_words(birds, {.binary = true, .min_documents = 2})(birds),
                {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 0, 0, 0}, {0, 0, 0, 0}}));
    CHECK(bag(data::text_dataset<float>{}).samples() == 0);
    CHECK(bag(data::text_dataset<float>{{"nothing known"}}).x.nonzeros() == 0);
}

TEST_CASE("data bag_of_words: bad input") {
    auto const text = [](data::bag_options const& options, data::text_dataset<double> const& table = birds) {
        return message_of([&] { data::bag_of_words(table, options); });
    };
    CHECK(text({.ngrams = 0}) == "bag_of_words: ngrams = 0: must be >= 1");
    CHECK(text({.min_documents = 0}) == "bag_of_words: min_documents = 0: must be >= 1");
    CHECK(text({.max_share = 1.5}) == "bag_of_words: max_share = 1.5: must be in (0, 1]");
    CHECK(text({.max_features = -1}) == "bag_of_words: max_features = -1: must be >= 0");
    CHECK(text({.min_documents = 4}) == "bag_of_words: none of the 17 terms of 4 texts is left");
    CHECK(text({}, {{"", "a"}}) == "bag_of_words: none of the 0 terms of 2 texts is left");
    CHECK(text({}, {}) == "bag_of_words: there are no texts");
    data::word_bag const twice{{"a", "b", "a"}};
    CHECK(message_of([&] { twice(birds); }) == "word_bag: vocabulary: 'a' occurs twice");
}

TEST_CASE("data tf_idf: scikit-learn's numbers") {
    // TfidfTransformer of scikit-learn 1.9.1, on the first three texts
    auto const texts = birds.rows(std::vector{0, 1, 2});
    auto const bag = data::bag_of_words(texts);
    auto train = bag(texts), raw = train;
    auto const weigh = data::tf_idf(train);
    double const one = 1.6931471805599454, two = 1.2876820724517808;
    CHECK((weigh.idf - vector<double>{{one, one, one, 1, one, one, one, one, two, two, one, two}})
              .cwiseAbs()
              .maxCoeff() < 1e-15);
    weigh(train);
    double const a = 0.34643788271971976, b = 0.3388133188880119, c = 0.25767626208118344,
                 d = 0.4323850887896905;
    CHECK(equal(train, {{0, 0, 0, 0.2690399207469689, 0, 0, 0, 0.4555241832708015, a, a, 0, 0.6928757654394395},
                        {0, 0, 0, 0.20010860412971426, b, 0, b, 0, c, c, 0, 0.7730287862435503},
                        {d, d, d, 0.25537359879528915, 0, d, 0, 0, 0, 0, d, 0}}));
    auto test = bag(data::text_dataset<double>{{"the cat cat unknown", ""}});
    weigh(test);
    CHECK(equal(test, {{0, 0, 0, 0.8408019731721111, 0, 0, 0, 0, 0, 0, 0, 0.5413428136679054},
                       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}));
    auto const damped = data::tf_idf(raw, {.sublinear = true, .unit_rows = false});
    damped(raw);
    CHECK(equal(raw.rows(std::vector{1}), {{0, 0, 0, 1, one, 0, one, 0, two, two, 0, 2.7023454211449267}}));

    raw.x.values[3] = -1;
    CHECK(message_of([&] { damped(raw); }) == "tf_idf: column 9: count = -1: must be > 0");
    raw.x.width = 13;
    CHECK(message_of([&] { damped(raw); }) == "tf_idf: 13 features: was fitted on 12");
    raw.x.columns[0] = 99;
    CHECK(message_of([&] { data::tf_idf(raw); }) == "tf_idf: row 0: column 99: must be in [0, 13)");
    CHECK(message_of([&] { data::tf_idf(data::sparse_dataset<float>{}); }) ==
          "tf_idf: 0 samples x 0 features: the data is empty");
}

TEST_CASE("data hashed_words: MurmurHash3, and scikit-learn's columns and signs") {
    using data::detail::murmur3;
    CHECK(murmur3("") == 0);
    CHECK(murmur3("a") == 1009084850);
    CHECK(murmur3("ab") == 2613040991);
    CHECK(murmur3("abc") == 3017643002);
    CHECK(murmur3("abcd") == 1139631978);
    CHECK(murmur3("hello, world", 42) == 2127021762);
    CHECK(murmur3("Café") == 339284768);
    // HashingVectorizer(norm=None) of scikit-learn 1.9.1, on the first three texts
    auto const texts = birds.rows(std::vector{0, 1, 2});
    CHECK(
        equal(data::hashed_words{.features = 16}(texts), {{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, -1, 0, 0, -2, 0},
                                                          {0, 0, 0, 0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, -2, 0},
                                                          {0, 0, 0, -1, -1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0}}));
    CHECK(equal(data::hashed_words{.features = 7, .ngrams = 2, .signs = false}(texts),
                {{0, 0, 1, 1, 3, 5, 1}, {1, 1, 2, 2, 2, 6, 1}, {5, 1, 2, 0, 2, 0, 1}}));
    auto const binary = data::hashed_words{.features = 16, .binary = true}(texts);
    CHECK(binary.x.dense()(0, 14) == -1);
    CHECK(message_of([&] { data::check(binary); }) == "(no error)");
    CHECK(message_of([&] { data::hashed_words{.features = 0}(texts); }) ==
          "hashed_words: features = 0: must be in [1, 2^31)");
    CHECK(message_of([&] { data::hashed_words{.ngrams = 0}(texts); }) ==
          "hashed_words: ngrams = 0: must be >= 1");
}

TEST_CASE("data text: vocabularies of published collections") {
    auto const path = data_file("text/SMSSpamCollection");
    if (path.empty())
        return;
    data::bag_options const options{.words = {.at = data::cut::white_space, .shortest = 1}};
    auto const sms = data::read_labeled_text(path);
    REQUIRE(sms.samples() == 5574);
    CHECK(sms.class_names == words{"ham", "spam"});
    CHECK(sms.y.sum() == 747);
    CHECK(data::bag_of_words(sms.rows(nine_of_ten(5574)), options).vocabulary.size() == 12816);

    data::text_dataset<float> movies;
    for (auto const* file : {"text/rt-polarity.neg", "text/rt-polarity.pos"}) {
        auto const lines = data::read_lines(data_file(file));
        REQUIRE(lines.size() == 5331);
        for (auto const row : nine_of_ten(5331))
            movies.texts.push_back(lines[std::size_t(row)]);
    }
    CHECK(data::bag_of_words(movies, options).vocabulary.size() == 20306);
}
