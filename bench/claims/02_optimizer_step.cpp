// SPDX-License-Identifier: MIT
//
// The speed of one optimizer step against hand-written loops and against what the machine can do at all. Rivals
// take turns in one process (measure.hpp). Arguments: rounds (default 41).
#include <cstdlib>

#include <measure.hpp>
#include <optim/arena.hpp>

namespace {

using descent::index;

/// A claim against the machine itself. Bars are of -march=native: plain -O3 has registers of 128 bits and no
/// fused multiply-add on x86-64, and what bounds it is arithmetic, also where memory bounds the limit. It is
/// told then.
bool against_machine(std::string const& text, double measured, char const* relation, double bar) {
#if defined(__AVX2__) || !defined(__SSE2__)
    return measure::claim(text, measured, relation, bar);
#else
    std::printf("%s: %.3f (with -march=native %s %.2f)\n", text.c_str(), measured, relation, bar);
    return true;
#endif
}

bool measure_at(index n, int threads, int rounds) {
    bool const small = n < 1 << 20;
    int const repeats = small ? 64 : 1;
    arena::problem adam(arena::adam_recipe(), n, threads);
    arena::problem clip(arena::clip_adam_decay_rate_recipe(), n, threads);
    arena::problem touched(arena::adam_recipe(), n, threads);
    long step = 1, clip_step = 1;
    descent::params<float> root = adam.weights.like();
    std::fill_n(root.data(), n, 2.f);

    std::vector<measure::rival> rivals{
        {"adam/descent", [&] { adam.optimizer.step(adam.gradients); }, repeats},
        {"adam/hand", [&] { arena::adam_by_hand(adam, n, threads, ++step); }, repeats},
        {"clip_adam_decay_rate/descent", [&] { clip.optimizer.step(clip.gradients); }, repeats},
        {"clip_adam_decay_rate/hand",
         [&] { arena::clip_adam_decay_rate_by_hand(clip, n, threads, ++clip_step); }, repeats},
    };
    if (small) {
        rivals.push_back({"sqrtdiv", [&] { baseline::sqrt_divide(root.data(), n); }, repeats});
    } else {
        rivals.push_back({"limit", [&] { arena::limit(touched, n, threads); }, repeats});
        rivals.push_back({"norm limit", [&] { arena::limit_of_norm(touched, n, threads); }, repeats});
    }
    measure::take_turns(rivals, rounds);
    measure::print_samples(rivals, double(n));

    auto const of = [&](char const* a, char const* b) {
        return measure::ratio(measure::find(rivals, a), measure::find(rivals, b));
    };
    std::string const at = ", n = " + std::to_string(n) + ", threads = " + std::to_string(threads);
    bool holds =
        measure::claim("adam: speed over the hand loop's" + at, of("adam/hand", "adam/descent"), ">=", .95);
    holds &= measure::claim("clip_adam_decay_rate: speed over the hand loop's" + at,
                            of("clip_adam_decay_rate/hand", "clip_adam_decay_rate/descent"), ">=", .95);
    if (small) {
        holds &= against_machine("adam: time over bare sqrt and division" + at, of("adam/descent", "sqrtdiv"),
                                 "<=", 1.3);
        double const clipped = of("clip_adam_decay_rate/descent", "sqrtdiv");
        holds &=
            against_machine("clip_adam_decay_rate: time over bare sqrt and division" + at, clipped, "<=", 1.3);
        return holds;
    }
    // clip_norm reads the gradient once more: its limit is that read and then the sweep.
    std::vector<double> share;
    for (std::size_t i = 0; i < rivals[4].seconds.size(); ++i)
        share.push_back((rivals[4].seconds[i] + rivals[5].seconds[i]) / rivals[2].seconds[i]);
    holds &=
        against_machine("adam: share of the limit's bandwidth" + at, of("limit", "adam/descent"), ">=", .9);
    holds &= against_machine("clip_adam_decay_rate: share of the limit's bandwidth" + at,
                             measure::median(share), ">=", .9);
    std::printf("clip_adam_decay_rate: 32 bytes a number over the limit's 28%s: %.3f\n", at.c_str(),
                of("limit", "clip_adam_decay_rate/descent") * 32 / 28);
    double const bytes = 28.0 * double(n), seconds = measure::median(rivals[4].seconds);
    std::printf("limit%s: %.1f GB/s\n", at.c_str(), bytes / seconds * 1e-9);
    return holds;
}

}  // namespace

int main(int argc, char** argv) {
    measure::wait_passively(argv);
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 41;
    measure::print_build("rivals in turns, median of the rounds' ratios");
    std::printf("CPU time of the calling thread, in ns per number; Eigen %d.%d.%d\n", EIGEN_WORLD_VERSION,
                EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
    bool holds = true;
    for (descent::index n : {descent::index(16384), descent::index(1) << 24})
        for (int threads : {1, 2})
            holds &= measure_at(n, threads, rounds);
    return holds ? 0 : 1;
}
