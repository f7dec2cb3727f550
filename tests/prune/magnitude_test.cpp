// SPDX-License-Identifier: MIT
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/random.hpp>
#include <descent/prune/sparsity.hpp>

#include <descent/core/random.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/keep_zeros.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/checkpoint_format.hpp>
#include <descent/train/minimize.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
params<T> two_tensors() {
    params<T> p{{"a.weight", {2, 3}}, {"a.bias", {2}}, {"b.weight", {3, 2}}};
    T const a[] = {T(1), T(-2), T(3), T(-4), T(5), T(-6)}, b[] = {T(.1), T(.2), T(-.3), T(.4), T(.5), T(7)};
    std::copy(a, a + 6, p["a.weight"].data);
    std::copy(b, b + 6, p["b.weight"].data);
    p["a.bias"].flat().setConstant(T(1e-3));
    return p;
}

template <class P>
std::string kept(P const& p, std::string const& name) {
    std::string bits;
    for (bool const keep : p.mask(name))
        bits += keep ? '1' : '0';
    return bits;
}

/// Half the squared distance to 1, 2, 3, ...
double bowl(params<float> const& x, params<float>& g) {
    double sum = 0;
    for (auto const& entry : x.entries())
        for (descent::index i = entry.offset; i < entry.offset + entry.size(); ++i) {
            g.data()[i] = x.data()[i] - float(i + 1);
            sum += 0.5 * double(g.data()[i]) * double(g.data()[i]);
        }
    return sum;
}

/// What is pruned after each step, and the run after the 30th.
struct course {
    params<float> const& x;
    std::vector<double> sparsity = {};
    std::string middle = {};

    void epoch_done(training<float> const& now) {
        sparsity.push_back(prune::sparsity(x));
        if (now.epoch == 30)
            middle = format_checkpoint(now.take());
    }
};

using plan = prune::gradual<params<float>, prune::magnitude>;

}  // namespace

TEMPLATE_TEST_CASE("prune magnitude: the smallest go, over all tensors or in each, biases stay", "", float,
                   double) {
    using T = TestType;
    auto p = two_tensors<T>();
    prune::magnitude{.sparsity = 0.5}(p);  // 6 of 12: 0.1 to 0.5 and 1
    CHECK(kept(p, "a.weight") == "011111");
    CHECK(kept(p, "b.weight") == "000001");
    CHECK(kept(p, "a.bias") == "11");
    CHECK(p["b.weight"].flat().sum() == T(7));
    prune::magnitude{.sparsity = 0.25}(p);  // what went is gone
    CHECK(prune::sparsity(p) == 0.5);
    prune::magnitude{.sparsity = 0.58}(p);  // 6.96: one more
    CHECK(kept(p, "a.weight") == "001111");

    auto each = two_tensors<T>();
    prune::magnitude{.sparsity = 0.5, .on = {.scope = prune::scope::tensor}}(each);
    CHECK(kept(each, "a.weight") == "000111");
    CHECK(kept(each, "b.weight") == "000111");

    params<T> hundred{{"a.weight", {10, 10}}};
    for (int i = 0; i < 100; ++i)
        hundred.data()[i] = T(i + 1);
    // 0.29 * 100 is 28.999999999999996.
    prune::magnitude{.sparsity = 0.29, .on = {.limit = 0.29}}(hundred);
    CHECK(prune::sparsity(hundred) == 0.29);
    auto limited = two_tensors<T>();
    prune::magnitude{.sparsity = 0.5, .on = {.limit = 0.6}}(limited);  // 3 of 6 at most
    CHECK(kept(limited, "a.weight") == "000111");
    CHECK(kept(limited, "b.weight") == "000111");

    auto named = two_tensors<T>();
    prune::magnitude{.sparsity = 0.5, .on = {.tensors = "*.bias"}}(named);
    CHECK(kept(named, "a.bias") == "01");
    CHECK(prune::count_masks(named, {.tensors = "*"}).size() == 3);
    CHECK(prune::count_masks(named, {.tensors = "a.*"})[1].sparsity() == 0.5);
}

