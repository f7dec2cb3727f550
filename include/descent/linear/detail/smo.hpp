// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <descent/core/status.hpp>
#include <descent/linear/detail/kernel_cache.hpp>
#include <descent/linear/detail/kernel_rows.hpp>
#include <descent/linear/detail/smo_scan.hpp>

namespace descent::linear::detail {

struct smo_settings {
    double tolerance, cache_bytes;
    std::int64_t iterations;
    bool shrinking;
};

/// What a solved problem leaves, sample by sample in the order of its list.
struct smo_result {
    descent::status status = descent::status::finished;
    std::vector<double> a = {};  ///< y_i alpha_i
    double bias = 0, objective = 0, gap = 0, violation = 0;
    std::int64_t iterations = 0, kernel_rows = 0;
};

/// The dual of the two-class support vector machine by sequential minimal optimization (Platt, 1998) with
/// second-order choice of the pair (Fan, Chen & Lin, 2005) and shrinking (Joachims, 1999; Chang & Lin, 2011):
///
///     max over a of  sum_i |a_i| - a K a / 2,  sum_i a_i = 0,  0 <= y_i a_i <= c_i.
///
/// What is kept of the gradient is v_i = y_i - (K a)_i: a pair moves by a_i += t, a_j -= t, and then v -= t
/// (K_i - K_j), whatever the labels are. It is optimal when no v that may rise is above one that may fall.
template <class Rows, class F, class Executor>
class smo {
public:
    using source = typename Rows::source;

    smo(F const& kernel, source const& all, std::vector<index> const& list, std::vector<double> const& y,
        std::vector<double> const& c, kernel_cache& cache, smo_settings const& settings,
        Executor const& executor)
        : kernel_(kernel),
          all_(all),
          list_(list),
          y_(y),
          c_(c),
          cache_(cache),
          settings_(settings),
          executor_(executor),
          n_(index(list.size())),
          a_(list.size(), 0.0),
          v_(y),
          seen_(list.size(), 0) {}

    /// watch(iteration, violation, samples still looked at) -> verdict, at the start and every 1000 iterations
    /// or so.
    template <class Watch>
    smo_result run(Watch const& watch) {
        smo_result result;
        activate_all();
        result.status = iterate(watch, result);
        give_back();
        if (active_ < n_)
            reconstruct();
        finish(result);
        result.a = std::move(a_);
        return result;
    }

private:
    static constexpr double inf = std::numeric_limits<double>::infinity();
    static constexpr double least_curvature = 1e-12;

    double upper(index i) const { return y_[std::size_t(i)] > 0 ? c_[std::size_t(i)] : 0; }
    double lower(index i) const { return y_[std::size_t(i)] > 0 ? 0 : -c_[std::size_t(i)]; }

    template <class Watch>
    descent::status iterate(Watch const& watch, smo_result& result) {
        std::int64_t const period = std::min<std::int64_t>(n_, 1000);
        std::int64_t countdown = 1;
        extremes now = scan();
        for (;;) {
            result.violation = now.high - now.low;
            if (!(result.violation >= settings_.tolerance)) {
                if (active_ == n_)
                    return result.violation < settings_.tolerance || now.high == -inf || now.low == inf
                               ? status::converged
                               : status::diverged;
                look_at_all();
                now = scan();
                countdown = 1;
                continue;
            }
            if (result.iterations >= settings_.iterations)
                return status::finished;
            if (--countdown == 0) {
                countdown = period;
                if (verdict const said = watch(result.iterations, result.violation, active_); said.stop)
                    return said.status;
                if (settings_.shrinking && worthwhile(result) && shrink(now))
                    now = scan();
            }
            index const i = now.where;
            float const* const ki = row(i, result);
            index const j = best_partner(v(), down(), diagonal(), ki, now.high, diagonal()[i], size_);
            if (j < 0)
                return status::stalled;
            float const* const kj = row(j, result);
            double const t = step(i, j, ki[j]);
            if (!(t < inf))
                return status::diverged;
            now = move_and_scan(v(), up(), down(), ki, kj, t, size_);
            ++result.iterations;
        }
    }

