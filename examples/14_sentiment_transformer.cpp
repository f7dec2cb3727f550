// SPDX-License-Identifier: MIT
// Does a film critic like the film? A transformer's block lets every word of the sentence look at every other.
//
//     14_sentiment_transformer [folder [seed]]
//
// The folder holds text/rt-polarity.pos and .neg, as in 13_sentiment_lstm; without one: the folder that
// DESCENT_DATA names; without that, made-up sentences.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/token_sequences.hpp>
#include <descent/descent.hpp>
#include <descent/nn/positions.hpp>
#include <descent/nn/transformer.hpp>

using namespace descent;

namespace {

/// One word of ten matters, wherever it stands: a film that is called "fine" is liked, a "dull" one is not.
std::vector<std::string> made_up(bool liked) {
    std::vector<std::string> const others{"the", "film",  "was", "a",      "plot",
                                          "it",  "seems", "and", "actors", "this"};
    generator const draws{.seed = liked ? 1u : 2u};
    std::vector<std::string> lines(1000);
    for (std::uint64_t i = 0; i < lines.size(); ++i) {
        std::uint64_t const place = draws.integer(16 * i, 10);
        for (std::uint64_t k = 0; k < 10; ++k)
            lines[i] +=
                (k == place ? (liked ? "fine" : "dull") : others[draws.integer(16 * i + 1 + k, 10)]) + " ";
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

    // 1. Words as numbers, -1 behind the last one: every layer knows how long each sentence is.
    data::tokenizer const words{.at = data::cut::white_space, .shortest = 1};
    auto const numbered = data::token_sequences(train_texts, {.words = words, .min_documents = 2});
    auto const train = numbered(train_texts), test = numbered(test_texts);

    // 2. Word vectors, where each word stands, one block, the strongest signal of each feature, a decision.
    nn::network net{nn::input<float>{numbered.steps},
                    nn::sequential{nn::embedding{numbered.ids(), 64, nn::normal(0.1)}, nn::learned_positions{},
                                   nn::dropout{0.5}, nn::transformer_block{.heads = 4, .width = 128},
                                   nn::sequence_max{}, nn::dropout{0.5}, nn::dense{2}},
                    loss::softmax_cross_entropy{},
                    {.seed = seed}};
    std::printf("%td sentences of at most %td words, %td weights\n", train.samples(), train.features(),
                net.params().size());

    // 3. Fit, the rate falling to nothing along a cosine, and judge.
    std::ptrdiff_t const epochs = 4, steps = epochs * ((train.samples() - 1) / 64 + 1);
    auto const report = fit(net, train, chain(clip_norm{1.0}, adam{}, rate{cosine{2e-3, steps}}),
                            {.epochs = epochs, .batch = 64, .seed = seed}, exec::openmp{}, progress_bar{});
    std::printf("loss %.4f, transformer: test accuracy %.4f\n", report.loss,
                accuracy(net.predict(test.x), test.y));
} catch (descent::error const& problem) {
    std::fprintf(stderr, "14_sentiment_transformer: %s\n", problem.what());
    return 1;
}
