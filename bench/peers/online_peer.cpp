// SPDX-License-Identifier: MIT
// online_peer FOLDER SET METHOD: trains logistic regression on a set of linear_data.py by a method that draws
// samples, with its default step, for 20 passes. Writes to FOLDER/passes, after each iteration: passes done,
// weights, bias (floats).
#include <cstdio>
#include <string>

#include <descent/linear/logistic_regression.hpp>
#include <descent/solve/averaged_sgd.hpp>
#include <descent/solve/hogwild.hpp>
#include <descent/solve/saga.hpp>
#include <descent/solve/svrg.hpp>
#include <descent/train/fit.hpp>

#include "peers/linear_data.hpp"

using namespace descent;

namespace {

template <class Table>
void run(std::string const& folder, Table const& table, std::string const& name) {
    std::FILE* const file = std::fopen((folder + "/passes").c_str(), "wb");
    expect(file != nullptr, folder, "/passes: cannot write");
    linear::logistic_regression<float> model{table.features()};
    auto const by = [&](auto const& method) {
        fit(model, table, method, [&](training<float> const& now) {
            float const ends[] = {float(now.report.evaluations) / float(table.samples()), model.bias()[0]};
            std::fwrite(&ends[0], sizeof(float), 1, file);
            std::fwrite(model.weight().data(), sizeof(float), std::size_t(table.features()), file);
            std::fwrite(&ends[1], sizeof(float), 1, file);
        });
    };
    if (name == "averaged_sgd")
        by(solve::averaged_sgd{.passes = 20});
    else if (name == "averaged_sgd, batches of 8")
        by(solve::averaged_sgd{.passes = 20, .batch = 8});
    else if (name == "averaged_sgd, batches of 32")
        by(solve::averaged_sgd{.passes = 20, .batch = 32});
    else if (name == "saga")
        by(solve::saga{.passes = 19});  // a look at all samples comes first
    else if (name == "svrg")
        by(solve::svrg{.passes = 10});  // of two each
    else if constexpr (std::is_same_v<Table, data::sparse_dataset<float>>)
        by(solve::hogwild<>{.passes = 20});
    std::fclose(file);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4)
        return 2;
    std::string const folder = arguments[1];
    with_made_set(folder, arguments[2], [&](auto const& table) { run(folder, table, arguments[3]); });
}
