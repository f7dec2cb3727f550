// SPDX-License-Identifier: MIT
#include <descent/nn/profile.hpp>

#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/layer_norm.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>

#include <cmath>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

TEST_CASE("nn profile: rows in order, named as their tensors, sums as the network has planned") {
    nn::network net{nn::input<float>{2, 3},
                    nn::sequential{nn::flatten{}, nn::named{"fc", nn::dense{5}}, nn::relu{},
                                   nn::residual{nn::sequential{nn::dense{5}, nn::layer_norm{}, nn::gelu{}}},
                                   nn::parallel{nn::dense{2}, nn::identity{}}, nn::dense{3}}};
    data::dataset<float> table{matrix<float>::Constant(20, 6, 0.5f), vector<float>::Zero(20)};
    auto const before = net;
    for (int const threads : {1, 2}) {
        auto const told =
            nn::profile(net, data::all_of(table), exec::openmp{.threads = threads}, {.repeats = 3});
        std::string names;
        for (auto const& row : told.rows)
            names += text(row.name, ' ', row.kind, ' ', row.output.text(), ' ', row.parameters, ' ',
                          row.multiply_adds, '\n');
        CHECK(names ==
              " input [2, 3] 0 -1\n"
              "0 flatten [6] 0 -1\n"
              "fc dense [5] 35 600\n"
              "2 relu [5] 0 -1\n"
              "3 residual [5] 0 -1\n"
              "3.body.0 dense [5] 30 500\n"
              "3.body.1 layer_norm [5] 10 -1\n"
              "3.body.2 gelu [5] 0 -1\n"
              "3.shortcut identity [5] 0 -1\n"
              "4 parallel [7] 0 -1\n"
              "4.0 dense [2] 12 200\n"
              "4.1 identity [5] 0 -1\n"
              "5 dense [3] 24 420\n"
              " loss [3] 0 -1\n");
        auto const all = told.total();
        CHECK(all.parameters == 35 + 30 + 10 + 12 + 24);
        CHECK(all.multiply_adds == 600 + 500 + 200 + 420);
        CHECK(all.weight_bytes == net.params().arena_size() * 4);
        CHECK(all.kept_bytes == net.workspace(20).kept);
        CHECK(told.rows[2].kept_bytes == 32 * 16 * 4);  // rooms for 32 samples of 16 numbers: whole registers
        CHECK(told.passing_bytes + told.fixed_bytes == net.workspace(20).passing + net.workspace(20).fixed);
        CHECK(std::fabs(all.share - 1) < 1e-12);
        for (std::string const name : {"fc", "3", "3.body.0", "3.body.1", "3.body.2", "4", "4.0", "5", ""})
            for (auto const& row : told.rows)
                if (row.name == name && row.kind != "input") {
                    INFO(row.name << " " << row.kind);
                    CHECK(row.forward_ms > 0);
                    CHECK((row.kind == "loss") == (row.backward_ms == 0));
                    CHECK(row.share > 0);
                }
    }
    CHECK(net.steps() == 0);
    CHECK(net.params().sum_of_squares() == before.params().sum_of_squares());
}

TEST_CASE("nn profile: a table for terminals") {
    nn::network_profile told{.samples = 64, .passing_bytes = 1024, .fixed_bytes = 512};
    told.rows = {{.kind = "input", .output = {784}, .kept_bytes = 2048, .forward_ms = 0.0125, .share = 0.01},
                 {"body.0", "dense", {10}, 7850, 31424, 4096, 501760, 0.5, 0.75, 0.99}};
    CHECK(told.text() ==
          "layer   kind   output  parameters  weights KiB  kept KiB  multiply-adds M  forward ms  backward ms  "
          "share %\n"
          "-       input  [784]            -            -       2.0                -       0.013            -  "
          "    1.0\n"
          "body.0  dense  [10]          7850         30.7       4.0            0.502       0.500        0.750  "
          "   99.0\n"
          "total   -      -             7850         30.7       6.0            0.502       0.512        0.750  "
          "  100.0\n"
          "64 samples; beside this, for all layers together, 1.5 KiB of workspace\n");
}

TEST_CASE("nn profile: nothing to measure is refused") {
    nn::network const net{nn::input<float>{2}, nn::dense{2}};
    data::dataset<float> const table{matrix<float>::Zero(4, 2), vector<float>::Zero(4)};
    CHECK(message_of([&] { nn::profile(net, data::all_of(table).part(0, 0)); }) ==
          "profile: the batch has no samples");
    CHECK(message_of([&] { nn::profile(net, data::all_of(table), exec::serial{}, {.repeats = 0}); }) ==
          "profile: repeats = 0: must be >= 1");
    CHECK(nn::profile(net, data::all_of(table)).rows[1].kind == "dense");
}
