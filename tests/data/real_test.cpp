// SPDX-License-Identifier: MIT
// Published data sets read whole. Their folder is named by the environment variable DESCENT_DATA.
#include <descent/data.hpp>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include <Eigen/QR>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "message.hpp"

using namespace descent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

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

/// The residual sum of squares of least squares with a constant.
double residual(data::dataset<double> const& table) {
    Eigen::MatrixXd design(table.samples(), table.features() + 1);
    design << table.x, Eigen::VectorXd::Ones(table.samples());
    Eigen::VectorXd const weights = design.householderQr().solve(table.y);
    return (table.y - design * weights).squaredNorm();
}

}  // namespace

TEST_CASE("data real: optdigits has its published sizes and class counts") {
    struct expected {
        char const* file;
        descent::index samples;
        double sum;
        std::array<descent::index, 10> counts;
    };
    for (auto const& [file, samples, sum, counts] :
         {expected{
              "optdigits/optdigits.tra", 3823, 1204758, {376, 389, 380, 389, 387, 376, 377, 387, 380, 382}},
          expected{
              "optdigits/optdigits.tes", 1797, 561718, {178, 182, 177, 183, 181, 182, 181, 179, 174, 180}}}) {
        auto const path = data_file(file);
        if (path.empty())
            return;
        auto const table = data::read_csv(path, {.target = -1, .header = false, .classes = true});
        REQUIRE(table.samples() == samples);
        REQUIRE(table.features() == 64);
        REQUIRE(table.classes() == 10);
        for (descent::index digit = 0; digit < 10; ++digit) {
            CHECK(table.class_names[std::size_t(digit)] == std::to_string(digit));
            CHECK((table.y.array() == float(digit)).count() == counts[std::size_t(digit)]);
        }
        CHECK(table.x.cast<double>().sum() == sum);
        CHECK(table.x.minCoeff() == 0.0f);
        CHECK(table.x.maxCoeff() == 16.0f);
    }
}

TEST_CASE("data real: least squares on the red wines gives the published residual") {
    auto const path = data_file("regression/winequality-red.csv");
    if (path.empty())
        return;
    auto table = data::read_csv<double>(path, {.target = "quality", .delimiter = ';'});
    REQUIRE(table.samples() == 1599);
    REQUIRE(table.features() == 11);
    CHECK(table.feature_names.front() == "fixed acidity");
    CHECK(table.feature_names.back() == "alcohol");
    CHECK_THAT(residual(table), WithinAbs(666.4107004, 5e-8));
    auto const raw = table;
    auto const scale = data::standardize(table);
    CHECK_THAT(scale.center[10], WithinRel(10.422983114446502, 1e-14));
    scale(table);
    CHECK_THAT(residual(table), WithinAbs(666.4107004, 5e-8));  // an affine map of the features changes nothing
    for (descent::index column = 0; column < 11; ++column) {
        CHECK_THAT(table.x.col(column).mean(), WithinAbs(0, 1e-12));
        CHECK_THAT(table.x.col(column).squaredNorm() / 1599, WithinAbs(1, 1e-12));
    }
    scale.inverse(table);
    CHECK((table.x - raw.x).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("data real: California housing without its 207 incomplete rows") {
    auto const path = data_file("regression/california_housing.csv");
    if (path.empty())
        return;
    data::csv_options options{.target = "median_house_value", .skip = {"ocean_proximity"}};
    CHECK(message_of([&] { data::read_csv<double>(path, options); }) ==
          path + ":292:5: column 'total_bedrooms': '' is a missing value");
    options.on_missing = data::missing::nan;
    auto const all = data::read_csv<double>(path, options);
    CHECK(all.samples() == 20640);
    CHECK(all.x.col(4).array().isNaN().count() == 207);
    CHECK(message_of([&] { data::check(all, "fit"); }) == "fit: row 290, column 'total_bedrooms' (4) is nan");
    options.on_missing = data::missing::drop;
    auto full = data::read_csv<double>(path, options);
    REQUIRE(full.samples() == 20433);
    REQUIRE(full.features() == 8);
    CHECK(full.y.sum() == 4226860554.0);
    full.y /= 1e5;
    data::standardize(full)(full);
    CHECK_THAT(residual(full), WithinAbs(9885.603461, 5e-6));
    options.skip.clear();
    CHECK(message_of([&] { data::read_csv<double>(path, options); }) ==
          path + ":2:10: column 'ocean_proximity': 'NEAR BAY' is not a number");
}

TEST_CASE("data real: the raw penguins, with quoted commas, NA, dates and comments") {
    auto const path = data_file("dirty/penguins_raw.csv");
    if (path.empty())
        return;
    data::csv_options const options{
        .target = "Species",
        .skip = {"studyName", "Sample Number", "Region", "Island", "Stage", "Individual ID",
                 "Clutch Completion", "Date Egg", "Sex", "Delta 15 N (o/oo)", "Delta 13 C (o/oo)", "Comments"},
        .on_missing = data::missing::drop};
    auto const table = data::read_csv<double>(path, options);
    REQUIRE(table.samples() == 342);
    REQUIRE(table.features() == 4);
    CHECK(table.class_names == std::vector<std::string>{"Adelie Penguin (Pygoscelis adeliae)",
                                                        "Chinstrap penguin (Pygoscelis antarctica)",
                                                        "Gentoo penguin (Pygoscelis papua)"});
    CHECK((table.y.array() == 0).count() == 151);
    CHECK((table.y.array() == 1).count() == 68);
    CHECK((table.y.array() == 2).count() == 123);
    CHECK(table.x.col(3).sum() == 1437000.0);
    auto const [train, test] = data::split(table, {.train = 0.75, .seed = 1, .stratify = true});
    // 342 x 0.75 = 256.5 rows train, rounded to 257. Shares of 257: 113.47, 51.10, 92.43; the spare row goes to
    // the first.
    CHECK((train.y.array() == 0).count() == 114);
    CHECK((train.y.array() == 1).count() == 51);
    CHECK((test.y.array() == 2).count() == 31);
}