TEST_CASE("prune magnitude: of many weights, equal ones among them, those that a sort says") {
    generator const draws{.seed = 4, .stream = 0};
    params<float> p{{"a", {30, 20}}, {"b", {7, 9}}, {"c", {1, 1}}};
    auto const fresh = [&] {
        p.clear_masks();
        std::uint64_t next = 0;
        for (auto const& entry : p.entries())
            for (descent::index i = 0; i < entry.size(); ++i)
                p.data()[entry.offset + i] = float(draws.integer(next++, 41)) / 8 - 2.5f;
        p["c"].data[0] = 9;  // all of it must not go
    };
    for (bool const each : {false, true})
        for (double const sparsity : {0.0, 0.1, 0.333, 0.5, 0.77}) {
            fresh();
            std::vector<bool> gone(600, false);
            for (std::size_t i = 0; i < 600; i += 7)
                gone[i] = true;
            auto keep = gone;
            keep.flip();
            p.set_mask("a", keep);
            // (|w|, tensor, place), those that stand first first.
            std::vector<std::vector<std::tuple<float, int, descent::index>>> lists(each ? 3 : 1);
            std::vector<double> sizes(lists.size()), masked(lists.size());
            int number = 0;
            for (auto const& entry : p.entries()) {
                auto const at = each ? std::size_t(number) : 0;
                sizes[at] += double(entry.size());
                auto const mask = p.mask(entry.name);
                for (descent::index i = 0; i < entry.size(); ++i)
                    if (mask[std::size_t(i)])
                        lists[at].emplace_back(std::abs(p.data()[entry.offset + i]), number, i);
                    else
                        ++masked[at];
                ++number;
            }
            std::vector<std::vector<bool>> wanted{p.mask("a"), p.mask("b"), p.mask("c")};
            for (std::size_t at = 0; at < lists.size(); ++at) {
                std::sort(lists[at].begin(), lists[at].end());
                for (int k = 0; k < std::lround(std::floor(sparsity * sizes[at] - masked[at] + 0.5)); ++k)
                    wanted[std::size_t(std::get<1>(lists[at][std::size_t(k)]))]
                          [std::size_t(std::get<2>(lists[at][std::size_t(k)]))] = false;
            }
            if (each && !wanted[2][0])
                continue;  // the tensor of one number would lose it
            prune::magnitude{.sparsity = sparsity,
                             .on = {.scope = each ? prune::scope::tensor : prune::scope::global}}(p);
            CAPTURE(each, sparsity);
            CHECK(p.mask("a") == wanted[0]);
            CHECK(p.mask("b") == wanted[1]);
            CHECK(p.mask("c") == wanted[2]);
        }
}

TEST_CASE("prune magnitude: units of several weights") {
    params<double> p{{"w", {4, 4, 1, 2}}};
    auto const fresh = [&] {
        p.clear_masks();
        for (int i = 0; i < 32; ++i)
            p.data()[i] = (i + 1) * (i % 2 ? -1 : 1);
    };
    auto const masked = [&](double sparsity, prune::granularity unit) {
        fresh();
        prune::magnitude{.sparsity = sparsity, .on = {.unit = unit}}(p);
        return kept(p, "w");
    };
    std::string const none(8, '0'), all(8, '1');
    CHECK(masked(0.5, prune::each_filter) == none + none + all + all);
    CHECK(masked(0.6, prune::each_row) == none + none + all + all);    // 2.4 rows: the nearest
    CHECK(masked(0.63, prune::each_row) == none + none + none + all);  // 2.52
    std::string const row = "00001111";
    CHECK(masked(0.5, prune::each_channel) == row + row + row + row);
    CHECK(masked(0.125, prune::each_kernel) == "0000" + all.substr(4) + all + all + all);
    // 3 x 5 blocks of a 4 x 8 matrix: 15, 9, 5 and 3 weights, means 11, 14, 27 and 30.
    CHECK(masked(0.4, prune::blocks(3, 5)) == "000001110000011100000111" + all);
    // The kept half of each four neighbors along the channels, place by place: channels 2 and 3.
    CHECK(masked(0, prune::n_of_m(2, 4)) == row + row + row + row);
    CHECK(masked(0, prune::n_of_m(1, 3)) == row + row + row + row);
}

