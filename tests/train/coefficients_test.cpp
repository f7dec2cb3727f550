// SPDX-License-Identifier: MIT
#include <descent/train/coefficients.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "metric_problem.hpp"

using namespace descent;

// Reference numbers: statsmodels 0.15.0 (OLS, Logit), mpmath 1.3 and scipy 1.17.1 (distributions).
namespace {

/// What the tables ask of a model.
template <class T>
struct linear_model {
    matrix<T> w;
    vector<T> b;
    matrix<T> const& weight() const { return w; }
    vector<T> const& bias() const { return b; }
};

/// Of parameters with the intercept first.
linear_model<double> model_of(std::vector<double> const& parameters) {
    linear_model<double> made{matrix<double>(1, descent::index(parameters.size()) - 1), vector<double>(1)};
    made.b[0] = parameters[0];
    for (descent::index j = 0; j < made.w.cols(); ++j)
        made.w(0, j) = parameters[std::size_t(j) + 1];
    return made;
}

/// Equal up to a relative error.
bool near(vector<double> const& a, std::vector<double> const& b, double slack) {
    bool same = a.size() == descent::index(b.size());
    for (descent::index i = 0; same && i < a.size(); ++i)
        same = std::fabs(a[i] - b[std::size_t(i)]) <= slack * std::fabs(b[std::size_t(i)]);
    return same;
}

template <class T = double>
data::dataset<T> eight() {
    return {matrix<T>{{1, 2}, {2, 1}, {3, 4}, {4, 3}, {5, 7}, {6, 5}, {7, 6}, {8, 9}},
            vector<T>{{1.5, 1, 3.5, 3, 6, 4.5, 6.5, 7}},
            {"age", "size"}};
}

data::dataset<double> binary_eight() {
    data::dataset<double> table = eight();
    table.x = matrix<double>(table.x.col(0));
    table.y = vector<double>{{0, 0, 1, 0, 1, 0, 1, 1}};
    table.feature_names = {"age"};
    return table;
}

}  // namespace

TEST_CASE("train coefficients: the distributions") {
    double const infinite = std::numeric_limits<double>::infinity();
    struct {
        double t, degrees, p;
    } const known[] = {{2, 1, 0.295167235300866548},
                       {0.5, 1, 0.704832764699133452},
                       {1000, 1, 0.000636619560161117878},
                       {2.5, 3, 0.0877066470080655473},
                       {-0.1, 7.5, 0.92296533206779018},
                       {1.96, 30, 0.0593423128960504763},
                       {10, 100, 9.90168898459413918e-17},
                       {1.2, 1000, 0.230423552324467065},
                       {5, 1e6, 5.73399787089074157e-7},
                       {30, 50, 1.2380022795987266e-33},
                       {0, 4, 1},
                       {infinite, 4, 0}};
    for (auto const& [t, degrees, p] : known)
        CHECK(std::fabs(detail::two_sided_p(t, degrees) - p) <= (degrees > 1e4 ? 1e-10 : 1e-12) * p);
    CHECK(std::isnan(detail::two_sided_p(0.0 / 0.0, 4)));
    CHECK(close(detail::two_sided_quantile(0.05, 1), 12.706204736174705));
    CHECK(close(detail::two_sided_quantile(0.05, 10), 2.2281388519862753));
    CHECK(close(detail::two_sided_quantile(0.1, 1588), 1.6458137427398003));
    CHECK(close(detail::two_sided_quantile(0.01, 2.5), 7.163728138948786));
    CHECK(close(detail::two_sided_quantile(0.05, infinite), 1.9599639845400545));
}

TEMPLATE_TEST_CASE("train coefficients: least squares on eight rows", "", float, double) {
    bool const single = sizeof(TestType) == 4;
    auto const table = eight<TestType>();
    linear_model<TestType> const model{
        matrix<TestType>{{TestType(0.308168316831684), TestType(0.5693069306930687)}},
        vector<TestType>{{TestType(0.10519801980197818)}}};
    auto const told = least_squares_coefficients(model, table);
    double const slack = single ? 1e-6 : 1e-11;
    CHECK(told.names == std::vector<std::string>{"intercept", "age", "size"});
    CHECK(near(told.standard_error, {0.43092831953826566, 0.18207600671608984, 0.16708440280397238}, slack));
    CHECK(near(told.statistic, {0.24411953225700403, 1.692525678642597, 3.407301466439054}, slack));
    CHECK(near(told.p_value, {0.8168390611744374, 0.15132794149098017, 0.019099145661056666}, slack));
    CHECK(near(told.low, {-1.002538490864369, -0.15987295873789215, 0.13980279982703597}, slack));
    CHECK(near(told.high, {1.2129345304683254, 0.7762095924012602, 0.9988110615591015}, slack));
    CHECK(told.degrees == 5);
    CHECK(close(told.residual_deviation, 0.5496398460774469, slack));
    CHECK(near(told.covariance.row(0).transpose(),
               {0.18569921658007357, -0.024676808646211103, -0.007976342188674334}, slack));
    CHECK(told.covariance == matrix<double>(told.covariance.transpose()));
    CHECK(told.distance < (single ? 1e-6 : 1e-12));

    linear_model<TestType> const through_0{
        matrix<TestType>{{TestType(0.32214765100671106), TestType(0.5738255033557053)}}, {}};
    auto const slopes = least_squares_coefficients(through_0, table, {.confidence = 0.9});
    CHECK(near(slopes.standard_error, {0.15871493900206307, 0.15248838098212428}, slack));
    CHECK(near(slopes.p_value, {0.08869758623255594, 0.009364589333569451}, slack));
    CHECK(slopes.degrees == 6);
}

