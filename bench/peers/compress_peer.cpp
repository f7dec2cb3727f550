// SPDX-License-Identifier: MIT
// The library's side of compress.py: compress_peer FOLDER reads from there mlp.safetensors, lenet5.safetensors
// and, as float32, mlp_calibration, mlp_test, lenet5_calibration, lenet5_test (rows of features), test_y,
// weights (for masks). Networks are "mlp" and "lenet5". Then a line of answer to each line of standard input:
//
//     judge NETWORK HOW             right answers of the test rows, bytes
//     time NETWORK HOW BATCH CALLS  seconds of a call on two threads, on the wall clock
//     onnx NETWORK PATH             writes it
//     codes NETWORK PATH            writes the codes of all weights, a byte each: 8-bit codes to PATH, those of
//                                   16 numbers and 90 % zeros to PATH.few; for each the bytes of the packed
//                                   file, and of those its coder's for these codes
//     mask UNIT SPARSITY PATH       seconds of masking `weights` [n / 1000, 1000]; a byte a weight to PATH
//     linear KIND BATCH CALLS       seconds of a layer 1024 x 1024, 90 % zeros, "dense" or "sparse"
//
// HOW: float; dynamic, int8_linear layer by layer; static, to_int8 after 512 rows; packed8, a packed file of
// 8-bit codes that is read back; adaround4, the same of 4 bits by adaround_layers.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/onnx.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/sparse_linear.hpp>
#include <descent/quantize/adaround_layers.hpp>
#include <descent/quantize/codebook.hpp>
#include <descent/quantize/int8_linear.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/quantize/to_int8.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

exec::openmp const two{.threads = 2};

std::vector<float> floats(std::string const& path) {
    std::string const bytes = read_file(path);
    std::vector<float> numbers(bytes.size() / sizeof(float));
    std::copy_n(bytes.data(), numbers.size() * sizeof(float), reinterpret_cast<char*>(numbers.data()));
    return numbers;
}
matrix<float> rows_of(std::string const& path, descent::index features) {
    auto const numbers = floats(path);
    return matrix_view<float const>(numbers.data(), descent::index(numbers.size()) / features, features);
}

auto mlp() {
    return nn::network{nn::input<float>{784},
                       nn::sequential{nn::dense{256}, nn::relu{}, nn::dense{128}, nn::relu{}, nn::dense{10}}};
}
auto lenet5() {
    return nn::network{
        nn::input<float>{1, 32, 32},
        nn::sequential{
            nn::named{"convnet",
                      nn::sequential{nn::named{"c1", nn::conv2d{.channels = 6, .kernel = 5}}, nn::relu{},
                                     nn::max_pool{}, nn::named{"c3", nn::conv2d{.channels = 16, .kernel = 5}},
                                     nn::relu{}, nn::max_pool{},
                                     nn::named{"c5", nn::conv2d{.channels = 120, .kernel = 5}}, nn::relu{},
                                     nn::flatten{}}},
            nn::named{"fc", nn::sequential{nn::named{"f6", nn::dense{84}}, nn::relu{},
                                           nn::named{"f7", nn::dense{10}}}}}};
}

/// Dense layers in 8 bits, relu between.
struct dynamic_layers {
    std::vector<quantize::int8_linear> layers;
    mutable std::vector<quantize::int8_linear::workspace> memory;
    mutable std::vector<matrix<float>> between;

    template <class Network>
    explicit dynamic_layers(Network const& net) {
        for (char const* name : {"0", "2", "4"})
            layers.emplace_back(net.params()[text(name, ".weight")].matrix(),
                                vector<float>(net.params()[text(name, ".bias")].flat()));
        memory.resize(layers.size()), between.resize(layers.size());
    }
    matrix<float> const& scores(matrix<float> const& x) const {
        for (std::size_t i = 0; i < layers.size(); ++i) {
            layers[i](i ? between[i - 1] : x, between[i], two, memory[i]);
            if (i + 1 < layers.size())
                between[i] = between[i].cwiseMax(0.0f);
        }
        return between.back();
    }
    descent::index bytes() const {
        descent::index all = 0;
        for (auto const& layer : layers)
            all += layer.outputs() * (layer.inputs() + 8);
        return all;
    }
};

