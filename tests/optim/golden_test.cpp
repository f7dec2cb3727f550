// SPDX-License-Identifier: MIT
#include <set>

#include <catch2/catch_test_macros.hpp>

#include <descent/optim/adagrad.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/lazy.hpp>
#include <descent/optim/lazy_adam.hpp>
#include <descent/optim/rate.hpp>

#include "optim/golden/compare.hpp"

using namespace descent;
using golden::example;

namespace {

/// A table whose gradients are sparse.
template <class T, class Recipe>
std::string run_table(example const& e, Recipe const& recipe, int threads) {
    auto weights = golden::weights_of<T>(e), gradients = weights;
    golden::put(e, weights, 0);
    lazy_optimizer table{recipe, weights, e.tensors[0].name, rows::executor{threads}};
    for (int step = 1; step <= e.steps(); ++step) {
        golden::put(e, gradients, step);
        std::vector<descent::index> const touched(e.rows(step).begin(), e.rows(step).end());
        auto const dense = gradients[e.tensors[0].name].matrix();
        matrix<T> sparse(descent::index(touched.size()), dense.cols());
        for (std::size_t i = 0; i < touched.size(); ++i)
            sparse.row(descent::index(i)) = dense.row(touched[i]);
        table.step(touched, sparse);
        if (e.weights.count(step))
            if (auto text = differs(e, weights, e.after(step), golden::place<T>(threads, step)); !text.empty())
                return text;
    }
    return e.weights.empty() ? e.name + ": the file gives no weights" : "";
}

template <class Recipe>
std::string compare_table(example const& e, Recipe const& recipe) {
    for (int const threads : {0, 2}) {
        if (auto text = run_table<double>(e, recipe, threads); !text.empty())
            return text;
        if (auto text = run_table<float>(e, recipe, threads); !text.empty())
            return text;
    }
    return {};
}

std::string sparse_adam(example const& e) {
    return compare_table(
        e, chain(lazy_adam{e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps")}, rate{e.hyper("lr")}));
}
std::string sparse_adagrad(example const& e) {
    return compare_table(
        e, chain(adagrad{e.hyper("eps"), e.hyper("lr_decay"), e.hyper("initial_accumulator_value")},
                 rate{e.hyper("lr")}));
}

std::vector<golden::row> all_rows() {
    auto rows = golden::torch_rows();
    for (auto const& row : golden::optax_rows())
        rows.push_back(row);
    for (auto const& row : golden::table_rows())
        rows.push_back(row);
    return rows;
}

}  // namespace

std::vector<golden::row> golden::table_rows() {
    return {{"sparse_adam", sparse_adam}, {"sparse_adagrad", sparse_adagrad}};
}

TEST_CASE("optim golden: every case of golden.txt has one row here") {
    std::multiset<std::string> ours;
    std::multiset<std::string> theirs;
    for (auto const& row : all_rows())
        ours.insert(row.name);
    for (auto const& entry : golden::load().cases)
        theirs.insert(entry.first);
    CHECK(theirs.size() == 79);
    CHECK(ours == theirs);
}

TEST_CASE("optim golden: torch's and optax's numbers, in double and float, serial and on threads") {
    auto const file = golden::load();
    for (auto const& row : all_rows())
        CHECK(row.disagreement(file.at(row.name)) == "");
}
