// SPDX-License-Identifier: MIT
//
// <sampler>/<variables>/<trials>    one ask and one tell of a study in memory that has had so many trials: ms
// on the
//                                   CPU. study_us: us a trial, over all trials before
//
// The objective costs next to nothing: a sum of squares of the coordinates, with a valley.
#include <descent/search.hpp>

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <measure.hpp>

namespace {

using namespace descent;

double objective(search::trial& t, std::vector<std::string> const& names) {
    double sum = 0, before = 0;
    for (std::string const& name : names) {
        double const x = t.uniform(name, -2, 2);
        sum += (x - 0.3) * (x - 0.3) + 0.5 * (x - before) * (x - before);
        before = x;
    }
    return sum;
}

template <class Sampler>
void suggest(benchmark::State& state, Sampler const& sampler) {
    std::vector<std::string> names;
    search::space space;
    for (std::int64_t k = 0; k < state.range(0); ++k) {
        names.push_back(text("x", k));
        space.add(names.back(), search::uniform(-2, 2));
    }
    search::study<Sampler> study{space, sampler};
    auto const one = [&] {
        auto t = study.ask();
        study.tell(t, objective(t, names));
    };
    double const start = measure::cpu_time();
    for (std::int64_t i = 0; i < state.range(1); ++i)
        one();
    state.counters["study_us"] = 1e6 * (measure::cpu_time() - start) / double(state.range(1));
    for (auto _ : state)
        one();
}

template <class Sampler>
void add(std::string const& name, Sampler const& sampler, std::int64_t most = 3000) {
    for (std::int64_t const variables : {2, 10})
        for (std::int64_t const trials : {10, 30, 100, 300, 1000, 3000})
            if (trials <= most)
                benchmark::RegisterBenchmark(name.c_str(),
                                             [sampler](benchmark::State& state) { suggest(state, sampler); })
                    ->Args({variables, trials})
                    ->Iterations(20)
                    ->Unit(benchmark::kMillisecond);
}

int const registered = [] {
    add("random", search::random{});
    add("grid", search::grid{});
    add("sobol", search::sobol{});
    add("halton", search::halton{});
    add("latin_hypercube", search::latin_hypercube{});
    add("gaussian_process", search::gaussian_process{}, 1000);
    add("tpe", search::tpe{});
    add("bohb", search::bohb{});
    add("cma_es", search::cma_es{});
    add("differential_evolution", search::differential_evolution{});
    add("regularized_evolution", search::regularized_evolution{});
    add("nsga2", search::nsga2{});
    add("population", search::population{});
    return 0;
}();

}  // namespace