TEMPLATE_TEST_CASE("prune mask_lowest: units of all kinds go by their mean scores, as a sort says", "", float,
                   double) {
    using T = TestType;
    generator const draws{.seed = 6, .stream = 1};
    for (auto const& unit : {prune::each_row, prune::each_channel, prune::each_kernel, prune::blocks(2, 3),
                             prune::blocks(1, 16), prune::heads(1), prune::heads(2)})
        for (shape const& extents : {shape{6}, shape{6, 1}, shape{12, 40}, shape{6, 8, 3}, shape{6, 5, 3, 3}}) {
            INFO(int(unit.of) << " of " << extents.text());
            prune::detail::units const cut(unit, extents);
            if (cut.count() < 2)
                continue;
            params<T> w{{"odd", {3}}, {"w", extents}};
            auto const numbers = w["w"];
            auto score = w.like();
            descent::index const n = numbers.size();
            std::vector<bool> keep;
            for (descent::index i = 0; i < n; ++i) {
                numbers.data[i] = T(1);
                score["w"].data[i] = draws.uniform<T>(std::uint64_t(i));
                keep.push_back(i % 7 != 3 && cut.unit_of(i) != 1);
            }
            w.set_mask("w", keep);
            struct own {
                double sum = 0;
                descent::index size = 0, kept = 0, unit = 0;
            };
            std::vector<own> all(std::size_t(cut.count()));
            double pruned = 0;
            for (descent::index i = 0; i < n; ++i) {
                own& each = all[std::size_t(cut.unit_of(i))];
                each.unit = cut.unit_of(i), ++each.size;
                each.kept += keep[std::size_t(i)], pruned += !keep[std::size_t(i)];
                each.sum += keep[std::size_t(i)] ? double(score["w"].data[i]) : 0;
            }
            std::sort(all.begin(), all.end(), [](own const& a, own const& b) {
                return a.sum / double(a.size) < b.sum / double(b.size);
            });
            std::vector<bool> go(all.size(), false);
            for (own const& each : all) {
                if (each.kept == 0)
                    continue;
                if (2 * (0.613 * double(n) - pruned) < double(each.kept))
                    break;
                go[std::size_t(each.unit)] = true, pruned += double(each.kept);
            }
            for (descent::index i = 0; i < n; ++i)
                if (go[std::size_t(cut.unit_of(i))])
                    keep[std::size_t(i)] = false;
            prune::mask_lowest(w, score, 0.613, {.unit = unit, .tensors = "w"});
            CHECK(w.mask("w") == keep);
            for (descent::index i = 0; i < n; ++i)
                CHECK(numbers.data[i] == T(keep[std::size_t(i)]));
        }
}

TEST_CASE("prune magnitude: heads of attention and whole layers") {
    params<float> p{{"in_proj_weight", {12, 2}}, {"a", {2, 2}}, {"b", {2, 2}}};
    for (auto const& entry : p.entries())
        std::fill_n(p.data() + entry.offset, entry.size(), 1.0f);
    for (int row : {2, 3, 6, 7, 10, 11})  // the second head of two: rows 2 and 3 of queries, keys and values
        std::fill_n(p["in_proj_weight"].data + 2 * row, 2, 0.1f);
    std::fill_n(p["b"].data, 4, 0.5f);
    prune::magnitude{.sparsity = 0.5, .on = {.unit = prune::heads(2), .tensors = "in_proj_weight"}}(p);
    CHECK(kept(p, "in_proj_weight") == "111100001111000011110000");
    p.clear_masks();
    std::fill_n(p["in_proj_weight"].data, 24, 1.0f);
    prune::magnitude{.sparsity = 0.12, .on = {.unit = prune::each_layer}}(p);
    CHECK(kept(p, "a") + kept(p, "b") == "11110000");
    p.clear_masks();
    CHECK(message_of([&] {
              prune::magnitude{.sparsity = 0.99, .on = {.unit = prune::each_layer, .tensors = "a"}}(p);
          }) == "prune: sparsity = 0.99: nothing would be left of 'a' [2, 2]");
    CHECK(message_of([&] {
              prune::magnitude{.sparsity = 0.5, .on = {.unit = prune::heads(2), .tensors = "a"}}(p);
          }) == "prune: 2 heads: a tensor [2, 2]: must have a multiple of 6 rows");
    CHECK(message_of([] { prune::heads(0); }) == "prune: heads = 0: must be >= 1");
}

