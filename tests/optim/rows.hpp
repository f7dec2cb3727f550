// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/optim/optimizer.hpp>

// The one list of rules that every contract test goes through: a rule costs one row in rows_of.hpp. What
// depends on the rule's type is compiled once for float and once for double (rows_float_test.cpp,
// rows_double_test.cpp); the tests themselves run over the rows.
namespace rows {

using descent::index;
using descent::optimizer_state;
using descent::params;

/// Serial for 0 threads, else OpenMP: one type, so that each rule is compiled once.
struct executor {
    static constexpr bool host = true;
    template <class T>
    using memory = descent::aligned_buffer<T>;

    int threads = 0;

    int width() const { return threads ? descent::exec::openmp{threads}.width() : 1; }

    template <class Body>
    void for_each(index n, Body const& body) const {
        if (threads)
            descent::exec::openmp{threads}.for_each(n, body);
        else
            descent::exec::serial{}.for_each(n, body);
    }
};

/// An optimizer whose recipe's type is forgotten.
template <class T>
struct subject {
    virtual ~subject() = default;
    virtual bool step(params<T> const& gradients) = 0;
    virtual optimizer_state<T> state() const = 0;
    virtual void restore(optimizer_state<T> const& saved) = 0;
    virtual void freeze(char const* pattern) = 0;
    virtual void rate(double value) = 0;
};

template <class T>
struct row {
    std::string name;
    bool elementwise;  // an element's numbers depend on its own gradients alone
    index every;       // calls of step() for one update
    bool positional;   // draws depend on where an element lies
    double bound;      // loss after 300 updates of the quadratic, relative to the first
    std::unique_ptr<subject<T>> (*make)(params<T>& weights, int threads);
    std::string (*lanes_differ)();  // empty, or where numbers and packs differ
};

/// All rows. Plain in double; in float each recipe stands in a chain with keep_zeros behind it.
template <class T>
std::vector<row<T>> all();
template <>
std::vector<row<float>> all<float>();
template <>
std::vector<row<double>> all<double>();

/// The row of that name.
template <class T>
row<T> named(std::string const& name) {
    for (row<T> const& candidate : all<T>())
        if (candidate.name == name)
            return candidate;
    descent::fail("rows: there is no '", name, "'");
}

/// A number in [-1, 1) from a position: what tests fill weights and gradients with.
inline double draw(std::uint64_t i) {
    i = (i + 1) * 0x9e3779b97f4a7c15u;
    i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9u;
    i = (i ^ i >> 27) * 0x94d049bb133111ebu;
    return double((i ^ i >> 31) >> 11) * 0x1p-52 - 1;
}

/// Fills the tensors, not their padding, with draws from position `from` on.
template <class T>
void fill(params<T>& numbers, std::uint64_t from) {
    for (auto const& entry : numbers.entries())
        for (index i = 0; i < entry.size(); ++i)
            numbers.data()[entry.offset + i] = T(draw(from++));
}

}  // namespace rows
