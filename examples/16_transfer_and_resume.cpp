// SPDX-License-Identifier: MIT
// A network that learned to read digits learns from 30 examples which are odd. The first training can be
// stopped at any moment with Ctrl-C; started again, the program goes on where it was, bit for bit.
//
//     16_transfer_and_resume [folder of the run]        without one it stops itself, to show how
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include <descent/descent.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/train/checkpoint_file.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

namespace {

/// 8 x 8 digits, pixels in [0, 1].
data::dataset<float> digits(char const* file) {
    auto table = data::read_csv(std::string(DESCENT_EXAMPLES_DATA) + "/optdigits_" + file + ".csv",
                                {.target = -1, .header = false, .classes = true});
    table.x /= 16;
    return table;
}

/// The first rows, whose class is now 1 for an odd digit and 0 for an even one.
data::dataset<float> parity(data::dataset<float> const& table, std::ptrdiff_t rows) {
    data::dataset<float> some{.x = table.x.topRows(rows), .y = table.y.head(rows)};
    for (float& label : some.y)
        label = float(int(label) % 2);
    return some;
}

auto make_net(std::ptrdiff_t classes) {
    return nn::network(nn::input<float>{1, 8, 8},
                       nn::sequential{nn::conv2d{.channels = 16, .kernel = 3, .padding = 1}, nn::relu{},
                                      nn::dropout{0.1}, nn::max_pool{2}, nn::flatten{}, nn::dense{64},
                                      nn::relu{}, nn::named{"head", nn::dense{classes}}});
}

}  // namespace

int main(int argc, char** argv) try {
    bool const alone = argc < 2;
    std::string const folder =
        alone ? (std::filesystem::temp_directory_path() / text("descent_run_", getpid())).string() : argv[1];
    auto const train = digits("train"), test = digits("test");

    // 1. The first training. A checkpoint is written every 5 epochs, and when Ctrl-C stops the run.
    auto const learn = [&](auto& net, auto&& watch) {
        return fit(net, train, chain(adam{}, rate{cosine{2e-3, 20 * 60}}), {.epochs = 20, .batch = 64},
                   resume{resume_from<float>(folder)}, checkpoint_file{.folder = folder, .every_epochs = 5},
                   stop_on_interrupt{}, exec::openmp{}, progress_bar{}, watch);
    };
    auto net = make_net(10);
    if (alone)
        learn(net, [](auto const& now) {
            if (now.epoch == 7)
                std::raise(SIGINT);  // as Ctrl-C does
        });
    auto again = make_net(10);  // another process would begin like this
    auto const report = learn(again, [](auto const&) {});
    if (report.status == status::interrupted) {
        std::printf("stopped after %td steps; the same command goes on from there\n",
                    std::ptrdiff_t(report.steps));
        return 0;
    }
    std::printf("which digit: %.2f %% of %td test digits\n", 100 * accuracy(again.predict(test.x), test.y),
                test.samples());

    // 2. Another question, with 30 answers to learn from. One network begins with what the first one knows,
    // keeps
    //    that and learns a new head alone; the other begins with nothing.
    auto const few = parity(train, 30), judged = parity(test, test.samples());
    auto transferred = make_net(2), fresh = make_net(2);
    for (auto const& tensor : again.params().entries())
        if (!tensor.name.starts_with("head."))
            transferred.params()[tensor.name].flat() = again.params()[tensor.name].flat();
    auto const recipe = chain(adam{}, rate{1e-2});
    auto const frozen = setup{[](auto& optimizer) {
        optimizer.freeze("0.*");
        optimizer.freeze("5.*");
    }};
    fit(transferred, few, recipe, {.epochs = 100}, frozen);
    fit(fresh, few, recipe, {.epochs = 100});
    write_history_svg("transfer.svg", report.history, {.title = "A run in two parts"});
    std::printf("odd or even, from %td digits: %.2f %% with a frozen trunk, %.2f %% from nothing\n",
                few.samples(), 100 * accuracy(transferred.predict(judged.x), judged.y),
                100 * accuracy(fresh.predict(judged.x), judged.y));
    if (alone)
        std::filesystem::remove_all(folder);
} catch (descent::error const& problem) {
    std::fprintf(stderr, "16_transfer_and_resume: %s\n", problem.what());
    return 1;
}
