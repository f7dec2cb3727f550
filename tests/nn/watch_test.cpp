// SPDX-License-Identifier: MIT
#include <descent/nn/watch.hpp>

#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

TEST_CASE("nn watch: each layer's inputs and outputs, before what is done in one loop with them") {
    nn::network net{nn::input<float>{2, 3},
                    nn::sequential{nn::flatten{}, nn::named{"fc", nn::dense{5}}, nn::relu{},
                                   nn::residual{nn::sequential{nn::dense{5}, nn::tanh_layer{}}, nn::dense{5}},
                                   nn::parallel{nn::dense{2}, nn::identity{}}, nn::dense{3}}};
    matrix<float> const x = matrix<float>::Random(70, 6);
    matrix<float> const scores = net.scores(x);
    for (int const threads : {1, 3}) {
        std::string told;
        std::map<std::string, std::vector<float>> in, out;
        nn::watch(
            net, x,
            [&](nn::bound_place const& layer, float const* from, float const* to, descent::index n) {
                if (n == 64)
                    told += text(layer.name, ' ', layer.kind, '\n');
                in[layer.name].insert(in[layer.name].end(), from, from + n * layer.input.size());
                out[layer.name].insert(out[layer.name].end(), to, to + n * layer.output.size());
            },
            exec::openmp{.threads = threads});
        CHECK(
            told ==
            "fc dense\n2 relu\n3.body.0 dense\n3.body.1 tanh\n3.body sequential\n3.shortcut dense\n3 residual\n"
            "4.0 dense\n4 parallel\n5 dense\n");
        CHECK(in["fc"] == std::vector<float>(x.data(), x.data() + x.size()));
        CHECK(out["5"] == std::vector<float>(scores.data(), scores.data() + scores.size()));
        CHECK(in["5"] == out["4"]);
        CHECK(out["2"] == in["3"]);
        CHECK(in["3.body.0"] == in["3.shortcut"]);
        double worst = 0;
        bool negative = false;
        auto const w = net.params()["fc.weight"].matrix();
        for (descent::index r = 0; r < 70; ++r)
            for (descent::index k = 0; k < 5; ++k) {
                float const y = out["fc"][std::size_t(r * 5 + k)];
                worst = std::max(worst, std::fabs(double(x.row(r).dot(w.row(k))) - double(y)));
                negative = negative || y < 0;
                worst = std::max(
                    worst, std::fabs(double(std::max(y, 0.0f)) - double(out["2"][std::size_t(r * 5 + k)])));
            }
        CHECK(worst < 1e-5);
        CHECK(negative);
    }
    nn::network one{nn::input<double>{2}, nn::dense{3}};
    int calls = 0;
    matrix<double> const two = matrix<double>::Random(2, 2);
    nn::watch(one, two, [&](nn::bound_place const& layer, double const* from, double const* to, auto n) {
        calls += layer.kind == "dense" && n == 2 && from[3] == two(1, 1) && to[5] == one.scores(two)(1, 2);
    });
    CHECK(calls == 1);
    CHECK(message_of([&] { nn::watch(one, matrix<double>(2, 3), [](auto const&...) {}); }) ==
          "network: x has 3 features, the network 2");
    CHECK(message_of([&] { nn::watch(one, matrix<double>(0, 3), [](auto const&...) {}); }) ==
          "network: x has 3 features, the network 2");
}