/// The weights' codes put into the network.
template <class Network>
auto codes_of_8_bits(Network& net) {
    std::vector<quantize::coded_tensor<float>> codes;
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() > 1) {
            auto const weight = net.params()[entry.name];
            codes.push_back({entry.name, quantize::to_affine(weight)});
            codes.back().codes.copy_to(weight.data);
        }
    return codes;
}

/// Nine of ten weights 0, the others sixteen numbers a tensor.
template <class Network>
void make_few(Network& net) {
    prune::magnitude{.sparsity = 0.9}(net);
    for (auto const& entry : net.params().entries()) {
        if (entry.extents.rank() < 2)
            continue;
        auto const weight = net.params()[entry.name];
        std::vector<float> kept;
        std::copy_if(weight.data, weight.data + weight.size(), std::back_inserter(kept),
                     [](float w) { return w != 0; });
        auto const book = quantize::optimal_codebook<float>(kept, 16);
        for (descent::index i = 0; i < weight.size(); ++i)
            if (weight.data[i] != 0)
                weight.data[i] = book.values[std::size_t(book.code(weight.data[i]))];
    }
}

template <class Network>
Network loaded(Network net, std::string const& path) {
    nn::load(net, path);
    return net;
}

template <class Network>
struct subject {
    Network net;
    matrix<float> calibration, test;
    vector<float> y;
    Network packed = net, learned = net;
    quantize::int8_network small;
    std::vector<dynamic_layers> dynamic = {};
    descent::index bytes8 = 0, bytes4 = 0;

    subject(Network made, std::string const& folder, std::string const& name)
        : net(loaded(std::move(made), folder + name + ".safetensors")),
          calibration(rows_of(folder + name + "_calibration", net.features())),
          test(rows_of(folder + name + "_test", net.features())),
          y(rows_of(folder + "test_y", 1).col(0)),
          small(quantize::to_int8(net, calibration)) {
        auto const codes = codes_of_8_bits(packed);
        bytes8 = quantize::save_packed(packed, folder + name + "8.dpk", codes).bytes;
        quantize::load_packed(packed, folder + name + "8.dpk");
        auto const four = quantize::adaround_layers(learned, calibration,
                                                    {.bits = 4, .range = quantize::fit_range::mse}, {}, two);
        bytes4 = quantize::save_packed(learned, folder + name + "4.dpk", four).bytes;
        quantize::load_packed(learned, folder + name + "4.dpk");
        if constexpr (std::tuple_size_v<decltype(net.layers().layers)> == 5)
            dynamic.emplace_back(net);
    }

    /// Calls f(scores) where scores(x) runs the network in this way.
    template <class F>
    void in(std::string const& how, F const& f) const {
        matrix<float> z;
        auto const plain = [&](auto const& of) {
            f([&](matrix<float> const& x) -> matrix<float> const& {
                of.scores(x, z, two);
                return z;
            });
        };
        if (how == "static")
            plain(small);
        else if (how == "dynamic" && !dynamic.empty())
            f([&](matrix<float> const& x) -> matrix<float> const& { return dynamic[0].scores(x); });
        else
            plain(how == "packed8" ? packed : how == "adaround4" ? learned : net);
    }
    void judge(std::string const& how) const {
        in(how, [&](auto const& scores) {
            matrix<float> const z = scores(test);
            descent::index right = 0;
            for (descent::index i = 0; i < z.rows(); ++i) {
                descent::index best;
                z.row(i).maxCoeff(&best);
                right += float(best) == y[i];
            }
            descent::index const bytes = how == "static"      ? small.bytes()
                                         : how == "dynamic"   ? dynamic[0].bytes()
                                         : how == "packed8"   ? bytes8
                                         : how == "adaround4" ? bytes4
                                                              : 4 * net.params().size();
            std::printf("%td %td\n", right, bytes);
        });
    }
    void time(std::string const& how, int batch, int calls) const {
        matrix<float> const x = test.topRows(batch);
        in(how, [&](auto const& scores) {
            scores(x);
            double const before = measure::wall_time();
            for (int i = 0; i < calls; ++i)
                scores(x);
            std::printf("%.9f\n", (measure::wall_time() - before) / calls);
        });
    }
    void codes(std::string const& path) const {
        auto copy = net;
        auto const all = codes_of_8_bits(copy);
        std::string bytes, few;
        for (auto const& each : all)
            for (auto const code : each.codes.codes)
                bytes += static_cast<char>(code);
        write_file(path, bytes);
        auto const table = quantize::pack(copy, all).table;
        copy = net;
        make_few(copy);
        for (auto const& entry : copy.params().entries()) {
            auto const weight = copy.params()[entry.name];
            if (entry.extents.rank() < 2)
                continue;
            std::vector<float> book(weight.data, weight.data + weight.size());
            std::sort(book.begin(), book.end());
            book.erase(std::unique(book.begin(), book.end()), book.end());
            for (descent::index i = 0; i < weight.size(); ++i)
                few += static_cast<char>(std::lower_bound(book.begin(), book.end(), weight.data[i]) -
                                         book.begin());
        }
        write_file(path + ".few", few);
        auto const sparse = quantize::pack(copy).table;
        auto const coder = [](quantize::packed_table const& of) {
            double sum = 0;
            for (auto const& each : of.tensors)
                sum += each.extents.rank() > 1 ? each.position + each.code : 0;
            return sum;
        };
        std::printf("%td %.0f %td %.0f\n", table.bytes, coder(table), sparse.bytes, coder(sparse));
    }
};

