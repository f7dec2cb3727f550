// SPDX-License-Identifier: MIT
#include <descent/core/file.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/minimize.hpp>
#include <descent/train/tensorboard.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// 4 samples; the loss of sample i is i.
template <class... More>
void train(std::int64_t epochs, More&&... more) {
    vector<double> x{{0}};
    minimize(sum_over{4,
                      [](descent::index i, auto const&, auto& g) {
                          g[0] += 1;
                          return double(i);
                      }},
             x, chain(sgd{}, rate{1.0}), {.epochs = epochs, .batch = mini_batch{2, false}}, more...);
}

/// The events of a file without their times: "step tag value" each.
std::string events(std::string const& path) {
    std::string const bytes = read_file(path);
    std::string told;
    for (std::size_t at = 0; at < bytes.size();) {
        auto const length = std::size_t(io::detail::load<std::uint64_t>(bytes.data() + at));
        std::string const event = bytes.substr(at + 12, length);
        REQUIRE(io::tf_record(event) == bytes.substr(at, length + 16));
        at += length + 16;
        double const time = io::detail::load<double>(event.data() + 1);
        REQUIRE(time > 1.7e9);
        if (at == io::event_head(time).size()) {
            REQUIRE(io::tf_record(event) == io::event_head(time));
            continue;
        }
        auto const step = event[10];
        if (io::tf_record(event) == io::event_resumed(time, step)) {
            told += text("resumed at ", int(step), '\n');
            continue;
        }
        // Behind time, step and the heads of two messages: a text and a float.
        auto const tag = event.substr(17, std::size_t(event[16]));
        auto const value = io::detail::load<float>(event.data() + event.size() - 4);
        REQUIRE(io::tf_record(event) == io::event_scalar(time, step, tag, value));
        told +=
            text(int(step), ' ', tag, ' ', tag == "seconds/epoch" ? (value >= 0 && value < 100) : value, '\n');
    }
    return told;
}

}  // namespace

TEST_CASE("train tensorboard: one file a run with the curves") {
    char folder[] = "/tmp/descent_events_XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    std::string const runs = std::string(folder) + "/runs";
    snapshot<double> last;
    tensorboard board{.folder = runs, .every_steps = 1};
    train(2, board, checkpoint{[&](auto const& now) { last = now; }});
    std::string const first = board.file;
    CHECK(first.starts_with(runs + "/events.out.tfevents.1"));
    // So many digits that names sort by time.
    CHECK(first.size() == runs.size() + std::string("/events.out.tfevents.1234567890.123456.descent").size());
    CHECK(events(first) ==
          "1 loss/batch 0.5\n2 loss/batch 2.5\n2 loss/training 1.5\n2 seconds/epoch 1\n"
          "3 loss/batch 0.5\n4 loss/batch 2.5\n4 loss/training 1.5\n4 seconds/epoch 1\n");
    board.every_steps = 0;
    train(3, board, metric{"twice", [] { return 0.5; }}, tensorboard{.folder = runs});
    CHECK(events(board.file) ==
          "2 loss/training 1.5\n2 metrics/twice 0.5\n2 seconds/epoch 1\n"
          "4 loss/training 1.5\n4 metrics/twice 0.5\n4 seconds/epoch 1\n"
          "6 loss/training 1.5\n6 metrics/twice 0.5\n6 seconds/epoch 1\n");
    train(1, board, metric{"wide", [] { return -1e300; }});
    CHECK(events(board.file) == "2 loss/training 1.5\n2 metrics/wide -inf\n2 seconds/epoch 1\n");
    train(3, board, resume{last});
    CHECK(events(board.file) == "resumed at 4\n6 loss/training 1.5\n6 seconds/epoch 1\n");
    CHECK(board.file != first);
    CHECK(message_of([&] { train(1, tensorboard{}); }) == "tensorboard: folder is empty: must name one");
    CHECK(message_of([&] { train(1, tensorboard{.folder = runs, .every_steps = -2}); }) ==
          "tensorboard: every_steps = -2: must be >= 0");
    CHECK(message_of([&] { train(1, tensorboard{.folder = "/no/such"}); }) ==
          "/no/such: cannot make the folder: No such file or directory");
    struct breaks_it {
        tensorboard& board;
        std::string keep = {};
        void begin(training<double> const&) {
            keep = board.file;
            board.file = "/dev/full";
        }
    };
    CHECK(message_of([&] { train(1, board, breaks_it{board}); }) ==
          "/dev/full: cannot write: No space left on device");
    for (std::string const& name : detail::names_in(runs))
        std::remove((runs + "/" + name).c_str());
    ::rmdir(runs.c_str());
    ::rmdir(folder);
}