TEST_CASE("train coefficients: a weight is so many rows") {
    auto table = eight();
    table.weights = vector<double>{{1, 2, 1, 3, 1, 1, 2, 1}};
    auto const told = least_squares_coefficients(
        model_of({-0.09239130434782905, 0.3804347826086959, 0.548913043478262}), table);
    CHECK(near(told.standard_error, {0.32105469843806206, 0.14220318752970262, 0.12810734305698562}, 1e-11));
    CHECK(near(told.p_value, {0.7800361701431897, 0.02540132273456002, 0.002035583862032337}, 1e-11));
    auto binary = binary_eight();
    binary.weights = table.weights;
    auto const logit = logistic_coefficients(model_of({-4.16965452182208, 0.827002154755878}), binary);
    CHECK(near(logit.standard_error, {2.295605951399696, 0.45701302658908227}, 1e-10));
    CHECK(near(logit.p_value, {0.06931465297140815, 0.07036076646211357}, 1e-10));
}

TEST_CASE("train coefficients: logistic regression, and how it is written") {
    auto const table = binary_eight();
    auto const told = logistic_coefficients(model_of({-2.673379620893601, 0.5940843601985779}), table);
    CHECK(near(told.standard_error, {2.1207280331387457, 0.43224157964617566}, 1e-10));
    CHECK(near(told.statistic, {-1.260595219716558, 1.3744266821458582}, 1e-10));
    CHECK(near(told.p_value, {0.2074547218077133, 0.16930925736845404}, 1e-10));
    CHECK(near(told.low, {-6.829930186850009, -0.25309356852862763}, 1e-10));
    CHECK(near(told.high, {1.483170945062807, 1.4412622889257833}, 1e-10));
    CHECK(told.distance < 1e-10);
    CHECK(std::isnan(told.residual_deviation));
    CHECK(told.text() ==
          "           estimate  std. error       z      p     2.5 %  97.5 %\n"
          "intercept   -2.6734       2.121  -1.261  0.207   -6.8299  1.4832\n"
          "age         0.59408      0.4322   1.374  0.169  -0.25309  1.4413\n");
    // From 0 the Newton step is known: the distance of a model that never was trained.
    auto const untrained = logistic_coefficients(model_of({0, 0}), table);
    vector<double> const x = table.x.col(0).array() - 4.5, r = table.y.array() - 0.5;
    double const expected = x.dot(r) / (0.25 * x.squaredNorm()) * std::sqrt(0.25 * x.squaredNorm());
    CHECK(close(untrained.distance, expected, 1e-12));
    CHECK(untrained.text().find("note: coefficients are up to 1.5 standard errors from the optimum") !=
          std::string::npos);
}

