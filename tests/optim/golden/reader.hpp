// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// Reads golden.txt, which generate.py writes; its head says what the lines mean.
namespace golden {

/// One weight tensor of a set, row-major, and the gradient that each step brings.
struct tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<double> start;
    std::vector<std::vector<double>> gradients;   ///< [step - 1]
    std::vector<std::vector<std::int64_t>> rows;  ///< [step - 1], rows of a sparse gradient; else empty
};

/// A value per tensor and element.
using values = std::vector<std::vector<double>>;

/// One rule with its hyperparameters, and where it takes the weights. Steps count from 1.
class example {
public:
    std::string name, call;
    std::vector<tensor> tensors;
    double tolerance = 0;  ///< in float64: |a - expected| <= tolerance * max(1, |expected|)
    std::map<std::string, double> hypers;
    std::map<int, values> weights;   ///< by step
    std::map<int, values> averages;  ///< by step, for rules that keep a second result

    double hyper(std::string const& key) const { return find(hypers, key, "hyperparameter " + key); }

    std::vector<double> const& gradient(int step, std::size_t index) const {
        return tensors.at(index).gradients.at(static_cast<std::size_t>(step - 1));
    }

    std::vector<std::int64_t> const& rows(int step, std::size_t index = 0) const {
        return tensors.at(index).rows.at(static_cast<std::size_t>(step - 1));
    }

    int steps() const { return static_cast<int>(tensors.at(0).gradients.size()); }

    values const& after(int step) const { return find(weights, step, "weights after " + std::to_string(step)); }

    values const& average(int step) const {
        return find(averages, step, "average after " + std::to_string(step));
    }

private:
    template <class Map, class Key>
    typename Map::mapped_type const& find(Map const& map, Key const& key, std::string const& what) const {
        auto const found = map.find(key);
        if (found == map.end())
            throw std::out_of_range("golden " + name + ": no " + what);
        return found->second;
    }
};

struct file {
    std::string versions;  ///< of the libraries that made the numbers
    std::map<std::string, example> cases;

    example const& at(std::string const& name) const {
        auto const found = cases.find(name);
        if (found == cases.end())
            throw std::out_of_range("golden: no case " + name);
        return found->second;
    }
};

namespace detail {

inline std::string rest(std::istringstream& line) {
    std::string text;
    std::getline(line >> std::ws, text);
    return text;
}

template <class T>
std::vector<T> numbers(std::istringstream& line) {
    std::vector<T> out;
    for (std::string word; line >> word;) {
        char* end = nullptr;
        out.push_back(static_cast<T>(std::strtod(word.c_str(), &end)));
        if (*end != '\0')
            throw std::runtime_error("'" + word + "' is not a number");
    }
    return out;
}

inline values split(std::vector<double> const& flat, std::vector<tensor> const& tensors) {
    values out;
    auto next = flat.begin();
    for (auto const& t : tensors) {
        if (static_cast<std::size_t>(flat.end() - next) < t.start.size())
            throw std::runtime_error("too few values");
        auto const end = next + static_cast<std::ptrdiff_t>(t.start.size());
        out.emplace_back(next, end);
        next = end;
    }
    if (next != flat.end())
        throw std::runtime_error("too many values");
    return out;
}

inline void read_line(std::istringstream line, file& out, std::map<std::string, std::vector<tensor>>& sets,
                      std::vector<tensor>*& set, example*& current) {
    std::string word;
    line >> word;
    if (word.empty() || word[0] == '#')
        return;
    auto const step = [&] {
        int number = 0;
        line >> number;
        return number;
    };
    if (word == "versions") {
        out.versions = rest(line);
    } else if (word == "case") {
        auto const name = rest(line);
        current = &out.cases[name];
        current->name = name;
    } else if (word == "set" && current) {
        current->tensors = sets.at(rest(line));
    } else if (word == "set") {
        set = &sets[rest(line)];
    } else if (word == "tensor") {
        auto& t = set->emplace_back();
        line >> t.name;
        t.shape = numbers<std::int64_t>(line);
    } else if (word == "start") {
        set->back().start = numbers<double>(line);
    } else if (word == "gradient") {
        step();
        set->back().gradients.push_back(numbers<double>(line));
    } else if (word == "rows") {
        step();
        set->back().rows.push_back(numbers<std::int64_t>(line));
    } else if (word == "call") {
        current->call = rest(line);
    } else if (word == "hyper") {
        for (std::string pair; line >> pair;) {
            auto const equal = pair.find('=');
            current->hypers[pair.substr(0, equal)] = std::strtod(pair.c_str() + equal + 1, nullptr);
        }
    } else if (word == "tolerance") {
        line >> current->tolerance;
    } else if (word == "after" || word == "average") {
        auto& results = word == "after" ? current->weights : current->averages;
        auto& result = results[step()];
        result = split(numbers<double>(line), current->tensors);
    } else {
        throw std::runtime_error("unknown word '" + word + "'");
    }
}

}  // namespace detail

/// Where golden.txt lies: DESCENT_GOLDEN_DIR if the build says so, else beside this header.
inline std::string default_path() {
#ifdef DESCENT_GOLDEN_DIR
    return DESCENT_GOLDEN_DIR "/golden.txt";
#else
    std::string const here = __FILE__;
    auto const slash = here.find_last_of('/');
    return (slash == std::string::npos ? std::string(".") : here.substr(0, slash)) + "/golden.txt";
#endif
}

/// Throws std::runtime_error with file and line where the text is not as generate.py writes it.
inline file load(std::string const& path = default_path()) {
    std::ifstream in(path);
    if (!in)
        throw std::runtime_error(path + ": cannot be opened");
    file out;
    std::map<std::string, std::vector<tensor>> sets;
    std::vector<tensor>* set = nullptr;
    example* current = nullptr;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        try {
            detail::read_line(std::istringstream(line), out, sets, set, current);
        } catch (std::exception const& e) {
            throw std::runtime_error(path + ":" + std::to_string(number) + ": " + e.what());
        }
    }
    return out;
}

}  // namespace golden
