// SPDX-License-Identifier: MIT
// How deep, how wide, which kernels, which activations, with shortcuts or without: evolution looks for the
// convolutional network that reads digits best with at most 4000 weights (Real et al., 2019). Then the same
// question another way: a supernet holds many networks with shared weights, is trained once, and tells which of
// them is best without training any (Guo et al., 2020).
//
//     34_architecture_search [training.csv test.csv]
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/candidates.hpp>
#include <descent/search/architecture.hpp>
#include <descent/search/network_cost.hpp>
#include <descent/search/one_shot.hpp>
#include <descent/search/progress_bar.hpp>
#include <descent/search/regularized_evolution.hpp>
#include <descent/search/study.hpp>
#include <descent/search/touched.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

namespace {

nn::input<float> const digit{1, 8, 8};
constexpr descent::index most_parameters = 4000;

/// What a network of these layers gets right of the held digits.
template <class Layers>
double learned(Layers const& layers, data::dataset<float> const& train, data::dataset<float> const& held,
               int epochs) {
    nn::network net{digit, layers};
    auto const steps = epochs * ((train.samples() + 31) / 32);
    fit(net, train, chain(adam{}, rate{one_cycle{1e-2, steps}}), {.epochs = epochs, .batch = 32},
        exec::openmp{});
    return 100 * accuracy(net, held);
}

void evolve(data::dataset<float> const& all, data::dataset<float> const& few, data::dataset<float> const& held,
            data::dataset<float> const& test) {
    search::architecture_space const choices{
        .most = 3, .widths = {4, 8, 12, 16}, .kernels = {1, 3, 5}, .strides = {1, 2, 1}};
    auto const layers_of = [&](auto& trial) { return conv_layers(choices.of(trial), 1, 10); };
    auto const cost_of = [&](auto& trial) { return search::cost_of(layers_of(trial), digit.extents); };

    auto space = choices.space();
    search::budget const limit{.parameters = most_parameters};
    std::set<std::string>
        known;  // settings that differ beyond the depth are one architecture: none comes twice
    space.require([&](search::setting const& s) {
        return limit.allows(cost_of(s)) && !known.count(choices.of(s).text());
    });
    search::study study{space, search::regularized_evolution{.seed = 1, .population = 10, .tournament = 4}};
    auto const best = study.maximize(
        {.trials = 30},
        [&](search::trial& t) {
            known.insert(choices.of(t).text());
            return learned(layers_of(t), few, held, 4);
        },
        search::progress_bar{});

    auto records = study.records();
    auto const random = records.front();
    plot::scatter picture{.title = "Networks of digits",
                          .x_label = "parameters",
                          .y_label = "held digits right, %",
                          .log_x = true};
    std::vector<double> sizes, rights, front_sizes, front_rights;
    for (auto const& r : records) {
        sizes.push_back(double(cost_of(r).parameters));
        rights.push_back(r.value);
    }
    picture.add("trials", sizes, rights);

    std::sort(records.begin(), records.end(), [](auto const& a, auto const& b) { return a.value > b.value; });
    std::printf("right     parameters  multiply-adds  layers (width x kernel / stride)\n");
    for (std::size_t i = 0; i < 5; ++i) {
        auto const cost = cost_of(records[i]);
        std::printf("%5.2f %%   %10td  %13td  %s\n", records[i].value, std::ptrdiff_t(cost.parameters),
                    std::ptrdiff_t(cost.multiply_adds), choices.of(records[i]).text().c_str());
    }

    // From the best down, whoever is smaller than all before.
    for (auto const& r : records)
        if (double const size = double(cost_of(r).parameters);
            front_sizes.empty() || size < front_sizes.back()) {
            front_sizes.push_back(size);
            front_rights.push_back(r.value);
        }
    picture.add_curve("no other is better and smaller", front_sizes, front_rights);
    picture.save("architectures.svg");
    std::printf("%s\n", std::filesystem::absolute("architectures.svg").c_str());

    std::printf("12 epochs on all training digits, then the test digits:\n");
    for (auto const& [name, r] :
         {std::pair<char const*, search::record>{"the best", best}, {"a random one", random}})
        std::printf("  %-12s  %.2f %%   %s\n", name, learned(layers_of(r), all, test, 12),
                    choices.of(r).text().c_str());
}

void share_weights(data::dataset<float> const& all, data::dataset<float> const& few,
                   data::dataset<float> const& held, data::dataset<float> const& test) {
    auto const conv = [](descent::index kernel, descent::index stride = 1) {
        return nn::sequential{
            nn::conv2d{.channels = 8, .kernel = kernel, .stride = stride, .padding = kernel / 2, .bias = false},
            nn::batch_norm{}, nn::relu{}};
    };
    nn::candidates const ops{nn::identity{}, conv(1), conv(3), conv(5)};
    nn::network net{
        digit, nn::sequential{conv(3), ops, conv(3, 2), ops, ops, nn::global_average_pool{}, nn::dense{10}}};
    search::one_shot paths{net};
    fit(paths, few, search::touched{chain(adam{}, rate{1e-2})}, {.epochs = 24, .batch = 32}, exec::openmp{});

    // What a path is without the others.
    auto const alone = [&](auto& trial) {
        descent::index const kernels[] = {0, 1, 3, 5};
        auto const way = paths.path_of(trial);
        search::architecture made;
        for (int const place : {-1, 0, -2, 1, 2})
            if (auto const kernel = place < 0 ? 3 : kernels[way[std::size_t(place)]])
                made.layers.push_back({.width = 8, .kernel = kernel, .stride = place == -2 ? 2 : 1});
        return made;
    };
    auto space = paths.space();
    space.require([&](search::setting const& s) {
        return search::cost_of(conv_layers(alone(s), 1, 10), digit.extents).parameters <= most_parameters;
    });
    search::study study{space, search::regularized_evolution{.seed = 1, .population = 10}};
    auto const best = study.maximize({.trials = 40}, [&](search::trial& t) {
        paths.choose(paths.path_of(t));
        refresh_statistics(net, few, 256, exec::openmp{});
        return 100 * accuracy(net, held);
    });
    std::printf(
        "a supernet of 64 networks, trained once; of 40 that were asked the best is\n  %s\n"
        "  %.2f %% of the held digits with the weights that all share, %.2f %% of the test digits trained "
        "by itself\n",
        alone(best).text().c_str(), best.value, learned(conv_layers(alone(best), 1, 10), all, test, 12));
}

}  // namespace

int main(int argc, char** argv) try {
    std::string const folder = DESCENT_EXAMPLES_DATA;
    data::csv_options const format{.target = -1, .header = false, .classes = true};
    auto all = data::read_csv(argc > 2 ? argv[1] : folder + "/optdigits_train.csv", format);
    auto test = data::read_csv(argc > 2 ? argv[2] : folder + "/optdigits_test.csv", format);
    auto const scale = data::normalize(all);
    scale(all), scale(test);
    auto const [most, held] = data::split(all, {.train = 0.75, .seed = 1, .stratify = true});
    auto const [few, rest] = data::split(most, {.train = 0.4, .seed = 2, .stratify = true});

    evolve(all, few, held, test);
    share_weights(all, few, held, test);
} catch (descent::error const& problem) {
    std::fprintf(stderr, "34_architecture_search: %s\n", problem.what());
    return 1;
}
