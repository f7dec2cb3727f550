// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/rows.hpp>

namespace descent::solve::detail {

/// w = W / divisor and its average (A + share W) / divided: a step costs two sparse additions a sample,
/// whatever the number of features (Bottou's form; Xu, 2011).
template <class T>
class averaged_weights {
public:
    explicit averaged_weights(vector_view<T> start)
        : n_(start.size()), moving_(std::size_t(n_)), sum_(std::size_t(n_)) {
        std::copy_n(start.data(), n_, moving_.data());
    }

    template <class Row>
    T score(Row x) const {
        return dot(x, moving_.data()) / T(divisor_);
    }
    /// A step begins: w <- keep w.
    void shrink(double keep) { divisor_ /= keep; }
    /// w <- w - size x.
    template <class Row>
    void move(Row x, double size) {
        double const change = -size * divisor_;
        add(x, T(change), moving_.data());
        add(x, T(-change * part_), sum_.data());
    }
    /// The step is done: w enters the average with the given share.
    void enter(double share) {
        if (share >= 1) {
            std::fill_n(sum_.data(), n_, T(0));
            divided_ = 1;
            part_ = 1 / divisor_;
        } else {
            divided_ /= 1 - share;
            part_ += share * divided_ / divisor_;
        }
        if (divisor_ > 1e5 || divided_ > 1e5)
            settle();
    }
    void average(T* to) const {
        for (index j = 0; j < n_; ++j)
            to[j] = T((double(sum_.data()[j]) + part_ * double(moving_.data()[j])) / divided_);
    }

private:
    void settle() {
        for (index j = 0; j < n_; ++j) {
            sum_.data()[j] = T(double(sum_.data()[j]) / divided_);
            moving_.data()[j] = T(double(moving_.data()[j]) / divisor_);
        }
        part_ *= divisor_ / divided_;
        divided_ = divisor_ = 1;
    }

    index n_;
    aligned_buffer<T> moving_, sum_;
    double divisor_ = 1, divided_ = 1, part_ = 1;
};

}  // namespace descent::solve::detail
