// SPDX-License-Identifier: MIT
// Many settings of a network, few epochs: ASHA lets each train a little, pauses it, and gives more epochs to
// the best third, again and again. Trials, reports and checkpoints are on the disk: kill this program at any
// moment, run it again, and it goes on where it was; run it twice at once, and both work on the same study.
//
//     33_asha_resume [study.db [trials]]
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <descent/descent.hpp>
#include <descent/search/asha.hpp>
#include <descent/search/progress_bar.hpp>
#include <descent/search/random.hpp>
#include <descent/search/storage.hpp>
#include <descent/search/study.hpp>
#include <descent/train/checkpoint_file.hpp>

#ifndef DESCENT_EXAMPLES_DATA
#define DESCENT_EXAMPLES_DATA "examples/data"
#endif

using namespace descent;

int main([[maybe_unused]] int argc, [[maybe_unused]] char** argv) try {
    auto all = data::read_csv(DESCENT_EXAMPLES_DATA "/optdigits_train.csv",
                              {.target = -1, .header = false, .classes = true});
    data::normalize(all)(all);
    auto const [train, held] = data::split(all, {.train = 0.75, .seed = 1, .stratify = true});

    search::space space;
    space.add("width", search::integer(4, 128, {.log = true}))
        .add("rate", search::log_uniform(1e-5, 1e-1))
        .add("dropout", search::uniform(0, 0.6));
    int const most = 27, trials = argc > 2 ? std::atoi(argv[2]) : 40;
    search::random const sampler{.seed = 1};
    search::asha const scheduler{.first = 1, .factor = 3, .most = most};
#if DESCENT_SQLITE_ENABLED
    std::string const file = argc > 1 ? argv[1] : "asha.db";
    if (argc == 1)  // an example that starts anew each time
        for (char const* const rest : {"", "-wal", "-shm", ".trials"})
            std::filesystem::remove_all(file + rest);
    search::study study{space, sampler, scheduler, search::storage{file}};
    std::printf("%s holds %zu trials\n", std::filesystem::absolute(file).c_str(), study.records().size());
#else
    std::printf("built without SQLite: the study is in memory alone\n");
    search::study study{space, sampler, scheduler};
    study.set_folder("asha.trials");
    std::filesystem::remove_all("asha.trials");
    std::filesystem::create_directory("asha.trials");
#endif

    long epochs = 0;
    auto const best = study.maximize(
        {.trials = 0, .total = trials},
        [&](search::trial& t) {
            nn::network net{nn::input<float>{train.features()},
                            nn::sequential{nn::dense{descent::index(t["width"])}, nn::relu{},
                                           nn::dropout{t["dropout"]}, nn::dense{10}},
                            loss::softmax_cross_entropy{},
                            {.seed = std::uint64_t(t.number())}};
            double right = 0;
            std::filesystem::create_directories(std::filesystem::path(t.folder()).parent_path());
            fit(net, train, chain(adam{}, rate{t["rate"]}), {.epochs = most, .batch = 64},
                resume{resume_from<float>(t.folder())},
                checkpoint_file{.folder = t.folder(), .keep_last = 1, .keep_best = false},
                [&](training<float> const& now) {
                    ++epochs;
                    right = accuracy(net, held);
                    t.report(now.epoch, right);
                    return t.should_stop();
                });
            return right;
        },
        search::progress_bar{});
    if (best.number < 0)
        return 0;
    std::printf("%zu trials, %ld epochs now, where all to the end are %zu: %.2f %% of the held digits right\n",
                study.records().size(), epochs, study.records().size() * std::size_t(most), 100 * best.value);
    std::printf("width %g, rate %.3g, dropout %.2f\n", best["width"], best["rate"], best["dropout"]);
} catch (descent::error const& problem) {
    std::fprintf(stderr, "33_asha_resume: %s\n", problem.what());
    return 1;
}
