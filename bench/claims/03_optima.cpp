// SPDX-License-Identifier: MIT
// Known optima of real data, each by several methods, in double. Needs DESCENT_DATA; exit status 2 without.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <descent/data/idx.hpp>
#include <descent/data/libsvm.hpp>
#include <descent/linear.hpp>
#include <descent/solve.hpp>
#include <descent/train.hpp>

using namespace descent;

namespace {

bool all_hold = true;

void claim(std::string const& what, double measured, double bar, bool at_most = true) {
    bool const holds = at_most ? measured <= bar : measured >= bar;
    all_hold = all_hold && holds;
    std::printf("%s | %.12g | %s %g | %s\n", what.c_str(), measured, at_most ? "<=" : ">=", bar,
                holds ? "yes" : "no");
}

/// One method on one set: how far from the known optimum, and how many test rows it has right.
template <class Model, class Table, class Method>
void solve_one(std::string const& name, Model model, Table const& train, Table const& test,
               Method const& method, double optimum, double bar, long right) {
    auto const report = fit(model, train, method);
    double const value = model.loss(data::all_of(train));
    auto const hits = std::lround(accuracy(model, test) * double(test.samples()));
    std::printf("%s: F = %.13f, |gradient| %.2e, gap %.2e, %td iterations, %s: %s\n", name.c_str(), value,
                report.gradient_norm, report.gap, std::ptrdiff_t(report.epochs), to_text(report.status).data(),
                report.reason.c_str());
    claim(name + ": |F / F* - 1|", std::fabs(value / optimum - 1), bar);
    claim(name + ": test rows right", double(std::labs(hits - right)), 0);
}

void text_set(std::string const& name, std::string const& train_file, std::string const& test_file,
              long features, double optimum, long right) {
    auto const train = data::read_libsvm<double>(train_file, {.features = features, .classes = true});
    auto const test = data::read_libsvm<double>(
        test_file, {.features = features, .classes = true, .class_names = train.class_names});
    linear::logistic_regression<double> const model{features, {.intercept = false}};
    auto const by = [&](char const* method) { return name + " by " + method; };
    solve_one(by("lbfgs"), model, train, test, solve::lbfgs{.iterations = 5000, .tolerance = 1e-9}, optimum,
              1e-8, right);
    solve_one(by("newton_cg"), model, train, test, solve::newton_cg{.tolerance = 1e-9}, optimum, 1e-8, right);
    solve_one(by("dual_coordinate_descent"), model, train, test,
              solve::dual_coordinate_descent{.tolerance = 1e-10, .passes = 20000}, optimum, 1e-8, right);
    solve_one(by("sampled_newton"), model, train, test, solve::sampled_newton{.tolerance = 1e-11}, optimum,
              1e-8, right);

    linear::linear_svm<double> svm{features, {.intercept = false}};
    auto const report = fit(svm, train, solve::dual_coordinate_descent{.tolerance = 1e-7, .passes = 20000});
    claim(name + ": SVM, duality gap", report.gap, 1e-6);
}

data::dataset<double> digits(std::string const& folder, std::string const& part) {
    auto table = data::read_idx<double>(folder + "/mnist/" + part + "-images-idx3-ubyte.gz",
                                        folder + "/mnist/" + part + "-labels-idx1-ubyte.gz");
    table.x /= 255;
    return table;
}

}  // namespace

int main() {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr) {
        std::printf("DESCENT_DATA is not set\n");
        return 2;
    }
    std::string const at = folder;
    text_set("a9a", at + "/libsvm/a9a", at + "/libsvm/a9a.t", 123, 0.3233795824648, 13837);
    text_set("farm-ads", at + "/libsvm/farm-ads.train.gz", at + "/libsvm/farm-ads.test.gz", 54877,
             0.05674123953847, 743);

    auto const train = digits(at, "train"), test = digits(at, "t10k");
    linear::softmax_regression<double> const model{784, 10, {.l2 = 1e-4}};
    solve_one("MNIST softmax by lbfgs", model, train, test, solve::lbfgs{.iterations = 3000, .tolerance = 1e-6},
              0.259248295, 1e-7, 9263);
    solve_one("MNIST softmax by newton_cg", model, train, test, solve::newton_cg{.tolerance = 1e-6},
              0.259248295, 1e-7, 9263);
    solve_one("MNIST softmax by sampled_newton", model, train, test, solve::sampled_newton{.tolerance = 1e-9},
              0.259248295, 1e-7, 9263);
    return all_hold ? 0 : 1;
}
