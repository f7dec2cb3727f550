// SPDX-License-Identifier: MIT
// One process of a study on a file: storage_peer FILE STUDY TOTAL LOG [SECONDS]. Works until the study has
// TOTAL trials and writes "number value" to LOG after each that it told. SECONDS (0.02): what a trial takes.
#include <descent/search/storage.hpp>
#include <descent/search/study.hpp>
#include <descent/search/tpe.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <unistd.h>

using namespace descent;

int main(int count, char** arguments) {
    if (count < 5)
        return 2;
    double const seconds = count > 5 ? std::atof(arguments[5]) : 0.02;
    try {
        search::study study{
            search::tpe{.seed = std::uint64_t(::getpid())},
            search::storage{arguments[1], {.study = arguments[2], .heartbeat = 0.5, .stale = 3}}};
        std::FILE* const log = std::fopen(arguments[4], "a");
        study.minimize(
            {.trials = 0, .total = std::atoll(arguments[3])},
            [&](search::trial& t) {
                double const x = t.uniform("x", -5, 5), rate = t.log_uniform("rate", 1e-5, 1);
                double const value = x * x + rate + (t.categorical("kind", {"a", "b", "c"}) == "b" ? 0 : 1);
                for (std::int64_t step = t.resumed_at() + 1; step <= 3; ++step) {
                    std::this_thread::sleep_for(std::chrono::duration<double>(seconds / 3));
                    t.report(step, value + 1.0 / double(step));
                }
                return value;
            },
            [&](search::study_progress const& p) {
                if (p.last.state != search::trial_state::complete)
                    return;
                std::fprintf(log, "%lld %.17g\n", static_cast<long long>(p.last.number), p.last.value);
                std::fflush(log);
            });
        std::fclose(log);
    } catch (error const& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 1;
    }
}
