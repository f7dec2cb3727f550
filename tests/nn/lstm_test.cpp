// SPDX-License-Identifier: MIT
#include <descent/nn/lstm.hpp>

#include <descent/nn/gru.hpp>

#include <catch2/catch_test_macros.hpp>

#include "golden.hpp"
#include "message.hpp"

using namespace descent;

namespace {

template <class Layer>
std::string refused(Layer const& layer, shape const& input) {
    return message_of([&] {
        nn::builder<float> b;
        layer.template bind<float>(input, b);
    });
}

template <class Layer>
void check_contract() {
    using nn::recurrent;
    layer_check::options how{.samples = {1, 6, 29}};
    layer_check::check_layer(Layer{.units = 3}, {{1, 1}, {4, 2}}, how);
    layer_check::check_layer(Layer{.units = 3, .bidirectional = true, .returns = recurrent::last_state},
                             {{3, 2}}, how);
    how.samples = {7};
    how.lengths = {4, 0, 2, 1};
    layer_check::check_layer(Layer{.units = 17, .bidirectional = true}, {{4, 2}}, how);
    layer_check::check_layer(Layer{.units = 2, .bidirectional = true, .returns = recurrent::last_state},
                             {{4, 19}}, how);
}

struct expected {
    golden::numbers y, dx, last;
    std::vector<golden::numbers> weights;
};

// m = torch.nn.LSTM(2, 3, batch_first=True, bidirectional=True), or GRU
// for i, w in enumerate(m.parameters()): w.copy_(wave(*w.shape, a=.3 + .1 * i, b=.2))
// x = wave(3, 4, 2, a=.7, b=.2); lengths = torch.tensor([4, 1, 3])
// out, h = m(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
// y, _ = pad_packed_sequence(out, batch_first=True, total_length=4); (y * wave(3, 4, 6, a=1.1,
// b=.3)).sum().backward() and h as [samples, directions * units]
template <class Layer>
void check_numbers(expected const& torch) {
    std::vector<std::string> const names{"weight_ih_l0",       "weight_hh_l0",         "bias_ih_l0",
                                         "bias_hh_l0",         "weight_ih_l0_reverse", "weight_hh_l0_reverse",
                                         "bias_ih_l0_reverse", "bias_hh_l0_reverse"};
    layer_check::options const how{.lengths = {4, 1, 3}};
    for (bool const every : {true, false}) {
        layer_check::bench<Layer, double> b(
            Layer{.units = 3,
                  .bidirectional = true,
                  .returns = every ? nn::recurrent::every_step : nn::recurrent::last_state},
            {4, 2}, 3, how);
        for (std::size_t i = 0; i < names.size(); ++i)
            golden::wave(b, names[i].c_str(), 0.3 + 0.1 * double(i), 0.2);
        golden::wave(b.x.data(), 24, 0.7, 0.2);
        golden::wave(b.c.data(), 3 * b.outputs(), 1.1, 0.3);
        b.value();
        b.backward();
        CHECK(golden::agree(b.y.data(), 3 * b.outputs(), every ? torch.y : torch.last));
        if (!every)
            return;
        CHECK(golden::agree(b.dx.data(), 24, torch.dx));
        for (std::size_t i = 0; i < names.size(); ++i) {
            INFO(names[i]);
            CHECK(golden::agree(b.slopes[names[i]], torch.weights[i]));
        }
    }
}

}  // namespace

TEST_CASE("nn lstm: the contract of layers") { check_contract<nn::lstm>(); }
TEST_CASE("nn gru: the contract of layers") { check_contract<nn::gru>(); }

TEST_CASE("nn lstm: the numbers of torch.nn.LSTM") {
    check_numbers<nn::lstm>(
        {{{-0.06272548766588379, -0.2179233143583225, -0.4763302618977908, -0.4099171501521506},
          -5.73551840148769},
         {{-0.017224049944702613, 0.24327705400853752, 0.11350277944936141, 0.3692455257564926},
          0.24634316631746683},
         {{-0.3656961364444449, -0.2260398124916735, -0.08586576429996609, -0.4099171501521506},
          -2.38110028756238},
         {{{-0.059432550374685096, -0.05823833019831001, -0.011008717796578315}, 0.7155575422602514},
          {{0.007066683896782207, 0.019871137556119398, 0.04241637083650355}, 0.6340031516629293},
          {{-0.14816662020146792, -0.025311424012895673, 0.05290353875436116}, -0.925910191631191},
          {{-0.14816662020146792, -0.025311424012895677, 0.05290353875436115}, -0.9259101916311911},
          {{-0.16931222044684346, -0.10982434228746593, -0.009020742812990009}, -1.0177893344486801},
          {{-0.02411110531689765, 0.005655662692234111, 0.01406879960361338}, 0.01970799923240424},
          {{0.34994246756259895, -0.02842153792030928, 0.03214684865328528}, 0.3224899486217884},
          {{0.34994246756259895, -0.028421537920309277, 0.03214684865328527}, 0.3224899486217884}}});
}

TEST_CASE("nn gru: the numbers of torch.nn.GRU") {
    check_numbers<nn::gru>(
        {{{-0.05506264828918361, -0.16311817847326893, -0.47432417391543646, -0.7016002486381124},
          1.6959640053911902},
         {{0.4467709201226047, 0.6946010601902133, 0.15650974294661338, 0.4575520570066992},
          0.8606224656620125},
         {{0.0810530505689534, -0.04345233944242688, -0.08880938394999227, -0.7016002486381124},
          1.3625379343105681},
         {{{0.04764623013602823, 0.05005074521718518, -0.11585679500911986}, 1.4175366101844764},
          {{0.005899705646044309, 0.01909182862077858, 0.05389708418942737}, -0.12350633850692376},
          {{-0.11513310202508337, 0.07607208200242499, 0.12074701114813301}, -0.2508024750477091},
          {{-0.11513310202508337, 0.07607208200242498, 0.12074701114813301}, -0.16778326786950298},
          {{0.014804827031131309, 0.019997865755692092, -0.0193018424308082}, 0.5173910605964243},
          {{-0.008113307307552588, 0.00011113114491210921, 0.031960519085093904}, -1.5859842451966892},
          {{0.03844566748896318, -0.05225444945139361, 0.06476396914909531}, -1.0834561508375884},
          {{0.03844566748896317, -0.052254449451393625, 0.06476396914909531}, -0.836101402103089}}});
}

TEST_CASE("nn lstm and gru: shapes are checked when they are bound") {
    CHECK(refused(nn::lstm{0}, {3, 2}) == "lstm: units = 0: must be >= 1");
    CHECK(refused(nn::gru{2}, {3}) == "gru: input is [3]: must be [steps, features]");
}
