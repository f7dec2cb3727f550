// SPDX-License-Identifier: MIT
// pca.hpp and detail/symmetric_eigen.hpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/data/csv.hpp>
#include <descent/data/pca.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
data::dataset<T> digits() {
    return data::read_csv<T>(DESCENT_EXAMPLES_DATA "/optdigits_test.csv",
                             {.target = -1, .header = false, .classes = true});
}

/// How far the elements of a row at these columns are from those expected.
template <class Row>
double off(Row const& row, std::vector<descent::index> const& columns, std::vector<double> const& expected) {
    double most = 0;
    for (std::size_t i = 0; i < columns.size(); ++i)
        most = std::max(most, std::abs(double(row[columns[i]]) - expected[i]));
    return most;
}

std::vector<descent::index> first_rows(descent::index n) {
    std::vector<descent::index> rows;
    for (descent::index row = 0; row < n; ++row)
        rows.push_back(row);
    return rows;
}

double orthogonality(matrix<double> const& axes) {
    matrix<double> const products = axes * axes.transpose();
    return (products - matrix<double>::Identity(axes.rows(), axes.rows())).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("data symmetric_eigen: known matrices, and what makes eigenvectors") {
    matrix<double> two{{2, 1}, {1, 2}};
    CHECK((data::detail::symmetric_eigen(two) - vector<double>{{3, 1}}).norm() < 1e-15);
    CHECK(std::abs(std::abs(two(0, 0)) - std::sqrt(0.5)) < 1e-15);
    for (descent::index const n : {0, 1, 3, 50, 101}) {
        // The second difference: eigenvalues 2 - 2 cos(k pi / (n + 1)).
        matrix<double> a = matrix<double>::Zero(n, n);
        for (descent::index i = 0; i < n; ++i) {
            a(i, i) = 2;
            if (i > 0)
                a(i, i - 1) = a(i - 1, i) = -1;
        }
        vector<double> const values = data::detail::symmetric_eigen(a);
        double most = 0;
        for (descent::index k = 0; k < n; ++k)
            most = std::max(
                most, std::abs(values[k] - 2 + 2 * std::cos(double(n - k) * std::acos(-1.0) / double(n + 1))));
        CHECK(most < 1e-13);
        CHECK((n == 0 || orthogonality(a) < 1e-13));
    }
    for (double const size : {1.0, 1e200, 1e-200}) {  // rank 3 of 40, and multiple eigenvalues 0
        matrix<double> a(40, 40);
        for (descent::index i = 0; i < 40; ++i)
            for (descent::index j = 0; j < 40; ++j)
                a(i, j) = size * (1 + 0.5 * double((i % 3) * (j % 3)) + (i == j && i < 1));
        matrix<double> z = a;
        vector<double> const values = data::detail::symmetric_eigen(z);
        CHECK((z.transpose() * values.asDiagonal() * z - a).cwiseAbs().maxCoeff() < 1e-12 * size);
        CHECK(orthogonality(z) < 1e-13);
        CHECK(std::abs(values[3]) < 1e-13 * values[0]);
    }
    matrix<double> zero = matrix<double>::Zero(5, 5);
    CHECK(data::detail::symmetric_eigen(zero).isZero(0));
}

TEST_CASE("data pca: scikit-learn's numbers on the digits") {
    // PCA(svd_solver="full") of scikit-learn 1.9.1
    auto const table = digits<double>();
    auto const all = data::pca(table);
    REQUIRE(all.axes.rows() == 61);  // 3 of the 64 pixels never vary
    CHECK(off(all.variance, {0, 1, 2, 3, 4, 60},
              {179.00693009797206, 163.7177468816774, 141.78843909228425, 101.1003752028481, 69.51316559098744,
               0.0004122233053446913}) < 1e-10);
    CHECK(off(all.ratio, {0, 1, 2}, {0.1489059358406384, 0.1361877123963544, 0.11794593763975808}) < 1e-13);
    CHECK(std::abs(all.ratio.sum() - 1) < 1e-13);
    std::vector<descent::index> const pixels{1, 2, 10, 28, 60};
    CHECK(off(all.axes.row(0), pixels,
              {-0.017309465109545813, -0.22342883465920332, -0.24445167558025407, -0.20946256924453474,
               -0.009159645531472069}) < 1e-11);
    CHECK(off(all.axes.row(5), pixels,
              {0.009630056611921817, 0.08096340954074033, 0.04980181384513366, -0.02752229712136443,
               0.10698671468077862}) < 1e-11);
    CHECK(off(all.axes.row(40), pixels,
              {-0.02230362856715616, -0.10602551080265402, -0.1561904670289665, -0.054382180397356705,
               -0.3312828980475345}) < 1e-11);
    CHECK(orthogonality(all.axes) < 1e-13);
    auto reduced = table;
    all(reduced);
    CHECK(reduced.feature_names.back() == "pc60");
    CHECK(off(reduced.x.row(0), {0, 1, 2, 3},
              {-1.2594664501014998, -21.274883480738428, 9.463054617605279, -13.014188691055452}) < 1e-10);
    CHECK(off(reduced.x.row(1), {0, 1, 2, 3},
              {7.957611300010515, 20.76869895604624, -4.439506038749073, 14.893664435394271}) < 1e-10);
    all.inverse(reduced);
    CHECK((reduced.x - table.x).cwiseAbs().maxCoeff() < 1e-11);
    CHECK(reduced.feature_names.empty());

    auto single = digits<float>();
    auto const ten = data::pca(single, {.components = 10, .whiten = true});
    CHECK(ten.axes == all.axes.topRows(10));  // all is computed in double
    ten(single);
    CHECK(off(single.x.row(0), {0, 4, 9}, {-0.09413512006230129, 0.8550357730437995, -0.5959658952836202}) <
          1e-6);
    ten.inverse(single);
    CHECK(off(single.x.row(0), {0, 2, 28, 60},
              {0, 6.049085548810599, -0.14210231613665592, 11.81341114586023}) < 1e-5);
}

TEST_CASE("data pca: more features than rows, and the randomized method") {
    auto const table = digits<double>();
    auto const wide = data::pca(table.rows(first_rows(20)));
    REQUIRE(wide.axes.rows() == 19);  // 20 points span 19 dimensions
    CHECK(off(wide.variance, {0, 5, 18}, {228.41224089132902, 74.71816250427817, 2.400729040845897}) < 1e-11);
    CHECK(off(wide.axes.row(2), {2, 10, 28},
              {-0.07922313548560866, -0.17889097739234114, 0.11174475948248477}) < 1e-11);
    CHECK(off(wide.axes.row(18), {2, 10, 28}, {0.08546131335828035, 0.2483938844604719, 0.09967518616928575}) <
          1e-11);
    auto const exact = data::pca(table, {.components = 5});
    auto const random = [&](std::uint64_t seed, int iterations = 7) {
        return data::pca(
            table,
            {.components = 5, .method = data::pca_method::randomized, .seed = seed, .iterations = iterations});
    };
    auto const some = random(1);
    CHECK((some.axes - exact.axes).cwiseAbs().maxCoeff() < 1e-5);
    CHECK((some.variance - exact.variance).cwiseAbs().maxCoeff() < 1e-8);
    CHECK((random(2, 20).axes - exact.axes).cwiseAbs().maxCoeff() < 1e-11);
    CHECK(random(1).axes == some.axes);
    CHECK(random(2).axes != some.axes);
    auto const all = data::pca(table.rows(first_rows(20)), {.method = data::pca_method::randomized});
    REQUIRE(all.axes.rows() == 19);
    CHECK((all.axes - wide.axes).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("data pca: directions without variance, and bad input") {
    data::dataset<double> table;
    table.x = matrix<double>{{1, 2, 0.1}, {2, 4, 0.1}, {3, 6, 0.1}, {4, 8, 0.1}};  // a line
    auto const line = data::pca(table, {.components = 3});
    REQUIRE(line.axes.rows() == 1);
    CHECK(off(line.axes.row(0), {0, 1, 2}, {1 / std::sqrt(5.0), 2 / std::sqrt(5.0), 0}) < 1e-14);
    CHECK(std::abs(line.variance[0] - 25.0 / 3) < 1e-13);
    auto const text = [&](data::pca_options const& options) {
        return message_of([&] { data::pca(table, options); });
    };
    CHECK(text({.components = 4}) == "pca: components = 4: must be in [0, 3], 0 for all");
    CHECK(text({.components = -1}) == "pca: components = -1: must be in [0, 3], 0 for all");
    CHECK(text({.oversample = -1}) == "pca: oversample = -1, iterations = 7: must be >= 0");
    matrix<double> narrow(1, 2);
    CHECK(message_of([&] { line(narrow); }) == "pca: 2 features: was fitted on 3");
    CHECK(message_of([&] { line.inverse(narrow); }) == "pca: 2 components: was fitted with 1");
    table.x(3, 0) = 1e200;
    CHECK(text({}) == "pca: the variance overflows");
    table.x(3, 0) = std::numeric_limits<double>::quiet_NaN();
    CHECK(text({}) == "pca: row 3, column 0 is nan");
    table.x = matrix<double>::Constant(7, 2, 0.1);
    CHECK(text({}) == "pca: all rows are equal");
    table.x.resize(1, 2);
    table.x << 1, 2;
    CHECK(text({}) == "pca: 1 row: must be 2 or more");
    table.x.resize(0, 2);
    CHECK(text({}) == "pca: 0 samples x 2 features: the data is empty");
}
