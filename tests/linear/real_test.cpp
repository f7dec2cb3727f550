// SPDX-License-Identifier: MIT
// Optima of published data sets. Those beside the examples' are in the folder that DESCENT_DATA names.
#include <descent/data.hpp>
#include <descent/linear.hpp>
#include <descent/train/metrics.hpp>

#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "linear/optimum.hpp"

using namespace descent;

namespace {

/// The path of a data file, or an empty text, said aloud, where the data is not at hand.
std::string data_file(std::string const& name) {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr) {
        WARN("skipped: DESCENT_DATA is not set");
        return "";
    }
    return folder + ("/" + name);
}

data::dataset<double> digits(std::string const& part) {
    std::string const here = __FILE__;
    auto table =
        data::read_csv<double>(here.substr(0, here.rfind("tests")) + "examples/data/optdigits_" + part + ".csv",
                               {.target = -1, .header = false, .classes = true});
    table.x /= 16;
    return table;
}

/// A file in the LIBSVM format, "label index:value ...", as a dense table with labels 0 and 1.
data::dataset<double> read_libsvm(std::string const& path, descent::index features) {
    std::FILE* const file = std::fopen(path.c_str(), "r");
    REQUIRE(file != nullptr);
    std::vector<double> labels;
    std::vector<std::vector<descent::index>> ones;
    char line[8192];
    while (std::fgets(line, sizeof line, file)) {
        labels.push_back(line[0] == '+' ? 1 : 0);
        ones.emplace_back();
        for (std::string_view rest = line;
             (rest = rest.substr(std::min(rest.find(' '), rest.size()))).size() > 1;) {
            rest.remove_prefix(1);
            if (descent::index const feature = std::atol(rest.data()); feature > 0)
                ones.back().push_back(feature - 1);
        }
    }
    std::fclose(file);
    data::dataset<double> table{matrix<double>::Zero(descent::index(labels.size()), features),
                                vector<double>::Map(labels.data(), descent::index(labels.size()))};
    for (std::size_t row = 0; row < ones.size(); ++row)
        for (descent::index const feature : ones[row])
            table.x(descent::index(row), feature) = 1;
    return table;
}

/// Minutes of arithmetic on sound memory show nothing under the sanitizers that the small tables do not.
bool too_slow_here() {
#if defined(__SANITIZE_ADDRESS__)
    WARN("skipped under the sanitizers");
    return true;
#else
    return false;
#endif
}

}  // namespace

TEST_CASE("linear real: softmax regression on optdigits arrives at the known optimum") {
    if (too_slow_here())
        return;
    auto const train = digits("train"), test = digits("test");
    REQUIRE(train.samples() == 3823);
    linear::softmax_regression<double> model{64, 10, {.l2 = 1e-4}};
    CHECK(std::fabs(find_optimum(model, train, "", 600, 1e-7) - 0.105368011) < 1e-8);
    CHECK(std::fabs(accuracy(model, train) - 0.98614) < 5e-6);
    CHECK(std::lround(accuracy(model, test) * 1797) == 1708);
}

TEST_CASE("linear real: least squares on the red wines") {
    auto const path = data_file("regression/winequality-red.csv");
    if (path.empty())
        return;
    auto table = data::read_csv<double>(path, {.target = "quality", .delimiter = ';'});
    data::standardize(table)(table);
    linear::linear_regression<double> model{11};
    double const loss = find_optimum(model, table, "", 500, 1e-10);
    CHECK(std::fabs(2 * 1599 * loss - 666.4107004) < 1e-6);
    CHECK(std::fabs(1599 * mean_squared_error(model, table) - 666.4107004) < 1e-6);
    CHECK(std::fabs(std::sqrt(mean_squared_error(model, table)) - 0.6455751) < 1e-7);
    CHECK(std::fabs(r2(model, table) - 0.3605517) < 1e-7);
}

TEST_CASE("linear real: logistic regression on a9a agrees with LIBLINEAR") {
    if (too_slow_here())
        return;
    auto const path = data_file("libsvm/a9a");
    if (path.empty())
        return;
    auto const train = read_libsvm(path, 123);
    REQUIRE(train.samples() == 32561);
    REQUIRE(train.x.sum() == 451592);
    linear::logistic_regression<double> model{123, {.l2 = 1.0 / 32561}};
    // A gradient norm of 1e-6 bounds the excess by 1e-12 / (2 l2) = 1.6e-8; one row may still change sides.
    CHECK(std::fabs(find_optimum(model, train, "bias", 400, 1e-6) - 0.3233795824648) < 1.7e-8);
    CHECK(std::fabs(accuracy(model, train) - 0.84908) < 4e-5);
    CHECK(std::labs(std::lround(accuracy(model, read_libsvm(path + ".t", 123)) * 16281) - 13837) <= 1);
}