TEST_CASE("prune magnitude: what cannot be is refused, and nothing changes") {
    auto p = two_tensors<float>();
    auto const told = [&](prune::magnitude const& by) {
        std::string const message = message_of([&] { by(p); });
        CHECK(!p.masked());
        return message;
    };
    double const nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(told({.sparsity = 1}) == "prune: sparsity = 1: must be in [0, 1)");
    CHECK(told({.sparsity = -0.1}) == "prune: sparsity = -0.1: must be in [0, 1)");
    CHECK(told({.sparsity = nan}) == "prune: sparsity = nan: must be in [0, 1)");
    CHECK(told({.sparsity = 0.9}) ==
          "prune: sparsity = 0.9: nothing would be left of 'a.weight' [2, 3]: scope::tensor "
          "or a limit < 1 leaves something of each");
    CHECK(told({.sparsity = 0.9, .on = {.tensors = "a.bias"}}) ==
          "prune: sparsity = 0.9: nothing would be left of 'a.bias' [2]");
    CHECK(told({.sparsity = 0.5, .on = {.tensors = "c"}}) ==
          "prune: 'c' matches no such tensor, only 'a.weight', 'a.bias', 'b.weight' are there");
    CHECK(told({.sparsity = 0.9, .on = {.limit = 0.5}}) ==
          "prune: sparsity = 0.9 is out of reach where a tensor may lose limit = 0.5 of it at most: must be <= "
          "limit");
    CHECK(told({.sparsity = 0.4, .on = {.unit = prune::each_layer, .limit = 0.5}}) ==
          "prune: limit = 0.5: must be 1 where whole tensors go");
    CHECK(told({.sparsity = 0.5, .on = {.tensors = "*.wei*"}}) ==
          "prune: tensors '*.wei*': one '*' may stand for a stretch of a name, not more");
    CHECK(message_of([&] { prune::sparsity(p, {.tensors = "**"}); }) ==
          "prune: tensors '**': one '*' may stand for a stretch of a name, not more");
    params<float> nothing;
    CHECK(message_of([&] { prune::magnitude{.sparsity = 0.5}(nothing); }) == "prune: there are no tensors");
    CHECK(told({.sparsity = 0.5, .on = {.limit = 0}}) == "prune: limit = 0: must be in (0, 1]");
    CHECK(told({.sparsity = 0.5, .on = {.unit = prune::n_of_m(2, 4)}}) ==
          "prune: sparsity = 0.5: 2 of 4 says it: must be 0");
    CHECK(message_of([] { prune::n_of_m(4, 4); }) == "prune: 4 of 4: must be 1 <= kept < of");
    CHECK(message_of([] { prune::blocks(0, 4); }) == "prune: blocks of 0 x 4: both must be >= 1");
    p["b.weight"].data[2] = std::numeric_limits<float>::quiet_NaN();
    CHECK(told({.sparsity = 0.5}) == "prune: a score of 'b.weight' is NaN");
    params<float> vectors{{"v", {3}}, {"empty", {0, 3}}};
    CHECK(message_of([&] { prune::magnitude{.sparsity = 0.5}(vectors); }) ==
          "prune: there is no such tensor, only 'v', 'empty'");
}

TEST_CASE("prune mask_lowest: infinite scores") {
    float const inf = std::numeric_limits<float>::infinity();
    params<float> p{{"w", {2, 4}}};
    p["w"].flat().setOnes();
    auto scores = p;
    scores["w"].data[0] = inf, scores["w"].data[1] = -inf;
    CHECK(message_of([&] { prune::mask_lowest(p, scores, 0.5, {.unit = prune::each_row}); }) ==
          "prune: scores of 'w' are inf and -inf in one unit");
    CHECK(!p.masked());
    prune::mask_lowest(p, scores, 0.125);
    CHECK(p.mask("w") == std::vector<bool>{true, false, true, true, true, true, true, true});
    // What is masked takes no place of a group, however low the others are.
    p.set_mask("w", {false, false, true, true, true, true, true, true});
    scores["w"].flat().setConstant(-inf);
    prune::mask_lowest(p, scores, 0, {.unit = prune::n_of_m(2, 4)});
    CHECK(p.mask("w") == std::vector<bool>{false, false, true, true, true, true, false, false});
}

