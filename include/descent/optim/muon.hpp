// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <descent/core/math.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/whole.hpp>

namespace descent {

/// What muon multiplies the update of a rows x columns matrix with: sqrt(max(1, rows / columns)) (Jordan),
/// 0.2 sqrt(max(rows, columns)), so that the update is as large as adamw's (Liu et al., 2025),
/// sqrt(rows / columns) (Bernstein, 2025), or 1.
enum class muon_scale { original, match_rms_adamw, spectral_unclamped, none };

/// Muon (Jordan et al., 2024), for matrices: a momentum b <- beta b + (1 - beta) g, taken with nesterov as
/// u = beta b + (1 - beta) g, else u = b; then u is made nearly orthogonal by `steps` Newton-Schulz iterations
/// X <- a X + (b X X^T + c (X X^T)^2) X from X = u / max(|u|, epsilon) in the Frobenius norm, scaled by the
/// shape, and decoupled weight decay is added. A rate follows: chain(muon{}, rate{0.02}).
///
/// Same numbers as torch.optim.Muon, but in the parameters' type, where torch rounds the iterations to
/// bfloat16. The products run on the optimizer's executor. Biases, embeddings and other tensors that are not
/// matrices belong to a second optimizer; freeze() them in this one, whose first step else throws
/// descent::error with the tensor's name. Throws descent::error for beta outside [0, 1), a decay or epsilon
/// that is negative or not finite, coefficients that are not finite, or steps outside [0, 100).
struct muon {
    double beta = 0.95, decay = 0.1;
    bool nesterov = true;
    muon_scale scale = muon_scale::original;
    double a = 3.4445, b = -4.7750, c = 2.0315;
    double epsilon = 1e-7;
    int steps = 5;

    static constexpr bool forgets_rate = true;

    /// The momentum before the iterations.
    template <class T>
    struct blend {
        static constexpr int slots = 1;  // b
        T gain, beta;
        bool nesterov;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            *slot = lerp(*slot, u, gain);
            return nesterov ? lerp(u, *slot, beta) : *slot;
        }
    };

    /// The iterations: u <- scale * orthogonal(u). Its scratch holds one copy of the matrix and two squares.
    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        static constexpr bool whole = true;
        T a, b, c;
        double epsilon;
        int steps;
        muon_scale scale;

        static void check_tensor(std::string_view name, shape const& extents) {
            expect(extents.rank() == 2, "muon: tensor '", name, "' ", extents.text(),
                   ": must be a matrix (freeze it, and give it to another optimizer)");
        }
        static index state_size(shape const&) { return 0; }
        static index scratch_size(shape const& extents) {
            index const side = std::min(extents[0], extents[1]);
            return padded(extents.size()) + 2 * padded(side * side);
        }

        template <class Executor>
        void operator()(tensor_view<T> u, tensor_view<T const> /*w*/, T* /*state*/, T* scratch,
                        Executor const& executor) const {
            index const rows = u.extents[0], columns = u.extents[1], size = rows * columns;
            if (size == 0)
                return;
            index const side = std::min(rows, columns);
            exec::block<T> x{u.data, rows, columns, columns};
            exec::block<T> next{scratch, rows, columns, columns};
            if (rows > columns)  // the smaller square: (X X^T)^k X = X (X^T X)^k
                x = exec::transposed(x), next = exec::transposed(next);
            exec::block<T> const gram{scratch + padded(size), side, side, side};
            exec::block<T> const power{gram.data + padded(side * side), side, side, side};

            double squares = 0;
            for (index i = 0; i < size; ++i)
                squares += double(u.data[i]) * double(u.data[i]);
            double const norm = std::sqrt(squares);
            T const shrink = T(1 / (norm < epsilon ? epsilon : norm));
            for (index i = 0; i < size; ++i)
                u.data[i] *= shrink;

            for (int step = 0; step < steps; ++step) {
                exec::gemm(executor, x, exec::transposed(x), gram);
                exec::gemm(executor, gram, gram, power);
                for (index i = 0; i < side * side; ++i)
                    power.data[i] = b * gram.data[i] + c * power.data[i];
                for (index i = 0; i < side; ++i)
                    power.data[i * side + i] += a;
                exec::gemm(executor, power, x, next);
                std::swap(x.data, next.data);
            }
            T const factor = T(scale_of(double(rows), double(columns)));
            for (index i = 0; i < size; ++i)
                u.data[i] = factor * x.data[i];
        }

    private:
        static index padded(index n) {
            constexpr index granule = index(alignment / sizeof(T));
            return (n + granule - 1) / granule * granule;
        }

        double scale_of(double rows, double columns) const {
            switch (scale) {
                case muon_scale::original:
                    return std::sqrt(std::max(1.0, rows / columns));
                case muon_scale::match_rms_adamw:
                    return 0.2 * std::sqrt(std::max(rows, columns));
                case muon_scale::spectral_unclamped:
                    return std::sqrt(rows / columns);
                case muon_scale::none:
                    break;
            }
            return 1;
        }
    };

    template <class T>
    auto at(step_count now) const {
        return join_kernels(blend<T>{T(1 - beta), T(beta), nesterov},
                            kernel<T>{T(a), T(b), T(c), epsilon, steps, scale},
                            descent::decay{decay}.at<T>(now));
    }

    void check() const {
        detail::check_fraction("muon: beta", beta);
        detail::check_not_negative("muon: decay", decay);
        expect(std::isfinite(a) && std::isfinite(b) && std::isfinite(c), "muon: a, b, c = ", a, ", ", b, ", ",
               c, ": must be finite");
        detail::check_not_negative("muon: epsilon", epsilon);
        expect(steps >= 0 && steps < 100, "muon: steps = ", steps, ": must be in [0, 100)");
    }
};
static_assert(update_rule<muon>);

}  // namespace descent
