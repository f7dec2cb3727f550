// SPDX-License-Identifier: MIT
#include <descent/linear/softmax_regression.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/progress_bar.hpp>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

namespace {

/// A stream that remembers what was written. It is no terminal.
class paper {
public:
    ~paper() { std::fclose(file); }
    std::string text() const {
        std::string all(std::size_t(std::ftell(file)), '\0');
        std::rewind(file);
        all.resize(std::fread(all.data(), 1, all.size(), file));
        return all;
    }
    std::FILE* const file = std::tmpfile();
};

struct environment {
    explicit environment(char const* locale) { ::setenv("LC_ALL", locale, 1); }
    ~environment() { ::unsetenv("LC_ALL"); }
};

/// A run by hand: what the loop would show, with a clock of our own.
struct play {
    report<double> so_far = {};
    params<double> w{{"x", {1}}};
    training<double> now{.report = so_far, .weights = w};

    play(std::int64_t epochs, std::int64_t batches) {
        now.epochs = epochs;
        now.batches = batches;
    }
    void step(progress_bar& bar, double seconds, double loss, std::int64_t samples) {
        now.seconds = seconds;
        now.loss = loss;
        ++now.batch, ++now.steps;
        so_far.evaluations += samples;
        bar.step_done(now);
    }
    void epoch(progress_bar& bar, double seconds, double loss, double validation, bool improved) {
        now.seconds = seconds;
        now.loss = loss;
        now.validation = validation;
        now.improved = improved;
        now.batch = 0;
        ++now.epoch;
        bar.epoch_done(now);
    }
};

std::vector<std::string> split(std::string const& all, char at) {
    std::vector<std::string> parts(1);
    for (char const c : all)
        if (c == at)
            parts.emplace_back();
        else
            parts.back() += c;
    return parts;
}

constexpr double none = epoch_record::none;

}  // namespace

TEST_CASE("train progress_bar: plain lines where there is no terminal, exactly") {
    paper out;
    progress_bar bar{.stream = out.file};
    play run(10, 2);
    bar.begin(run.now);
    run.step(bar, 0.5, 9, 100);
    run.step(bar, 1, 9, 100);
    run.epoch(bar, 1, 2.302585, 2.5, true);
    run.step(bar, 1.5, 9, 100);
    run.step(bar, 2, 9, 100);
    run.epoch(bar, 2, 0.001234567, 12345, false);
    run.so_far.status = status::stopped;
    run.so_far.reason = "3 epochs without improvement";
    bar.end(run.now);
    CHECK(out.text() ==
          "epoch  1/10  loss 2.303  validation 2.5 *  0:00:09 left  200 samples/s\n"
          "epoch  2/10  loss 0.001235  validation 1.234e+04  0:00:08 left  200 samples/s\n"
          "stopped: 3 epochs without improvement\n");
}

TEST_CASE("train progress_bar: long runs print a line every 3 s, and the first and the last") {
    paper out;
    progress_bar bar{.stream = out.file};
    play run(1000, 1);
    bar.begin(run.now);
    for (int epoch = 1; epoch <= 1000; ++epoch) {
        run.step(bar, 0.01 * epoch, 1, 1);
        run.epoch(bar, 0.01 * epoch, 1, none, false);
    }
    bar.end(run.now);
    auto const lines = split(out.text(), '\n');
    REQUIRE(lines.size() == 6);
    CHECK(lines[0] == "epoch    1/1000  loss 1  0:00:09 left  100 steps/s");
    CHECK(lines[1] == "epoch  301/1000  loss 1  0:00:06 left  100 steps/s");
    CHECK(lines[4] == "epoch 1000/1000  loss 1  0:00:10  100 steps/s");
    CHECK(lines[5].empty());
}