TEST_CASE("prune random: as many as asked for, others for another seed") {
    params<float> p{{"w", {100, 10}}}, q = p;
    prune::random{.sparsity = 0.3, .seed = 1}(p);
    prune::random{.sparsity = 0.3, .seed = 2}(q);
    CHECK(prune::sparsity(p) == 0.3);
    CHECK(p.mask("w") != q.mask("w"));
    auto const row = p.mask("w");
    int first = 0;
    for (std::size_t i = 0; i < 500; ++i)
        first += !row[i];
    CHECK(std::abs(first - 150) < 40);  // over 5 standard deviations
}

TEST_CASE("prune gradual: the cubic course, kept by the sweep, resumed bit for bit") {
    params<float> x{{"w", {11, 16}}, {"b", {16}}};
    plan const steps{x, {.sparsity = 0.8}, {.first = 10, .last = 50, .every = 10, .start = 0.2}};
    CHECK(steps.at(9) == 0);
    CHECK(steps.at(10) == 0.2);
    CHECK(std::fabs(steps.at(30) - (0.8 - 0.6 * 0.125)) < 1e-15);
    CHECK(steps.at(50) == 0.8);
    CHECK(steps.at(51) == 0.8);

    auto const run = [&](params<float>& weights, course& seen, std::string const& from) {
        auto const start = from.empty() ? snapshot<float>{} : parse_checkpoint<float>(from);
        minimize(bowl, weights, chain(adam{}, rate{1e-2}, keep_zeros{}), {.epochs = 100}, resume{start},
                 plan{weights, steps.by, steps.when}, seen);
    };
    course seen{x};
    run(x, seen, "");
    std::vector<double> expected;
    for (int step = 1; step <= 100; ++step)
        expected.push_back(std::round(steps.at(step < 50 ? step / 10 * 10 : 50) * 176) / 176);
    CHECK(seen.sparsity == expected);
    auto const keep = x.mask("w");
    double lost = 0;
    for (std::size_t i = 0; i < keep.size(); ++i)
        lost += keep[i] ? 0 : std::fabs(x["w"].data[i]);
    CHECK(lost == 0);

    params<float> y = x.like();
    course again{y};
    run(y, again, seen.middle);
    CHECK(std::equal(x.data(), x.data() + x.arena_size(), y.data()));
    CHECK(x.mask("w") == y.mask("w"));
    CHECK(again.sparsity.size() == 70);
}

TEST_CASE("prune gradual: settings out of range, forgotten keep_zeros, another model") {
    params<float> x{{"w", {11, 16}}, {"b", {16}}}, y = x;
    auto const told = [&](params<float>& pruned, double sparsity, prune::gradual_steps const& when) {
        return message_of([&] {
            minimize(bowl, x, chain(adam{}, rate{1e-2}), {.epochs = 5},
                     plan{pruned, {.sparsity = sparsity}, when});
        });
    };
    CHECK(told(x, 1, {}) == "prune: sparsity = 1: must be in [0, 1)");
    CHECK(told(x, 0.5, {.start = 0.6}) == "prune::gradual: start = 0.6: must be in [0, sparsity = 0.5]");
    CHECK(told(x, 0.5, {.first = 5, .last = 4}) == "prune::gradual: steps 5 to 4: must be 0 <= first <= last");
    CHECK(told(x, 0.5, {.last = 4, .every = 0}) == "prune::gradual: every = 0: must be >= 1");
    CHECK(told(x, 0.5, {.last = 4, .power = 0}) == "prune::gradual: power = 0: must be > 0");
    CHECK(told(y, 0.5, {}) == "prune::gradual: fit trains other weights than the model's");
    CHECK(!x.masked());
    CHECK(told(x, 0.5, {.last = 4, .every = 1}) ==
          "optimizer: 51 of 176 weights of 'w' are masked, and the recipe would train them: give it "
          "keep_zeros{}, "
          "or take the masks away (clear_masks())");
}
