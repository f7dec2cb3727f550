// SPDX-License-Identifier: MIT
//
// descent's side of bench/claims/03_kernel_svm, driven by lines on standard input:
//   load FILE SPARSE         rows of features, the label last, as float64 behind rows and columns as int64 "ok"
//   fit GAMMA C TOLERANCE    answers seconds (CPU time of the thread, wall clock), steps, support vectors
//   predict                  answers the seconds of the decision values of all rows
//   values FILE              writes these as float64                                                  "ok"
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <descent/linear/kernel_svm.hpp>
#include <measure.hpp>

namespace {

using namespace descent;

struct contender {
    data::dataset<float> dense = {};
    data::sparse_dataset<float> sparse = {};
    bool is_sparse = false;
    std::optional<linear::kernel_svm<float>> model = {};
    matrix<float> values = {};

    bool load(char const* path) {
        std::FILE* const file = std::fopen(path, "rb");
        std::int64_t extents[2] = {};
        if (!file || std::fread(extents, 8, 2, file) != 2)
            return false;
        matrix<double> all(extents[0], extents[1]);
        bool const whole = std::fread(all.data(), 8, std::size_t(all.size()), file) == std::size_t(all.size());
        std::fclose(file);
        dense = {all.leftCols(all.cols() - 1).cast<float>(), all.rightCols(1).cast<float>()};
        sparse = {data::sparse_matrix<float>::of(dense.x), dense.y};
        return whole;
    }
    linear::svm_report train(double gamma, double c, double tolerance) {
        model.emplace(linear::kernel::rbf{gamma}, linear::svm_options{.c = c, .tolerance = tolerance});
        return is_sparse ? fit(*model, sparse) : fit(*model, dense);
    }
    void decide() { values = is_sparse ? model->decision_values(sparse.x) : model->decision_values(dense.x); }
};

}  // namespace

int main() {
    contender now;
    char line[1024], path[1000];
    double gamma = 0, c = 1, tolerance = 1e-3;
    int sparse = 0;
    while (std::fgets(line, sizeof line, stdin)) {
        double const wall = measure::wall_time(), cpu = measure::cpu_time();
        if (std::sscanf(line, "load %999s %d", path, &sparse) == 2) {
            now.is_sparse = sparse != 0;
            std::puts(now.load(path) ? "ok" : "unreadable");
        } else if (std::sscanf(line, "fit %lf %lf %lf", &gamma, &c, &tolerance) == 3) {
            auto const report = now.train(gamma, c, tolerance);
            std::printf("%.9e %.9e %lld %lld\n", measure::cpu_time() - cpu, measure::wall_time() - wall,
                        static_cast<long long>(report.iterations),
                        static_cast<long long>(report.support_vectors));
        } else if (std::string(line) == "predict\n") {
            now.decide();
            std::printf("%.9e %.9e\n", measure::cpu_time() - cpu, measure::wall_time() - wall);
        } else if (std::sscanf(line, "values %999s", path) == 1) {
            now.decide();
            matrix<double> const values = now.values.cast<double>();
            std::FILE* const file = std::fopen(path, "wb");
            bool const whole = file && std::fwrite(values.data(), 8, std::size_t(values.size()), file) ==
                                           std::size_t(values.size());
            if (file)
                std::fclose(file);
            std::puts(whole ? "ok" : "unwritable");
        }
        std::fflush(stdout);
    }
}
