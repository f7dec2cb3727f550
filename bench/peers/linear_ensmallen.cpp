// SPDX-License-Identifier: MIT
// linear_ensmallen FOLDER SET ITERATIONS: logistic regression without an intercept on a dense set of linear_data.py
// by ensmallen's L-BFGS on Armadillo's products in float; prints its CPU seconds, writes FOLDER/weights.
#include <ensmallen.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "measure.hpp"
#include "peers/linear_data.hpp"

namespace {

/// Mean log loss plus |w|^2 / (2 n); one sample a column of x, as Armadillo stores it.
struct objective {
    arma::fmat const& x;
    arma::fvec const& y;
    arma::fvec z = {}, slope = {};

    float EvaluateWithGradient(arma::fmat const& w, arma::fmat& g) {
        auto const n = double(y.n_elem);
        z = x.t() * w;
        slope = 1 / (1 + arma::exp(-z)) - y;
        g = (x * slope + w) / float(n);
        double const loss = arma::accu(arma::log1p(arma::exp(-arma::abs(z))) + arma::clamp(z, 0.f, 1e30f) - y % z);
        return float(loss / n + 0.5 * double(arma::dot(w, w)) / n);
    }
    float Evaluate(arma::fmat const& w) {
        arma::fmat unused;
        return EvaluateWithGradient(w, unused);
    }
    void Gradient(arma::fmat const& w, arma::fmat& g) { EvaluateWithGradient(w, g); }
};

}  // namespace

int main(int count, char** arguments) {
    if (count < 4)
        return 2;
    std::string const folder = arguments[1], set = arguments[2];
    auto labels = read<float>(folder + "/" + set + ".y"), numbers = read<float>(folder + "/" + set + ".x");
    arma::fvec const y(labels.data(), labels.size(), false, true);
    arma::fmat const x(numbers.data(), numbers.size() / labels.size(), labels.size(), false, true);
    arma::fmat w(x.n_rows, 1, arma::fill::zeros);
    double const start = measure::cpu_time();
    objective f{x, y};
    ens::L_BFGS by;
    by.MaxIterations() = std::size_t(std::atoi(arguments[3]));
    by.MinGradientNorm() = 0;
    by.Optimize(f, w);
    std::printf("%.6f\n", measure::cpu_time() - start);
    w.resize(w.n_rows + 1, 1);
    std::FILE* const file = std::fopen((folder + "/weights").c_str(), "wb");
    descent::expect(file != nullptr, folder, "/weights: cannot write");
    std::fwrite(w.memptr(), sizeof(float), w.n_elem, file);
    std::fclose(file);
}
