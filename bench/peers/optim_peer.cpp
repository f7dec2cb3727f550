// SPDX-License-Identifier: MIT
//
// One contender of bench/peers/optim.py, driven by lines on standard input:
//   new WHO RULE N THREADS   WHO: descent, eigen; RULE: adam, momentum, clip_adam_decay_rate     answers "ok"
//   run REPEATS              answers seconds of one step: CPU time of the calling thread, wall clock
//   weights                  answers the first four weights
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include <baselines/eigen_statements.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/optim.hpp>
#include <measure.hpp>

namespace {

float gradient(std::ptrdiff_t i) { return float(double(i * 7919 % 1009) / 1009 - .5) * .02f; }

struct contender {
    std::function<void()> step;
    std::function<float(int)> weight;
};

template <class Recipe>
contender descent_with(Recipe recipe, std::ptrdiff_t n, int threads) {
    using optimizer = descent::optimizer<Recipe, float, descent::exec::openmp>;
    struct state {
        descent::params<float> weights, gradients;
        optimizer opt;
        state(Recipe r, std::ptrdiff_t size, int width)
            : weights({{"weights", {size}}}), gradients(weights.like()), opt(r, weights, {width}) {
            for (std::ptrdiff_t i = 0; i < size; ++i) {
                weights.data()[i] = .1f;
                gradients.data()[i] = gradient(i);
            }
        }
    };
    auto const s = std::make_shared<state>(std::move(recipe), n, threads);
    return {[s] { s->opt.step(s->gradients); }, [s](int i) { return s->weights.data()[i]; }};
}

contender eigen_with(std::string const& rule, std::ptrdiff_t n) {
    struct state {
        Eigen::ArrayXf w, g, scaled;
    };
    auto const s = std::make_shared<state>();
    s->w = Eigen::ArrayXf::Constant(n, .1f);
    s->g = Eigen::ArrayXf::NullaryExpr(n, [](Eigen::Index i) { return gradient(i); });
    auto const weight = [s](int i) { return s->w[i]; };
    if (rule == "momentum") {
        auto const update = std::make_shared<baseline::eigen_momentum>(n);
        return {[=] { (*update)(s->w, s->g, 1e-3f); }, weight};
    }
    auto const update = std::make_shared<baseline::eigen_adam>(n);
    if (rule == "adam")
        return {[=] { (*update)(s->w, s->g, 1e-3f, 0); }, weight};
    return {[=] {
                float const norm = std::sqrt(s->g.square().sum());
                s->scaled = s->g * (norm <= 1 ? 1 : 1 / norm);
                (*update)(s->w, s->scaled, 1e-3f, .01f);
            },
            weight};
}

contender make(std::string const& who, std::string const& rule, std::ptrdiff_t n, int threads) {
    using namespace descent;
    if (who == "eigen")
        return eigen_with(rule, n);
    if (rule == "momentum")
        return descent_with(chain(momentum{}, rate{1e-3}), n, threads);
    if (rule == "adam")
        return descent_with(chain(adam{}, rate{1e-3}), n, threads);
    return descent_with(chain(clip_norm{1.0}, adam{}, decay{.01}, rate{1e-3}), n, threads);
}

}  // namespace

int main() {
    contender now;
    int threads = 1;
    char line[256], who[64], rule[64];
    long n = 0, repeats = 0;
    while (std::fgets(line, sizeof line, stdin)) {
        if (std::sscanf(line, "new %63s %63s %ld %d", who, rule, &n, &threads) == 4) {
            now = {};
            now = make(who, rule, n, threads);
            std::puts("ok");
        } else if (std::sscanf(line, "run %ld", &repeats) == 1) {
            double const wall = measure::wall_time(), cpu = measure::cpu_time();
            for (long i = 0; i < repeats; ++i)
                now.step();
            double const worked = measure::cpu_time() - cpu, passed = measure::wall_time() - wall;
            std::printf("%.9e %.9e\n", worked / double(repeats), passed / double(repeats));
        } else if (std::strncmp(line, "weights", 7) == 0) {
            std::printf("%.9g %.9g %.9g %.9g\n", double(now.weight(0)), double(now.weight(1)),
                        double(now.weight(2)), double(now.weight(3)));
        }
        std::fflush(stdout);
    }
}
