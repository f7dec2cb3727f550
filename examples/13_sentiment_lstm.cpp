// SPDX-License-Identifier: MIT
// Does a film critic like the film? A bidirectional LSTM reads the sentence word by word; words without their
// order, counted, are the measure.
//
//     13_sentiment_lstm [folder [seed]]
//
// The folder holds text/rt-polarity.pos and .neg (Pang and Lee: sentence polarity data 1.0), one sentence a
// line; without one: the folder that DESCENT_DATA names; without that, made-up sentences.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/token_sequences.hpp>
#include <descent/descent.hpp>
#include <descent/nn/lstm.hpp>

using namespace descent;

namespace {

/// "the film was not bad": of ten words, one or two matter, and counting words will not do.
std::vector<std::string> made_up(bool liked) {
    std::vector<std::string> const others{"the", "film",  "was", "a",      "plot",
                                          "it",  "seems", "and", "actors", "this"};
    generator const draws{.seed = liked ? 1u : 2u};
    std::vector<std::string> lines(1000);
    for (std::uint64_t i = 0; i < lines.size(); ++i) {
        std::uint64_t const place = draws.integer(16 * i, 9);
        bool const negated = draws.integer(16 * i + 1, 2) == 1;
        for (std::uint64_t k = 0; k < 10; ++k)
            lines[i] += (k == place       ? (negated ? "not" : "very")
                         : k == place + 1 ? (liked == negated ? "bad" : "good")
                                          : others[draws.integer(16 * i + 2 + k, 10)]) +
                        " ";
    }
    return lines;
}

/// Every tenth line of each file tests, the others train.
void read(std::string const& folder, data::text_dataset<float>& train, data::text_dataset<float>& test) {
    std::vector<float> labels[2];
    for (int liked = 0; liked < 2; ++liked) {
        auto const path = folder + "/text/rt-polarity." + (liked ? "pos" : "neg");
        auto const lines = folder.empty() ? made_up(liked) : data::read_lines(path);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            (i % 10 ? train : test).texts.push_back(lines[i]);
            labels[i % 10 == 0].push_back(float(liked));
        }
    }
    for (auto* table : {&train, &test}) {
        auto const& y = labels[table == &test];
        table->y = vector_view<float const>(y.data(), std::ptrdiff_t(y.size()));
        table->class_names = {"disliked", "liked"};
    }
}

}  // namespace

int main(int argc, char** argv) try {
    char const* const named = argc > 1 ? argv[1] : std::getenv("DESCENT_DATA");
    data::text_dataset<float> train_texts, test_texts;
    std::uint64_t const seed = argc > 2 ? std::uint64_t(std::atoi(argv[2])) : 1;
    read(named ? named : "", train_texts, test_texts);

    // 1. The measure: which words occur, and a weight for each.
    data::tokenizer const words{.at = data::cut::white_space, .shortest = 1};
    auto const bag = data::bag_of_words(train_texts, {.words = words, .binary = true});
    auto const counted = bag(train_texts);
    linear::logistic_regression<float> simple{counted.features()};
    fit(simple, counted);
    std::printf("bag of words, logistic: test accuracy %.4f\n", accuracy(simple, bag(test_texts)));

    // 2. The words in their order, as numbers; those seen once share one number.
    auto const numbered = data::token_sequences(train_texts, {.words = words, .min_documents = 2});
    auto const train = numbered(train_texts), test = numbered(test_texts);
    std::printf("%td sentences of at most %td words, %td words known\n", train.samples(), train.features(),
                numbered.ids() - 1);

    // 3. Word vectors, two readings, the strongest signal of each feature, a decision. Little data, much
    // dropout.
    nn::network net{nn::input<float>{numbered.steps},
                    nn::sequential{nn::embedding{numbered.ids(), 64, nn::normal(0.1)}, nn::dropout{0.5},
                                   nn::lstm{.units = 64, .bidirectional = true}, nn::sequence_max{},
                                   nn::dropout{0.5}, nn::dense{2}},
                    loss::softmax_cross_entropy{},
                    {.seed = seed}};
    std::ptrdiff_t const epochs = 4, steps = epochs * ((train.samples() - 1) / 64 + 1);
    fit(net, train, chain(clip_norm{1.0}, adam{}, rate{cosine{2e-3, steps}}),
        {.epochs = epochs, .batch = 64, .seed = seed}, exec::openmp{}, progress_bar{});
    std::printf("bidirectional LSTM: test accuracy %.4f\n", accuracy(net.predict(test.x), test.y));

    // 4. What it says to words of yours.
    data::text_dataset<float> const yours{{"the film was very good", "the film was very bad and not good"}};
    auto const p = net.predict_probability(numbered(yours).x);
    for (std::size_t i = 0; i < yours.texts.size(); ++i)
        std::printf("%.2f liked: %s\n", double(p(std::ptrdiff_t(i), 1)), yours.texts[i].c_str());
} catch (descent::error const& problem) {
    std::fprintf(stderr, "13_sentiment_lstm: %s\n", problem.what());
    return 1;
}