void mask(std::string const& folder, std::string const& unit, double sparsity, std::string const& path) {
    auto const numbers = floats(folder + "weights");
    params<float> weights{{"weight", {descent::index(numbers.size()) / 1000, 1000}}};
    std::copy(numbers.begin(), numbers.end(), weights["weight"].data);
    prune::magnitude const by{.sparsity = sparsity,
                              .on = {.unit = unit == "row" ? prune::each_row : prune::each_weight}};
    double const before = measure::wall_time();
    by(weights);
    double const seconds = measure::wall_time() - before;
    auto const keep = weights.mask("weight");
    std::string bytes;
    for (bool const kept : keep)
        bytes += char(kept);
    write_file(path, bytes);
    std::printf("%.9f\n", seconds);
}

void linear(std::string const& folder, std::string const& kind, int batch, int calls) {
    auto const numbers = floats(folder + "linear");
    matrix<float> const w = matrix_view<float const>(numbers.data(), 1024, 1024);
    matrix<float> const x = matrix<float>::Ones(batch, 1024);
    matrix<float> y(batch, 1024);
    prune::sparse_linear<float> const layer{w};
    prune::sparse_linear<float>::workspace memory;
    double before = 0;
    for (int i = -1; i < calls; ++i) {
        if (i == 0)
            before = measure::wall_time();
        if (kind == "sparse")
            layer(x, y, two, memory);
        else
            exec::gemm(two, x, exec::transposed(w), y);
    }
    std::printf("%.9f\n", (measure::wall_time() - before) / calls);
}

}  // namespace

int main(int, char** arguments) try {
    measure::wait_passively(arguments);
    std::string const folder = text(arguments[1], "/");
    subject const dense(mlp(), folder, "mlp");
    subject const conv(lenet5(), folder, "lenet5");
    measure::print_build("2 threads");
    std::fflush(stdout);
    for (std::string what, name, how; std::cin >> what >> name >> how; std::fflush(stdout)) {
        auto const with = [&](auto const& f) { name == "mlp" ? f(dense) : f(conv); };
        int batch = 0, calls = 0;
        if (what == "judge") {
            with([&](auto const& of) { of.judge(how); });
        } else if (what == "time" && std::cin >> batch >> calls) {
            with([&](auto const& of) { of.time(how, batch, calls); });
        } else if (what == "onnx") {
            with([&](auto const& of) { nn::write_onnx(of.net, how); });
            std::puts("ok");
        } else if (what == "codes") {
            with([&](auto const& of) { of.codes(how); });
        } else if (std::string path; what == "mask" && std::cin >> path) {
            mask(folder, name, std::stod(how), path);
        } else if (what == "linear" && std::cin >> calls) {
            linear(folder, name, std::stoi(how), calls);
        } else {
            std::puts("unknown command");
        }
    }
} catch (descent::error const& problem) {
    std::printf("compress_peer: %s\n", problem.what());
    return 1;
}
