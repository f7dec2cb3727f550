// SPDX-License-Identifier: MIT
#include <descent/nn/transformer.hpp>

#include <catch2/catch_test_macros.hpp>

#include "golden.hpp"
#include "message.hpp"

using namespace descent;
using block = nn::transformer_block;

TEST_CASE("nn transformer: the contract of layers, with and without lengths") {
    layer_check::check_layer(block{.heads = 2, .width = 5}, {{3, 4}}, {.samples = {1, 6}});
    layer_check::check_layer(block{.dropout = 0.3, .norm_first = false, .activation = block::curve::relu},
                             {{4, 4}}, {.samples = {6}, .lengths = {4, 0, 2, 1}});
}

// act = torch.nn.functional.relu, or lambda x: torch.nn.functional.gelu(x, approximate='tanh')
// m = torch.nn.TransformerEncoderLayer(6, 2, 5, 0.0, act, batch_first=True, norm_first=first)
// for i, w in enumerate(m.parameters()): w.copy_(wave(*w.shape, a=.3 + .1 * i, b=.2))
// x = wave(2, 4, 6, a=.7, b=.2); mask = torch.tensor([[False] * 4, [False, False, True, True]])
// y = m(x, src_key_padding_mask=mask) * (~mask)[:, :, None]; (y * wave(2, 4, 6, a=1.1, b=.3)).sum().backward()
TEST_CASE("nn transformer: the numbers of torch.nn.TransformerEncoderLayer") {
    std::vector<std::string> const names{"self_attn.in_proj_weight",
                                         "self_attn.in_proj_bias",
                                         "self_attn.out_proj.weight",
                                         "self_attn.out_proj.bias",
                                         "linear1.weight",
                                         "linear1.bias",
                                         "linear2.weight",
                                         "linear2.bias",
                                         "norm1.weight",
                                         "norm1.bias",
                                         "norm2.weight",
                                         "norm2.bias"};
    std::vector<golden::numbers> const pre{
        {{2.4228181983686277, 4.344576213789778, -1.253440720825294}, 27.79919012850558},
        {{-0.024446070814808152, 1.1373148443255126, 0.7642333013304612}, 1.003390358242104},
        {{0.07316640132370295, 0.6821367711163837, 0.46306776849262477}, -5.073009831420271},
        {{0.3918934850087833, -0.5939506881229175, -0.12199980403692887}, -1.3826638175242973},
        {{-4.9691911687994965, -12.610442216864843, 3.005082651742849}, -3.5252506126523167},
        {{4.335639578855764, 4.180674706827838, -1.1620614787293022}, 1.0033903582421058},
        {{-0.22373255741207515, -13.364425776996976, -0.7308106200458033}, 1.058064393352577},
        {{-4.951597309195952, 0.2531009208795829, 0.5855353708159307}, 0.28922480218891167},
        {{3.3313659274721066, -0.39513248649869864, 13.260716294246892}, 4.626194092590291},
        {{4.57819143289286, 4.194374938850925, -0.7730870247580133}, 1.0033903582421058},
        {{0.15852069963568702, 0.37092028958895334, 0.1470387109422288}, 2.783501538841038},
        {{0.51974576041632, 0.22134655381786789, -0.0968248812074947}, -1.33374385993355},
        {{-0.5611787028649879, -0.652596227599301, -0.09138319389661803}, -1.9547098442496218},
        {{0.5273363773723172, -0.0661583338201075, -0.6285377468644509}, -2.0418505313801596}};
    std::vector<golden::numbers> const post{
        {{0.4799318707521657, 2.240889612284882, -0.15199803954322438}, 8.779900008058291},
        {{-0.014794235347689137, 0.12143117075950319, 0.005216734183603311}, 0.32591291421797014},
        {{0.008614491582131675, 0.0037052095866195924, -0.002946690372976511}, 2.2147962966113446},
        {{-0.014250349835192381, -0.09979847564477476, 0.05959919526253206}, -3.2432035331176157},
        {{0.12291467966154668, 0.000831866175702238, 0.11312469559648317}, 0},
        {{-0.13321736580046784, 0.5118701126740325, -0.37370120906074306}, 0},
        {{-0.028023252410775527, 0.09750935109410586, -0.3440804723457525}, 0.5287702662699221},
        {{-0.13409592593271788, 0.0, 0.5433353165305514}, 0.7555477031785429},
        {{-1.0737859060032187, 0.0, -2.671827855502173}, 0},
        {{-0.9727643526589758, 0.5498523025589097, -0.6402928715916938}, 0},
        {{0.4583992661525902, 0.2962830769297484, -0.18114359376937825}, 1.799604857497552},
        {{-0.5202074440170539, 0.7907890673319802, -0.7242925759010476}, -0.6075657389151203},
        {{5.564876822475745, 5.125714365992083, 0.9438093413763372}, 10.86298271437892},
        {{4.57819143289286, 4.194374938850925, -0.7730870247580132}, 1.0033903582421058}};
    for (bool const first : {true, false}) {
        auto const& torch = first ? pre : post;
        layer_check::bench<block, double> b(
            block{.heads = 2,
                  .width = 5,
                  .dropout = 0,
                  .norm_first = first,
                  .activation = first ? block::curve::gelu : block::curve::relu},
            {4, 6}, 2, {.lengths = {4, 2}});
        for (std::size_t i = 0; i < names.size(); ++i)
            golden::wave(b, names[i].c_str(), 0.3 + 0.1 * double(i), 0.2);
        golden::wave(b.x.data(), 48, 0.7, 0.2);
        golden::wave(b.c.data(), 48, 1.1, 0.3);
        std::fill_n(b.c.data() + 36, 12, 0.0);  // the steps that are not there
        b.value();
        b.backward();
        std::fill_n(b.y.data() + 36, 12, 0.0);
        CHECK(golden::agree(b.y.data(), 48, torch[0]));
        CHECK(golden::agree(b.dx.data(), 48, torch[1]));
        for (std::size_t i = 0; i < names.size(); ++i) {
            INFO(names[i]);
            CHECK(golden::agree(b.slopes[names[i]], torch[i + 2]));
        }
    }
}

TEST_CASE("nn transformer: shapes are checked when it is bound") {
    nn::builder<float> b;
    CHECK(message_of([&] { block{}.bind<float>({3}, b); }) ==
          "transformer_block: input is [3]: must be [steps, features]");
    CHECK(message_of([&] {
              block{.width = -1}.bind<float>({3, 2}, b);
          }) == "transformer_block: width = -1: must be >= 0");
    CHECK(message_of([&] {
              block{.heads = 2}.bind<float>({3, 5}, b);
          }) == "self_attn (attention): heads = 2: must divide the 5 features");
}
