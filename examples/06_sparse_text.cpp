// SPDX-License-Identifier: MIT
// A spam filter: from lines "label, tab, text" to words, weights, and how well they do on texts never seen.
//
//     06_sparse_text [file]
//
// Without a file: the SMS Spam Collection (UCI, data set 228) below the folder that DESCENT_DATA names; without
// that, made-up messages.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/bag_of_words.hpp>
#include <descent/data/tf_idf.hpp>
#include <descent/descent.hpp>

using namespace descent;

namespace {

/// Messages of ten words, one in five spam. Both kinds use all words, each its own ones more often.
std::string made_up(std::uint64_t messages) {
    std::vector<std::string> const words{"see",   "you",  "home",  "later", "ok",     "love", "dinner",
                                         "bus",   "call", "now",   "the",   "to",     "free", "win",
                                         "prize", "txt",  "claim", "cash",  "urgent", "offer"};
    generator const draws{.seed = 1};
    std::string lines;
    for (std::uint64_t i = 0; i < messages; ++i) {
        bool const spam = i % 5 == 0;
        lines += spam ? "spam\t" : "ham\t";
        for (std::uint64_t k = 0; k < 10; ++k) {
            // The smaller of two draws: the first words of the list are the common ones, the last for spam.
            std::uint64_t const at = std::min(draws.integer(20 * i + 2 * k, words.size()),
                                              draws.integer(20 * i + 2 * k + 1, words.size()));
            lines += words[spam ? words.size() - 1 - at : at] + (k < 9 ? " " : "\n");
        }
    }
    return lines;
}

data::text_dataset<float> messages(char const* path) {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (path || folder)
        return data::read_labeled_text(path ? path : std::string(folder) + "/text/SMSSpamCollection");
    return data::parse_labeled_text(made_up(2000));
}

}  // namespace

int main(int argc, char** argv) try {
    // 1. Texts, and a split that keeps the share of spam. Labels become 0 (ham) and 1 (spam).
    auto const texts = messages(argc > 1 ? argv[1] : nullptr);
    auto const [train_texts, test_texts] = data::split(texts, {.train = 0.8, .seed = 7, .stratify = true});

    // 2. From texts to numbers: words and pairs of words that occur twice, rare ones weighing more. All is
    // fitted on
    //    the training part alone. A row keeps only its own words: 20 of many thousands.
    auto const bag = data::bag_of_words(train_texts, {.ngrams = 2, .min_documents = 2});
    auto train = bag(train_texts), test = bag(test_texts);
    auto const weigh = data::tf_idf(train);
    weigh(train), weigh(test);
    data::weigh_classes(train);  // spam is rare: each class counts alike
    std::printf("%td messages, %td words and pairs, %.1f in a message\n", train.samples(), train.features(),
                double(train.x.nonzeros()) / double(train.samples()));

    // 3. Fit.
    linear::logistic_regression<float> model{train.features(), {.l2 = 1e-5}};
    auto const report = fit(model, train, chain(adam{}, rate{0.05}), {.epochs = 10, .batch = mini_batch{64}});
    std::printf("loss %.4f after %td epochs\n", report.loss, report.epochs);

    // 4. Judge: of the messages called spam, how many are; of the spam, how much was found.
    vector<float> const guess = model.predict(test.x);
    std::printf("accuracy %.2f %%, precision %.3f, recall %.3f, F1 %.3f\n", 100 * accuracy(guess, test.y),
                precision(guess, test.y), recall(guess, test.y), f1(guess, test.y));

    // 5. Look inside: the words that speak loudest for spam.
    auto const weights = model.weight().row(0);
    std::vector<long> order(std::size_t(train.features()));
    for (std::size_t k = 0; k < order.size(); ++k)
        order[k] = long(k);
    std::sort(order.begin(), order.end(), [&](long a, long b) { return weights[a] > weights[b]; });
    std::printf("spam:");
    for (std::size_t k = 0; k < std::min(order.size(), std::size_t(10)); ++k)
        std::printf(" '%s'", bag.vocabulary[std::size_t(order[k])].c_str());
    std::printf("\n");
} catch (descent::error const& problem) {
    std::fprintf(stderr, "06_sparse_text: %s\n", problem.what());
    return 1;
}
