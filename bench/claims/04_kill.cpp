// SPDX-License-Identifier: MIT
// Training processes killed (SIGKILL) at random moments, 100 for each network, and resumed from their last
// checkpoint with another number of threads: no file may ever be unreadable, and each run must end bit for bit
// like the one that was never stopped.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <descent/descent.hpp>
#include <descent/nn/lstm.hpp>
#include <descent/train/checkpoint_file.hpp>

using namespace descent;

namespace {

bool all_hold = true;

void claim(std::string const& what, long measured, long bar, bool at_most) {
    bool const holds = at_most ? measured <= bar : measured >= bar;
    all_hold = all_hold && holds;
    std::printf("%s | %ld | %s %ld | %s\n", what.c_str(), measured, at_most ? "<=" : ">=", bar,
                holds ? "yes" : "no");
    std::fflush(stdout);
}

/// Random samples: `values` numbers x 3 classes; whole numbers for `words`.
data::dataset<float> samples_of(descent::index rows, descent::index values, bool words) {
    generator const draws{11};
    data::dataset<float> table{matrix<float>(rows, values), vector<float>(rows)};
    for (descent::index r = 0; r < rows; ++r) {
        table.y[r] = float(r % 3);
        for (descent::index j = 0; j < values; ++j) {
            double const u = draws.uniform<double>(std::uint64_t(r * values + j));
            table.x(r, j) = words ? float(int(u * 10) + 3 * (r % 3)) : float(u + (j % 3 == r % 3));
        }
    }
    return table;
}

/// All of a snapshot but the clock.
std::string bytes_of(snapshot<float> now) {
    now.so_far.seconds = 0;
    for (auto& each : now.so_far.history)
        each.seconds = 0;
    return format_checkpoint(now);
}

void clear(std::string const& folder) {
    for (std::string const& name : detail::names_in(folder))
        std::remove(text(folder, '/', name).c_str());
    ::rmdir(folder.c_str());
}

/// Kills runs of train(files, snapshot, threads) at up to `longest` of the time that one takes.
template <class Train>
void kill_runs(std::string const& name, std::string const& folder, Train const& train) {
    checkpoint_file const files{.folder = folder, .every_epochs = 0, .every_steps = 1, .keep_last = 2};
    auto const in_child = [&](int threads, double seconds) {
        ::pid_t const child = ::fork();
        if (child == 0) {
            int code = 0;
            try {
                train(files, resume_from<float>(folder), threads);
            } catch (std::exception const& fault) {
                std::printf("%s: %s\n", name.c_str(), fault.what());
                code = 3;
            }
            std::fflush(stdout);
            ::_exit(code);
        }
        if (seconds >= 0) {
            ::usleep(unsigned(seconds * 1e6));
            ::kill(child, SIGKILL);
        }
        int how = 0;
        ::waitpid(child, &how, 0);
        return how;
    };
    long failed = in_child(1, -1) != 0;
    auto const end = resume_from<float>(folder);
    std::string const whole = bytes_of(end);
    double const length = end.so_far.seconds;
    clear(folder);
    generator const draws{23};
    long kills = 0, unreadable = 0, different = 0, runs = 0, furthest = 0;
    for (std::uint64_t turn = 0; kills < 100; ++turn) {
        int const how = in_child(1 + int(turn % 3), draws.uniform<double>(turn) * length / 2);
        kills += WIFSIGNALED(how);
        failed += !WIFSIGNALED(how) && WEXITSTATUS(how) != 0;
        for (std::string const& file : detail::checkpoints_in(folder))
            try {
                furthest =
                    std::max(furthest, long(read_checkpoint<float>(text(folder, '/', file)).so_far.steps));
            } catch (error const& fault) {
                std::printf("%s\n", fault.what());
                ++unreadable;
            }
        if (!WIFSIGNALED(how)) {
            ++runs;
            different += bytes_of(resume_from<float>(folder)) != whole;
            clear(folder);
        }
    }
    failed += in_child(3, -1) != 0;
    ++runs;
    different += bytes_of(resume_from<float>(folder)) != whole;
    clear(folder);
    std::printf("%s: %ld updates in %.2f s, %zu bytes a checkpoint, %ld whole runs out of the pieces\n",
                name.c_str(), long(end.so_far.steps), length, whole.size(), runs);
    claim(name + ": processes killed", kills, 100, false);
    claim(name + ": unreadable checkpoints", unreadable, 0, true);
    claim(name + ": resumed runs that failed", failed, 0, true);
    claim(name + ": resumed runs that end with another bit, on 1, 2 and 3 threads", different, 0, true);
}

}  // namespace

int main() {
    std::string folder = "/tmp/descent_kill_XXXXXX";
    if (!::mkdtemp(folder.data()))
        return 3;
    std::string const run = folder + "/run";
    auto const options = [](std::int64_t epochs) {
        return fit_options{.epochs = epochs, .batch = 16, .seed = 3};
    };
    auto const recipe = [] {
        return chain(clip_norm{1.0}, adam{}, rate{warmup{10, cosine{1e-2, 300}}}, ema{0.99});
    };
    auto const go = [&](auto net, auto const& samples, fit_options const& with) {
        return [&samples, net, with, recipe](checkpoint_file const& files, snapshot<float> const& from,
                                             int threads) {
            auto own = net;
            fit(own, samples, recipe(), with, exec::openmp{.threads = threads}, validate_on{samples},
                checkpoint_file(files), early_stopping{.patience = 1000}, resume{from});
        };
    };
    auto const flat = samples_of(160, 20, false), images = samples_of(64, 2 * 8 * 8, false),
               texts = samples_of(96, 9, true);
    kill_runs("mlp with dropout", run,
              go(nn::network{nn::input<float>{20},
                             nn::sequential{nn::dense{32}, nn::relu{}, nn::dropout{0.3}, nn::dense{3}}},
                 flat, options(30)));
    kill_runs("convnet with batch_norm and ema", run,
              go(nn::network{nn::input<float>{2, 8, 8},
                             nn::sequential{nn::conv2d{.channels = 8, .padding = 1}, nn::batch_norm{},
                                            nn::relu{}, nn::max_pool{}, nn::flatten{}, nn::dense{3}}},
                 images, options(60)));
    kill_runs("lstm", run,
              go(nn::network{nn::input<float>{9},
                             nn::sequential{nn::embedding{16, 8}, nn::lstm{.units = 12, .bidirectional = true},
                                            nn::sequence_mean{}, nn::dense{3}}},
                 texts, options(40)));
    ::rmdir(folder.c_str());
    return all_hold ? 0 : 1;
}
