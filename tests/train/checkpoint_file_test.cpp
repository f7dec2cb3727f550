// SPDX-License-Identifier: MIT
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/ema.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/checkpoint_file.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

namespace {

/// A folder of its own, gone at the end.
struct scratch {
    std::string path = "/tmp/descent_checkpoint_XXXXXX";

    scratch() {
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path += "/run";
    }
    ~scratch() {
        clear();
        ::rmdir(path.substr(0, path.size() - 4).c_str());
    }
    void clear() const {
        for (std::string const& name : names())
            std::remove((path + "/" + name).c_str());
        ::rmdir(path.c_str());
    }
    std::vector<std::string> names() const {
        auto all = detail::names_in(path);
        std::erase_if(all, [](std::string const& name) { return name[0] == '.'; });
        return all;
    }
    std::string listing() const {
        std::string all;
        for (std::string const& name : names())
            all += name + " ";
        return all;
    }
};

constexpr std::int64_t epochs = 30, batches = 5;

/// Dropout, shuffling, slots, an average, a callback that remembers: all that a resumed run must put back.
report<float> train(checkpoint_file const& files, snapshot<float> const& from = {},
                    std::int64_t until = epochs) {
    static auto const samples = clouds<float>(50, 4, 1), held_out = clouds<float>(20, 4, 2);
    nn::network net{nn::input<float>{4},
                    nn::sequential{nn::dense{6}, nn::relu{}, nn::dropout{0.3}, nn::dense{3}}};
    return fit(net, samples, chain(adam{}, rate{1e-2}, ema{0.9}), {.epochs = until, .batch = 10, .seed = 3},
               validate_on{held_out}, checkpoint_file(files), early_stopping{.patience = 1000}, resume{from});
}

/// All of a snapshot but the clock.
std::string bytes_of(snapshot<float> now) {
    now.so_far.seconds = 0;
    for (auto& each : now.so_far.history)
        each.seconds = 0;
    return format_checkpoint(now);
}

/// Trains in a process of its own that is killed after so many microseconds. False if it was done before.
bool killed(checkpoint_file const& files, unsigned after) {
    ::pid_t const child = ::fork();
    if (child == 0) {
        int code = 0;
        try {
            train(files, resume_from<float>(files.folder));
        } catch (...) {
            code = 3;
        }
        ::_exit(code);
    }
    REQUIRE(child > 0);
    ::usleep(after);
    ::kill(child, SIGKILL);
    int how = 0;
    REQUIRE(::waitpid(child, &how, 0) == child);
    REQUIRE((WIFSIGNALED(how) || WEXITSTATUS(how) == 0));
    return WIFSIGNALED(how);
}

}  // namespace

TEST_CASE("train checkpoint_file: runs killed at any moment end like the run that was never stopped") {
    scratch folder;
    checkpoint_file const files{.folder = folder.path, .every_steps = 1, .keep_last = 2};
    train(files);
    std::string const whole = bytes_of(resume_from<float>(folder.path));
    folder.clear();
    generator const draws{1};
    for (unsigned kills = 0, turn = 0; kills < 20; ++turn) {
        bool const stopped = killed(files, unsigned(draws.uniform<double>(turn) * 10000));
        kills += stopped;
        for (std::string const& name : detail::checkpoints_in(folder.path))
            REQUIRE(read_checkpoint<float>(folder.path + "/" + name).weights.entries().size() == 4);
        if (!stopped) {
            REQUIRE(bytes_of(resume_from<float>(folder.path)) == whole);
            folder.clear();
        }
    }
    train(files, resume_from<float>(folder.path));
    CHECK(bytes_of(resume_from<float>(folder.path)) == whole);
    CHECK(folder.names().size() == 3);  // two and the best: temporaries are cleared away
}