    /// Moves the pair and tells how far.
    double step(index i, index j, float kij) {
        double const curvature = double(diagonal()[i]) + double(diagonal()[j]) - 2 * double(kij);
        double const free = (v()[i] - v()[j]) / (curvature > 0 ? curvature : least_curvature);
        double& ai = a_[std::size_t(id_[std::size_t(i)])];
        double& aj = a_[std::size_t(id_[std::size_t(j)])];
        double const top = upper(id_[std::size_t(i)]), bottom = lower(id_[std::size_t(j)]);
        double const room_i = top - ai, room_j = aj - bottom;
        double const t = std::min(free, std::min(room_i, room_j));
        ai = t == room_i ? top : ai + t;
        aj = t == room_j ? bottom : aj - t;
        bounds(i);
        bounds(j);
        return t;
    }

    /// What sample i may do: rise, fall.
    void bounds(index i) {
        index const id = id_[std::size_t(i)];
        double const a = a_[std::size_t(id)];
        up_[std::size_t(i)] = a < upper(id) ? 0.0f : float(-inf);
        down_[std::size_t(i)] = a > lower(id) ? 0.0f : float(inf);
    }

    extremes scan() { return move_and_scan(v(), up(), down(), diagonal(), diagonal(), 0, size_); }

    /// The kernel row of the active sample i.
    float const* row(index i, smo_result& result) {
        index const id = id_[std::size_t(i)];
        if (float const* const found = cache_.find(id))
            return found;
        float* const made = cache_.add(id);
        auto const query = Rows::ask(all_, list_[std::size_t(id)]);
        rows_.rows(kernel_, &query, 1, &made, executor_);
        ++result.kernel_rows;
        again_ += seen_[std::size_t(id)];
        seen_[std::size_t(id)] = 1;
        return made;
    }

    void activate_all() {
        std::vector<index> everyone;
        for (index i = 0; i < n_; ++i)
            everyone.push_back(i);
        take(std::move(everyone));
        cache_.reset(n_, size_, settings_.cache_bytes);
    }

    void take(std::vector<index> ids) {
        id_ = std::move(ids);
        active_ = index(id_.size());
        size_ = padded_rows(active_);
        std::vector<index> rows;
        active_v_.assign(std::size_t(size_), 0.0);
        active_diagonal_.assign(std::size_t(size_), 1.0f);
        up_.assign(std::size_t(size_), float(-inf));
        down_.assign(std::size_t(size_), float(inf));
        for (index i = 0; i < active_; ++i)
            rows.push_back(list_[std::size_t(id_[std::size_t(i)])]);
        rows_.assign(all_, rows.data(), active_);
        for (index i = 0; i < active_; ++i) {
            active_v_[std::size_t(i)] = v_[std::size_t(id_[std::size_t(i)])];
            auto const square = rows_.square(i);
            active_diagonal_[std::size_t(i)] = float(kernel_(square, square, square));
            bounds(i);
        }
    }

    void give_back() {
        for (index i = 0; i < active_; ++i)
            v_[std::size_t(id_[std::size_t(i)])] = active_v_[std::size_t(i)];
    }

    /// What is set aside costs a kernel value with each support vector in the end, once or a few times. It has
    /// to be less than what the steps so far, and the rows that were computed again, have cost.
    bool worthwhile(smo_result const& result) const {
        double support = 0;
        for (double const a : a_)
            support += a != 0;
        double const value = rows_.work();  // in units of what a step costs a sample
        return double(result.iterations) + value * double(again_) > value * support;
    }

    /// Sets aside the samples at a bound that the present extremes keep there.
    bool shrink(extremes const& now) {
        std::vector<index> kept, ids;
        for (index i = 0; i < active_; ++i) {
            bool const rises = up_[std::size_t(i)] == 0, falls = down_[std::size_t(i)] == 0;
            double const value = active_v_[std::size_t(i)];
            if ((rises && falls) || (rises ? value >= now.low : !falls || value <= now.high)) {
                kept.push_back(i);
                ids.push_back(id_[std::size_t(i)]);
            }
        }
        // A smaller problem has to be worth the copying.
        if (index(kept.size()) > active_ - active_ / 8 || kept.size() < 2)
            return false;
        give_back();
        take(std::move(ids));
        cache_.shorten(kept.data(), active_, size_);
        return true;
    }

