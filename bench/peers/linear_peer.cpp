// SPDX-License-Identifier: MIT
// linear_peer FOLDER SET THREADS INTERCEPT RUNS [TOLERANCE]: trains logistic regression on a set of
// linear_data.py (or SET = a LIBSVM file) by fit alone (with TOLERANCE by the method that this chooses, told
// another tolerance), prints the seconds of each run (CPU time for one thread, wall time else), and writes the
// last run's weights and bias to FOLDER/weights.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <descent/data/libsvm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/linear.hpp>
#include <descent/train.hpp>

#include "measure.hpp"
#include "peers/linear_data.hpp"

using namespace descent;

namespace {

template <class Table>
void run(std::string const& folder, Table const& table, int threads, bool intercept, int runs,
         double tolerance) {
    for (int k = 0; k < runs; ++k) {
        linear::logistic_regression<float> model{table.features(), {.intercept = intercept}};
        double const wall = measure::wall_time(), cpu = measure::cpu_time();
        bool newton = true;  // what fit alone would choose
        if constexpr (data::is_sparse<Table>)
            newton = table.samples() > 30 * table.features() ||
                     detail::has_long_rows(table, 1.0 / double(table.samples()));
        if (tolerance > 0 && newton) {
            fit(model, table, solve::sampled_newton{.tolerance = tolerance});
        } else if (tolerance > 0) {
            fit(model, table, solve::dual_coordinate_descent{.tolerance = tolerance});
        } else if (threads == 1) {
            fit(model, table);
        } else {
            fit(model, table, exec::openmp{threads});
        }
        std::printf("%.6f\n", threads == 1 ? measure::cpu_time() - cpu : measure::wall_time() - wall);
        if (k + 1 < runs)
            continue;
        std::FILE* const file = std::fopen((folder + "/weights").c_str(), "wb");
        expect(file != nullptr, folder, "/weights: cannot write");
        float const bias = intercept ? model.bias()[0] : 0;
        std::fwrite(model.weight().data(), sizeof(float), std::size_t(table.features()), file);
        std::fwrite(&bias, sizeof bias, 1, file);
        std::fclose(file);
    }
}

}  // namespace

int main(int count, char** arguments) {
    measure::wait_passively(arguments);
    if (count < 6)
        return 2;
    std::string const folder = arguments[1], set = arguments[2];
    int const threads = std::atoi(arguments[3]), runs = std::atoi(arguments[5]);
    bool const intercept = std::atoi(arguments[4]) != 0;
    double const tolerance = count > 6 ? std::atof(arguments[6]) : 0;
    if (set.size() > 1) {
        run(folder,
            data::read_libsvm<float>(set, {.features = set.ends_with("a9a") ? 123 : 0, .classes = true}),
            threads, intercept, runs, tolerance);
        return 0;
    }
    with_made_set(folder, set,
                  [&](auto const& table) { run(folder, table, threads, intercept, runs, tolerance); });
}