TEST_CASE("train checkpoint_file: which files are written and kept") {
    scratch folder;
    auto const file = [](std::int64_t steps) { return detail::checkpoint_name(steps) + " "; };
    CHECK(file(15) == "checkpoint-000000000015.safetensors ");
    auto const report = train({.folder = folder.path, .every_epochs = 2, .keep_last = 2}, {}, 5);
    CHECK(folder.listing() == "best.safetensors " + file(20) + file(25));
    auto const best = resume_from<float>(folder.path + "/best.safetensors");
    CHECK(best.epoch == report.best_epoch);
    CHECK(same_bits(best.weights, report.best));
    CHECK(resume_from<float>(folder.path).so_far.steps == 25);
    // The newest is damaged: the one before it; a run that goes on writes over it.
    std::string const newest = folder.path + "/" + detail::checkpoint_name(25);
    write_file(newest, "no checkpoint");
    auto const before = resume_from<float>(folder.path);
    CHECK(before.so_far.steps == 20);
    train({.folder = folder.path, .every_epochs = 1, .keep_last = 3}, before, 5);
    CHECK(folder.listing() == "best.safetensors " + file(20) + file(25));
    CHECK(read_checkpoint<float>(newest).so_far.steps == 25);
    folder.clear();
    train({.folder = folder.path, .every_epochs = 0, .every_steps = 4, .keep_last = 9, .keep_best = false}, {},
          3);
    CHECK(folder.listing() == file(4) + file(8) + file(12) + file(15));
    folder.clear();
    train({.folder = folder.path, .every_epochs = 0, .every_seconds = 1e-9, .keep_last = 3}, {}, 2);
    CHECK(folder.listing() == "best.safetensors " + file(8) + file(9) + file(10));
}

TEST_CASE("train checkpoint_file: faults keep what is there") {
    scratch folder;
    auto const fault = [&](checkpoint_file files) {
        files.folder = files.folder.empty() ? folder.path : files.folder;
        return message_of([&] { train(files, {}, 1); });
    };
    CHECK(fault({.every_epochs = -1}) == "checkpoint_file: every_epochs = -1: must be >= 0");
    CHECK(fault({.every_steps = -1}) == "checkpoint_file: every_steps = -1: must be >= 0");
    CHECK(fault({.every_seconds = -1}) == "checkpoint_file: every_seconds = -1: must be >= 0");
    CHECK(fault({.keep_last = 0}) == "checkpoint_file: keep_last = 0: must be >= 1");
    CHECK(fault({.folder = "/no/such/folder"}) ==
          "/no/such/folder: cannot make the folder: No such file or directory");
    CHECK(message_of([&] { train({.folder = ""}); }) == "checkpoint_file: folder is empty: must name one");
    CHECK(resume_from<float>(folder.path).weights.entries().empty());
    CHECK(message_of([&] { resume_from<float>(folder.path + ".safetensors"); }) ==
          folder.path + ".safetensors: cannot open: No such file or directory");
    CHECK(fault({}) == "(no error)");
    CHECK(fault({}) ==
          "checkpoint_file: " + folder.path +
              " holds 'checkpoint-000000000005.safetensors' of an earlier run: resume from it or name "
              "another folder");
    auto const last = resume_from<float>(folder.path);
    std::string const bytes = format_checkpoint(last);
    // A full disk: the temporary of the next checkpoint leads to the device that is always full.
    std::string const next = folder.path + "/" + detail::checkpoint_name(10);
    auto const go_on = [&] {
        return message_of([&] { train({.folder = folder.path, .keep_best = false}, last, 2); });
    };
    CHECK(message_of([&] {
              REQUIRE(::symlink("/dev/full", (next + ".tmp").c_str()) == 0);
              write_checkpoint(next, last);
          }) == next + ": cannot write: No space left on device");
    CHECK(folder.listing() == "best.safetensors checkpoint-000000000005.safetensors ");
    // A folder that cannot be written to. Root always may: so somebody else.
    bool const root = ::geteuid() == 0;
    REQUIRE(::chmod(folder.path.substr(0, folder.path.size() - 4).c_str(), 0755) == 0);
    REQUIRE(::chmod(folder.path.c_str(), 0555) == 0);
    REQUIRE((!root || ::seteuid(65534) == 0));
    CHECK(go_on() == next + ": cannot write: Permission denied");
    REQUIRE((!root || ::seteuid(0) == 0));
    REQUIRE(::chmod(folder.path.c_str(), 0755) == 0);
    CHECK(format_checkpoint(resume_from<float>(folder.path)) == bytes);
    write_file(folder.path + "/" + detail::checkpoint_name(5), "no checkpoint");
    CHECK(message_of([&] { resume_from<float>(folder.path); }) ==
          folder.path + "/checkpoint-000000000005.safetensors: it is no checkpoint");
}
