// SPDX-License-Identifier: MIT
// ASHA against full random search: 64 configurations of a 784-h-10 MLP on 5,000 MNIST digits (rate, L2, width,
// batch, dropout), 27 epochs each, judged by 5,000 others. Both get the same configurations from the same seed;
// ASHA pauses them at 1, 3 and 9 epochs and lets a third go on, from the snapshot that was taken. Medians of
// five seeds. Needs DESCENT_DATA and zlib, exit status 2 without. SEEDS sets fewer seeds.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/idx.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/rate.hpp>
#include <descent/search.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

constexpr int most = 27, trials = 64;

struct outcome {
    double best = 0, epochs = 0, resumed = 0, seconds = 0;
};

template <class Scheduler>
outcome run(data::dataset<float> const& train, data::dataset<float> const& held, std::uint64_t seed,
            Scheduler scheduler) {
    search::space space;
    space.add("rate", search::log_uniform(1e-5, 1e-1))
        .add("decay", search::log_uniform(1e-6, 1e-1))
        .add("width", search::integer(8, 128, {.log = true}))
        .add("batch", search::ordered({16, 32, 64, 128, 256}))
        .add("dropout", search::uniform(0, 0.6));
    search::study study{space, search::random{.seed = seed}, scheduler};
    outcome out;
    double const start = measure::wall_time();
    std::atomic<std::int64_t> epochs{0}, resumed{0};
    study.maximize({.trials = trials, .parallel = 2}, [&](search::trial& t) {
        nn::network net{nn::input<float>{784},
                        nn::sequential{nn::dense{descent::index(t["width"])}, nn::relu{},
                                       nn::dropout{t["dropout"]}, nn::dense{10}},
                        loss::softmax_cross_entropy{},
                        {.seed = std::uint64_t(t.number())}};
        auto& last = t.state<snapshot<float>>();
        resumed += t.resumed_at() > 0;
        double right = 0;
        fit(net, train, chain(adam{}, decay{t["decay"]}, rate{t["rate"]}),
            {.epochs = most,
             .batch = mini_batch{descent::index(t["batch"])},
             .seed = std::uint64_t(t.number())},
            resume{snapshot<float>(last)}, checkpoint{[&](auto const& now) { last = now; }, {.epochs = 0}},
            [&](training<float> const& now) {
                ++epochs;
                right = 100 * accuracy(net.predict(held.x), held.y);
                t.report(now.epoch, right);
                return t.should_stop();
            });
        return right;
    });
    out.best = study.best().value;
    out.epochs = double(epochs);
    out.resumed = double(resumed);
    out.seconds = measure::wall_time() - start;
    return out;
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr || !DESCENT_ZLIB_ENABLED) {
        std::printf("skipped: %s\n", folder ? "zlib is not there" : "DESCENT_DATA is not set");
        return 2;
    }
    measure::print_build("2 trials at once");
    std::string const path = folder + std::string("/mnist/");
    auto all = data::read_idx(path + "train-images-idx3-ubyte.gz", path + "train-labels-idx1-ubyte.gz");
    all.x /= 255;
    std::vector<descent::index> first, second;
    for (descent::index i = 0; i < 5000; ++i) {
        first.push_back(i);
        second.push_back(55000 + i);
    }
    auto const train = all.rows(first), held = all.rows(second);
    char const* const some = std::getenv("SEEDS");
    int const seeds = some ? std::atoi(some) : 5;
    std::vector<double> behind, fewer;
    for (int seed = 1; seed <= seeds; ++seed) {
        auto const whole = run(train, held, std::uint64_t(seed), search::run_to_end{});
        auto const asha = run(train, held, std::uint64_t(seed), search::asha{.most = most});
        behind.push_back(whole.best - asha.best);
        fewer.push_back(whole.epochs / asha.epochs);
        std::printf(
            "seed %d: random search %.2f %% in %.0f epochs, %.1f s; ASHA %.2f %% in %.0f epochs (%.0f times "
            "gone "
            "on), %.1f s\n",
            seed, whole.best, whole.epochs, whole.seconds, asha.best, asha.epochs, asha.resumed, asha.seconds);
        std::fflush(stdout);
    }
    bool holds = measure::claim("ASHA: points behind the best of full random search, median",
                                measure::median(behind), "<=", 0.2);
    holds &= measure::claim("ASHA: times fewer epochs, median", measure::median(fewer), ">=", 5);
    return holds ? 0 : 1;
}
