// SPDX-License-Identifier: MIT
#include <descent/exec/openmp.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/minimize.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <set>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "message.hpp"

using namespace descent;

namespace {

using batches = std::vector<std::vector<descent::index>>;

/// The samples of each batch that a run over `samples` asks for, in order, one list of batches an epoch.
/// Batches are told apart by the weights, which every step moves.
std::vector<batches> visited(descent::index samples, fit_options const& options) {
    std::vector<batches> epochs(1);
    double last = std::numeric_limits<double>::quiet_NaN();
    auto const loss = [&](descent::index i, auto const& x, auto& g) {
        if (x[0] != last)
            epochs.back().emplace_back();
        last = x[0];
        epochs.back().back().push_back(i);
        g[0] += 1;
        return x[0];
    };
    vector<double> x = vector<double>::Zero(1);
    minimize(sum_over{samples, loss}, x, chain(sgd{}, rate{1.0}), options,
             [&](auto const& now) { epochs.resize(std::size_t(now.epoch) + 1); });
    epochs.pop_back();
    return epochs;
}

std::vector<descent::index> joined(batches const& epoch) {
    std::vector<descent::index> all;
    for (auto const& batch : epoch)
        all.insert(all.end(), batch.begin(), batch.end());
    return all;
}

std::vector<descent::index> counted(descent::index n) {
    std::vector<descent::index> all;
    for (descent::index i = 0; i < n; ++i)
        all.push_back(i);
    return all;
}

}  // namespace

TEST_CASE("train batch: every policy visits each sample once an epoch, in batches of its size") {
    struct expected {
        batch_policy policy;
        std::vector<std::size_t> sizes;
    };
    for (auto const& [policy, sizes] :
         {expected{full_batch{}, {10}}, expected{mini_batch{4}, {4, 4, 2}}, expected{mini_batch{10}, {10}},
          expected{mini_batch{64}, {10}}, expected{mini_batch{5, false}, {5, 5}},
          expected{single_sample{}, std::vector<std::size_t>(10, 1)}}) {
        auto const epochs = visited(10, {.epochs = 3, .batch = policy});
        REQUIRE(epochs.size() == 3);
        for (auto const& epoch : epochs) {
            std::vector<std::size_t> seen;
            for (auto const& batch : epoch)
                seen.push_back(batch.size());
            CHECK(seen == sizes);
            auto order = joined(epoch);
            if (!policy.shuffle)
                CHECK(order == counted(10));
            std::sort(order.begin(), order.end());
            CHECK(order == counted(10));
        }
    }
}

TEST_CASE("train batch: the order differs between epochs and seeds, and repeats with the seed") {
    auto const run = [](std::uint64_t seed) {
        return visited(100, {.epochs = 4, .batch = mini_batch{16}, .seed = seed});
    };
    auto const first = run(7);
    CHECK(first == run(7));
    std::set<std::vector<descent::index>> orders;
    for (auto const& epoch : first)
        orders.insert(joined(epoch));
    for (auto const& epoch : run(8))
        orders.insert(joined(epoch));
    CHECK(orders.size() == 8);
    CHECK(orders.count(counted(100)) == 0);
}

TEST_CASE("train batch: one sample") {
    CHECK(visited(1, {.epochs = 2, .batch = single_sample{}}) == std::vector<batches>{{{0}}, {{0}}});
}

#if DESCENT_OPENMP_ENABLED

TEST_CASE("train batch: threads share the batches of one thread") {
    int const threads = GENERATE(1, 2, 3, 7);
    auto const samples_of_epoch = [](auto const& executor) {
        std::mutex guard;
        std::vector<std::multiset<descent::index>> batch(1);
        auto const loss = [&](descent::index i, auto const& x, auto& g) {
            std::lock_guard const lock(guard);
            batch.back().insert(i);
            g[0] += double(i);
            return x[0];
        };
        vector<double> x = vector<double>::Zero(1);
        minimize(sum_over{descent::index(1000), loss}, x, chain(sgd{}, rate{1e-3}),
                 {.epochs = 2, .batch = mini_batch{300}}, executor,
                 [&](auto const& now) { batch.resize(std::size_t(now.epoch) + 1); });
        return std::pair{batch, x[0]};
    };
    CHECK(samples_of_epoch(exec::openmp{threads}) == samples_of_epoch(exec::serial{}));
}

#endif

TEST_CASE("train batch: bad settings") {
    CHECK(message_of([] {
              batch_policy const policy = mini_batch{0};
              static_cast<void>(policy);
          }) == "mini_batch: size = 0: must be >= 1");
    auto const complaint = [](fit_options const& options) { return message_of([&] { options.check(); }); };
    CHECK(complaint({}) == "(no error)");
    CHECK(complaint({.epochs = -1}) == "options: epochs = -1: must be >= 0");
    CHECK(complaint({.batch = {-2, false}}) == "options: batch size = -2: must be >= 0");
    CHECK(complaint({.tolerance = -1e-3}) == "options: tolerance = -0.001: must be >= 0");
    CHECK(complaint({.tolerance = std::numeric_limits<double>::quiet_NaN()}) ==
          "options: tolerance = nan: must be >= 0");
}

TEST_CASE("train batch: a batch larger than all counts of samples takes all samples") {
    vector<double> x{{0}};
    auto const report =
        minimize(sum_over{3,
                          [](descent::index, auto const& at, auto& g) {
                              g[0] += 1;
                              return at[0];
                          }},
                 x, chain(sgd{}, rate{1.0}),
                 {.epochs = 2, .batch = mini_batch{std::numeric_limits<descent::index>::max()}});
    CHECK(report.steps == 2);
    CHECK(x[0] == -2);
}
