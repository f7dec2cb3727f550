// SPDX-License-Identifier: MIT
// online_ensmallen FOLDER SET METHOD: the same as online_peer by ensmallen's StandardSGD or Adam with their
// default steps and batches; only the number of passes is told to them. With METHOD = version: prints it.
#include <ensmallen.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/solve/detail/rows.hpp>

#include "peers/linear_data.hpp"

namespace {

using namespace descent;

/// Log losses plus |w|^2 / 2, as ensmallen takes it: a sum over samples.
template <class Rows>
struct sum_of_losses {
    Rows rows;
    std::vector<descent::index> order = permutation<descent::index>(rows.samples(), generator{1});
    std::uint32_t pass = 1;

    std::size_t NumFunctions() const { return std::size_t(rows.samples()); }
    void Shuffle() { order = permutation<descent::index>(rows.samples(), generator{1, ++pass}); }

    double EvaluateWithGradient(arma::mat const& w, std::size_t first, arma::mat& g, std::size_t count) const {
        auto const d = std::size_t(rows.features);
        double const share = double(count) / double(rows.samples());
        g = share * w;
        g[d] = 0;
        double total = 0.5 * share * (arma::dot(w, w) - w[d] * w[d]);
        for (std::size_t k = first; k < first + count; ++k) {
            auto const x = solve::detail::row_of(rows, order[k]);
            double const z = solve::detail::exact_dot(x, w.memptr()) + w[d], y = double(rows.target(order[k]));
            double const slope = loss::logistic{}.slope(z, y);
            total += loss::logistic{}.value(z, y);
            solve::detail::add_exactly(x, slope, g.memptr());
            g[d] += slope;
        }
        return total;
    }
    double Evaluate(arma::mat const& w, std::size_t first, std::size_t count) const {
        arma::mat unused;
        return EvaluateWithGradient(w, first, unused, count);
    }
    void Gradient(arma::mat const& w, std::size_t first, arma::mat& g, std::size_t count) const {
        EvaluateWithGradient(w, first, g, count);
    }
};

struct keeper {
    std::FILE* file;

    template <class Optimizer, class Function>
    void EndEpoch(Optimizer&, Function&, arma::mat const& w, std::size_t pass, double) {
        std::vector<float> line(1, float(pass));
        line.insert(line.end(), w.begin(), w.end());
        std::fwrite(line.data(), sizeof(float), line.size(), file);
    }
};

}  // namespace

int main(int count, char** arguments) {
    if (count < 4)
        return 2;
    std::string const folder = arguments[1], method = arguments[3];
    if (method == "version") {
        std::printf("%s, Armadillo %s\n", ens::version::as_string().c_str(),
                    arma::arma_version::as_string().c_str());
        return 0;
    }
    with_made_set(folder, arguments[2], [&](auto const& table) {
        std::FILE* const file = std::fopen((folder + "/passes").c_str(), "wb");
        expect(file != nullptr, folder, "/passes: cannot write");
        sum_of_losses<decltype(data::all_of(table))> f{data::all_of(table)};
        arma::mat w(std::size_t(table.features()) + 1, 1, arma::fill::zeros);
        auto const by = [&](auto optimizer) {
            optimizer.MaxIterations() = 20 * f.NumFunctions();
            optimizer.Tolerance() = -1;
            optimizer.Optimize(f, w, keeper{file});
        };
        if (method == "StandardSGD")
            by(ens::StandardSGD{});
        else
            by(ens::Adam{});
        std::fclose(file);
    });
}
