// SPDX-License-Identifier: MIT
//
// Memory and time of an online model over a stream of 10 million generated rows: resident memory after the
// whole stream against that after the first hundredth, and how the last tenth's speed compares with the
// first's. Arguments: rows (default 10000000, at least 100000).
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/linear/online_svm.hpp>
#include <measure.hpp>

namespace {

using namespace descent;

constexpr long features = 1000, per_batch = 1000;
constexpr std::uint64_t entries = 10;

/// Overwrites the batch: every row has one entry in each of ten stretches of 100 columns.
void generate(data::sparse_dataset<float>& batch, long number) {
    generator const draws{.seed = 1}, meaning{.seed = 2};
    batch.x.width = features;
    batch.x.offsets.assign(1, 0);
    batch.x.columns.clear();
    batch.x.values.clear();
    batch.y.resize(per_batch);
    for (long i = 0; i < per_batch; ++i) {
        auto const row = std::uint64_t(number * per_batch + i);
        double opinion = draws.normal<double>(2 * row) / 2;
        for (std::uint64_t k = 0; k < entries; ++k) {
            auto const bits = generator{.seed = 3}.bits<std::uint32_t>(row * entries + k);
            auto const column =
                std::uint32_t(k * (features / entries)) + bits % std::uint32_t(features / entries);
            batch.x.columns.push_back(column);
            batch.x.values.push_back(0.3f);
            opinion += meaning.normal<double>(2 * column);
        }
        batch.x.offsets.push_back(std::int64_t(batch.x.values.size()));
        batch.y[i] = opinion > 0 ? 1.0f : 0.0f;
    }
}

/// Bytes of this process in memory now.
double resident() {
    long pages = 0, in_memory = 0;
    if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &pages, &in_memory) != 2)
            in_memory = 0;
        std::fclose(file);
    }
    return double(in_memory) * double(sysconf(_SC_PAGESIZE));
}

}  // namespace

int main(int argc, char** argv) {
    long const batches = (argc > 1 ? std::atol(argv[1]) : 10'000'000) / per_batch;
    measure::print_build("one thread");
    linear::online_svm<float> model{features, {.lambda = 1e-5}};
    data::sparse_dataset<float> batch;
    resident();  // its own code is in memory from here on
    std::vector<double> seconds(std::size_t(batches), 0.0);
    double early = 0, all = 0;
    for (long number = 0; number < batches; ++number) {
        generate(batch, number);
        double const before = measure::cpu_time();
        model.partial_fit(batch);
        all += seconds[std::size_t(number)] = measure::cpu_time() - before;
        if (number == batches / 100)
            early = resident();
    }
    double const grown = (resident() - early) / 1024;
    generate(batch, batches);
    double const rows = double(batches * per_batch);
    std::printf(
        "%.0f rows: %.1f ns a row with %llu entries, checks of the data included; accuracy on the next %ld: "
        "%.1f %%; resident %.1f MiB\n",
        rows, all / rows * 1e9, static_cast<unsigned long long>(entries), per_batch, 100 * model.score(batch),
        resident() / 1048576);
    bool holds = measure::claim("online_svm: growth of resident memory over the stream, KiB", grown, "<=", 64);
    holds &= measure::claim("online_svm: rows learnt, millions", double(model.steps()) / 1e6, ">=", rows / 1e6);
    auto const tenth = [&](long from) {
        return measure::median({seconds.begin() + from, seconds.begin() + from + batches / 10});
    };
    std::printf("time of a batch in the last tenth over one in the first, medians: %.3f\n",
                tenth(batches - batches / 10) / tenth(0));
    return holds ? 0 : 1;
}
