// SPDX-License-Identifier: MIT
//
// The C++ side of bench/claims/05_codebook, driven by lines on standard input:
//   load FILE        float32 numbers                                                             "ok"
//   optimal K        descent's optimum, answers seconds on the wall clock and the error
//   fast K           descent's fast codebook, the same; the error is that of all numbers, each to its nearest
//   value textbook K       sort, prefix sums and divide and conquer, one row of k after the other, on two
//   threads
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <descent/quantize/codebook.hpp>
#include <measure.hpp>

namespace {

using namespace descent;

/// The best last cut of every prefix moves forward with it: halve rows and cuts together (Gronlund et al.,
/// 2017).
struct textbook {
    std::vector<double> sums{0}, squares{0}, before, now;

    double error(std::size_t i, std::size_t j) const {
        double const moment = sums[j] - sums[i];
        return std::max(0.0, squares[j] - squares[i] - moment * moment / double(j - i));
    }
    std::size_t row(std::size_t j, std::size_t low, std::size_t high) {
        double best = 1e300;
        std::size_t cut = low;
        for (std::size_t i = low; i <= std::min(high, j - 1); ++i)
            if (double const sum = before[i] + error(i, j); sum < best)
                best = sum, cut = i;
        now[j] = best;
        return cut;
    }
    void halve(std::size_t first, std::size_t last, std::size_t low, std::size_t high) {
        if (first > last)
            return;
        std::size_t const middle = (first + last) / 2, cut = row(middle, low, high);
        halve(first, middle - 1, low, cut);
        halve(middle + 1, last, cut, high);
    }
    double operator()(std::vector<float> numbers, std::size_t k) {
        std::sort(numbers.begin(), numbers.end());
        for (float const x : numbers) {
            sums.push_back(sums.back() + double(x));
            squares.push_back(squares.back() + double(x) * double(x));
        }
        std::size_t const n = numbers.size();
        before.assign(n + 1, 0), now.assign(n + 1, 0);
        for (std::size_t j = 1; j <= n; ++j)
            before[j] = error(0, j);
        for (std::size_t done = 1; done < k; ++done, before.swap(now)) {
            std::size_t const middle = (done + 1 + n) / 2, cut = row(middle, done, n - 1);
#pragma omp parallel sections
            {
#pragma omp section
                halve(done + 1, middle - 1, done, cut);
#pragma omp section
                halve(middle + 1, n, cut, n - 1);
            }
        }
        return before[n];
    }
};

double error_of(quantize::codebook<float> const& book, std::vector<float> const& numbers) {
    double sum = 0;
    for (float const x : numbers) {
        double const away = double(x) - double(book.values[std::size_t(book.code(x))]);
        sum += away * away;
    }
    return sum;
}

}  // namespace

int main() {
    std::vector<float> numbers;
    char line[1024], path[1000];
    int k = 0;
    while (std::fgets(line, sizeof line, stdin)) {
        double const before = measure::wall_time();
        if (std::sscanf(line, "load %999s", path) == 1) {
            std::FILE* const file = std::fopen(path, "rb");
            float x;
            while (file && std::fread(&x, 4, 1, file) == 1)
                numbers.push_back(x);
            if (file)
                std::fclose(file);
            std::puts(numbers.empty() ? "unreadable" : "ok");
        } else if (std::sscanf(line, "optimal %d", &k) == 1) {
            auto const book = quantize::optimal_codebook<float>(numbers, k);
            std::printf("%.6f %.9g\n", measure::wall_time() - before, book.error);
        } else if (std::sscanf(line, "fast %d", &k) == 1) {
            auto const book = quantize::fast_codebook<float>(numbers, k);
            double const seconds = measure::wall_time() - before;
            std::printf("%.6f %.9g\n", seconds, error_of(book, numbers));
        } else if (std::sscanf(line, "textbook %d", &k) == 1) {
            double const error = textbook{}(numbers, std::size_t(k));
            std::printf("%.6f %.9g\n", measure::wall_time() - before, error);
        }
        std::fflush(stdout);
    }
}
