// SPDX-License-Identifier: MIT
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/minimize.hpp>
#include <descent/train/stop_on_interrupt.hpp>

#include <csignal>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

volatile std::sig_atomic_t handled = 0;
void count_signal(int) { handled = handled + 1; }

/// A handler of the program's own, which the library must put back.
struct own_handler {
    int signal;
    void (*before)(int);
    explicit own_handler(int which, void (*handler)(int) = count_signal)
        : signal(which), before(std::signal(which, handler)) {}
    ~own_handler() { std::signal(signal, before); }
};

/// Ten steps; `act` is called inside the gradient with the number of the step.
template <class Act, class... Callback>
report<double> run(Act const& act, Callback&&... callbacks) {
    vector<double> x{{0}};
    return minimize(
        [&](auto const& at, auto& g) {
            g[0] = -1;
            act(int(at[0]) + 1);
            return 1.0;
        },
        x, chain(sgd{}, rate{1.0}), {.epochs = 10}, callbacks...);
}

}  // namespace

TEST_CASE("train stop_on_interrupt: the step under way is finished, then training ends") {
    handled = 0;
    own_handler const mine(SIGINT), mine_too(SIGTERM);
    auto const report = run([](int step) { step == 4 ? std::raise(SIGINT) : 0; }, stop_on_interrupt{});
    CHECK(report.status == status::interrupted);
    CHECK(report.reason == "SIGINT (Ctrl-C)");
    CHECK(report.steps == 4);
    CHECK(handled == 0);

    auto const terminated = run([](int step) { step == 2 ? std::raise(SIGTERM) : 0; }, stop_on_interrupt{});
    CHECK(terminated.status == status::interrupted);
    CHECK(terminated.reason == "SIGTERM");
    CHECK(terminated.steps == 2);
    CHECK(handled == 0);

    // The former handlers are back, and an old signal does not stop the next run.
    std::raise(SIGINT);
    std::raise(SIGTERM);
    CHECK(handled == 2);
    CHECK(run([](int) {}, stop_on_interrupt{}).status == status::finished);
}

TEST_CASE("train stop_on_interrupt: a signal between the last step and the end of the epoch counts") {
    own_handler const mine(SIGINT);
    auto const report =
        run([](int) {}, [](auto const& now) { now.epoch == 10 ? std::raise(SIGINT) : 0; }, stop_on_interrupt{});
    CHECK(report.status == status::interrupted);
    CHECK(report.epochs == 10);
}

TEST_CASE("train stop_on_interrupt: handlers are put back when an exception passes") {
    handled = 0;
    own_handler const mine(SIGINT);
    CHECK_THROWS_AS(
        run([](int step) { step == 3 ? throw std::runtime_error("mine") : 0; }, stop_on_interrupt{}),
        std::runtime_error);
    std::raise(SIGINT);
    CHECK(handled == 1);
}

TEST_CASE("train stop_on_interrupt: a run within a run") {
    handled = 0;
    own_handler const mine(SIGINT);
    auto const outer = run(
        [](int step) {
            if (step == 5) {
                auto const inner = run([](int i) { i == 2 ? std::raise(SIGINT) : 0; }, stop_on_interrupt{});
                CHECK(inner.status == status::interrupted);
                CHECK(inner.steps == 2);
            }
        },
        stop_on_interrupt{});
    CHECK(outer.status == status::interrupted);
    CHECK(outer.steps == 5);
    CHECK(handled == 0);
    std::raise(SIGINT);
    CHECK(handled == 1);
}

TEST_CASE("train stop_on_interrupt: a signal that is ignored stays ignored") {
    own_handler const mine(SIGINT, SIG_IGN);
    CHECK(run([](int step) { step == 4 ? std::raise(SIGINT) : 0; }, stop_on_interrupt{}).status ==
          status::finished);
}

TEST_CASE("train stop_on_interrupt: the second signal ends the process") {
    pid_t const child = ::fork();
    if (child == 0) {
        std::signal(SIGINT, SIG_DFL);
        run(
            [](int step) {
                if (step == 4) {
                    std::raise(SIGINT);
                    std::raise(SIGINT);
                    ::_exit(7);
                }
            },
            stop_on_interrupt{});
        ::_exit(8);
    }
    int how = 0;
    REQUIRE(::waitpid(child, &how, 0) == child);
    REQUIRE(WIFSIGNALED(how));
    CHECK(WTERMSIG(how) == SIGINT);
}

TEST_CASE("train stop_on_interrupt: the same object within its own run") {
    handled = 0;
    own_handler const mine(SIGINT);
    stop_on_interrupt both;
    auto const outer = run(
        [&](int step) {
            if (step == 5)
                run([](int) {}, both);
            if (step == 7)
                std::raise(SIGINT);
        },
        both);
    CHECK(outer.status == status::interrupted);
    CHECK(outer.steps == 7);
    CHECK(handled == 0);
    std::raise(SIGINT);
    CHECK(handled == 1);
}
