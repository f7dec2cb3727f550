// SPDX-License-Identifier: MIT
// Learning from a stream: samples come in batches, are seen once and thrown away. Memory stays what it was
// after the first batch, however long the stream is.
//
// Each batch is first predicted and then learnt from, so that the accuracy is always that on unseen samples.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/descent.hpp>

using namespace descent;

namespace {

constexpr long features = 1000, per_batch = 2000, batches = 100;

/// Batch `number` of the stream: 20 "words" a sample, common ones more often. Every word speaks a little for
/// one of the classes, and one label in twenty is wrong.
data::sparse_dataset<float> batch(long number) {
    generator const draws{.seed = 1}, meaning{.seed = 2}, mistakes{.seed = 3};
    data::sparse_dataset<float> made;
    made.x.width = features;
    made.y.resize(per_batch);
    std::vector<std::uint32_t> words;
    for (long i = 0; i < per_batch; ++i) {
        auto const sample = std::uint64_t(number * per_batch + i);
        words.clear();
        for (std::uint64_t k = 0; k < 20; ++k) {
            double const u = draws.uniform<double>(20 * sample + k);
            words.push_back(std::uint32_t(u * u * double(features)));
        }
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        double opinion = 0;
        for (std::uint32_t const word : words) {
            made.x.columns.push_back(word);
            made.x.values.push_back(0.25f);  // |x| is about 1
            opinion += meaning.normal<double>(word);
        }
        made.x.offsets.push_back(std::int64_t(made.x.values.size()));
        bool const wrong = mistakes.uniform<double>(sample) < 0.05;
        made.y[i] = (opinion > 0) != wrong ? 1.0f : 0.0f;
    }
    return made;
}

}  // namespace

int main() try {
    // 1. The same stream for three models, which differ only in the weights that they answer with.
    using linear::averaging;
    struct contender {
        std::string name;
        linear::online_svm<float> model;
        std::vector<double> accuracy = {};
    };
    double const lambda = 3e-4;
    std::vector<contender> models{
        {"last weights", linear::online_svm<float>{features, {.lambda = lambda, .average = averaging::none}}},
        {"mean of all", linear::online_svm<float>{features, {.lambda = lambda, .average = averaging::uniform}}},
        {"mean that forgets the start", linear::online_svm<float>{features, {.lambda = lambda}}}};

    // 2. Predict, then learn. On a terminal one line is drawn again and again, elsewhere every tenth batch gets
    // one.
    bool const terminal = isatty(STDOUT_FILENO);
    std::vector<double> seen;
    for (long number = 0; number < batches; ++number) {
        auto const next = batch(number);
        for (auto& [name, model, accuracy] : models) {
            accuracy.push_back(100 * model.score(next));
            model.partial_fit(next);
        }
        seen.push_back(double(number * per_batch));
        if (terminal || (number + 1) % 10 == 0)
            std::printf("%s%7ld samples   accuracy on the next %ld: %.1f %%, averaged %.1f %%%s",
                        terminal ? "\r" : "", number * per_batch, per_batch, models[0].accuracy.back(),
                        models[2].accuracy.back(), terminal ? "" : "\n");
        std::fflush(stdout);
    }
    std::printf("%s\n", terminal ? "\n" : "");

    // 3. What was learnt, on samples that come later.
    auto const test = batch(batches);
    for (auto const& [name, model, accuracy] : models)
        std::printf("%-28s objective %.4f   accuracy %.2f %%\n", name.c_str(), model.objective(test),
                    100 * model.score(test));

    // 4. The picture.
    plot::lines chart{.title = "One pass over a stream",
                      .x_label = "samples seen",
                      .y_label = "accuracy on the next batch, %"};
    for (auto const& each : models)
        chart.add(each.name, seen, each.accuracy);
    chart.save("online_svm.svg");
    std::printf("Picture: online_svm.svg\n");
} catch (descent::error const& problem) {
    std::fprintf(stderr, "07_online_svm: %s\n", problem.what());
    return 1;
}