TEST_CASE("train coefficients: red wine, columns as they are") {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (!folder) {
        WARN("skipped: DESCENT_DATA is not set");
        return;
    }
    std::FILE* const file = std::fopen((folder + std::string("/regression/winequality-red.csv")).c_str(), "r");
    REQUIRE(file != nullptr);
    REQUIRE(std::fscanf(file, "%*[^\n]") == 0);  // the names
    data::dataset<double> table{matrix<double>(1599, 11), vector<double>(1599)};
    int read = 0;
    for (descent::index row = 0; row < 1599; ++row) {
        for (descent::index column = 0; column < 11; ++column)
            read += std::fscanf(file, "%lf;", &table.x(row, column));
        read += std::fscanf(file, "%lf", &table.y[row]);
    }
    std::fclose(file);
    REQUIRE(read == 12 * 1599);
    auto const squares = least_squares_coefficients(
        model_of({21.965208449448028, 0.024990552671670475, -1.0835902586934294, -0.18256394841070797,
                  0.016331269765474974, -1.8742251580991582, 0.004361333309096052, -0.0032645797030712385,
                  -17.881163832495286, -0.4136531438217556, 0.9163344127211284, 0.27619769922688286}),
        table);
    CHECK(near(squares.standard_error,
               {21.194574996891006, 0.025948501761264044, 0.12110127953598235, 0.14717618789695863,
                0.0150020962926792, 0.41928320510247796, 0.0021712918161584027, 0.0007287285052811143,
                21.63309987906306, 0.1915973607801686, 0.11433746537005755, 0.026483586183327128},
               1e-9));
    CHECK(near(squares.p_value,
               {0.30019213584215115, 0.33565275227161556, 9.872361224142466e-19, 0.21499424607028286,
                0.27649596112966396, 8.37395338361099e-06, 0.044744950773500214, 8.004609818326202e-06,
                0.4086078971933984, 0.03100188619378995, 2.1272284436636053e-15, 1.123028639291306e-24},
               1e-7));
    CHECK(close(squares.residual_deviation, 0.648011208054093));
    CHECK(close(squares.low[11], 0.22425120637068574, 1e-9));
    CHECK(squares.distance < 1e-6);

    table.y = (table.y.array() >= 6).cast<double>();
    auto const logit = logistic_coefficients(
        model_of({42.9499492887367, 0.13598034562034816, -3.281693695013955, -1.274347354038633,
                  0.05532602494730377, -3.915712922878996, 0.02222037453814014, -0.01639392225245036,
                  -50.932386419344766, -0.3806075065430611, 2.795106518110202, 0.8668222379683824}),
        table);
    CHECK(near(logit.standard_error,
               {79.47603752751965, 0.09848611723862685, 0.48822902607638496, 0.5627448950492919,
                0.05377140683360816, 1.5693341044149862, 0.008236688298966092, 0.0028823931526688867,
                81.15085083837293, 0.7202219759323355, 0.4521984801021336, 0.104193411852503},
               1e-8));
    CHECK(near(logit.p_value,
               {0.5889116769838733, 0.16736946120107465, 1.7970576884538816e-11, 0.023542120043596047,
                0.3035212107039231, 0.012590639698463286, 0.006981369741382864, 1.2883115448967573e-08,
                0.5302489519685998, 0.5971810651652771, 6.363641882543184e-10, 8.844144667442823e-17},
               1e-6));
    CHECK(logit.distance < 1e-5);
}

TEST_CASE("train coefficients: bad input") {
    auto const squares = [](auto const& table, std::vector<double> const& parameters = {0, 1, 1}) {
        return message_of([&] { least_squares_coefficients(model_of(parameters), table); });
    };
    auto const good = eight();
    auto bad = good;
    bad.x.col(1) = 3 * bad.x.col(0).array() + 0.1;
    CHECK(squares(bad) ==
          "least_squares_coefficients: column 'size' (1) is a linear combination of the columns before it");
    bad.x.col(0).setConstant(0.1);
    bad.feature_names.clear();
    CHECK(squares(bad) == "least_squares_coefficients: column 0 is constant: no other than the intercept");
    bad.x.col(0).setZero();
    CHECK(message_of([&] {
              least_squares_coefficients(linear_model<double>{matrix<double>{{1, 1}}, {}}, bad);
          }) == "least_squares_coefficients: column 0 is 0 everywhere");
    bad.x(2, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK(squares(bad) == "least_squares_coefficients: row 2, column 1 is nan");
    CHECK(
        squares(good.rows(std::vector<int>{0, 1, 2})) ==
        "least_squares_coefficients: 3 samples for 3 coefficients: errors need more samples than coefficients");
    CHECK(squares(data::dataset<double>{matrix<double>(0, 2), {}}) ==
          "least_squares_coefficients: 0 samples x 2 features: the data is empty");
    CHECK(squares(good, {0, 1}) == "least_squares_coefficients: the data has 2 features, the model 1");
    CHECK(message_of([&] {
              least_squares_coefficients(model_of({0, 1, 1}), good, {.confidence = 1});
          }) == "least_squares_coefficients: confidence = 1: must be in (0, 1)");
    CHECK(message_of([&] {
              logistic_coefficients(linear_model<double>{matrix<double>(2, 2), vector<double>(2)}, good);
          }) == "logistic_coefficients: the model has 2 outputs: must have 1");
    CHECK(message_of([&] {
              logistic_coefficients(model_of({0, 1, 1}), good);
          }) == "logistic_coefficients: row 0: target 1.5: must be 0 or 1");
    CHECK(message_of([&] {
              logistic_coefficients(model_of({1e5, 1}), binary_eight());
          }) == "logistic_coefficients: all probabilities are 0 or 1: no errors can be told");
}
