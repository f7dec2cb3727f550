// SPDX-License-Identifier: MIT
#include <descent/nn/load.hpp>

#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Stands for a network with batch norm: a model is what has params() and state().
struct model {
    descent::params<float> weights{{"body.weight", {2, 3}}, {"body.bias", {2}}, {"head.weight", {1, 2}}};
    descent::params<float> means{{"norm.running_mean", {2}}, {"norm.running_var", {2}}};

    explicit model(float start = 0) {
        for (auto* const all : {&weights, &means})
            for (auto const& entry : all->entries())
                for (descent::index i = 0; i < entry.size(); ++i)
                    all->data()[entry.offset + i] = start += 0.37f;
    }
    descent::params<float>& params() { return weights; }
    descent::params<float> const& params() const { return weights; }
    descent::params<float>& state() { return means; }
    descent::params<float> const& state() const { return means; }

    friend bool operator==(model const& a, model const& b) {
        auto const same = [](auto const& x, auto const& y) {
            return std::memcmp(x.data(), y.data(), std::size_t(x.arena_size()) * sizeof(float)) == 0;
        };
        return same(a.weights, b.weights) && same(a.means, b.means);
    }
};

std::string path() { return "/tmp/descent_load_" + std::to_string(::getpid()) + ".safetensors"; }

/// The tensors of the model as bytes, for files with faults.
std::vector<io::tensor_bytes> tensors_of(model const& from) {
    std::vector<io::tensor_bytes> all;
    for (auto const* const part : {&from.weights, &from.means})
        for (auto const& entry : part->entries())
            all.push_back(io::to_bytes(entry.name, entry.extents, part->data() + entry.offset));
    return all;
}

io::safetensors file_of(std::vector<io::tensor_bytes> const& tensors) {
    return io::parse_safetensors(io::format_safetensors(tensors), "f");
}

/// What load says; a failure must leave the model as it was.
std::string fault(std::vector<io::tensor_bytes> const& tensors, nn::file_options const& options = {}) {
    model into(100), before = into;
    std::string const said = message_of([&] { nn::load(into, file_of(tensors), options); });
    CHECK((into == before) == (said != "(no error)"));
    return said;
}

}  // namespace

TEST_CASE("nn load: what save wrote comes back bit for bit, state included") {
    model net(1), other(50);
    float const odd[] = {-0.0f, 1e-45f, std::numeric_limits<float>::infinity()};
    std::copy_n(odd, 3, net.weights.data());
    nn::save(net, path());
    nn::load(other, path());
    CHECK(net == other);
    nn::save(net, path(), {.prefix = "module.", .differing = {{"body", "encoder.0"}, {"norm", "bn"}}});
    auto const file = io::read_safetensors(path());
    CHECK(file.find("module.encoder.0.weight"));
    CHECK(file.find("module.head.weight"));
    CHECK(file.find("module.bn.running_var"));
    CHECK(file.text_at("format") == "pt");
    model third(9);
    nn::load(third, path(), {.prefix = "module.", .differing = {{"body", "encoder.0"}, {"norm", "bn"}}});
    CHECK(third == net);
    nn::save(net, path(), {.as = io::dtype::bf16});
    nn::load(third, path());
    CHECK(third.means.data()[0] == 5.0625f);  // 1 + 11 * 0.37 in steps of 1/32
    std::remove(path().c_str());
}

TEST_CASE("nn load: other layouts, other types, tensors to pass over, pruned weights") {
    std::int32_t const turned[] = {1, 2, 3, 4, 5, 6};  // [inputs, outputs]
    double const bias[] = {7, 8};
    auto tensors = tensors_of(model(1));
    tensors[0] = io::to_bytes("body.weight", {3, 2}, turned);
    tensors[1] = io::to_bytes("body.bias", {2, 1, 1}, bias);
    std::int64_t const count = 12;
    tensors.push_back(io::to_bytes("norm.num_batches_tracked", {}, &count));
    nn::file_options const options{
        .differing = {{.tensor = "body.weight", .name = "body.weight", .transposed = true},
                      {.tensor = "body.bias", .name = "body.bias", .reshaped = true}}};
    model net(1);
    net.weights.set_mask("head.weight", {false, true});
    nn::load(net, file_of(tensors), options);
    float const wanted[] = {1, 3, 5, 2, 4, 6};
    CHECK(std::equal(wanted, wanted + 6, net.weights["body.weight"].data));
    CHECK(net.weights["body.bias"].data[1] == 8);
    CHECK(net.weights["head.weight"].data[0] == 0);
    CHECK(net.weights["head.weight"].data[1] == model(1).weights["head.weight"].data[1]);
    tensors.push_back(io::to_bytes("extra", {2}, bias));
    CHECK(fault(tensors, options) == "f: tensor 'extra' is not one of the model");
    auto generous = options;
    generous.allow_extra = true;
    CHECK(fault(tensors, generous) == "(no error)");
    CHECK(fault(tensors) == "f: tensor 'body.weight' is [3, 2], the model's 'body.weight' is [2, 3]");
    tensors[0] = io::to_bytes("body.weight", {2, 3}, turned);
    CHECK(fault(tensors, generous) ==
          "f: tensor 'body.weight' is [2, 3], the model's 'body.weight' is [2, 3], to be transposed");
}

TEST_CASE("nn load: faults name the tensor and change nothing in the model") {
    auto const sound = tensors_of(model(1));
    auto tensors = sound;
    tensors.erase(tensors.begin() + 2);
    CHECK(fault(tensors) == "f: there is no tensor 'head.weight'");
    tensors = sound;
    tensors.pop_back();
    CHECK(fault(tensors) == "f: there is no tensor 'norm.running_var'");
    CHECK(fault(sound, {.prefix = "module."}) == "f: there is no tensor 'module.body.weight'");
    float const some[] = {1, 2, 3};
    tensors = sound;
    tensors[3] = io::to_bytes("norm.running_mean", {3}, some);
    CHECK(fault(tensors) == "f: tensor 'norm.running_mean' is [3], the model's 'norm.running_mean' is [2]");
    double const wide[] = {1, 1e300};
    tensors[3] = io::to_bytes("norm.running_mean", {2}, wide);
    CHECK(fault(tensors) == "f: tensor 'norm.running_mean': number 1 does not fit F32");
    model net;
    CHECK(message_of([&] { nn::load(net, "/no/such.safetensors"); }) ==
          "/no/such.safetensors: cannot open: No such file or directory");
    CHECK(message_of([&] { nn::save(net, "/no/such.safetensors"); }) ==
          "/no/such.safetensors: cannot write: No such file or directory");
    CHECK(message_of([&] { nn::save(net, path(), {.as = io::dtype::i8}); }) ==
          "tensor 'body.weight': number 0 = 0.37 does not fit I8");
    CHECK(message_of([&] {
              nn::save(net, path(), {.differing = {{"body.bias", "b", true}}});
          }) == "save: tensor 'body.bias': transposed or reshaped tensors can only be loaded");
}