TEST_CASE(
    "train progress_bar: where nobody knows how many epochs there will be, neither total nor share stands") {
    for (auto const style : {progress_bar::lines, progress_bar::bar}) {
        paper out;
        progress_bar bar{.stream = out.file, .every = 0, .style = style};
        play run(0, 0);
        bar.begin(run.now);
        for (int epoch = 1; epoch <= 60; ++epoch)
            run.epoch(bar, 0.01 * epoch, 2, none, false);
        bar.end(run.now);
        auto const lines = split(out.text(), style == progress_bar::bar ? '\r' : '\n');
        REQUIRE(lines.size() == (style == progress_bar::bar ? 63 : 52));
        CHECK(out.text().find_first_of("/%>") == std::string::npos);
        CHECK(lines[1].substr(0, 15) == (style == progress_bar::bar ? "epoch 0    0:00" : "epoch 2  loss 2"));
        CHECK(lines[lines.size() - 2].substr(0, 16) == "epoch 60  loss 2");
    }
}

TEST_CASE("train progress_bar: the last epoch has its line also where the run is cut short") {
    paper out;
    progress_bar bar{.stream = out.file};
    play run(1000, 1);
    bar.begin(run.now);
    for (int epoch = 1; epoch <= 5; ++epoch) {
        run.step(bar, 0.01 * epoch, 1, 1);
        run.epoch(bar, 0.01 * epoch, 1, none, false);
    }
    run.so_far.status = status::diverged;
    run.so_far.reason = "epoch 6: loss is nan";
    bar.end(run.now);
    auto const lines = split(out.text(), '\n');
    REQUIRE(lines.size() == 4);
    CHECK(lines[1].starts_with("epoch    5/1000  loss 1  "));
    CHECK(lines[2] == "diverged: epoch 6: loss is nan");
}

TEST_CASE("train progress_bar: the bar, in ASCII") {
    environment const locale("C");
    paper out;
    progress_bar bar{.stream = out.file, .every = 0, .style = progress_bar::bar};
    play run(2, 2);
    bar.begin(run.now);
    run.step(bar, 1, 0.75, 50);
    run.step(bar, 2, 0.5, 50);
    run.epoch(bar, 2, 0.625, 0.7, true);
    bar.end(run.now);
    auto const drawn = split(out.text(), '\r');
    REQUIRE(drawn.size() == 6);
    CHECK(drawn[0].empty());
    CHECK(drawn[1] == "epoch 0/2 [>                           ]   0 %    -:--:-- left\033[K");
    CHECK(drawn[2] == "epoch 1/2 [===>           ]  25 %  loss 0.75      0:00:03 left  50 samples/s\033[K");
    CHECK(drawn[3] == "epoch 1/2 [=======>       ]  50 %  loss 0.5       0:00:02 left  50 samples/s\033[K");
    CHECK(drawn[4] == "epoch 1/2 [======>      ]  50 %  loss 0.625   validation 0.7    *  0:00:02 left\033[K");
    CHECK(drawn[5] == "epoch 1/2 [======>      ]  50 %  loss 0.625   validation 0.7    *  0:00:02\033[K\n");
}

TEST_CASE("train progress_bar: the bar, in UTF-8, never wider than the terminal") {
    environment const locale("de_DE.UTF-8");
    paper out;
    {
        progress_bar bar{.stream = out.file, .every = 0, .style = progress_bar::bar};
        play run(3, 4);
        bar.begin(run.now);
        for (int epoch = 0; epoch < 3; ++epoch) {
            for (int batch = 0; batch < 4; ++batch)
                run.step(bar, 0.1 * (4 * epoch + batch + 1), 0.123456, 32);
            run.epoch(bar, 0.4 * (epoch + 1), 0.1234, 1e-12, true);
        }
        bar.end(run.now);
    }
    auto const drawn = split(out.text(), '\r');
    REQUIRE(drawn.size() > 10);
    CHECK(drawn[3].find("\u2501\u2500") != std::string::npos);  // a heavy part and a light part
    CHECK(drawn.back().find("100 %") != std::string::npos);
    CHECK(drawn.back().find("\u2500") == std::string::npos);
    for (std::string const& line : drawn) {
        std::size_t columns = 0;
        for (char const c : line)
            columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // but continuation bytes
        CHECK(columns < 80 + std::string("\033[K\n").size());
        CHECK(line.find("\033[3") == line.npos);  // no colour where there is no terminal
    }
}

