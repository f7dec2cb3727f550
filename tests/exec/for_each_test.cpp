// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>

#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace descent;

namespace {

/// How often each index was visited.
template <class Executor>
std::vector<int> visits(Executor const& executor, descent::index n) {
    std::vector<int> count(std::size_t(n) + 1);
    int* const counts = count.data();
    executor.for_each(n, [counts](descent::index i) { ++counts[i]; });
    return count;
}

std::vector<int> once(descent::index n) {
    std::vector<int> count(std::size_t(n) + 1, 1);
    count.back() = 0;
    return count;
}

}  // namespace

TEST_CASE("exec serial: for_each covers each index once, in order") {
    for (descent::index const n : {0, 1, 3, 4, 1000})
        CHECK(visits(exec::serial{}, n) == once(n));
    std::vector<descent::index> order;
    exec::serial{}.for_each(5, [&order](descent::index i) { order.push_back(i); });
    CHECK(order == std::vector<descent::index>{0, 1, 2, 3, 4});
    CHECK(exec::serial{}.width() == 1);
}

#if DESCENT_OPENMP_ENABLED

TEST_CASE("exec openmp: for_each covers each index once for any number of threads") {
    int const threads = GENERATE(0, 1, 2, 3, 7, 16);
    for (descent::index const n : {0, 1, 3, 4, 5, 1000})
        CHECK(visits(exec::openmp{threads}, n) == once(n));
}

TEST_CASE("exec openmp: as many threads work as were asked for, and one where there is little to do") {
    std::mutex guard;
    auto const workers = [&guard](descent::index n) {
        std::set<std::thread::id> seen;
        exec::openmp{3}.for_each(n, [&guard, &seen](descent::index) {
            std::lock_guard const lock(guard);
            seen.insert(std::this_thread::get_id());
        });
        return seen.size();
    };
    CHECK(workers(300) == 3);
    CHECK(workers(3) == 1);
}

TEST_CASE("exec openmp: an exception travels to the caller after all threads have finished") {
    std::vector<int> done(1000);
    std::string message;
    try {
        exec::openmp{3}.for_each(1000, [&done](descent::index i) {
            if (i == 500)
                throw std::runtime_error("at 500");
            done[std::size_t(i)] = 1;
        });
    } catch (std::runtime_error const& thrown) {
        message = thrown.what();
    }
    CHECK(message == "at 500");
    // The other two thirds are complete.
    for (std::size_t i = 0; i < 333; ++i)
        REQUIRE(done[i] == 1);
    for (std::size_t i = 667; i < 1000; ++i)
        REQUIRE(done[i] == 1);
}

TEST_CASE("exec openmp: every body may throw at once; one exception arrives") {
    int caught = 0;
    try {
        exec::openmp{7}.for_each(100, [](descent::index) { throw 1; });
    } catch (int thrown) {
        caught = thrown;
    }
    CHECK(caught == 1);
}

TEST_CASE("exec openmp: inside a parallel region it runs on the thread that calls") {
    std::vector<int> width(8), strangers(8);
    exec::openmp{2}.for_each(8, [&width, &strangers](descent::index i) {
        exec::openmp const inner{4};
        width[std::size_t(i)] = inner.width();
        auto const here = std::this_thread::get_id();
        inner.for_each(100, [&strangers, i, here](descent::index) {
            strangers[std::size_t(i)] += std::this_thread::get_id() != here;
        });
    });
    CHECK(width == std::vector<int>(8, 1));
    CHECK(strangers == std::vector<int>(8, 0));
}

TEST_CASE("exec openmp: width is what was asked for; a negative number of threads is refused") {
    CHECK(exec::openmp{5}.width() == 5);
    CHECK(exec::openmp{}.width() >= 1);
    std::string message;
    try {
        exec::openmp{-2}.for_each(1, [](descent::index) {});
    } catch (error const& thrown) {
        message = thrown.what();
    }
    CHECK(message == "exec::openmp: threads = -2: must be >= 0");
}

#endif