    void look_at_all() {
        if (active_ == n_)
            return;
        give_back();
        reconstruct();
        activate_all();
    }

    /// v of the samples that were set aside, from their kernel with every support vector.
    void reconstruct() {
        std::vector<char> looked_at(std::size_t(n_), 0);
        for (index const id : id_)
            looked_at[std::size_t(id)] = 1;
        std::vector<index> aside, rows;
        for (index i = 0; i < n_; ++i)
            if (!looked_at[std::size_t(i)]) {
                aside.push_back(i);
                rows.push_back(list_[std::size_t(i)]);
                v_[std::size_t(i)] = y_[std::size_t(i)];
            }
        Rows others;
        others.assign(all_, rows.data(), index(rows.size()));
        index const length = padded_rows(index(rows.size()));
        aligned_buffer<float> memory(static_cast<std::size_t>(Rows::together * length));
        float* out[Rows::together] = {};
        for (int q = 0; q < Rows::together; ++q)
            out[q] = memory.data() + q * length;
        typename Rows::query queries[Rows::together] = {};
        double factor[Rows::together] = {};
        int count = 0;
        for (index i = 0; i <= n_; ++i) {
            if (i < n_ && a_[std::size_t(i)] != 0) {
                factor[count] = a_[std::size_t(i)];
                queries[count++] = Rows::ask(all_, list_[std::size_t(i)]);
            }
            if (count < Rows::together && i < n_)
                continue;
            others.rows(kernel_, queries, count, out, executor_);
            for (int q = 0; q < count; ++q)
                for (std::size_t k = 0; k < aside.size(); ++k)
                    v_[std::size_t(aside[k])] -= factor[q] * double(out[q][k]);
            count = 0;
        }
    }

    /// Bias, objective and duality gap.
    void finish(smo_result& result) const {
        double high = -inf, low = inf, sum_free = 0, square = 0, size = 0;
        index free = 0;
        for (index i = 0; i < n_; ++i) {
            double const a = a_[std::size_t(i)], v = v_[std::size_t(i)];
            bool const rises = a<upper(i), falls = a> lower(i);
            high = rises ? std::max(high, v) : high;
            low = falls ? std::min(low, v) : low;
            sum_free += rises && falls ? v : 0;
            free += rises && falls;
            square += a * (y_[std::size_t(i)] - v);
            size += std::fabs(a);
        }
        result.violation = high - low;
        result.bias = free > 0 ? sum_free / double(free) : (high + low) / 2;
        double hinge = 0;
        for (index i = 0; i < n_; ++i)
            hinge +=
                c_[std::size_t(i)] * std::max(0.0, y_[std::size_t(i)] * (v_[std::size_t(i)] - result.bias));
        result.objective = size - square / 2;
        result.gap = square / 2 + hinge - result.objective;
    }

    double* v() { return active_v_.data(); }
    float const* up() const { return up_.data(); }
    float const* down() const { return down_.data(); }
    float const* diagonal() const { return active_diagonal_.data(); }

    F kernel_;
    source all_;
    std::vector<index> const& list_;  ///< rows of the data
    std::vector<double> const &y_, &c_;
    kernel_cache& cache_;
    smo_settings settings_;
    Executor executor_;
    index n_, active_ = 0, size_ = 0;
    std::vector<double> a_, v_;
    std::vector<char> seen_;  ///< has its kernel row been computed?
    std::int64_t again_ = 0;  ///< rows that were computed another time

    // Of the active samples, in their order, padded.
    Rows rows_ = {};
    std::vector<index> id_ = {};
    std::vector<double> active_v_ = {};
    std::vector<float> active_diagonal_ = {}, up_ = {}, down_ = {};
};

}  // namespace descent::linear::detail