TEST_CASE("train progress_bar: not drawn more often than asked") {
    paper out;
    progress_bar bar{.stream = out.file, .every = 0.1, .style = progress_bar::bar};
    play run(1, 1001);
    bar.begin(run.now);
    for (int i = 1; i <= 1000; ++i)
        run.step(bar, 0.001 * i, 1, 1);
    bar.end(run.now);
    auto const times = split(out.text(), '\r').size() - 1;
    CHECK(times >= 10);
    CHECK(times <= 12);
}

TEST_CASE("train progress_bar: the line is ended when an exception passes") {
    paper out;
    auto const table = clouds<float>(20, 4);
    linear::softmax_regression<float> model{4, 3};
    CHECK_THROWS_AS(fit(model, table, chain(sgd{}, rate{0.1}), {.epochs = 5},
                        progress_bar{.stream = out.file, .style = progress_bar::bar},
                        [](auto const& now) { now.epoch == 2 ? throw std::runtime_error("mine") : 0; }),
                    std::runtime_error);
    auto const all = out.text();
    CHECK(all.ends_with("\033[K\n"));
    CHECK(split(all, '\n').size() == 2);
}

TEST_CASE("train progress_bar: silent is silent, and a fit writes its epochs") {
    paper out, quiet;
    auto const table = clouds<float>(20, 4);
    linear::softmax_regression<float> model{4, 3};
    fit(model, table, chain(sgd{}, rate{0.1}), {.epochs = 3, .batch = mini_batch{5}}, validate_on{table},
        progress_bar{.stream = out.file}, progress_bar{.stream = quiet.file, .style = progress_bar::silent});
    CHECK(quiet.text().empty());
    auto const lines = split(out.text(), '\n');
    REQUIRE(lines.size() == 4);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(lines[i].starts_with(text("epoch ", i + 1, "/3  loss ")));
        CHECK(lines[i].find("  validation ") != std::string::npos);
        CHECK(lines[i].find(" *  0:00:00") != std::string::npos);
        CHECK(lines[i].ends_with(" samples/s"));
    }
}

TEST_CASE("train progress_bar: numbers and times for people") {
    CHECK(detail::metric_number(0.123456) == "0.123");
    CHECK(detail::metric_number(999.4) == "999");
    CHECK(detail::metric_number(999.6) == "1k");
    CHECK(detail::metric_number(12345) == "12.3k");
    CHECK(detail::metric_number(4.5e9) == "4.5G");
    CHECK(detail::clock_text(0) == "0:00:00");
    CHECK(detail::clock_text(59.99) == "0:00:59");
    CHECK(detail::clock_text(3725) == "1:02:05");
    CHECK(detail::clock_text(360000) == "100:00:00");
    CHECK(detail::clock_text(none) == "-:--:--");
    CHECK(detail::clock_text(std::numeric_limits<double>::infinity()) == "-:--:--");
}

TEST_CASE("train progress_bar: bad settings") {
    report<double> const no_report{};
    params<double> const w{{"x", {1}}};
    training<double> const now{.report = no_report, .weights = w};
    CHECK(message_of([&] { progress_bar{.every = -1}.begin(now); }) ==
          "progress_bar: every = -1: must be finite and >= 0");
    CHECK(message_of([&] { progress_bar{.every = none}.begin(now); }) ==
          "progress_bar: every = nan: must be finite and >= 0");
    CHECK(message_of([&] { progress_bar{.stream = nullptr}.begin(now); }) ==
          "progress_bar: stream is null: must be open");
}
