// SPDX-License-Identifier: MIT
#include <descent/search/detail/objective_model.hpp>
#include <descent/search/importance.hpp>
#include <descent/search/random.hpp>
#include <descent/search/report.hpp>
#include <descent/search/study.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using search::trial_state;

namespace {

std::vector<search::record> trials(int count) {
    search::study study{search::random{.seed = 3}};
    study.minimize({.trials = count}, [](search::trial& t) {
        double const a = t.uniform("a <", 0, 1), b = t.uniform("b", 0, 1), c = t.log_uniform("c", 1e-3, 1);
        std::string const kind = t.categorical("kind", {"re<lu", "tanh"});
        if (t.number() == 2)
            throw error("no");
        return 3 * a + b + 0 * c + (kind == "tanh" ? 0.5 : 0.0);
    });
    return study.records();
}

std::size_t count_of(std::string const& what, std::string const& in) {
    std::size_t found = 0;
    for (std::size_t at = in.find(what); at != in.npos; at = in.find(what, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_CASE("search importance: the shares of the variance of a sum") {
    // Var(3 a) = 9 / 12, Var(b) = 1 / 12, a toss of 0 and 0.5: 1 / 16.
    auto const found = search::importance(trials(80));
    double const sum = 9.0 / 12 + 1.0 / 12 + 1.0 / 16;
    REQUIRE(found.size() == 4);
    CHECK((found[0].name == "a <" && found[1].name == "b" && found[2].name == "kind" && found[3].name == "c"));
    CHECK(std::abs(found[0].total - 9.0 / 12 / sum) < 0.06);
    CHECK(std::abs(found[1].total - 1.0 / 12 / sum) < 0.04);
    CHECK(std::abs(found[2].total - 1.0 / 16 / sum) < 0.04);
    CHECK(found[3].total < 0.01);
    CHECK(message_of([] { search::importance(trials(4)); }) ==
          "importance: complete trials = 3: must be >= 4");
    CHECK(message_of([] { search::importance(trials(9), {.points = 1}); }) ==
          "importance: points = 1: must be >= 2");
}

TEST_CASE("search report: one page with everything in it") {
    auto const records = trials(30);
    std::string const html = search::report(records, {.title = "A < B", .best = 5});
    CHECK(html.find("<h1>A &lt; B</h1>\n<p>30 trials: 29 complete, 1 failed.</p>") != html.npos);
    CHECK(count_of("<svg", html) == 10);  // best so far, importance, parallel, 4 slices, 3 pairs
    CHECK(count_of("</svg>", html) == 10);
    CHECK(count_of("<tr>", html) == 6);
    CHECK(html.find("<th>a &lt;</th>") != html.npos);
    CHECK(count_of("<td>re&lt;lu</td>", html) + count_of("<td>tanh</td>", html) == 5);
    CHECK(html.find("http-equiv") == html.npos);
    CHECK(count_of("src=", html) == 0);
    CHECK(message_of([&] { search::plot_slice(records, "z"); }) == "report: no trial has 'z'");
    CHECK(message_of([&] { search::report({}); }) == "report: complete trials = 0: must be >= 4");
}

TEST_CASE("search report: a contour of two variables tells what the model knows of them") {
    // 3 a + b + 0.5 [kind is tanh]: known up to some hundredths after 40 trials.
    auto const records = trials(40);
    search::detail::told_objective const told(records, search::goal::minimize, "test");
    auto const at = [&](double a, double b) {
        double const point[] = {a, b, 0.5, 0};
        return told.model.loss_of(told.model.model().predict_mean(point));
    };
    for (double const a : {0.2, 0.5, 0.8})
        CHECK((std::abs(at(a, 0.5) - 3 * a - 0.5) < 0.1 && std::abs(at(a, 0.2) - at(a, 0.7) + 0.5) < 0.1));
    auto const svg = search::plot_contour(records, "a <", "c");
    CHECK(svg.find(">a &lt; and c, the rest as in trial ") != svg.npos);
    CHECK(count_of("<circle", svg) == 40);  // 39 trials, a ring
    CHECK(search::plot_contour(records, "kind", "b").find(">re&lt;lu<") != svg.npos);
    CHECK(message_of([&] { search::plot_contour(records, "b", "z"); }) == "report: no trial has 'z'");
    CHECK(message_of([&] { search::plot_contour(records, "b", "b"); }) ==
          "report: a contour of 'b' and itself");
}

TEST_CASE("search report: trials that were stopped are never the best, and are counted") {
    // As Optuna: a pruned trial's value is not that of a whole one, however good it looks.
    auto records = trials(40);
    std::int64_t best = -1;
    for (auto& r : records) {
        if (r.number % 4 == 3)
            r.state = trial_state::stopped, r.value = r.values[0] = -9;
        if (r.state == trial_state::complete && (best < 0 || r.value < records[std::size_t(best)].value))
            best = r.number;
    }
    std::string const html = search::report(records, {.best = 40});
    // Nor does the importance learn from it.
    std::vector<search::record> whole;
    std::copy_if(records.begin(), records.end(), std::back_inserter(whole),
                 [](auto const& r) { return r.state == trial_state::complete; });
    CHECK(search::importance(records)[0].total == search::importance(whole)[0].total);
    CHECK(html.find("<p>40 trials: 29 complete, 10 stopped, 1 failed.</p>") != html.npos);
    CHECK(count_of("<tr>", html) == 30);
    CHECK(count_of("<td>-9</td>", html) == 0);
    CHECK(html.find(text("</tr>\n<tr><td>", best, "</td>")) != html.npos);
    CHECK(html.find(text("the rest as in trial ", best)) != html.npos);
    CHECK(count_of("<circle", search::plot_slice(records, "b")) == 30);           // and the legend
    CHECK(count_of("<circle", search::plot_contour(records, "a <", "c")) == 30);  // and a ring
    auto const so_far = search::plot_best_so_far(records);
    CHECK(count_of("<circle", so_far) == 41);
    CHECK(so_far.find(">stopped<") != so_far.npos);
    CHECK(search::plot_best_so_far(trials(9)).find(">stopped<") == std::string::npos);
    for (auto& r : records)
        if (r.state == trial_state::complete && r.number > 4)
            r.state = trial_state::paused;
    CHECK(message_of([&] { search::report(records); }) == "report: complete trials = 3: must be >= 4");
}

TEST_CASE("search report: the page of a study lists what the study calls best first") {
    search::study study{search::random{.seed = 3}};
    auto const best = study.maximize({.trials = 12}, [](search::trial& t) { return t.uniform("a", 0, 1); });
    std::string const page = search::report(study, {.best = 1});
    CHECK(page.find(text("<td>", best.number, "</td>")) != page.npos);
    CHECK(page == search::report(study.records(), {.direction = search::goal::maximize, .best = 1}));
    CHECK(page != search::report(study.records(), {.best = 1}));
}
