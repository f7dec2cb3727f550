// SPDX-License-Identifier: MIT
// onnx_peer FOLDER [WEIGHTS]: networks as NAME.onnx, and what they make of random samples as NAME.safetensors
// ("input", "scores"), for onnx_check.py. WEIGHTS: a safetensors file for the ResNet-20.
#include <string>

#include <descent/nn.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/onnx.hpp>
#include <descent/nn/resnet.hpp>

using namespace descent;

namespace {

/// Weights and running statistics that no two layers could exchange unseen.
template <class Network>
void stir(Network& net) {
    generator const draws{5};
    std::uint64_t next = 0;
    for (auto* const part : {&net.params(), &net.state()})
        for (auto const& entry : part->entries())
            for (descent::index i = 0; i < entry.size(); ++i)
                part->data()[entry.offset + i] = typename Network::scalar(
                    (entry.name.ends_with("running_var") ? 0.5 : -0.3) + draws.uniform<double>(next++));
}

template <class Network>
void write(Network&& net, std::string const& path) {
    using T = typename std::remove_reference_t<Network>::scalar;
    generator const draws{7};
    matrix<T> x(3, net.features());
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = T(2 * draws.uniform<double>(std::uint64_t(i)) - 1);
    matrix<T> const scores = net.scores(x);
    auto const batch = [](shape const& one) {
        shape const more[] = {{3, one[0]}, {3, one[0], one[1]}, {3, one[0], one[1], one[2]}};
        return more[one.rank() - 1];
    };
    nn::write_onnx(net, path + ".onnx");
    io::write_safetensors(path + ".safetensors",
                          {io::to_bytes("input", batch(net.input_shape()), x.data()),
                           io::to_bytes("scores", batch(net.output_shape()), scores.data())});
}

template <class T, class Layers>
auto stirred(nn::input<T> const& from, Layers const& layers) {
    nn::network net{from, layers};
    stir(net);
    return net;
}

}  // namespace

int main(int count, char** arguments) {
    std::string const folder = text(arguments[1], "/");
    write(stirred(nn::input<float>{5}, nn::sequential{nn::dense{7}, nn::relu{}, nn::dropout{}, nn::dense{3}}),
          folder + "mlp");
    write(stirred(nn::input<double>{6},
                  nn::sequential{nn::dense{8, false}, nn::leaky_relu{0.2}, nn::batch_norm{}, nn::tanh_layer{},
                                 nn::dense{8}, nn::sigmoid_layer{}, nn::dense{8}, nn::silu{}, nn::layer_norm{},
                                 nn::gelu{}, nn::dense{4}, nn::softmax{}}),
          folder + "activations");
    write(stirred(
              nn::input<float>{4, 11, 13},
              nn::sequential{
                  nn::named{"stem", nn::conv2d{.channels = 6,
                                               .kernel = {3, 5},
                                               .stride = {1, 2},
                                               .padding = {0, 2},
                                               .dilation = {2, 1},
                                               .groups = 2}},
                  nn::batch_norm{.epsilon = 1e-3},
                  nn::residual{nn::sequential{nn::conv2d{.channels = 6, .kernel = 3, .padding = 1, .groups = 6},
                                              nn::relu{}}},
                  nn::residual{nn::conv2d{.channels = 9, .kernel = 3, .stride = 2, .padding = 1},
                               nn::pad_channels{9, 2}},
                  nn::max_pool{.size = 3, .stride = 1, .padding = 1},
                  nn::average_pool{.size = 3, .stride = 2, .padding = 1, .count_padding = false},
                  nn::average_pool{.size = 2, .stride = 1, .padding = 1},
                  nn::parallel{nn::flatten{}, nn::global_average_pool{}, nn::global_max_pool{}}, nn::dense{5}}),
          folder + "images");
    write(stirred(nn::input<float>{4, 17},
                  nn::sequential{nn::conv1d{.channels = 6, .stride = 2, .padding = 1}, nn::batch_norm{},
                                 nn::relu{}, nn::max_pool{.size = {1, 2}}, nn::dense{5}, nn::layer_norm{},
                                 nn::flatten{}, nn::dense{3}}),
          folder + "sequences");
    nn::network resnet{nn::input<float>{3, 32, 32}, nn::resnet20()};
    if (count > 2)
        nn::load(resnet, arguments[2]);
    write(resnet, folder + "resnet20");
}
