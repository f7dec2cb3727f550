// SPDX-License-Identifier: MIT
#include <descent/train/checkpoint_format.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// A snapshot with something in every member.
snapshot<float> everything() {
    params<float> weights{{"b.w", {2, 3}}, {"a", {}}, {"empty", {0, 4}}};
    for (auto const& entry : weights.entries())
        for (descent::index i = 0; i < entry.size(); ++i)
            weights.data()[entry.offset + i] = 0.1f * float(i + 1);
    weights["a"].data[0] = -0.0f;
    snapshot<float> now;
    now.weights = weights;
    now.weights.set_mask("b.w", {true, false, true, true, true, false});
    now.optimizer = {7, 9, {0.1, std::nan("")}, {weights.like(), weights}, {{1, 2}, {}}};
    now.epoch = 3, now.batch = 2, now.loss_sum = 0.1, now.seed = ~std::uint64_t(5), now.model_steps = 41;
    auto& r = now.so_far;
    r.status = status::interrupted;
    r.reason = "Ctrl-C \"\u00e9\"\n";
    r.loss = 1.0 / 3, r.best = weights, r.best_epoch = 2, r.epochs = 3, r.steps = 7, r.evaluations = 11;
    r.best_state = params<float>{{"mean", {1}}};
    r.averaged = weights;
    r.seconds = 1.5;
    r.metric_names = {"accuracy", "x"};
    r.history = {{1, 2, 0.5, 0.25, epoch_record::none, 3, {0.5, 0.75}}, {2, 4, 0.75, 0.125, 8, 9, {0.25, 1}}};
    now.callbacks = {{1, 2, 3}, {}};
    now.state = params<float>{{"mean", {1}}};
    now.state["mean"].data[0] = std::numeric_limits<float>::infinity();
    return now;
}

/// The bytes with a checksum that fits.
std::string sealed(std::string bytes) {
    bytes.replace(detail::checksum_at, 8, detail::hex8(detail::checkpoint_sum(bytes)));
    return bytes;
}

std::string replaced(std::string bytes, std::string const& what, std::string const& by) {
    bytes.replace(bytes.find(what), what.size(), by);
    return sealed(bytes);
}

std::string fault(std::string const& bytes) {
    return message_of([&] { parse_checkpoint<float>(bytes, "c"); });
}

}  // namespace

TEST_CASE("train checkpoint_format: every member of a snapshot comes back") {
    auto const now = everything();
    auto const bytes = format_checkpoint(now);
    auto const back = parse_checkpoint<float>(bytes);
    // Equal bytes are equal members; a few are checked by themselves, lest none be written.
    CHECK(format_checkpoint(back) == bytes);
    CHECK(std::signbit(back.weights["a"].data[0]));
    CHECK(back.weights.mask("b.w") == now.weights.mask("b.w"));
    CHECK_FALSE(back.so_far.best.masked());
    CHECK(back.weights.entries()[0].name == "b.w");
    CHECK(back.weights.entries()[2].extents == shape{0, 4});
    CHECK(back.state["mean"].data[0] == std::numeric_limits<float>::infinity());
    CHECK(back.optimizer.steps == 7);
    CHECK(back.optimizer.calls == 9);
    CHECK(back.optimizer.memory[0] == 0.1);
    CHECK(back.optimizer.slots.size() == 2);
    CHECK(back.optimizer.slots[1]["b.w"].data[5] == 0.6f);
    CHECK(back.optimizer.tensor_state == now.optimizer.tensor_state);
    CHECK(back.callbacks == now.callbacks);
    CHECK(back.seed == now.seed);
    CHECK(back.model_steps == 41);
    CHECK(back.so_far.status == status::interrupted);
    CHECK(back.so_far.reason == now.so_far.reason);
    CHECK(back.so_far.metric_names == now.so_far.metric_names);
    CHECK(back.so_far.history.size() == 2);
    CHECK(std::isnan(back.so_far.history[0].validation));
    CHECK(back.so_far.history[1].metrics == now.so_far.history[1].metrics);
    CHECK(back.so_far.averaged.entries().size() == 3);
    CHECK(back.so_far.averaged_state.entries().empty());
    CHECK(format_checkpoint(parse_checkpoint<double>(format_checkpoint(snapshot<double>{}))) ==
          format_checkpoint(snapshot<double>{}));
    // Any reader of the format sees the weights.
    CHECK(io::parse_safetensors(bytes).at("weights.b.w").extents == shape{2, 3});
}

TEST_CASE("train checkpoint_format: damaged, foreign and newer files are refused") {
    auto const bytes = format_checkpoint(everything());
    std::string const damaged = "c: the checksum is wrong: the file is cut short or damaged";
    std::size_t refused = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string flipped = bytes;
        flipped[i] = char(flipped[i] ^ 4);
        bool const front = i < detail::checksum_at && i >= 8;
        refused += fault(flipped) == (front ? "c: it is no checkpoint" : damaged);
    }
    CHECK(refused == bytes.size());
    CHECK(fault(bytes.substr(0, bytes.size() - 1)) == damaged);
    CHECK(fault(bytes + '\0') == damaged);
    CHECK(fault("") == "c: it is no checkpoint");
    CHECK(fault(io::format_safetensors({})) == "c: it is no checkpoint");
    CHECK(fault(replaced(bytes, "\"descent checkpoint\":\"1\"", "\"descent checkpoint\":\"2\"")) ==
          "c: checkpoint of version 2: this program reads version 1");
    CHECK(message_of([&] { parse_checkpoint<double>(bytes, "c"); }) ==
          "c: tensor 'weights.b.w' is F32: must be F64");
    CHECK(fault(replaced(bytes, "\"slots\":\"2\"", "\"slots\":\"3\"")) == "c: the metadata has no 'slot2'");
    CHECK(fault(replaced(bytes, "\"slots\":\"2\"", "\"slots\":\"x\"")) ==
          "c: metadata 'slots': byte 0: expected a whole number");
    CHECK(fault(replaced(bytes, "[\\\"b.w\\\"", "[\\\"b.v\\\"")) == "c: there is no tensor 'weights.b.v'");
    CHECK(message_of([] { read_checkpoint<float>("/no/such"); }) ==
          "/no/such: cannot open: No such file or directory");
    CHECK(message_of([] { write_checkpoint("/no/such", snapshot<float>{}); }) ==
          "/no/such: cannot write: No such file or directory");
}
