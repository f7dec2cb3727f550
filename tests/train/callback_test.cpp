// SPDX-License-Identifier: MIT
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/minimize.hpp>

#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

/// Two batches an epoch, three epochs; the weight falls by 1 a step.
template <class... Callback>
report<double> run(Callback&&... callbacks) {
    vector<double> x{{0}};
    return minimize(sum_over{2,
                             [](descent::index, auto const& at, auto& g) {
                                 g[0] += 1;
                                 return at[0];
                             }},
                    x, chain(sgd{}, rate{1.0}), {.epochs = 3, .batch = mini_batch{1}}, callbacks...);
}

/// Writes down which hook was called when.
struct witness {
    std::string& log;
    template <class T>
    void note(char const* hook, training<T> const& now) {
        log += text(std::string_view(hook), now.epoch, '/', now.epochs, ':', now.batch, '/', now.batches, ' ');
    }
    template <class T>
    void begin(training<T> const& now) {
        note("b", now);
    }
    template <class T>
    void step_done(training<T> const& now) {
        note("s", now);
    }
    template <class T>
    void epoch_done(training<T> const& now) {
        note("e", now);
    }
    template <class T>
    void at_rest(training<T> const& now) {
        note("r", now);
    }
    template <class T>
    void end(training<T> const& now) {
        note("x", now);
    }
};

struct ends {
    int& count;
    template <class T>
    void end(training<T> const&) {
        ++count;
    }
};

}  // namespace

TEST_CASE("train callback: every hook, in its place") {
    std::string log;
    run(witness{log});
    CHECK(log ==
          "b0/3:0/2 "
          "s0/3:1/2 r0/3:1/2 s0/3:2/2 e1/3:0/2 r1/3:0/2 "
          "s1/3:1/2 r1/3:1/2 s1/3:2/2 e2/3:0/2 r2/3:0/2 "
          "s2/3:1/2 r2/3:1/2 s2/3:2/2 e3/3:0/2 r3/3:0/2 "
          "x3/3:0/2 ");
}

TEST_CASE("train callback: a plain lambda sees each epoch; void goes on") {
    std::vector<double> losses;
    std::vector<bool> improved;
    auto const report = run([&](auto const& now) {
        losses.push_back(now.loss);
        improved.push_back(now.improved);
        CHECK(now.report.history.size() == std::size_t(now.epoch));
        CHECK(now.steps == 2 * now.epoch);
    });
    CHECK(losses == std::vector<double>{-0.5, -2.5, -4.5});
    CHECK(improved == std::vector<bool>{true, true, true});
    CHECK(report.status == status::finished);
}

TEST_CASE("train callback: true stops") {
    auto const report = run([](auto const& now) { return now.epoch == 2; });
    CHECK(report.status == status::stopped);
    CHECK(report.reason == "a callback stopped it");
    CHECK(report.epochs == 2);
}

TEST_CASE("train callback: a verdict stops with its own words, and the first one counts") {
    auto const report = run(
        [](auto const&) {
            return verdict{true, status::converged, "good enough"};
        },
        [](auto const&) {
            return verdict{true, status::stopped, "too late"};
        });
    CHECK(report.status == status::converged);
    CHECK(report.reason == "good enough");
    CHECK(report.epochs == 1);
}

TEST_CASE("train callback: a stop inside an epoch") {
    struct third_step {
        bool step_done(training<double> const& now) { return now.steps == 3; }
    };
    std::string log;
    auto const report = run(third_step{}, witness{log});
    CHECK(report.status == status::stopped);
    CHECK(report.epochs == 1);
    CHECK(report.steps == 3);
    CHECK(report.history.size() == 1);
    CHECK(log.find("s1/3:1/2 r1/3:1/2 x1/3:1/2 ") != log.npos);
}

TEST_CASE("train callback: a stop before the first step") {
    struct at_once {
        bool begin(training<double> const&) { return true; }
    };
    auto const report = run(at_once{});
    CHECK(report.status == status::stopped);
    CHECK(report.steps == 0);
}

TEST_CASE("train callback: end runs when an exception passes") {
    int ended = 0;
    bool caught = false;
    try {
        run(
            ends{ended}, [](auto const&) { throw std::runtime_error("mine"); }, ends{ended});
    } catch (std::runtime_error const& e) {
        caught = std::string(e.what()) == "mine";
    }
    CHECK(caught);
    CHECK(ended == 2);
}

TEST_CASE("train callback: a stop token interrupts after the step") {
    std::stop_source source;
    auto const report = run(source.get_token(), [&](auto const& now) {
        if (now.epoch == 1)
            source.request_stop();
    });
    CHECK(report.status == status::interrupted);
    CHECK(report.reason == "a stop was requested");
    CHECK(report.steps == 3);
}

TEST_CASE("train callback: every status has its words") {
    CHECK(to_text(status::finished) == "finished");
    CHECK(to_text(status::converged) == "converged");
    CHECK(to_text(status::stopped) == "stopped");
    CHECK(to_text(status::interrupted) == "interrupted");
    CHECK(to_text(status::out_of_time) == "out of time");
    CHECK(to_text(status::diverged) == "diverged");
}

TEST_CASE("train callback: an end() that throws keeps no other from its end") {
    struct thrower {
        void end(training<double> const&) { throw std::runtime_error("at the end"); }
    };
    auto const message = [](auto const& action) {
        try {
            action();
        } catch (std::runtime_error const& caught) {
            return std::string(caught.what());
        }
        return std::string();
    };
    int count = 0;
    CHECK(message([&] { run(thrower{}, ends{count}); }) == "at the end");
    CHECK(count == 1);
    // Of two exceptions the first one passes.
    CHECK(message([&] {
              run(thrower{}, ends{count}, [](auto const&) { throw std::runtime_error("in an epoch"); });
          }) == "in an epoch");
    CHECK(count == 2);
}
