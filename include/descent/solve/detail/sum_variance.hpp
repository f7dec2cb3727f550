// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/solve/detail/l1_step.hpp>
#include <descent/solve/detail/sum_samples.hpp>

namespace descent::solve::detail {

/// Steps of saga and svrg on a sum over samples, as reduced_variance has them on a linear problem. saga keeps
/// the gradient of each sample, svrg the point of the last look.
template <class F, class T>
class sum_variance {
public:
    sum_variance(F& f, vector_view<T> const& x, double l1, double step, bool remember)
        : f_(f),
          x_(x),
          along_(step, l1, 0),
          mean_(x.size()),
          now_(x.size()),
          before_(x.size()),
          anchor_(x),
          kept_(remember ? f.samples : 0, x.size()) {}

    index samples() const { return f_.samples; }
    void flush() const {}

    void step(index i, bool remember) {
        vector_view<T> now(now_.data(), now_.size()), before(before_.data(), before_.size());
        sample_gradient(f_, i, point(), now);
        if (remember)
            before = kept_.row(i).transpose();
        else
            sample_gradient(f_, i, vector_view<T const>(anchor_.data(), anchor_.size()), before);
        before = now - before;
        auto const along = along_;
        for (index j = 0; j < x_.size(); ++j)
            along.move(x_.data()[j], before[j] + mean_[j]);
        if (remember) {
            mean_ += before / T(samples());
            kept_.row(i) = now.transpose();
        }
    }

    double shown_norm() const {
        double square = 0;
        for (index j = 0; j < x_.size(); ++j)
            square += along_.part_of_norm(double(mean_[j]), double(x_[j]));
        return std::sqrt(square);
    }

    seen_point look() {
        vector_view<T> now(now_.data(), now_.size());
        vector<double> sum = vector<double>::Zero(x_.size());
        double total = 0, norm = 0, size = 0;
        for (index i = 0; i < samples(); ++i) {
            total += sample_gradient(f_, i, point(), now);
            sum += now.template cast<double>();
            if (kept_.rows())
                kept_.row(i) = now.transpose();
        }
        sum /= double(samples());
        anchor_ = x_;
        mean_ = sum.template cast<T>();
        for (index j = 0; j < x_.size(); ++j) {
            norm += along_.part_of_norm(sum[j], double(x_[j]));
            size += std::abs(double(x_[j]));
        }
        return {total / double(samples()) + along_.l1 * size, std::sqrt(norm)};
    }

private:
    vector_view<T const> point() const { return {x_.data(), x_.size()}; }

    F& f_;
    vector_view<T> x_;
    l1_step<T> along_;
    vector<T> mean_, now_, before_, anchor_;
    matrix<T> kept_;
};

}  // namespace descent::solve::detail
