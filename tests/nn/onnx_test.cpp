// SPDX-License-Identifier: MIT
#include <descent/loss/squared.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/onnx.hpp>

#include <cstdio>
#include <string>

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

std::string hex(std::string const& bytes) {
    std::string digits;
    for (char const c : bytes) {
        digits += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        digits += "0123456789abcdef"[c & 15];
    }
    return digits;
}

/// A layer of somebody else, who says what it is in ONNX.
struct halve {
    static constexpr std::string_view name = "halve";
    template <class T>
    auto bind(shape const& input, nn::builder<T>& b) const {
        return nn::identity{}.bind<T>(input, b);
    }
};
template <class T>
std::string onnx_node(halve const&, shape const&, std::string const& x, nn::onnx_export<T>& to) {
    return to.graph.node("Mul", {x, to.graph.constant(T(0.5))});
}

std::size_t count(std::string const& text, std::string const& part) {
    std::size_t times = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++times;
    return times;
}

}  // namespace

TEST_CASE("nn onnx: a small network is what the onnx package makes of it") {
    nn::network net{nn::input<float>{2}, nn::sequential{nn::dense{1}, nn::leaky_relu{0.25}}, loss::squared{}};
    float const numbers[] = {1, -2, 0.5f};
    std::copy_n(numbers, 2, net.params()["0.weight"].data);
    net.params()["0.bias"].data[0] = numbers[2];
    std::string const path = "/tmp/descent_onnx_" + std::to_string(::getpid()) + ".onnx";
    nn::write_onnx(net, path);
    CHECK(hex(read_file(path)) ==
          "0808120764657363656e743afa010a360a05696e7075740a08302e7765696768740a06302e62696173120647656d6d5f"
          "30220447656d6d2a0d0a067472616e73421801a001020a310a0647656d6d5f30120b4c65616b7952656c755f3122094c"
          "65616b7952656c752a0f0a05616c706861150000803ea001010a1f0a0b4c65616b7952656c755f31120673636f726573"
          "22084964656e74697479120764657363656e742a1a0801080210014208302e7765696768744a080000803f000000c02a"
          "12080110014206302e626961734a040000003f5a180a05696e707574120f0a0d080112090a0312014e0a02080262190a"
          "0673636f726573120f0a0d080112090a0312014e0a02080142040a001011");
    std::remove(path.c_str());
    CHECK(message_of([&] { nn::write_onnx(net, "/no/such.onnx"); }) ==
          "/no/such.onnx: cannot write: No such file or directory");
}

TEST_CASE("nn onnx: every layer has its nodes and tensors") {
    nn::network net{
        nn::input<double>{2, 8, 8},
        nn::sequential{
            nn::named{"conv1", nn::conv2d{.channels = 4, .padding = 1, .bias = false}}, nn::batch_norm{},
            nn::relu{},
            nn::residual{nn::sequential{nn::conv2d{.channels = 4, .padding = 1}, nn::gelu{}, nn::drop_path{}}},
            nn::residual{nn::conv2d{.channels = 8, .stride = 2, .padding = 1}, nn::pad_channels{8, 2}},
            nn::max_pool{}, nn::average_pool{.size = 1},
            nn::parallel{nn::flatten{}, nn::global_max_pool{}, nn::global_average_pool{}}, nn::dropout{},
            halve{}, nn::layer_norm{}, nn::silu{}, nn::tanh_layer{}, nn::sigmoid_layer{}, nn::dense{3},
            nn::softmax{}}};
    std::string const bytes = nn::format_onnx(net);
    for (auto const* const part : {&net.params(), &net.state()})
        for (auto const& entry : part->entries())
            CHECK(count(bytes, "\x42" + std::string(1, char(entry.name.size())) + entry.name) == 1);  // field 8
    for (char const* const op :
         {"Conv", "BatchNormalization", "Relu", "Tanh", "Slice", "Pad", "MaxPool", "AveragePool", "Flatten",
          "GlobalMaxPool", "GlobalAveragePool", "Concat", "LayerNormalization", "Sigmoid", "Gemm", "Softmax"})
        CHECK(count(bytes, "\x22" + std::string(1, char(std::string(op).size())) + op) >= 1);  // field 4
    CHECK(count(bytes, "\x22\4Conv") == 3);
    CHECK(count(bytes, "\x22\3Add") == 4);  // two residuals, two in gelu
}
